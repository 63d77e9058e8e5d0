"""table.py - results as lines to read: medians, ranges, and ratios that were taken round by round."""
import statistics

REFERENCES = ("wget2", "limit")


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def spread(rows, key):
    values = [r[key] for r in rows if r.get(key) is not None]
    return (statistics.median(values), min(values), max(values)) if values else (None, None, None)


def ratio(rows, others, key):
    """The median of the ratios of the rounds: the machine drifts, both of a round drift together."""
    return median([a[key] / b[key] for a, b in zip(rows, others) if a.get(key) and b.get(key)])


def times(value):
    return "-" if value is None else f"{value:.2f}x"


def show(result, order):
    mb = result["bytes"] / 1e6
    print(f"\n== {result['site']} on {result['where']}: {result['pages']} pages, {mb:.0f} MB, {result['hosts']} host"
          f"{'s' if result['hosts'] > 1 else ''}; median (min-max) of {max(map(len, result['runs'].values()))}")
    width = max(map(len, order))
    print(f"{'':{width}}  {'pages/s':>8} {'(min-max)':>15}  {'/wget2':>6} {'/limit':>6}  {'CPU s/1000':>10} {'/wget2':>6}"
          f"  {'memory':>8} {'cgroup':>8}  {'on disk':>9} {'files':>6}  missed repeated other  exit")
    for name in order:
        row(result["runs"], name, width)


def row(runs, name, width):
    rows = runs[name]
    speed, low, high = spread(rows, "pages_per_s")
    cpu = spread(rows, "cpu_per_1000")[0]
    fast = [times(ratio(rows, runs[r], "pages_per_s")) if r in runs else "-" for r in REFERENCES]
    cost = times(ratio(rows, runs["wget2"], "cpu_per_1000")) if "wget2" in runs else "-"
    most = {k: spread(rows, k)[0] for k in ("memory", "cgroup_memory", "disk", "files", "missed", "repeated", "other_requests")}
    exits = ",".join(sorted({str(r["exit"]) for r in rows}))
    span = f"({low:.0f}-{high:.0f})"
    print(f"{name:{width}}  {speed:8.0f} {span:>15}  {fast[0]:>6} {fast[1]:>6}  {cpu or 0:10.3f} {cost:>6}"
          f"  {most['memory'] / 1e6:5.0f} MB {most['cgroup_memory'] / 1e6:5.0f} MB  {most['disk'] / 1e6:6.1f} MB {most['files']:6.0f}"
          f"  {most['missed']:6.0f} {most['repeated']:8.0f} {most['other_requests']:5.0f}  {exits}", flush=True)
