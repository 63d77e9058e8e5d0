#!/usr/bin/python3
"""real.py BUILD DOCS [sites|live|full|kills|tls]... - what a crawl of real sites must give.

sites  every page a browser could reach is stored exactly once, nothing is requested twice
live   while it crawls: parsers and storage threads, SIGUSR1, queries, SIGINT, resume
full   the disk is full: status 4, nothing committed is lost, and with space again it goes on
tls    HTTPS from a server of its own: HTTP/2, connections, sessions, certificates (tls.py)
kills  kill -9 at random moments, resume: the same set, no page twice, no child before its parent
"""
import collections
import contextlib
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time

import site_tools as site
import tls

SLOW = int(os.environ.get("SLOW", "1"))
PAGES = "select url from pages where status = 200 and content_type like 'text/html%'"
VIEWS = ("pages", "links", "frontier", "excluded", "hosts", "bodies")
passed = failed = 0


def check(name, ok, why=""):
    global passed, failed
    if ok:
        passed += 1
        print(f"[       OK ] {name}", flush=True)
    else:
        failed += 1
        print(f"[  FAILED  ] {name}\n{why}", flush=True)
    return ok


def few(items):
    items = sorted(items)
    return ", ".join(map(str, items[:8])) + (f" and {len(items) - 8} more" if len(items) > 8 else "")


class Crawl:
    """skitter on one site, its output in a folder of its own."""

    def __init__(self, build, nginx, name, db):
        self.skitter = str(build / "skitter")
        self.nginx, self.name, self.db = nginx, name, db
        self.forget()

    def forget(self):
        for f in self.db.parent.glob(self.db.name + "*"):
            f.unlink()

    def start(self, *words):
        self.log = open(self.db.with_suffix(".err"), "w+")
        return subprocess.Popen([self.skitter, *words], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def crawl(self, *options):
        return self.start("crawl", *options, "-o", str(self.db), self.nginx.url(self.name))

    def resume(self, *options):
        return self.start("resume", str(self.db), *options)

    def wait(self, process, limit=120):
        try:
            return process.wait(limit * SLOW)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR1)
            time.sleep(1)
            process.kill()
            process.wait()
            return "a hang"

    def said(self):
        log = self.db.with_suffix(".err")
        return log.read_text(errors="replace") if log.exists() else ""

    def ask(self, sql):
        try:
            return self.ask_as("ro", sql)
        except sqlite3.OperationalError as e:
            if "readonly" not in str(e):
                raise
            # Killed while it became one plain file again: the journal has to be played back first.
            return self.ask_as("rw", sql)

    def ask_as(self, mode, sql):
        # Closed at once: a reader that stays keeps the crawl from leaving one plain file.
        with contextlib.closing(sqlite3.connect(f"file:{self.db}?mode={mode}", uri=True, timeout=10)) as db:
            return db.execute(sql).fetchall()

    def pages(self):
        prefix = f"http://127.0.0.1:{self.nginx.port[self.name]}"
        return [row[0].removeprefix(prefix) for row in self.ask(PAGES)]


def twice(items):
    return {item: n for item, n in collections.Counter(items).items() if n > 1}


def check_set(crawl, expected, what):
    found = crawl.pages()
    missing, extra = expected - set(found), set(found) - expected
    check(f"{what}: the {len(expected)} reachable pages are stored", not missing and not extra,
          f"missing: {few(missing)}\nnot reachable: {few(extra)}")
    check(f"{what}: no page is stored twice", not twice(found), few(twice(found)))
    check(f"{what}: no sanitizer speaks", not re.search("Sanitizer: |runtime error: ", crawl.said()), crawl.said()[-3000:])


def stock_shell(crawl, what):
    for view in VIEWS:
        r = subprocess.run(["sqlite3", "-readonly", str(crawl.db), f"select * from {view} limit 5"],
                           capture_output=True)
        check(f"{what}: view {view} answers in the stock shell", r.returncode == 0, r.stderr.decode())


