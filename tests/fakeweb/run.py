#!/usr/bin/python3
"""run.py BUILD - skitter crawls a fake web: what it stores must be what the web is made of."""
import contextlib
import os
import pathlib
import shutil
import sqlite3
import sys
import time
import urllib.parse

from web import Web

HTML = "content_type like 'text/html%'"
passed = failed = 0


def check(name, ok, why=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"[       OK ] fakeweb: {name}" if ok else f"[  FAILED  ] fakeweb: {name}\n{why}", flush=True)


def same(name, found, wanted):
    found, wanted = set(found), set(wanted)
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    check(f"{name} ({len(wanted)})", not missing and not extra,
          f"{len(missing)} missing: {missing[:5]}\n{len(extra)} too many: {extra[:5]}")


def equal(name, found, wanted):
    check(name, found == wanted, f"found {found}, not {wanted}")


def ask(db, sql):
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as c:
        return [row[0] if len(row) == 1 else row for row in c.execute(sql)]


def host(url):
    return urllib.parse.urlsplit(url).hostname


def whole_web(skitter, work):
    """2,000 pages on 20 hosts, gzip, two serving processes."""
    db = work / "whole.db"
    with Web(skitter, "--pages", 2000, "--hosts", 20, "--seed", 7, "--gzip", "--workers", 2) as web:
        rc, said = web.crawl(db, "--delay", 0, "--per-host", 8)
        known = web.listed()
    equal("whole: the crawl ends well", (rc, said.get("end")), (0, "finished"))
    same("whole: the pages stored are the pages there are", ask(db, f"select url from pages where status = 200 and {HTML}"),
         known)
    equal("whole: each once", ask(db, "select count(*) from (select url from pages group by 1 having count(*) > 1)"), [0])
    equal("whole: nothing is asked for twice", web.stats["repeats"], 0)
    equal("whole: the web was asked for all of it", web.stats["pages_asked"], 2000)
    equal("whole: robots.txt is obeyed", web.stats["closed_paths"], 0)
    check("whole: one question per name and kind", web.stats["dns_questions"] in (20, 40), web.stats["dns_questions"])
    check("whole: never more than 8 connections to an address", web.stats["most_open_ip"] <= 8, web.stats["most_open_ip"])
    check("whole: links of all pages", ask(db, "select count(distinct source) from links")[0] >= 2000)
    equal("whole: the server ends well", web.status, 0)


def broken_web(skitter, work):
    """Hosts that are dead, unknown, or push back; pages that fail, now and then or always."""
    db = work / "broken.db"
    with Web(skitter, "--pages", 400, "--hosts", 30, "--seed", 3, "--size", "2k", "--dead-hosts", 0.1, "--unknown-hosts",
             0.1, "--limited-hosts", 0.05, "--limit-interval", "20ms", "--errors", 0.04, "--flaky", 0.02, "--cuts", 0.04,
             "--resets", 0.04, "--missing", 0.04, "--no-robots") as web:
        rc, said = web.crawl(db, "--delay", 0, "--retries", 1, "--max-time", 45)
        known = web.listed()
    check("broken: the crawl ends by itself", rc == 0 and said.get("end") == "finished", said)
    equal("broken: all is accounted for", said["discovered"], sum(said[k] for k in ("fetched", "failed", "excluded", "left")))
    answered = {host(u) for u in ask(db, "select url from pages where status > 0")}
    stored = ask(db, "select url from pages")
    check("broken: some hosts never answered", 2 <= 30 - len(answered) <= 12, len(answered))
    expected = {u for u in known if host(u) in answered}
    same("broken: every page of a host that answers has a verdict",
         {u for u in stored if host(u) in answered and "/old/" not in u and not u.endswith("/robots.txt")}, expected)
    fine = ask(db, f"select count(*) from pages where status = 200 and error is null and {HTML}")[0]
    check("broken: most pages came", fine > 0.75 * len(expected), f"{fine} of {len(expected)}")
    check("broken: pages that are missing say so", ask(db, "select count(*) from pages where status = 404")[0] > 10)
    for kind in ("resets", "cuts", "pushed_back", "dns_unknown"):
        check(f"broken: there were {kind}", web.stats[kind] > 0, web.stats)


def traps(skitter, work):
    """What never ends is cut by limits, and costs the real pages nothing."""
    db = work / "traps.db"
    with Web(skitter, "--pages", 100, "--hosts", 2, "--size", "2k", "--traps", "all") as web:
        rc, said = web.crawl(db, "--delay", 0, "--exclude", "/(calendar|account|deeper|filter)")
        known = web.listed()
        rc2, said2 = web.crawl(work / "traps2.db", "--delay", 0, "--max-pages", 400)
    same("traps: left out, the pages there are", ask(db, f"select url from pages where {HTML}"), known)
    equal("traps: with them it ends at the limit", (rc2, said2.get("pages")), (0, 400))
    check("traps: that was in the traps", web.stats["trap_pages"] > 100, web.stats["trap_pages"])


def long_answers(skitter, work):
    """A name server whose answers over UDP are always too long."""
    with Web(skitter, "--pages", 30, "--hosts", 5, "--size", "1k", "--truncate", "--ttl", 86400) as web:
        rc, said = web.crawl(work / "names.db", "--delay", 0)
    equal("names: asked again by TCP, all pages come", (rc, web.stats["pages_asked"]), (0, 30))
    asked = web.stats["dns_questions"], web.stats["dns_tcp"]
    check("names: one question each and kind, each way", asked in ((5, 5), (10, 10)), asked)


def starts(log):
    """{host: the moments it was asked}, from the server's log."""
    found = {}
    for line in log.read_text().splitlines():
        when, name = line.split(" ")[:2]
        found.setdefault(name, []).append(float(when))
    return found


def manners(skitter, work):
    """What the server sees of --delay, --per-host and --per-ip: lower bounds, never how fast."""
    log = work / "manners.log"
    with Web(skitter, "--pages", 60, "--hosts", 6, "--spread", 0, "--ips", 2, "--size", "1k", "--page-delay", "30ms",
             "--log", log) as web:
        rc, _ = web.crawl(work / "manners.db", "--delay", "150ms", "--per-ip", 2, "--per-host", 2)
    equal("manners: the crawl ends well", rc, 0)
    # On a busy machine the server sees a single start late; over all of a host that cannot add up.
    asked = starts(log)
    early = {h: max(t) - min(t) for h, t in asked.items() if max(t) - min(t) < 0.15 * (len(t) - 1) - 0.4}
    check("manners: the delay is kept on every host", len(asked) == 6 and not early, early)
    busy = web.stats["most_busy_ip"], web.stats["most_busy_host"]
    check("manners: two requests at most at an address, one at a host", busy[0] <= 2 and busy[1] <= 1, busy)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    skitter, work = build / "skitter", build / "fakeweb"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    os.environ.pop("http_proxy", None)
    for part in (whole_web, broken_web, traps, long_answers, manners):
        began = time.monotonic()
        part(skitter, work)
        print(f"             {part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
