#!/usr/bin/python3
"""crawl_bench.py BUILD DOCS - whole crawls of real documentation from nginx on loopback, side by side.

Environment: SITES=a,b (sites.py), WHERE=tmpfs,disk, ROUNDS=5, PEERS=all or names, SKITTERS=PATH,... (further skitter
binaries), LIMIT=120 (seconds of one crawl), BUDGET=120 (seconds of one crawler on one site). See README.md beside this.
"""
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import crawlers
import measure
import results
import server
import sites
import table


def wanted(name, default):
    return [w for w in os.environ.get(name, default).split(",") if w]


class Places:
    """The folders crawls write to, one on each kind of file system; removed at the end of the block."""

    def __init__(self, build, kinds):
        self.build, self.kinds, self.paths = build, kinds, {}

    def __enter__(self):
        for kind in self.kinds:
            above = self.build / "bench" if kind == "disk" else pathlib.Path(os.environ.get("TMPFS", "/dev/shm"))
            if not above.is_dir():
                print(f"bench: no {kind}: there is no {above}", file=sys.stderr)
                continue
            self.paths[kind] = pathlib.Path(tempfile.mkdtemp(prefix="crawl-", dir=above))
        return self

    def __exit__(self, *exc):
        for path in self.paths.values():
            shutil.rmtree(path, ignore_errors=True)


def number(name, default):
    try:
        return int(os.environ.get(name, default))
    except ValueError:
        sys.exit(f"bench: {name} must be a number")


def once(crawler, site, docs, run, place, limit):
    """One crawl by one crawler; everything that was measured."""
    with server.Server(docs, run, site) as nginx:
        out = place / "out"
        words = crawler.command(site, nginx, out)
        row = measure.run(words, out, limit, crawler.environment(nginx))
    row.update(nginx.tally())
    row["pages_per_s"] = row["pages"] / row["seconds"]
    row["cpu_per_1000"] = row["cpu_s"] * 1000 / row["pages"] if row["pages"] else None
    return row


def compare(site, kind, who, docs, build, place):
    """ROUNDS rounds in which each crawler has a turn; another one begins each round.

    A crawl is cut off after LIMIT seconds, and one that has used its BUDGET gets no further rounds.
    """
    rounds, limit, budget = number("ROUNDS", 5), number("LIMIT", 120), number("BUDGET", 120)
    rows = {c.name: [] for c in who}
    for r in range(rounds):
        for c in who[r % len(who):] + who[:r % len(who)]:
            if sum(row["seconds"] for row in rows[c.name]) < budget:
                rows[c.name].append(once(c, site, docs, build / "bench/nginx", place, limit))
            else:
                rows[c.name].append(None)
    return {"site": site.name, "where": kind, "pages": site.pages, "bytes": site.bytes, "hosts": len(site.hosts),
            "stores": {c.name: c.stores for c in who}, "runs": rows}


def crawl_all(build, docs, who, places):
    names = wanted("SITES", ",".join(sites.DEFAULT))
    for name in names:
        try:
            site = sites.Site(docs, name)
        except sites.Unavailable as why:
            print(f"bench: {why}", file=sys.stderr)
            continue
        for i, (kind, place) in enumerate(places.paths.items()):
            now = [c for c in who if i == 0 or not c.slow]
            result = compare(site, kind, now, docs, build, place)
            table.add_summary(result)
            table.show(result)
            yield result


def main():
    build, docs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    (build / "bench").mkdir(parents=True, exist_ok=True)
    who = crawlers.chosen(build, wanted("PEERS", ""), wanted("SKITTERS", ""))
    measure.become_reaper()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # so that every server is stopped too
    began = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **results.machine()}
    done = []
    with Places(build, wanted("WHERE", "tmpfs,disk")) as places:
        for result in crawl_all(build, docs, who, places):
            done.append(result)
            kept = results.keep(build, machine=began, crawls=done)
    if not done:
        sys.exit("bench: nothing was measured")
    table.closing(done)
    print(f"\nall of it: {kept}")


if __name__ == "__main__":
    main()
