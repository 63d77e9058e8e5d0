#!/usr/bin/python3
"""scale.py BUILD [pages] [known] - does a crawl stay as fast and as small as it began? Against a fake web.

pages  crawls PAGES=1000000 pages on HOSTS=5000 hosts: speed, CPU and memory by tenth of the crawl, disk.
known  finds KNOWN=10000000 URLs on few pages and leaves them queued: memory, disk, the longest turn of the loop,
       and how long a resume takes to its first request.

Environment: SEED=1, SIZE=4k (median of a page's text), LINKS=10, DIR (where the output goes: BUILD/bench),
ARGS="..." (further options of the crawl), KEEP=1 (the output stays). Results go to BUILD/bench/scale.json.
Memory is PSS of all processes plus shared memory nobody maps; its bound is 150 MB + 24 bytes per known URL. Disk
beside pages, links and text is bounded by the text of all URLs + 40 bytes each.
"""
import bisect
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "fakeweb"))
import measure  # noqa: E402
from web import Web  # noqa: E402

FREE, PER_URL, DISK_PER_URL = 150e6, 24, 40
STALL_MS, RESUME_S, LAST_TENTH = 50, 15, 0.85
# What holds pages, links and text; all else is what known URLs cost.
CONTENT = ("fetch", "fetch_url", "content", "link_pack")
TICKS = os.sysconf("SC_CLK_TCK")


def number(name, default):
    return int(float(os.environ.get(name, default)))


def mb(n):
    return f"{n / 1e6:,.1f} MB"


class Table:
    """Lines as they come, and what exceeds its bound."""

    def __init__(self):
        self.over = []

    def bound(self, what, value, limit, show, at_least=False):
        fits = value >= limit if at_least else value <= limit
        if not fits:
            self.over.append(what)
        sign = "at least" if at_least else "at most"
        print(f"  {what:34} {show(value):>14}   {sign} {show(limit)}{'' if fits else '   <-- NOT KEPT'}", flush=True)

    def line(self, what, value):
        print(f"  {what:34} {value:>14}", flush=True)


