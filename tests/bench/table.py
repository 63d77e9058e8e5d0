"""table.py - results as lines to read: medians, ranges, and ratios that were taken round by round."""
import statistics

REFERENCES = ("wget2", "limit")
FIGURES = ("seconds", "pages_per_s", "cpu_per_1000", "cpu_s", "cgroup_cpu_s", "memory", "pss", "unmapped", "cgroup_memory",
           "processes", "disk", "disk_apparent", "files", "flush_s", "pages", "missed", "repeated", "other_requests",
           "missed_share", "repeated_share")
COMPARED = ("pages_per_s", "cpu_per_1000", "memory", "disk")


def spread(rows, key):
    values = [r[key] for r in rows if r and r.get(key) is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(rows, others, key):
    """The median of the ratios of the rounds: the machine drifts, both of a round drift together."""
    pairs = [a[key] / b[key] for a, b in zip(rows, others) if a and b and a.get(key) and b.get(key)]
    return statistics.median(pairs) if pairs else None


def add_summary(result):
    """Median, minimum and maximum of each figure, and the ratio of each to wget2 and to the limit."""
    runs = result["runs"]
    for row in (r for rows in runs.values() for r in rows if r):
        row["missed_share"] = row["missed"] / result["pages"]
        row["repeated_share"] = row["repeated"] / result["pages"]
    result["summary"] = {
        name: {
            "rounds": sum(r is not None for r in rows),
            **{key: spread(rows, key) for key in FIGURES},
            "ratio": {ref: {key: ratio(rows, runs[ref], key) for key in COMPARED} for ref in REFERENCES if ref in runs},
        } for name, rows in runs.items()
    }


# ---- lines ----------------------------------------------------------------------------------------

HEAD = ("pages/s (min-max)", "/wget2", "/limit", "CPU s/1000", "/wget2", "memory", "/wget2", "cgroup", "on disk",
        "/wget2", "missed", "repeated", "other", "note")


def times(value):
    return "-" if value is None else f"{value:.2f}x" if value < 9.995 else f"{value:.0f}x"


def middle(summary, key, scale=1.0, form="{:.0f}"):
    return form.format(summary[key]["median"] / scale) if summary.get(key) else "-"


def share(summary, key):
    """A number of requests, and what part of the pages that is."""
    value, pages = summary[key]["median"], summary["pages"]["median"] + summary["missed"]["median"]
    return f"{value:.0f}" if not value else f"{value:.0f} ({100 * value / pages:.1f} %)"


def notes(rows):
    rows = [r for r in rows if r]
    said = [f"n={len(rows)}"]
    if any(r["timed_out"] for r in rows):
        said.append("cut off")
    if any(r["left_processes"] for r in rows):
        said.append("left processes behind")
    exits = sorted({r["exit"] for r in rows if not r["timed_out"]} - {0})
    if exits:
        said.append("exit " + ",".join(map(str, exits)))
    return ", ".join(said)


def cells(summary, rows):
    speed = summary["pages_per_s"]
    wget2, limit = (summary["ratio"].get(r, {}) for r in REFERENCES)
    return (f"{speed['median']:.0f} ({speed['min']:.0f}-{speed['max']:.0f})",
            times(wget2.get("pages_per_s")), times(limit.get("pages_per_s")),
            middle(summary, "cpu_per_1000", form="{:.3f}"), times(wget2.get("cpu_per_1000")),
            middle(summary, "memory", 1e6, "{:.0f} MB"), times(wget2.get("memory")),
            middle(summary, "cgroup_memory", 1e6, "{:.0f} MB"),
            middle(summary, "disk", 1e6, "{:.1f} MB"), times(wget2.get("disk")),
            share(summary, "missed"), share(summary, "repeated"), middle(summary, "other_requests"), notes(rows))


def lines(head, rows):
    """Columns that fit: the first and last to the left, the others to the right."""
    table = [head, *rows]
    width = [max(len(r[i]) for r in table) for i in range(len(head))]
    last = len(head) - 1
    for r in table:
        yield "  ".join(c.ljust(w) if i in (0, last) else c.rjust(w) for i, (c, w) in enumerate(zip(r, width))).rstrip()


def show(result):
    hosts = f"{result['hosts']} host{'s' if result['hosts'] > 1 else ''}"
    rounds = max(map(len, result["runs"].values()))
    print(f"\n== {result['site']} on {result['where']}: {result['pages']:,} pages, {result['bytes'] / 1e6:.0f} MB, {hosts};"
          f" median of {rounds} rounds")
    rows = [(name, *cells(result["summary"][name], rows)) for name, rows in result["runs"].items()]
    for line in lines(("", *HEAD), rows):
        print(line, flush=True)


def closing(results):
    """skitter alone, a line for each site and place: what the goals are about."""
    print("\n== skitter, beside wget2 and the limit")
    rows = []
    for r in results:
        ours, theirs = r["summary"]["skitter"], r["summary"].get("wget2")
        wget2, limit = (ours["ratio"].get(ref, {}) for ref in REFERENCES)
        bare = limit.get("pages_per_s")
        rows.append((f"{r['site']} on {r['where']}", f"{ours['pages_per_s']['median']:.0f}", times(wget2.get("pages_per_s")),
                     "-" if bare is None else f"{100 * bare:.0f} %", middle(ours, "cpu_per_1000", form="{:.3f}"),
                     middle(theirs, "cpu_per_1000", form="{:.3f}") if theirs else "-",
                     middle(ours, "memory", 1e6, "{:.0f} MB"), share(ours, "missed"), share(ours, "repeated"), ""))
    for line in lines(("", "pages/s", "/wget2", "of the limit", "CPU s/1000", "wget2's", "memory", "missed", "repeated", ""),
                      rows):
        print(line, flush=True)
