"""The test suites that can be run: where each has its test files, which of them count, and how one is started."""

import fnmatch
import os
import shutil

import source

HERE = os.path.dirname(os.path.abspath(__file__))

CORE = "append for foreach if incr join lindex linsert list llength lrange lrepeat lreplace proc set while".split()
# Not about the language, or not about this platform.
LEFT_OUT = {
    "win*": "Windows", "registry": "Windows", "dde": "Windows", "macOSX*": "macOS",
    "load": "loads compiled test libraries", "unload": "loads compiled test libraries",
    "thread": "needs the compiled Thread extension",
    "assemble": "tests the assembler of tclsh's own bytecode",
}

# Folders of tcllib's modules; the package logger lives in log.
MODULES = "cmdline comm csv fileutil html json log md5 sha1 snit struct textutil uri".split()


class Tcl:
    """Tcl's own suite, from its source package."""

    title, package, ratchet = "tcl", "tcl8.6", "ratchet.json"

    def __init__(self):
        self.unpacked, self.version = source.fetch(self.package)

    def names(self, which):
        """Names of test files without .test, in order: of the set "core" or "all"."""
        found = sorted(f[:-5] for f in os.listdir(os.path.join(self.unpacked, "tests")) if f.endswith(".test"))
        found = [name for name in found if not any(fnmatch.fnmatch(name, pattern) for pattern in LEFT_OUT)]
        return [name for name in found if name in CORE] if which == "core" else found

    def install(self, work):
        """Copy what the tests read to where the test user may read it."""
        self.work = work
        for folder in ("tests", "library"):
            shutil.copytree(os.path.join(self.unpacked, folder), os.path.join(work, folder), symlinks=True)
        shutil.copy(os.path.join(HERE, "stand_ins.tcl"), work)

    def path(self, name):
        return os.path.join(self.work, "tests", name + ".test")

    def command(self, interp, name):
        """The words that run a test file, to which options of tcltest may be added, and what the environment needs."""
        words = interp + [self.path(name), "-loadfile", os.path.join(self.work, "stand_ins.tcl")]
        return words, {"TCLLIBPATH": os.path.join(self.work, "library")}


class Tcllib:
    """The suites of tcllib's modules that remex promises to run, from its source package, which they test as it is."""

    title, package, ratchet = "tcllib", "tcllib", "ratchet_tcllib.json"

    def __init__(self):
        self.unpacked, self.version = source.fetch(self.package)

    def names(self, which):
        """Names module/file, in order; every set is the same here."""
        return [module + "/" + f[:-5] for module in MODULES
                for f in sorted(os.listdir(os.path.join(self.unpacked, "modules", module))) if f.endswith(".test")]

    def install(self, work):
        self.work = work
        shutil.copytree(os.path.join(self.unpacked, "modules"), os.path.join(work, "modules"), symlinks=True)
        shutil.copy(os.path.join(HERE, "tcllib_file.tcl"), work)

    def path(self, name):
        return os.path.join(self.work, "modules", name + ".test")

    def command(self, interp, name):
        return interp + [os.path.join(self.work, "tcllib_file.tcl"), self.path(name)], {}


SUITES = {suite.title: suite for suite in (Tcl, Tcllib)}
