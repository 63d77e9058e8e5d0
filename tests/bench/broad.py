#!/usr/bin/python3
"""broad.py BUILD [PART]... - many hosts at once, judged from the server's side. Against a fake web.

manners  HOSTS=5000 hosts on IPS=1000 addresses with DELAY=1 s each for SECONDS=60, CONNECTIONS=2000 at once: starts
         that came too soon, most connections and requests per address.
waiting  what CONNECTIONS=2000 requests cost whose answer takes long: CPU per second, memory per open connection.
slow     a fast host beside SLOW_HOSTS=1000 slow ones: its time against the time it takes alone; and with fewer
         fetchers than slow hosts, how many of them the slow hosts held.
grows    1,000 hosts that answer after a second, nothing said of fetchers, parsers, storers: how many there are in the end
         (none more where other programs leave no CPU idle)

Environment: SEED=1, DIR (where output goes: BUILD/bench), ARGS="..." (further options of the crawls). Results go to
BUILD/bench/broad.json.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import time

import scale
from scale import Table, Watch, crawl_words, mb, number
from web import Web


SLOW_DELAY = 5.0  # s


def stop_after(watch, seconds):
    """Lets it run for a while, then ends it as Ctrl-C does."""
    try:
        watch.process.wait(seconds)
    except scale.subprocess.TimeoutExpired:
        watch.process.send_signal(signal.SIGINT)
    return watch.wait(60)


def seed_file(web, folder):
    path = folder / "seeds"
    path.write_text("\n".join(web.listed("hosts")) + "\n")
    return path


def options(**more):
    o = {"seed": os.environ.get("SEED", 1), "spread": 0, "size": "2k", "links": 5, "no-robots": None, **more}
    return [w for k, v in o.items() for w in ((f"--{k.replace('_', '-')}",) + (() if v is None else (str(v),)))]


# ---- manners -------------------------------------------------------------------------------------


def manners(skitter, folder, t):
    hosts, ips, open_ = number("HOSTS", 5000), number("IPS", 1000), number("CONNECTIONS", 2000)
    delay, seconds, out = float(os.environ.get("DELAY", 1)), number("SECONDS", 60), {}
    print(f"\n{hosts:,} hosts on {ips:,} addresses, {delay:g} s between starts on a host, {open_:,} fetchers", flush=True)
    # What the loop and the network add before the server sees a start differs from one to the next: 2 % are granted.
    with Web(skitter, *options(pages=hosts * 200, hosts=hosts, ips=ips, page_delay=f"{delay * 0.8:g}",
                               judge_delay=f"{delay * 0.98:g}")) as web:
        watch = Watch(crawl_words(web, folder / "manners.db", "--delay", f"{delay:g}", "--concurrency", open_, "--per-ip", 8,
                                  "--input-file", seed_file(web, folder), seeds=[]))
        out["exit"] = stop_after(watch, seconds)
    s = out["server"] = {k: v for k, v in web.stats.items() if k not in ("hosts", "addresses")}
    out["summary"] = watch.summary
    t.line("requests", f"{s['requests']:,}")
    t.line("requests/s", f"{s['requests'] / max(1e-9, s['seconds']):,.0f}")
    t.line("hosts asked", f"{s['hosts_asked']:,}")
    t.line("connections open at once", f"{s['most_open']:,}")
    t.line("requests waiting at once", f"{s['most_busy']:,}")
    t.bound("starts too soon on a host", s["too_soon"], 0, lambda v: f"{v:,}")
    t.line("shortest time between two", f"{s['least_gap_ms']:.1f} ms")
    t.bound("requests at once to an address", s["most_busy_ip"], 8, str)
    t.bound("connections to an address", s["most_open_ip"], 8, str)
    t.bound("requests at once to a host", s["most_busy_host"], 2, str)
    t.line("connections made per request", f"{s['connections'] / max(1, s['requests']):.3f}")
    t.line("DNS questions", f"{s['dns_questions']:,}")
    t.line("CPU s per 1,000 requests", f"{watch.rows[-1]['cpu'] * 1000 / max(1, s['requests']):.2f}")
    t.line("most memory", mb(max(r["memory"] for r in watch.rows)))
    return out


# ---- waiting -------------------------------------------------------------------------------------


def wait_with(skitter, folder, connections):
    """CPU seconds per second and memory while that many requests wait for their answer."""
    with Web(skitter, *options(pages=connections * 4, hosts=connections, page_delay="40")) as web:
        watch = Watch(crawl_words(web, folder / f"waiting-{connections}.db", "--delay", 0, "--timeout", "90s", "--per-host", 1,
                                  "--concurrency", connections, "--input-file", seed_file(web, folder), seeds=[]))
        time.sleep(15)  # all have asked
        rows = len(watch.rows)
        time.sleep(20)  # none is answered
        between = watch.rows[rows - 1:]
        stop_after(watch, 0)
    first, last = between[0], between[-1]
    return {"connections": web.stats["most_busy"], "cpu": (last["cpu"] - first["cpu"]) / (last["t"] - first["t"]),
            "memory": min(r["memory"] for r in between)}


def waiting(skitter, folder, t):
    most = number("CONNECTIONS", 2000)
    print(f"\n{most:,} requests whose answer takes 40 s", flush=True)
    few, many = wait_with(skitter, folder, max(1, most // 10)), wait_with(skitter, folder, most)
    each = (many["memory"] - few["memory"]) / max(1, many["connections"] - few["connections"])
    t.line("waiting at once", f"{many['connections']:,}")
    t.line("CPU", f"{100 * many['cpu']:.2f} % of one core")
    t.line(f"CPU with {few['connections']}", f"{100 * few['cpu']:.2f} % of one core")
    t.bound("memory per open connection", each, 65536, lambda v: f"{v / 1024:.1f} KiB")
    t.line("memory", mb(many["memory"]))
    return {"few": few, "many": many, "each": each}


# ---- slow hosts ----------------------------------------------------------------------------------


def time_of_fast_host(db, origin):
    """Seconds between its first and its last page."""
    first, last, n = scale.ask(db, "select min(fetched_ms), max(fetched_ms), count(*) from fetch f join url u on u.id = "
                                   f"f.url_id where u.url like '{origin}%' and f.status = 200")[0]
    return (last - first) / 1000, n


def slow(skitter, folder, t):
    n, fast, out = number("SLOW_HOSTS", 1000), number("FAST_PAGES", 1000), {}
    print(f"\na host of {fast:,} pages (20 ms each) beside {n:,} that take 5 s", flush=True)
    # All hosts have as many pages; of the slow ones few are reached meanwhile.
    with Web(skitter, *options(pages=fast * (n + 1), hosts=n + 1, cross=0, slow_hosts=1, slow_delay=SLOW_DELAY,
                               page_delay="20ms")) as web:
        origin, seeds, runs = web.url, seed_file(web, folder), {}
        plans = {"alone": ("--scope", "host", "--concurrency", n + 24), "enough fetchers": ("--concurrency", n + 24),
                 "64 fetchers": ("--concurrency", 64)}
        for name, words in plans.items():
            db = folder / f"{name.replace(' ', '-')}.db"
            given = ["--input-file", seeds] if name != "alone" else []
            watch = Watch(crawl_words(web, db, "--delay", 0, *words, *given, seeds=[origin] if name == "alone" else []))
            while watch.process.poll() is None and not done(db, origin, fast):
                time.sleep(0.5)
            stop_after(watch, 0)
            runs[name], pages = time_of_fast_host(db, origin)
            t.line(f"{name}: {pages:,} pages of the fast host", f"{runs[name]:.1f} s")
    out["seconds"] = runs
    t.bound("beside slow ones, enough fetchers", runs["enough fetchers"] / max(0.001, runs["alone"]), 1.2, lambda v: f"{v:.2f}")
    t.line("beside slow ones, 64 fetchers", f"{runs['64 fetchers'] / max(0.001, runs['alone']):.2f}")
    out["held"] = held_by_slow(skitter, folder, t, n)
    return out


def done(db, origin, fast):
    try:
        return time_of_fast_host(db, origin)[1] >= fast
    except (scale.sqlite3.Error, TypeError):
        return False


def most_at_once(log, fast):
    """Of the requests to other hosts than the fast one that began after the first answers of slow hosts had come: how
    many were under way at once. A line of the log is written when the answer is."""
    ends = []
    for line in log.read_text().splitlines():
        when, name, rest = line.split(" ", 2)
        if not name.startswith(fast) and "/robots.txt" not in rest:
            ends.append(float(when))
    begins = sorted(e - SLOW_DELAY for e in ends)
    known = begins[0] + SLOW_DELAY + 1 if begins else 0
    steps = sorted([(b, 1) for b in begins if b > known] + [(b + SLOW_DELAY, -1) for b in begins if b > known])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def held_by_slow(skitter, folder, t, n):
    """With 64 fetchers and a fast host that always has pages left."""
    log, fetchers, seconds = folder / "held.log", 64, number("HELD_SECONDS", 40)
    with Web(skitter, *options(pages=10000 * (n + 1), hosts=n + 1, cross=0, slow_hosts=1, slow_delay=SLOW_DELAY,
                               page_delay="20ms", log=log)) as web:
        watch = Watch(crawl_words(web, folder / "held.db", "--delay", 0, "--concurrency", fetchers, "--ignore-robots",
                                  "--input-file", seed_file(web, folder), seeds=[]))
        stop_after(watch, seconds)
    held = most_at_once(log, "h0.")
    t.bound(f"of {fetchers} fetchers, at slow hosts", held, fetchers // 2, str)
    return held


# ---- grows ---------------------------------------------------------------------------------------


def grows(skitter, folder, t):
    hosts, begin, out = 1000, 64, {}
    print(f"\n{hosts:,} hosts that answer after 1 s, as many fetchers as skitter sees fit", flush=True)
    with Web(skitter, *options(pages=hosts * 100, hosts=hosts, page_delay="1")) as web:
        watch = Watch(crawl_words(web, folder / "grows.db", "--delay", 0, "--input-file", seed_file(web, folder),
                                  seeds=[]))
        out["exit"] = stop_after(watch, 15)
    out["summary"] = watch.summary
    parallel = watch.summary.get("parallel", "")
    crew = {what: int(n) for n, what in re.findall(r"(\d+) (fetcher|parser|storer)", parallel)}
    t.line("exit status", str(out["exit"]))
    t.bound("fetchers in the end", crew.get("fetcher", 0), begin + 1, lambda v: f"{v:,}", at_least=True)
    t.line("parsers, storers in the end", f"{crew.get('parser', 0)}, {crew.get('storer', 0)}")
    t.line("pages/s", f"{watch.summary.get('pages', 0) / watch.seconds:,.0f}")
    return out


PARTS = {"manners": manners, "waiting": waiting, "slow": slow, "grows": grows}


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    parts = sys.argv[2:] or list(PARTS)
    folder = pathlib.Path(os.environ.get("DIR", build / "bench")) / "broad"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    t, results = Table(), {"cores": os.cpu_count()}
    for part in parts:
        results[part] = PARTS[part](build / "skitter", folder, t)
    (build / "bench").mkdir(exist_ok=True)
    (build / "bench" / "broad.json").write_text(json.dumps(results, indent=1))
    shutil.rmtree(folder)
    print(f"\nnot kept: {', '.join(t.over) if t.over else 'nothing'}; all numbers: {build / 'bench' / 'broad.json'}")


if __name__ == "__main__":
    main()
