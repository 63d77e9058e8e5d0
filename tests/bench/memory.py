#!/usr/bin/python3
"""memory.py BUILD [--scenes bodies,html,hosts] [--budgets 64M,128M,512M] [--hosts N] [--json FILE] [--assert PERCENT]

Measures what a crawl really takes of --memory. Memory is the proportional set size (PSS) of skitter and all
of its processes, plus the pages of its shared memory (slots, answer areas) that no page table maps, sampled
while it crawls. Of that, what skitter itself says the table of known URLs takes is shown beside it.

bodies  10 MiB bodies: packed and not, of known and unknown length, text and noise
html    what is dear to read: deep nesting, links without end, long text, attributes, tables, bombs
hosts   many hosts (loopback addresses) with robots.txt files, a few of them huge
"""
import argparse
import asyncio
import contextlib
import gzip
import json
import os
import pathlib
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from measure import memfds, tree

MIB = 1 << 20
PAGE = os.sysconf("SC_PAGESIZE")


# ---- the server: a process of its own, so that its memory is nobody's ----

def noise(n, seed):
    return random.Random(seed).randbytes(n)


def words(n, seed):
    r = random.Random(seed)
    pool = ["".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=r.randint(2, 9))) for _ in range(4000)]
    out = bytearray()
    while len(out) < n:
        out += ("<p>" + " ".join(r.choices(pool, k=60)) + "</p>\n").encode()
    return bytes(out[:n])