def cpu_of(pids):
    """Seconds of CPU that these processes have used."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(words[11]) + int(words[12]) + int(words[13]) + int(words[14])
    return total / TICKS


class Watch(threading.Thread):
    """One crawl while it runs: memory and CPU every second, known URLs from its own progress; then its summary."""

    def __init__(self, words, every=1.0):
        super().__init__(daemon=True)
        self.every, self.rows, self.summary, self.said = every, [], {}, [(0.0, 0)]
        self.began = time.monotonic()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.over = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.start()

    def read(self):
        for line in self.process.stderr:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if said.get("event") == "progress":
                    self.said.append((time.monotonic() - self.began, said["discovered"]))
                elif said.get("event") == "summary":
                    self.summary = said
                continue
            print("  |", line.rstrip()[:200], flush=True)

    def run(self):
        while True:
            pids = measure.tree(self.process.pid)
            pss, unmapped = measure.memory_of(pids)[:2]
            self.rows.append({"t": time.monotonic() - self.began, "wall": time.time() * 1000, "memory": pss + unmapped,
                              "cpu": cpu_of(pids)})
            if self.over.wait(self.every if self.rows[-1]["t"] > 10 else 0.1):
                return

    def wait(self, limit=None):
        try:
            self.process.wait(limit)
        finally:
            self.seconds = time.monotonic() - self.began
            self.over.set()
            self.reader.join(10)
            self.join(10)
        self.said.append((self.seconds, self.summary.get("discovered", 0)))
        for row in self.rows:
            row["known"] = self.known_at(row["t"])
        return self.process.returncode


    def known_at(self, t):
        """Known URLs, between two lines of its progress."""
        i = bisect.bisect([when for when, _ in self.said], t)
        (t0, n0), (t1, n1) = self.said[max(0, i - 1)], self.said[min(i, len(self.said) - 1)]
        return int(n0 + (n1 - n0) * (t - t0) / max(0.001, t1 - t0))


def crawl_words(web, db, *options, seeds=None):
    words = web.crawl_words(db, *options, *shlex.split(os.environ.get("ARGS", "")), seeds=seeds)
    return [w if w != "never" else "always" for w in words]


def ask(db, sql):
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as c:
        return c.execute(sql).fetchall()


# ---- disk ----------------------------------------------------------------------------------------


def disk_of_known(db):
    """(bytes of all tables that are not content, {table: bytes}, URLs, bytes of their text)."""
    names = [n for n, in ask(db, "select name from sqlite_schema where rootpage > 0")]
    sizes = {}
    for name in names:
        if name not in CONTENT and not name.startswith("search"):
            sizes[name] = ask(db, f"select total(pgsize) from dbstat where name = '{name}' and aggregate = true")[0][0]
    n, text = ask(db, "select count(*), total(length(cast(url as blob))) from url")[0]
    return sum(sizes.values()), sizes, n, text


def show_disk(t, db, out):
    total, sizes, n, text = disk_of_known(db)
    t.line("URLs in the file", f"{n:,}")
    t.line("their text", mb(text))
    t.bound("disk beside pages, links and text", total, text + DISK_PER_URL * n, mb)
    t.line("that is, beside the text, per URL", f"{(total - text) / max(n, 1):.1f} B")
    out.update(disk_beside=total, url_text=text, urls=n, tables={k: v for k, v in sizes.items() if v > 1e6},
               file=os.path.getsize(db))
    t.line("the whole file", mb(out["file"]))


# ---- memory --------------------------------------------------------------------------------------


def show_memory(t, watch, out):
    """The sample that comes nearest to the bound, or exceeds it by most."""
    known = max(watch.summary.get("discovered", 0), 1)
    worst = max(watch.rows, key=lambda r: r["memory"] - PER_URL * r["known"], default=None)
    if not worst:
        return
    t.bound("memory", worst["memory"], FREE + PER_URL * worst["known"], mb)
    t.line("when known URLs were", f"{worst['known']:,}")
    t.line("most memory ever", mb(max(r["memory"] for r in watch.rows)))
    if "memory_urls" in watch.summary:
        t.line("of it for known URLs (its word)", f"{watch.summary['memory_urls'] / known:.1f} B each")
    out.update(memory=worst["memory"], memory_known=worst["known"], memory_peak=max(r["memory"] for r in watch.rows))


def show_stall(t, what, summary, out, key):
    if "longest_turn_ms" in summary:
        t.bound(what, summary["longest_turn_ms"], STALL_MS, lambda v: f"{v:.0f} ms")
        out[key] = summary["longest_turn_ms"]
    else:
        t.line(what, "not told")


# ---- one million pages ---------------------------------------------------------------------------


def fetched(db):
    """When each page was fetched (Unix ms), in order."""
    return [ms for ms, in ask(db, "select fetched_ms from fetch where status = 200 order by fetched_ms")]


def at(rows, wall, key):
    """KEY at a moment, between two samples."""
    i = bisect.bisect([r["wall"] for r in rows], wall)
    a, b = rows[max(0, i - 1)], rows[min(i, len(rows) - 1)]
    part = (wall - a["wall"]) / max(1, b["wall"] - a["wall"])
    return a[key] + min(1, max(0, part)) * (b[key] - a[key])


def show_tenths(t, watch, db, out):
    times, rows = fetched(db), watch.rows
    n = len(times) // 10
    out["tenths"] = []
    print(f"  {'tenth':>8} {'pages/s':>10} {'CPU s/1,000':>12} {'memory':>12} {'known URLs':>12}")
    for i in range(10):
        begin, end = times[i * n], times[min((i + 1) * n, len(times) - 1)]
        row = {"rate": n * 1000 / max(1, end - begin), "cpu": (at(rows, end, "cpu") - at(rows, begin, "cpu")) * 1000 / n,
               "memory": at(rows, end, "memory"), "known": at(rows, end, "known")}
        out["tenths"].append(row)
        print(f"  {i + 1:>8} {row['rate']:>10,.0f} {row['cpu']:>12.3f} {mb(row['memory']):>12} {row['known']:>12,.0f}")
    first, last = out["tenths"][0], out["tenths"][9]
    t.bound("last tenth against the first", last["rate"] / first["rate"], LAST_TENTH, lambda v: f"{v:.2f}", at_least=True)
    t.line("CPU per page, last against first", f"{last['cpu'] / max(1e-9, first['cpu']):.2f}")


def many_pages(skitter, folder, t):
    pages, hosts = number("PAGES", 1e6), number("HOSTS", 5000)
    db, out = folder / "pages.db", {}
    print(f"\n{pages:,} pages on {hosts:,} hosts", flush=True)
    with Web(skitter, "--pages", pages, "--hosts", hosts, "--seed", os.environ.get("SEED", 1), "--size",
             os.environ.get("SIZE", "4k"), "--links", os.environ.get("LINKS", 10)) as web:
        watch = Watch(crawl_words(web, db, "--delay", 0, "--per-host", 8, "--concurrency", 128))
        out["exit"] = watch.wait()
    out.update(pages=watch.summary.get("pages"), seconds=watch.seconds, summary=watch.summary)
    t.line("exit status", str(out["exit"]))
    t.line("pages", f"{out['pages'] or 0:,}")
    t.bound("pages of the web that were stored", web.stats["pages_asked"], pages, lambda v: f"{v:,}", at_least=True)
    t.bound("requests repeated", web.stats["repeats"], 0, lambda v: f"{v:,}")
    t.line("seconds", f"{watch.seconds:,.1f}")
    t.line("pages/s over all", f"{(out['pages'] or 0) / watch.seconds:,.0f}")
    show_tenths(t, watch, db, out)
    show_memory(t, watch, out)
    show_stall(t, "longest turn of the loop", watch.summary, out, "stall_ms")
    show_disk(t, db, out)
    out["samples"] = watch.rows
    return out


# ---- ten million known URLs ----------------------------------------------------------------------


def first_request(log, after):
    """Seconds from AFTER (monotonic) to the first request in the server's log since then."""
    with open(log, encoding="utf-8") as f:
        for line in f:
            when = float(line.split(" ", 1)[0])
            if when >= after:
                return when - after
    return None


