"""Runs programs and says what they cost: CPU seconds by wait4, wall time, peak memory, output."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time

# A workload takes about half a second; one that needs this long hangs.
TIME_LIMIT_S = 120
GNU_TIME = "/usr/bin/time"


class Run:
    """One finished process: cpu and wall in seconds, what it printed, its exit code (negative: a signal)."""

    def __init__(self, cpu, wall, output, errors, code):
        self.cpu, self.wall, self.output, self.errors, self.code = cpu, wall, output, errors, code

    def complaint(self):
        """The first line of standard error, for a table."""
        lines = self.errors.strip().splitlines()
        return lines[0][:100] if lines else "exit code %d" % self.code


def run(argv, cwd=None, env=None, limit=TIME_LIMIT_S):
    """Run argv to its end. Output goes to files, so that a pipe never makes the program wait."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        try:
            child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        except OSError as error:
            return Run(0.0, 0.0, "", str(error), 127)
        deadline = began + limit
        usage, status = None, 0
        pid = 0
        # The last of a run is awaited without sleeping long: wall time counts too.
        pause = 0.0005
        while pid == 0:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid == 0:
                if time.monotonic() > deadline:
                    child.kill()
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        text = []
        for stream in (out, err):
            stream.seek(0)
            text.append(stream.read(4 << 20).decode("utf-8", "replace"))
        return Run(usage.ru_utime + usage.ru_stime, wall, text[0], text[1], child.returncode)


def start_cost(argv):
    """Wall and CPU seconds of one start of argv, from posix_spawn to its end."""
    null = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise RuntimeError("%s failed" % " ".join(argv))
    return wall, usage.ru_utime + usage.ru_stime


def peak_kilobytes(argv):
    """Peak resident memory of argv in KiB, or None without GNU time.

    What wait4 tells is no less than the memory of the process that forked, and Python's is larger than what is measured.
    """
    if not os.path.exists(GNU_TIME):
        return None
    with tempfile.NamedTemporaryFile("r") as answer:
        done = subprocess.run([GNU_TIME, "-o", answer.name, "-f", "%M"] + argv, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIME_LIMIT_S)
        return int(answer.read()) if done.returncode == 0 else None


def pinned(argv, cpu):
    """argv on one CPU, and all it starts."""
    tool = shutil.which("taskset")
    return [tool, "-c", str(cpu)] + argv if tool else argv


def named_numbers(text):
    """{'p50': 3.5} from lines "p50 3.5"."""
    out = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2:
            try:
                out[words[0]] = float(words[1])
            except ValueError:
                pass
    return out


def geometric_mean(values):
    values = list(values)
    return statistics.geometric_mean(values) if values else None


def median(values):
    return statistics.median(values)
