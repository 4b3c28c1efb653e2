"""The measurements, one function each. Each takes a Bench and returns plain data for the table and for JSON."""

import fnmatch
import glob
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from . import measure

# Procedure calls, loops and arithmetic: they have a bar of their own.
ARITHMETIC = {"fib", "int_loops", "mandelbrot", "nbody", "matrix", "sieve", "queens"}
# Elements at size 1: some 0.1 s of tclsh's time, far above a start.
GROWTH_SIZE = 300_000
START_RUNS = 200
CHILDREN_KEPT, CHILDREN_MADE = 100, 200
SENDS, COMM_SENDS, ROUND_TRIPS = 50_000, 2_000, 50_000
SERVER_START_S = 10
# Sender and receiver share one CPU: to wake another one costs ten times what is measured.
CPU = 0


class Bench:
    """What is measured: the interpreter and its peer, as absolute paths, how often, and with what work."""

    def __init__(self, here, interp, peer, rounds, factor, only, say):
        self.here, self.interp, self.peer = here, interp, peer
        self.rounds, self.factor, self.only, self.say = rounds, factor, only, say

    def path(self, *parts):
        return os.path.join(self.here, *parts)

    def wants(self, name):
        return not self.only or any(fnmatch.fnmatch(name, pattern) for pattern in self.only)

    def script(self, which, path, *arguments):
        return [which, path] + [str(argument) for argument in arguments]


def interleaved(bench, argvs, cwd=None):
    """Run each of argvs once a round, the order turned each round: a list of lists of Run."""
    runs = [[] for _ in argvs]
    for turn in range(bench.rounds):
        order = list(range(len(argvs)))
        if turn % 2:
            order.reverse()
        for i in order:
            runs[i].append(measure.run(argvs[i], cwd=cwd))
    return runs


def difference(theirs, ours):
    """Why our runs do not count, or None."""
    if theirs[0].code != 0 or any(r.output != theirs[0].output for r in theirs):
        return "the peer fails: " + theirs[0].complaint()
    for r in ours:
        if r.code != 0:
            return "fails: " + r.complaint()
        if r.output != theirs[0].output:
            return "prints %r, not %r" % (r.output.strip()[:40], theirs[0].output.strip()[:40])
    return None


