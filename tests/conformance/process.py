"""One test file in one process: how it is started, what bounds it, and what its output says."""

import collections
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

NOBODY = 65534
# Enough for every file under tclsh; an interpreter that takes more is stopped, not the machine.
MEMORY_BYTES = 4 << 30
OUTPUT_BYTES = 64 << 20
GLANCE_S = 0.25

PASSED = re.compile(r"^\+\+\+\+ (\S.*?) PASSED\s*$")
SKIPPED = re.compile(r"^\+\+\+\+ (\S.*?) SKIPPED:")
FAILED = re.compile(r"^==== (\S+) .*FAILED\s*$")
STARTED = re.compile(r"^---- (\S.*?) start\s*$")
TOTALS = re.compile(r"^(\S+):\s+Total\s+(\d+)\s+Passed\s+(\d+)\s+Skipped\s+(\d+)\s+Failed\s+(\d+)\s*$")


class Outcome:
    """passed, failed and skipped are counters by test name; `stuck` is the test that began and never ended."""

    def __init__(self):
        self.passed, self.failed, self.skipped = (collections.Counter() for _ in range(3))
        self.complete, self.stuck, self.status, self.seconds, self.output = False, None, "", 0.0, ""


def read_output(text, name):
    """What tcltest printed for the test file `name`."""
    got = Outcome()
    for line in text.splitlines():
        if line.startswith("++++ "):
            for pattern, counter in ((PASSED, got.passed), (SKIPPED, got.skipped)):
                found = pattern.match(line)
                if found:
                    counter["_".join(found.group(1).split())] += 1
                    got.stuck = None
        elif line.startswith("==== "):
            # A failure prints its name at its beginning and at its end; only the first has the description.
            if got.stuck and FAILED.match(line):
                got.failed["_".join(got.stuck.split())] += 1
                got.stuck = None
        elif line.startswith("---- "):
            found = STARTED.match(line)
            if found:
                got.stuck = found.group(1)
        else:
            found = TOTALS.match(line)
            if found and found.group(1) == name:
                got.complete = True
    return got


def works(argv):
    try:
        return subprocess.run(argv, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


class Cell:
    """What a test process may reach: another user when we are root, a network of its own where the kernel lets us."""

    def __init__(self):
        self.user = NOBODY if os.geteuid() == 0 else None
        network = ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        self.prefix = network if works(network + ["true"]) else []
        self.prefix += ["prlimit", "--as=%d" % MEMORY_BYTES, "--core=0", "--"]
        if self.user is not None:
            self.prefix += ["setpriv", "--reuid=%d" % self.user, "--regid=%d" % self.user, "--clear-groups", "--"]

    def folder(self, parent):
        path = tempfile.mkdtemp(dir=parent)
        if self.user is not None:
            os.chown(path, self.user, self.user)
        return path


def await_end(child, out, deadline):
    """Wait until child ends, takes too long or writes too much: "" or what is wrong."""
    while True:
        try:
            child.wait(GLANCE_S)
            return ""
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                return "timeout"
            if os.fstat(out.fileno()).st_size > OUTPUT_BYTES:
                return "endless output"


def run_file(cell, words, work, path, limit, settings):
    """Run one test file to its end or its limit: an Outcome.

    `words` is the command line, which ends in options of tcltest; `settings` is added to the environment.
    """
    home, folder = cell.folder(work), cell.folder(work)
    argv = cell.prefix + words + ["-verbose", "pass skip start error body", "-tmpdir", folder]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": home, "TMPDIR": home, "USER": "tester",
           "LANG": "C.UTF-8", "TERM": "dumb", **settings}
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        child = subprocess.Popen(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        status = await_end(child, out, began + limit)
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        child.wait()
        seconds = time.monotonic() - began
        out.seek(0)
        text = out.read(OUTPUT_BYTES).decode("utf-8", "replace")
    got = read_output(text, os.path.basename(path))
    if not status and child.returncode < 0:
        status = "signal %d" % -child.returncode
    if not status:
        status = "ok" if got.complete and child.returncode == 0 else "exit %d" % child.returncode
        if not got.complete:
            status = "no summary, " + status
    got.status, got.seconds, got.output = status, seconds, text
    for left in (home, folder):
        remove(left)
    return got


def remove(path):
    """Tests leave folders without permissions behind."""
    for root, folders, _ in os.walk(path):
        for name in folders:
            try:
                os.chmod(os.path.join(root, name), 0o700)
            except OSError:
                pass
    shutil.rmtree(path, ignore_errors=True)