def run_sites(build, docs, nginx, work):
    for name in site.FOLDERS:
        expected = site.reachable(docs, name)
        crawl = Crawl(build, nginx, name, work / f"{name}.db")
        nginx.forget()
        began = time.monotonic()
        rc = crawl.wait(crawl.crawl("--delay", "0", "--per-host", "32"))
        took = time.monotonic() - began
        if not check(f"{name}: the crawl ends well", rc == 0, f"exit status {rc}\n{crawl.said()[-2000:]}"):
            continue
        print(f"             {len(crawl.ask('select url from pages'))} fetches in {took:.2f} s")
        check_set(crawl, expected, name)
        again = twice(nginx.requests(name))
        check(f"{name}: no URL is requested twice", not again, few(again))
        check(f"{name}: nothing is left", not crawl.ask("select url from frontier"))
        check(f"{name}: one plain file", not crawl.db.with_name(crawl.db.name + "-wal").exists())
        stock_shell(crawl, name)


# ---- while it crawls ----

def parsers_of(pid):
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (p / "stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == pid and b"--role" in (p / "cmdline").read_bytes():
                found.append(int(p.name))
        except (OSError, IndexError):
            pass
    return found


def fetch_only(pid):
    """Libraries that only those need who fetch, in the memory of another."""
    return re.findall(r"/lib(?:curl|ldap|krb5|ssh2|gnutls)[-.\w]*", pathlib.Path(f"/proc/{pid}/maps").read_text())


def threads_of(pid):
    return [(t / "comm").read_text().strip() for t in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def until(condition, limit=20):
    end = time.monotonic() + limit * SLOW
    while time.monotonic() < end:
        try:
            value = condition()
        except (sqlite3.Error, OSError):
            value = None
        if value:
            return value
        time.sleep(0.05)
    return None


def run_live(build, docs, nginx, work):
    expected = site.reachable(docs, "python")
    crawl = Crawl(build, nginx, "python", work / "live.db")
    process = crawl.crawl("--delay", "0.05", "--concurrency", "10", "--parsers", "2", "--storers", "2")
    seen = until(lambda: len(crawl.ask("select url from pages")) >= 5)
    check("live: pages can be read while the crawl writes", seen, crawl.said()[-2000:])
    check("live: two parser processes", len(parsers_of(process.pid)) == 2, str(parsers_of(process.pid)))
    mapped = [so for pid in parsers_of(process.pid) for so in fetch_only(pid)]
    check("live: parsers have nothing in memory that fetches", fetch_only(process.pid) and not mapped, str(mapped))
    threads = threads_of(process.pid)  # a second storer and the checkpointer start when there is work for them
    check("live: storage threads", {"writer", "storer/0"} <= set(threads), str(threads))
    stock_shell(crawl, "live")
    status = subprocess.run([crawl.skitter, "status", str(crawl.db)], capture_output=True, text=True, timeout=60)
    check("live: status of a running crawl", status.returncode == 0 and status.stdout, status.stderr)
    victim = parsers_of(process.pid)[0]
    os.kill(victim, signal.SIGKILL)
    check("live: a parser that dies is replaced",
          until(lambda: len(parsers_of(process.pid)) == 2 and victim not in parsers_of(process.pid)),
          str(parsers_of(process.pid)))
    other = subprocess.run([crawl.skitter, "resume", str(crawl.db)], capture_output=True, text=True, timeout=60)
    check("live: a second crawl on the same file is refused", other.returncode in (2, 4) and "in use" in other.stderr,
          f"exit status {other.returncode}: {other.stderr}")
    process.send_signal(signal.SIGUSR1)
    fetchers = until(lambda: len(re.findall(r"^ +fetcher\b", crawl.said(), re.M)) == 10)
    check("live: SIGUSR1 lists every fetcher", fetchers, crawl.said()[-3000:])
    for pid in parsers_of(process.pid):  # as Ctrl-C on a terminal does: the whole process group
        os.kill(pid, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    rc = crawl.wait(process, 15)
    lost = [int(n) for n in re.findall(r"(\d+) parsers? died", crawl.said())]
    check("live: SIGINT costs no parser beyond the one killed above", sum(lost) <= 1, crawl.said()[-2000:])
    check("live: SIGINT ends it, resumable", rc == 3 and "skitter resume" in crawl.said(),
          f"exit status {rc}\n{crawl.said()[-2000:]}")
    check("live: no parser is left", until(lambda: not parsers_of(process.pid)), str(parsers_of(process.pid)))
    crawl.db = crawl.db.rename(crawl.db.with_name("moved.db"))
    rc = crawl.wait(crawl.resume("--delay", "0", "--per-host", "32"))
    check("live: resume ends well, from where the file was moved to", rc == 0 and "moved.db, " in crawl.said(),
          f"exit status {rc}\n{crawl.said()[-2000:]}")
    check_set(crawl, expected, "live")


# ---- no space left ----

FULL = """
mount -t tmpfs -o size=3m tmpfs "$1" || exit 77
"$2" crawl -o "$1/full.db" --delay 0 --per-host 8 "$3"
echo "first $?"
mount -o remount,size=400m "$1" || exit 77
"$2" resume "$1/full.db"
echo "second $?"
cp "$1"/full.db* "$4"
"""


def run_full(build, docs, nginx, work):
    crawl = Crawl(build, nginx, "python", work / "full.db")
    small = work / "small"
    small.mkdir(exist_ok=True)
    words = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    words += ["sh", "-c", FULL, "sh", str(small), crawl.skitter, nginx.url("python"), str(work)]
    r = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200 * SLOW)
    if r.returncode == 77 or "unshare" in r.stderr.partition(":")[0]:
        print(f"             full: skipped, no file system can be mounted here: {r.stderr.strip()[:200]}")
        return
    check("full: a full disk ends the crawl with status 4 and a sentence",
          "first 4" in r.stdout and re.search("full|space", r.stderr), r.stdout + r.stderr[-2000:])
    check("full: with space again it goes on", "second 0" in r.stdout, r.stdout + r.stderr[-2000:])
    if crawl.db.exists():
        check_set(crawl, site.reachable(docs, "python"), "full")


# ---- kill -9 ----

ORPHANS = """select url, referrer from (select url, referrer from pages union all select url, referrer from frontier)
    where referrer is not null and referrer not in (select url from pages)"""


def check_torn(crawl, kills):
    """What must hold in the file at any moment."""
    if not crawl.db.exists():
        return True
    try:
        orphans = crawl.ask(ORPHANS)
        double = twice(row[0] for row in crawl.ask("select url from pages"))
    except sqlite3.OperationalError as e:
        # Killed before the schema was committed: there is nothing to go on from.
        return check(f"kills: the file after kill {kills}", "no such table" in str(e), str(e))
    if orphans or double:
        return check(f"kills: the file after kill {kills}", False,
                     f"children without parents: {few(orphans)}\nstored twice: {few(double)}")
    return True


# In flight is what holds a slot: being fetched (--concurrency), or on its way to the COMMIT (64 slots).
FETCHERS = 16
IN_FLIGHT = FETCHERS + 64


def one_crawl(crawl, rand, limit):
    """A crawl killed again and again until it gets through (or enough kills were made): number of kills."""
    options = ("--delay", "0", "--per-host", "8", "--concurrency", str(FETCHERS))
    process = crawl.crawl(*options)
    kills = 0
    while True:
        try:
            pause = rand.uniform(0.01, 0.5) if kills < limit else 120 * SLOW
            rc = process.wait(pause)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        kills += 1
        if kills > limit:
            rc = "a hang"
            break
        if not check_torn(crawl, kills):
            rc = "a torn file"
            break
        if crawl.db.exists() and crawl.ask("select count(*) from sqlite_master where name = 'pages'")[0][0]:
            process = crawl.resume()
        else:
            crawl.forget()
            process = crawl.crawl(*options)
    return rc, kills


def run_kills(build, docs, nginx, work):
    rounds = int(os.environ.get("ROUNDS", "6"))
    rand = site.seeded()
    total = tries = 0
    while total < rounds and tries < 2 * rounds + 5:
        name = rand.choice(list(site.FOLDERS))
        crawl = Crawl(build, nginx, name, work / "kills.db")
        nginx.forget()
        rc, kills = one_crawl(crawl, rand, max(1, rounds - total))
        what = f"{name}, {kills} kills"
        if not check(f"{what}: it gets through", rc == 0, f"{rc}\n{crawl.said()[-2000:]}"):
            break
        check_set(crawl, site.reachable(docs, name), what)
        again = twice(nginx.requests(name))
        repeated = sum(again.values()) - len(again)
        check(f"{what}: {repeated} requests repeated, at most those in flight", repeated <= kills * IN_FLIGHT, few(again))
        total += kills
        tries += 1


def run_tls(build, docs, nginx, work):
    tls.run(check, lambda *place: Crawl(build, *place), docs, work)


def main():
    build, docs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    suites = {"sites": run_sites, "live": run_live, "full": run_full, "tls": run_tls, "kills": run_kills}
    work = build / "real"
    with site.Nginx(docs, work / "nginx") as nginx:
        for name in sys.argv[3:] or suites:
            suites[name](build, docs, nginx, work)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