def cpu(bench):
    """CPU time of every workload beside the peer's."""
    rows = []
    for path in sorted(glob.glob(bench.path("workloads", "*.tcl"))):
        name = os.path.basename(path)[:-4]
        if not bench.wants(name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = interleaved(bench, [bench.script(w, path, bench.factor) for w in (bench.peer, bench.interp)], folder)
        row = {"name": name, "group": "arithmetic" if name in ARITHMETIC else "other",
               "peer_s": measure.median([r.cpu for r in theirs]), "wrong": difference(theirs, ours)}
        if not row["wrong"]:
            row["interp_s"] = measure.median([r.cpu for r in ours])
            row["ratio"] = measure.median([o.cpu / max(t.cpu, 1e-6) for t, o in zip(theirs, ours)])
        rows.append(row)
        bench.say("%-18s %s" % (name, row["wrong"] or "%.3f" % row["ratio"]))
    good = [r for r in rows if not r["wrong"]]
    return {"rows": rows, "right": len(good), "all": len(rows),
            "geometric_mean": measure.geometric_mean(r["ratio"] for r in good),
            "arithmetic": measure.geometric_mean(r["ratio"] for r in good if r["group"] == "arithmetic"),
            "regexp": measure.geometric_mean(r["ratio"] for r in good if r["name"] in ("regexp_text", "regsub_text")),
            "bignum": next((r["ratio"] for r in good if r["name"] == "bignum"), None),
            "worst": max((r["ratio"] for r in good), default=None)}


def growth(bench):
    """Building loops at ten times the size: time at size 10 over time at size 1."""
    rows = []
    small = max(1000, int(GROWTH_SIZE * bench.factor))
    for path in sorted(glob.glob(bench.path("growth", "*.tcl"))):
        name = os.path.basename(path)[:-4]
        if not bench.wants("growth_" + name):
            continue
        argvs = [bench.script(w, path, n) for n in (small, 10 * small) for w in (bench.peer, bench.interp)]
        their_small, our_small, their_large, our_large = interleaved(bench, argvs)
        wrong = difference(their_small, our_small) or difference(their_large, our_large)
        row = {"name": name, "size": small, "wrong": wrong}
        for who, a, b in (("peer", their_small, their_large), ("interp", our_small, our_large)):
            row[who + "_small_s"] = measure.median([r.cpu for r in a])
            row[who + "_large_s"] = measure.median([r.cpu for r in b])
            row[who + "_growth"] = row[who + "_large_s"] / max(row[who + "_small_s"], 1e-6)
        rows.append(row)
        bench.say("growth %-11s %s" % (name, wrong or "%.1f times (the peer %.1f)" % (row["interp_growth"], row["peer_growth"])))
    return {"rows": rows}


def startup(bench):
    """Start and stop with nothing to do, above what /bin/true costs; peak memory of the same."""
    true = shutil.which("true")
    with tempfile.NamedTemporaryFile(suffix=".tcl") as empty:
        argvs = {"true": [true], "peer": [bench.peer, empty.name], "interp": empty_start(bench.interp, empty.name)}
        costs = {name: [] for name in argvs}
        for _ in range(START_RUNS):
            for name, argv in argvs.items():
                costs[name].append(measure.start_cost(argv))
        out = {}
        for name, argv in argvs.items():
            out[name] = {"wall_ms": 1e3 * measure.median([w for w, _ in costs[name]]),
                         "cpu_ms": 1e3 * measure.median([c for _, c in costs[name]]),
                         "peak_kb": measure.median([measure.peak_kilobytes(argv) or 0 for _ in range(7)]) or None}
    for name in ("peer", "interp"):
        out[name]["above_ms"] = out[name]["wall_ms"] - out["true"]["wall_ms"]
    out["ratio"] = out["interp"]["above_ms"] / out["peer"]["above_ms"]
    if out["peer"]["peak_kb"]:
        out["memory_ratio"] = out["interp"]["peak_kb"] / out["peer"]["peak_kb"]
    bench.say("start-up %.2f of the peer's, memory %.2f" % (out["ratio"], out.get("memory_ratio", float("nan"))))
    return out


def empty_start(interp, empty):
    """`remex -c {}`; a tclsh has no -c and gets an empty file."""
    return [interp, empty] if os.path.basename(interp).startswith("tclsh") else [interp, "-c", ""]


def memory(bench):
    """Peak memory of a script that holds a list, a dict and an array of a million integers each."""
    argvs = [bench.script(w, bench.path("probes", "million.tcl"), int(1_000_000 * bench.factor)) for w in (bench.peer, bench.interp)]
    peaks = [measure.peak_kilobytes(argv) for argv in argvs]
    out = {"peer_kb": peaks[0], "interp_kb": peaks[1], "ratio": peaks[1] / peaks[0] if all(peaks) else None}
    bench.say("memory of a million %s" % ("%.2f" % out["ratio"] if out["ratio"] else "not measured"))
    return out


def children(bench):
    """Child interpreters: time to create and delete one, memory of one that is kept."""
    argvs = [bench.script(w, bench.path("probes", "children.tcl"), CHILDREN_KEPT, CHILDREN_MADE) for w in (bench.peer, bench.interp)]
    theirs, ours = interleaved(bench, argvs)
    out = {}
    for who, runs in (("peer", theirs), ("interp", ours)):
        if runs[0].code:
            return {"wrong": "%s: %s" % (who, runs[0].complaint())}
        for key in ("microseconds", "kilobytes"):
            out[who + "_" + key] = measure.median([measure.named_numbers(r.output)[key] for r in runs])
    for key in ("microseconds", "kilobytes"):
        out[key + "_ratio"] = out["interp_" + key] / out["peer_" + key]
    bench.say("children: time %.3f, memory %.3f of the peer's" % (out["microseconds_ratio"], out["kilobytes_ratio"]))
    return out


def floor(bench, folder):
    """Round trips of 64 bytes with nothing else in the path, compiled here from native/pingpong.rs."""
    program = os.path.join(folder, "pingpong")
    built = subprocess.run(["rustc", "--edition", "2024", "-O", bench.path("native", "pingpong.rs"), "-o", program],
                           capture_output=True, text=True, cwd=bench.here)
    if built.returncode:
        raise RuntimeError("pingpong does not compile: " + built.stderr.strip()[:200])
    return program


def latency(bench):
    """Synchronous `send` of {expr {1+1}}, both sides on one CPU, beside a bare ping-pong and beside tcllib's comm."""
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        program = floor(bench, folder)
        samples = {"unix_floor": [], "tcp_floor": [], "unix": [], "tls": [], "comm": []}
        with Servers(bench, folder) as servers:
            for _ in range(bench.rounds):
                for kind in ("unix", "tcp"):
                    samples[kind + "_floor"].append(numbers(measure.pinned([program, kind, str(ROUND_TRIPS)], CPU)))
                for kind, target in servers.targets.items():
                    client, verb, count = (bench.peer, "comm", COMM_SENDS) if kind == "comm" else (bench.interp, "send", SENDS)
                    argv = bench.script(client, bench.path("probes", "send_client.tcl"), verb, target, count)
                    samples[kind].append(numbers(measure.pinned(argv, CPU), servers.env))
            out["notes"] = servers.notes
    for kind, got in samples.items():
        if got:
            out[kind] = {key: measure.median([g[key] for g in got]) for key in ("p50", "p99", "rate")}
    for kind, base in (("unix", "unix_floor"), ("tls", "tcp_floor")):
        if kind in out:
            out[kind]["ratio"] = out[kind]["p50"] / out[base]["p50"]
    if "unix" in out and "comm" in out:
        out["times_comm"] = out["unix"]["rate"] / out["comm"]["rate"]
    for kind in samples:
        if kind in out:
            bench.say("%-11s p50 %.2f us" % (kind, out[kind]["p50"]))
    return out


def numbers(argv, env=None):
    done = measure.run(argv, env=env)
    found = measure.named_numbers(done.output)
    if done.code or "p50" not in found:
        raise RuntimeError("%s: %s" % (" ".join(argv[-4:]), done.complaint()))
    return found


class Servers:
    """The answering sides, started on the one CPU: remex by name and by TLS, tclsh with comm. What fails is noted."""

    def __init__(self, bench, folder, kinds=("unix", "tls", "comm")):
        self.bench, self.folder, self.kinds = bench, folder, kinds
        self.children, self.targets, self.notes = [], {}, []
        self.env = dict(os.environ, REMEX_HOME=os.path.join(folder, "home"), XDG_RUNTIME_DIR=os.path.join(folder, "run"))
        os.mkdir(self.env["REMEX_HOME"], 0o700)
        os.mkdir(self.env["XDG_RUNTIME_DIR"], 0o700)

    def __enter__(self):
        for kind, start in (("unix", self.by_name), ("tls", self.by_tls), ("comm", self.by_comm)):
            if kind not in self.kinds:
                continue
            try:
                self.targets[kind] = start()
            except Exception as error:
                self.notes.append("%s is not measured: %s" % (kind, error))
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()

    def start(self, argv, **pipes):
        child = subprocess.Popen(measure.pinned(argv, CPU), env=self.env, stderr=subprocess.DEVNULL, text=True, **pipes)
        self.children.append(child)
        return child

    def remex(self, *words):
        return subprocess.run([self.bench.interp] + list(words), env=self.env, capture_output=True, text=True, timeout=SERVER_START_S)

    def await_answer(self, target):
        deadline = time.monotonic() + SERVER_START_S
        while True:
            done = self.remex("remote", "eval", target, "expr {1+1}")
            if done.returncode == 0 and done.stdout.strip() == "2":
                return target
            if time.monotonic() > deadline:
                raise RuntimeError((done.stderr or "no answer").strip().splitlines()[0])
            time.sleep(0.05)

    def by_name(self, engine="remex"):
        name = "bench%d%s" % (os.getpid(), engine)
        self.start([self.bench.interp, "--engine", engine, "serve", "--name", name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self.await_answer(name)

    def by_tls(self):
        key = re.search(r"ssh-ed25519 \S+", self.remex("keys", "show").stdout)
        if not key:
            raise RuntimeError("remex keys show shows no key")
        self.remex("keys", "authorize", key.group())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            target = "127.0.0.1:%d" % probe.getsockname()[1]
        self.start([self.bench.interp, "serve", "--listen", target], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self.await_answer(target)

    def by_comm(self):
        child = self.start([self.bench.peer, self.bench.path("probes", "comm_server.tcl")],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        port = child.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError("no comm: is tcllib installed?")
        return port


def engines(bench):
    """The crate molt beside tclsh and remex: bare, as `remex --engine molt` hosts it, and as it answers a `send`."""
    out = {"rows": [], "notes": []}
    bare = os.path.join(os.path.dirname(bench.interp), "examples", "molt_bare")
    if not os.access(bare, os.X_OK):
        out["notes"].append("the bare crate is not measured: cargo build --release --example molt_bare")
        bare = None
    for path in sorted(glob.glob(bench.path("engines", "*.tcl"))):
        name = os.path.basename(path)[:-4]
        if not bench.wants("engine_" + name):
            continue
        argvs = {"peer": [bench.peer, path], "interp": [bench.interp, path], "hosted": [bench.interp, "--engine", "molt", path]}
        if bare:
            argvs["bare"] = [bare, path]
        runs = dict(zip(argvs, interleaved(bench, list(argvs.values()))))
        row = {"name": name, "wrong": None}
        for who, got in runs.items():
            row["wrong"] = row["wrong"] or difference(runs["peer"], got)
            row[who + "_s"] = measure.median([r.cpu for r in got])
            row[who + "_ratio"] = measure.median([g.cpu / max(t.cpu, 1e-6) for t, g in zip(runs["peer"], got)])
        out["rows"].append(row)
        bench.say("engine %-11s %s" % (name, row["wrong"] or " ".join("%s %.2f" % (who, row[who + "_ratio"]) for who in argvs)))
    with tempfile.TemporaryDirectory() as folder:
        with Servers(bench, folder, ()) as servers:
            targets = {"remex": servers.by_name(), "molt": servers.by_name("molt")}
            samples = {kind: [] for kind in targets}
            for turn in range(bench.rounds):
                for kind in sorted(targets, reverse=turn % 2 == 1):
                    argv = bench.script(bench.interp, bench.path("probes", "send_client.tcl"), "send", targets[kind], SENDS, "set x 1")
                    samples[kind].append(numbers(measure.pinned(argv, CPU), servers.env))
    for kind, got in samples.items():
        out[kind] = {key: measure.median([g[key] for g in got]) for key in ("p50", "p99", "rate")}
    out["send_ratio"] = measure.median([m["p50"] / r["p50"] for m, r in zip(samples["molt"], samples["remex"])])
    bench.say("send to molt %.2f of send to remex" % out["send_ratio"])
    return out


SECTIONS = {"cpu": cpu, "growth": growth, "startup": startup, "memory": memory, "children": children, "latency": latency, "engines": engines}
