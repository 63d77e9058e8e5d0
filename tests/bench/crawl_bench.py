#!/usr/bin/python3
"""crawl_bench.py BUILD DOCS - whole crawls of real documentation from nginx on loopback, side by side.

Environment: SITES=a,b (sites.py), WHERE=tmpfs,disk, ROUNDS=5, SKITTERS=PATH,... (further skitter binaries).
See README.md beside this file.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

import crawlers
import measure
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


def once(crawler, site, docs, run, place, kind):
    """One crawl by one crawler; everything that was measured."""
    with server.Server(docs, run, site) as nginx:
        out = place / "out"
        words = crawler.command(site, nginx.port, out)
        row = measure.run(words, out, kind)
    row.update(nginx.tally())
    row["pages_per_s"] = row["pages"] / row["seconds"]
    row["cpu_per_1000"] = row["cpu_s"] * 1000 / row["pages"] if row["pages"] else None
    return row


def compare(site, kind, who, docs, build, place, rounds):
    """ROUNDS rounds in which each crawler has a turn; another one begins each round."""
    rows = {c.name: [] for c in who}
    for r in range(rounds):
        for c in who[r % len(who):] + who[:r % len(who)]:
            rows[c.name].append(once(c, site, docs, build / "bench/nginx", place, kind))
    return {"site": site.name, "where": kind, "pages": site.pages, "bytes": site.bytes, "hosts": len(site.hosts),
            "runs": rows}


def main():
    build, docs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    (build / "bench").mkdir(parents=True, exist_ok=True)
    rounds = int(os.environ.get("ROUNDS", "5"))
    who = crawlers.always(build)
    who[1:1] = [crawlers.Skitter(p, f"skitter:{p}") for p in wanted("SKITTERS", "")]
    who = [c for c in who if c.available()]
    measure.become_reaper()
    results = []
    with Places(build, wanted("WHERE", "tmpfs,disk")) as places:
        for name in wanted("SITES", ",".join(sites.DEFAULT)):
            try:
                site = sites.Site(docs, name)
            except sites.Unavailable as why:
                print(f"bench: {why}", file=sys.stderr)
                continue
            for kind, place in places.paths.items():
                results.append(compare(site, kind, who, docs, build, place, rounds))
                table.show(results[-1], [c.name for c in who])
    kept = build / "bench/results.json"
    kept.write_text(json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "crawls": results}, indent=1))
    print(f"all of it: {kept}")


if __name__ == "__main__":
    main()
