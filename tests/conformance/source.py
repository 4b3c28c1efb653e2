"""Brings a source package (tests and script library) from Debian, and keeps it in the user's cache."""

import glob
import os
import re
import shutil
import subprocess


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "remex", "conformance")


def source_entries():
    """Debian's own package sources of this machine, as deb-src stanzas and lines.

    Other vendors' sources are left out: they do not hold the package, and one that is out of reach fails the update.
    """
    stanzas, lines = [], []
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path) as f:
            text = "\n".join(line for line in f.read().splitlines() if not line.startswith("#"))
        for stanza in re.split(r"\n\s*\n", text):
            uris = re.search(r"^URIs:(.*)$", stanza, re.M)
            if uris and "debian" in uris.group(1):
                stanzas.append(re.sub(r"^Types:.*$", "Types: deb-src", stanza.strip(), flags=re.M))
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        if os.path.exists(path):
            with open(path) as f:
                for line in f:
                    found = re.match(r"\s*deb(?:-src)?\s+(.*debian.*)", line)
                    if found and "deb-src " + found.group(1) not in lines:
                        lines.append("deb-src " + found.group(1))
    return stanzas, lines


def apt(folder, *words, **options):
    """apt-get with lists and archives of our own, so that neither root nor the machine's state is needed."""
    settings = {"Dir::Etc::sourcelist": os.path.join(folder, "sources.list"),
                "Dir::Etc::sourceparts": os.path.join(folder, "sources.list.d"),
                "Dir::State::lists": os.path.join(folder, "lists"),
                "Dir::Cache": os.path.join(folder, "archives"),
                "APT::Sandbox::User": "root"}
    argv = ["apt-get", "-q"]
    for key, value in settings.items():
        argv += ["-o", "%s=%s" % (key, value)]
    done = subprocess.run(argv + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise SystemExit("conformance: apt-get %s failed:\n%s" % (" ".join(words), done.stdout[-1500:]))


def download(folder, package):
    """The original archive of the newest version of `package` on offer: (path, version as in its name)."""
    for part in ("sources.list.d", "lists/partial", "archives/archives/partial", "download"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    stanzas, lines = source_entries()
    with open(os.path.join(folder, "sources.list.d", "debian.sources"), "w") as f:
        f.write("\n\n".join(stanzas) + "\n")
    with open(os.path.join(folder, "sources.list"), "w") as f:
        f.write("\n".join(lines) + "\n")
    apt(folder, "update")
    apt(folder, "source", "--download-only", package, cwd=os.path.join(folder, "download"))
    found = sorted(glob.glob(os.path.join(folder, "download", package + "_*.orig.tar.*")))
    archives = [path for path in found if not path.endswith(".asc")]
    if not archives:
        raise SystemExit("conformance: apt-get source brought no archive of %s" % package)
    version = re.match(r".*_(.+)\.orig\.tar\.", os.path.basename(archives[-1])).group(1)
    return archives[-1], version


def fetch(package):
    """The folder of the unpacked source of `package` and its version. Downloads it the first time."""
    folder = cache_folder()
    unpacked = os.path.join(folder, package)
    mark = os.path.join(unpacked, ".version")
    if not os.path.exists(mark):
        shutil.rmtree(unpacked, ignore_errors=True)
        os.makedirs(unpacked)
        archive, version = download(folder, package)
        subprocess.run(["tar", "-xf", archive, "-C", unpacked, "--strip-components=1"], check=True)
        with open(mark, "w") as f:
            f.write(version)
    with open(mark) as f:
        return unpacked, f.read().strip()
