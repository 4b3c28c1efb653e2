"""Turns results into a table, and holds them against the project's bars."""

# What is promised of the first release: (section, path in its result, most or least allowed, words).
BARS = [
    ("cpu", ("geometric_mean",), "<=", 0.40, "CPU, geometric mean of all workloads"),
    ("cpu", ("worst",), "<=", 0.90, "CPU, worst workload"),
    ("cpu", ("arithmetic",), "<=", 0.30, "CPU, calls and arithmetic"),
    ("cpu", ("regexp",), "<=", 0.25, "CPU, regexp and regsub over text"),
    ("cpu", ("bignum",), "<=", 0.40, "CPU, integers beyond 64 bits"),
    ("growth", ("worst",), "<=", 12.0, "building loops at 10 times the size, times the time"),
    ("startup", ("ratio",), "<=", 0.60, "start-up above true, of tclsh's"),
    ("startup", ("memory_ratio",), "<=", 1.00, "peak memory of an empty script, of tclsh's"),
    ("memory", ("ratio",), "<=", 0.60, "peak memory of a million integers in list, dict and array, of tclsh's"),
    ("children", ("microseconds_ratio",), "<=", 0.20, "child interpreter made and deleted, of tclsh's time"),
    ("children", ("kilobytes_ratio",), "<=", 0.30, "memory of a child interpreter, of tclsh's"),
    ("latency", ("unix", "ratio"), "<=", 2.50, "send over a Unix socket, of the bare round trip"),
    ("latency", ("tls", "ratio"), "<=", 3.50, "send by TLS over TCP, of the bare TCP round trip"),
    ("latency", ("times_comm",), ">=", 15.0, "rate of send, times comm's"),
    ("engines", ("send_ratio",), "<=", 1.30, "send of `set x 1` to a Molt interpreter, of the same to a remex one"),
]


def look(result, path):
    for key in path:
        if not isinstance(result, dict) or result.get(key) is None:
            return None
        result = result[key]
    return result


def verdicts(results):
    """Rows (words, value, sign, bar, verdict) for the bars of the sections that ran."""
    rows = []
    for section, path, sign, bar, words in BARS:
        if section not in results:
            continue
        value = look(results[section], path)
        if value is None:
            verdict = "not measured"
        else:
            verdict = "ok" if (value <= bar if sign == "<=" else value >= bar) else "MISSED"
        rows.append((words, value, sign, bar, verdict))
    wrong = [r["name"] for r in results.get("cpu", {}).get("rows", []) if r["wrong"]]
    if wrong:
        rows.append(("workloads that fail or print something else: " + " ".join(wrong), float(len(wrong)), "<=", 0.0, "MISSED"))
    return rows


def table(results, say):
    if "cpu" in results:
        say("%-18s %9s %9s %7s" % ("workload", "tclsh ms", "remex ms", "ratio"))
        for row in sorted(results["cpu"]["rows"], key=lambda r: r.get("ratio", 99)):
            if row["wrong"]:
                say("%-18s %9.0f  %s" % (row["name"], 1e3 * row["peer_s"], row["wrong"]))
            else:
                say("%-18s %9.0f %9.0f %7.3f%s" % (row["name"], 1e3 * row["peer_s"], 1e3 * row["interp_s"], row["ratio"],
                                                  "  *" if row["group"] == "arithmetic" else ""))
        say("* calls and arithmetic; %d of %d workloads right\n" % (results["cpu"]["right"], results["cpu"]["all"]))
    for row in results.get("growth", {}).get("rows", []):
        say("growth %-11s %d elements %.0f ms, ten times as many %.0f ms: %.1f times; tclsh %.1f times%s" % (
            row["name"], row["size"], 1e3 * row["interp_small_s"], 1e3 * row["interp_large_s"], row["interp_growth"],
            row["peer_growth"], "; " + row["wrong"] if row["wrong"] else ""))
    for name, got in results.get("startup", {}).items():
        if isinstance(got, dict):
            say("start %-12s wall %.2f ms, CPU %.2f ms, peak %s kB" % (name, got["wall_ms"], got["cpu_ms"], got["peak_kb"]))
    if results.get("memory", {}).get("ratio"):
        say("million            tclsh %(peer_kb)d kB, remex %(interp_kb)d kB" % results["memory"])
    if "peer_microseconds" in results.get("children", {}):
        say("child interpreter  tclsh %(peer_microseconds).0f us, %(peer_kilobytes).0f kB; "
            "remex %(interp_microseconds).1f us, %(interp_kilobytes).1f kB" % results["children"])
    for kind, got in results.get("latency", {}).items():
        if isinstance(got, dict):
            say("latency %-10s p50 %.2f us, p99 %.2f us, %d a second" % (kind, got["p50"], got["p99"], got["rate"]))
    for row in results.get("engines", {}).get("rows", []):
        times = ["%s %.2f" % (who, row[who + "_ratio"]) for who in ("interp", "bare", "hosted") if who + "_ratio" in row]
        say("engine %-11s tclsh %.0f ms; of that: %s%s" % (row["name"], 1e3 * row["peer_s"], ", ".join(times), "; " + row["wrong"] if row["wrong"] else ""))
    for section in results.values():
        if isinstance(section, dict):
            for note in section.get("notes", []) + ([section["wrong"]] if section.get("wrong") else []):
                say("note: " + note)
    say("")
    for words, value, sign, bar, verdict in verdicts(results):
        say("%-12s %8s (bar %s %g)  %s" % (verdict, "-" if value is None else "%.3f" % value, sign, bar, words))