def many_known(skitter, folder, t):
    known, hosts = number("KNOWN", 1e7), number("HOSTS", 5000)
    db, log, out, each = folder / "known.db", folder / "known.log", {}, max(1, known // hosts)
    print(f"\n{known:,} URLs of {hosts:,} hosts, {each:,} links on a page", flush=True)
    with Web(skitter, "--pages", known, "--hosts", hosts, "--spread", 0, "--fanout", max(each, 8), "--links", 0, "--size",
             "1k", "--no-robots", "--seed", os.environ.get("SEED", 1), "--log", log) as web:
        seeds = folder / "seeds"
        seeds.write_text("\n".join(web.listed("hosts")) + "\n")
        watch = Watch(crawl_words(web, db, "--delay", 0, "--concurrency", 128, "--max-pages-per-host", 1,
                                  "--input-file", seeds, seeds=[]))
        out["exit"] = watch.wait()
        out.update(known=watch.summary.get("discovered"), seconds=watch.seconds, summary=watch.summary)
        t.line("exit status", str(out["exit"]))
        t.line("known URLs", f"{out['known'] or 0:,}")
        t.line("of them queued", f"{watch.summary.get('left', 0):,}")
        t.line("seconds", f"{watch.seconds:,.1f}")
        show_memory(t, watch, out)
        show_stall(t, "longest turn of the loop", watch.summary, out, "stall_ms")
        show_disk(t, db, out)
        began = time.monotonic()
        again = Watch([str(skitter), "resume", "--log-format", "json", "--progress", "always", "--dns", web.dns,
                       "--max-pages-per-host", "2", "--max-pages", str(hosts + 1000), str(db)])
        out["resume_exit"] = again.wait()
        time.sleep(1.5)  # the log is written once a second
        out["resume_s"] = first_request(log, began)
    t.line("resume: exit status", str(out["resume_exit"]))
    if out["resume_s"] is None:
        t.over.append("resume")
        t.line("resume: first request", "none")
    else:
        t.bound("resume: first request after", out["resume_s"], RESUME_S, lambda v: f"{v:.1f} s")
    show_stall(t, "resume: longest turn", again.summary, out, "resume_stall_ms")
    t.line("resume: most memory", mb(max((r["memory"] for r in again.rows), default=0)))
    out["samples"] = watch.rows
    return out


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    parts = sys.argv[2:] or ["pages", "known"]
    folder = pathlib.Path(os.environ.get("DIR", build / "bench")) / "scale"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    t, results = Table(), {"where": str(folder), "cores": os.cpu_count()}
    print(f"output on {folder}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for part in parts:
        results[part] = {"pages": many_pages, "known": many_known}[part](build / "skitter", folder, t)
    (build / "bench").mkdir(exist_ok=True)
    (build / "bench" / "scale.json").write_text(json.dumps(results, indent=1))
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder)
    print(f"\nnot kept: {', '.join(t.over) if t.over else 'nothing'}; all numbers: {build / 'bench' / 'scale.json'}")


if __name__ == "__main__":
    main()