def links(n, distinct):
    """n bytes of anchors; few of the addresses are distinct."""
    line = b"".join(b'<a href="/page/%d?some=parameter&other=%d">link %d</a>\n' % (i % distinct, i % distinct, i)
                    for i in range(20000))
    return (line * (n // len(line) + 1))[:n]


def fill(n, unit):
    return (unit * (n // len(unit) + 1))[:n]


class Bodies:
    """Ten kinds of 10 MiB."""
    big = 10 * MIB - 1000

    def __init__(self, count):
        page = b"<!doctype html><title>t</title>" + words(self.big - 100, 1)
        self.kinds = [
            ("application/octet-stream", None, noise(self.big, 2), False),
            ("text/html", None, page, False),
            ("text/html", None, page, True),
            ("text/html", "gzip", gzip.compress(page, 1), False),
            ("image/png", None, noise(self.big, 3), True),
            ("text/html", "gzip", gzip.compress(fill(60 * MIB, b"<p>all the same words again and again</p>"), 1), False),
            ("text/html", "gzip", gzip.compress(b"<!doctype html>" + noise(7 * MIB, 4).hex().encode(), 1), False),
            ("text/plain", None, words(self.big, 5), False),
        ]
        self.count = count

    def answer(self, host, path):
        if path == "/":
            return "text/html", None, b"".join(b'<a href="/b/%d">x</a>' % i for i in range(self.count)), False
        if path.startswith("/b/"):
            return self.kinds[int(path[3:]) % len(self.kinds)]
        return None


class Html:
    def __init__(self, count):
        n = 10 * MIB - 1000
        head = b"<!doctype html><title>t</title><body>"
        self.kinds = [
            head + fill(n - 100, b"<div>"),
            head + fill(n - 100, b"<b><i><p>"),
            head + links(n - 100, 5000),
            head + fill(n - 100, b"<table><tr><td>x"),
            head + words(n - 100, 7),
            head + b"<p " + fill(n - 100, b"attribute=value ") + b">",
            head + b'<p title="' + fill(n - 100, b"long ") + b'">',
            b"<!doctype html><title>" + fill(n - 100, b"long title "),
            head + fill(n - 100, b"<svg><math><select><option>"),
            head + b"<base href='http://127.0.0.1/" + b"x" * 4000 + b"/'>" + fill(n - 5000, b"<a href=y>z</a>"),
            head + b"<!--" + fill(n - 100, b"comment "),
            head + fill(n - 100, b"&amp;&nbsp;&#x1F600;"),
            head + fill(n - 100, b"<h1>heading</h1>"),
            head + fill(n - 100, b"<a href=#><a href=#>"),
        ]
        self.packed = [gzip.compress(k, 1) for k in self.kinds]
        self.bomb = gzip.compress(bytes(70 * MIB), 9)
        self.count = count

    def answer(self, host, path):
        if path == "/":
            return "text/html", None, b"".join(b'<a href="/h/%d">x</a>' % i for i in range(self.count)), False
        if path.startswith("/h/"):
            i = int(path[3:])
            if i % 29 == 28:
                return "text/html", "gzip", self.bomb, False
            k = i % len(self.kinds)
            if (i // len(self.kinds)) % 2:
                return "text/html", "gzip", self.packed[k], False
            return "text/html", None, self.kinds[k], bool(i % 3)
        if path.startswith("/page/"):
            return "text/html", None, b"<title>small</title>", False
        return None


class Hosts:
    """Host number i is 127.a.b.c; each names the next ones, so that all become known."""

    def __init__(self, count):
        self.count = count
        rules = b"".join(b"Disallow: /private/%d/*.html$\n" % i for i in range(60))
        self.robots = b"User-agent: *\n" + rules
        self.huge = b"User-agent: *\n" + b"".join(b"Disallow: /private/%d/*.html$\n" % i for i in range(15000))
        self.text = words(20000, 9)

    @staticmethod
    def name(i):
        return "127.%d.%d.%d" % (1 + i // 62500, (i // 250) % 250, 1 + i % 250)

    def number(self, host):
        a, b, c = (int(x) for x in host.split(":")[0].split(".")[1:])
        return (a - 1) * 62500 + b * 250 + c - 1

    def answer(self, host, path):
        i = self.number(host)
        port = host.split(":")[1]
        if path == "/robots.txt":
            return "text/plain", None, self.huge if i % 100 == 7 else self.robots, False
        if path == "/":
            names = [self.name(k) for k in range(i * 8 + 1, i * 8 + 9) if k < self.count]
            more = b"".join(b'<a href="/p/%d">y</a>' % k for k in range(2))
            return ("text/html", None, more + "".join(f'<a href="http://{n}:{port}/">x</a>' for n in names).encode() +
                    self.text, False)
        return "text/html", None, self.text, False


SCENES = {"bodies": Bodies, "html": Html, "hosts": Hosts}


async def serve(scene):
    async def client(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                host = head.lower().partition("\r\nhost: ")[2].partition("\r\n")[0]
                got = scene.answer(host, path)
                if not got:
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                kind, coding, body, chunked = got
                out = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
                out += f"Content-Encoding: {coding}\r\n" if coding else ""
                if chunked:
                    writer.write((out + "Transfer-Encoding: chunked\r\n\r\n").encode())
                    for at in range(0, len(body), 65536):
                        piece = memoryview(body)[at:at + 65536]
                        writer.write(b"%x\r\n" % len(piece))
                        writer.write(piece)
                        writer.write(b"\r\n")
                        await writer.drain()
                    writer.write(b"0\r\n\r\n")
                else:
                    writer.write((out + f"Content-Length: {len(body)}\r\n\r\n").encode())
                    writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(client, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the other end is gone
    os._exit(0)


class Server:
    def __init__(self, scene, count):
        self.process = subprocess.Popen([sys.executable, __file__, "--serve", scene, str(count)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# ---- the measure ----

def rollup(pid):
    out = {}
    for line in open(f"/proc/{pid}/smaps_rollup"):
        key, _, rest = line.partition(":")
        if key in ("Pss_Anon", "Pss_File", "Pss_Shmem"):
            out[key[4:].lower()] = int(rest.split()[0]) * 1024
    return out


def sample(pid):
    total = {"main": 0, "parsers": 0, "file": 0, "shmem": 0, "processes": 0}
    memfd = memfds(pid)
    for p in tree(pid):
        try:
            part = rollup(p)
        except (OSError, ProcessLookupError):
            continue
        total["main" if p == pid else "parsers"] += part.get("anon", 0)
        total["file"] += part.get("file", 0)
        total["shmem"] += part.get("shmem", 0)
        total["processes"] += 1
    total["unmapped"] = max(0, sum(memfd.values()) - total["shmem"])
    total["all"] = sum(total[k] for k in ("main", "parsers", "file", "shmem", "unmapped"))
    return total


class Sampler(threading.Thread):
    def __init__(self, pid, pause):
        super().__init__(daemon=True)
        self.pid, self.pause, self.n = pid, pause, 0
        self.peak = {"all": 0}
        self.most = {}
        self.ended = False

    def run(self):
        while not self.ended:
            try:
                now = sample(self.pid)
            except (OSError, ProcessLookupError):
                break
            self.n += 1
            for key, value in now.items():
                self.most[key] = max(value, self.most.get(key, 0))
            if now["all"] > self.peak["all"]:
                self.peak = now
            time.sleep(self.pause)


def summary_of(text):
    for line in reversed(text.splitlines()):
        try:
            got = json.loads(line)
        except ValueError:
            continue
        if "discovered" in got or "urls" in got:
            return got
    return {}


def measure(skitter, scene, count, budget, options, seconds):
    server = Server(scene, count)
    with tempfile.TemporaryDirectory(dir=os.environ.get("WORK")) as folder:
        words_ = [skitter, "crawl", "-o", f"{folder}/x.db", "--memory", budget, "--delay", "0", "--log-format", "json",
                  "--progress", "never", *options]
        host = Hosts.name(0) if scene == "hosts" else "127.0.0.1"
        if scene == "hosts":
            words_ += ["--allow-private", "--scope", "any", "--retries", "0"]
        else:
            words_ += ["--per-host", "64", "--per-ip", "64"]
        with open(f"{folder}/log", "w+") as log:
            began = time.monotonic()
            p = subprocess.Popen([*words_, f"http://{host}:{server.port}/"],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            s = Sampler(p.pid, 0.01)
            s.start()
            try:
                status = p.wait(seconds)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGINT)
                status = p.wait(30)
            took = time.monotonic() - began
            s.ended = True
            s.join()
            log.seek(0)
            said = log.read()
    server.close()
    return {"scene": scene, "budget": budget, "status": status, "seconds": round(took, 2), "samples": s.n,
            "peak": s.peak, "most": s.most, "summary": summary_of(said), "said": said}


def check_limit(skitter):
    """A parser that needs more than its limit costs that page, and its page says so."""
    server = Server("html", 8)
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.Popen([skitter, "crawl", "-o", f"{folder}/x.db", "--memory", "64M", "--delay", "1", "-q", "--parsers", "1",
                              "--include", "/h/[37]$", f"http://127.0.0.1:{server.port}/"], stdin=subprocess.DEVNULL)
        parser = []
        while len(parser) < 1 and p.poll() is None:  # it works before the second page is due
            parser = [c for c in tree(p.pid)[1:] if b"--role" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes()]
        for c in parser:
            resource.prlimit(c, resource.RLIMIT_DATA, (12 * MIB, 12 * MIB))
        status = p.wait(120)
        with contextlib.closing(sqlite3.connect(f"{folder}/x.db")) as db:
            errors = dict(db.execute("select substr(url, -4), error from pages where url like '%/h/%'"))
    server.close()
    ok = status == 0 and errors.get("/h/3") == "parser_memory" and len(errors) == 2
    print("a parser beyond its limit costs its page: " + ("yes" if ok else f"[  FAILED  ] status {status}, {errors}"))
    return ok


def size(text):
    units = {"k": 10**3, "M": 10**6, "G": 10**9}  # as --memory reads them
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


def known(result):
    return result["summary"].get("memory_urls", 0)


def show(r):
    p, budget = r["peak"], size(r["budget"])
    beside = known(r)
    share = 100 * (p["all"] - beside) / budget
    mb = lambda n: f"{n / MIB:7.1f}"
    print(f"{r['scene']:7} {r['budget']:>5} {mb(p['all'])} {share:5.0f}% {mb(beside)} {mb(p['main'])} {mb(p['parsers'])} "
          f"{mb(p['file'])} {mb(p['shmem'])} {mb(p['unmapped'])} {p['processes']:4} {r['seconds']:7.1f}s "
          f"{r['summary'].get('fetched', '?'):>7} {r['status']:3}", flush=True)
    return share


def main():
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(SCENES[sys.argv[2]](int(sys.argv[3]))))
        return 0
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("build")
    a.add_argument("--scenes", default="bodies,html,hosts")
    a.add_argument("--budgets", default="64M,128M,512M")
    a.add_argument("--bodies", type=int, default=48, help="pages of the scenes bodies and html")
    a.add_argument("--hosts", type=int, default=10000)
    a.add_argument("--seconds", type=int, default=300 * int(os.environ.get("SLOW", "1")), help="per crawl")
    a.add_argument("--json")
    a.add_argument("--assert", dest="bound", type=float, help="fail above this share of the budget, in percent")
    a.add_argument("--options", default="", help="more options for skitter")
    args = a.parse_args()
    results, bad, good = [], 0, 0
    print("scene  budget    MiB  share   known    main parsers   files  shared unmapped procs   time fetched status")
    for scene in args.scenes.split(","):
        for budget in args.budgets.split(","):
            r = measure(f"{args.build}/skitter", scene, args.hosts if scene == "hosts" else args.bodies, budget,
                        args.options.split(), args.seconds)
            results.append(r)
            share = show(r)
            ok = share <= (args.bound or 1e9) and r["status"] == 0 and r["samples"] > 3
            good, bad = good + ok, bad + (not ok)
            if not ok:
                print(f"[  FAILED  ] {scene} {budget}: {share:.0f} % of the budget, exit status {r['status']}, "
                      f"{r['samples']} samples\n{r['said'][-2000:]}")
    if args.json:
        for r in results:
            del r["said"]
        pathlib.Path(args.json).write_text(json.dumps(results, indent=1))
    if args.bound:
        ok = check_limit(f"{args.build}/skitter")
        good, bad = good + ok, bad + (not ok)
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
