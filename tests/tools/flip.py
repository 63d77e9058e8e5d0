#!/usr/bin/env python3
"""flip.py SKITTER FILE.db - bytes of a stored crawl are flipped, one at a time.

In a stored body: `verify` must name the URL and end with 4. Anywhere in the file: verify, search
and cat must end by themselves with 0, 2 or 4 and, if not 0, with a sentence. The places are the
same from run to run (SEED=, FLIPS= change them). Prints what went wrong; silent if nothing did.
"""
import os, random, sqlite3, subprocess, sys, tempfile

skitter, db = sys.argv[1:3]
rng = random.Random(int(os.environ.get("SEED", "1")))
flips = int(os.environ.get("FLIPS", "40"))
whole = open(db, "rb").read()
bad = []


def run(*args):
    p = subprocess.run([skitter, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def flipped(path, *places):
    data = bytearray(whole)
    bit = 1 << rng.randrange(8)
    for at in places:
        data[at] ^= bit
    open(path, "wb").write(data)


def places_of(body):
    """Where the body lies: SQLite leaves copies behind when it moves a row."""
    at = whole.find(body)
    while at >= 0:
        yield at
        at = whole.find(body, at + 1)


def in_bodies(path):
    con = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    rows = con.execute("select url, body from bodies where length(body) > 16").fetchall()
    con.close()
    tried = 0
    for url, body in rows:
        body = bytes(body) if isinstance(body, bytes) else body.encode()
        at = rng.randrange(len(body))
        places = [start + at for start in places_of(body)]
        if not places:
            continue  # in several pieces
        tried += 1
        flipped(path, *places)
        status, out, err = run("verify", path)
        if status != 4 or f"bodies  {url} " not in out:
            bad.append(f"a body of {url} was changed, but verify says ({status})\n{out}{err}")
    if tried < 5:
        bad.append(f"only {tried} bodies could be tried")


def anywhere(path, url):
    # The head and the first pages hold the schema: every place there counts.
    places = [16, 18, 20, 24, 28, 36, 44, 52, 56, 100, 103, 105, 107, 108]
    places += [rng.randrange(108, min(len(whole), 16384)) for _ in range(flips // 4)]
    places += [rng.randrange(len(whole)) for _ in range(flips)]
    for at in places:
        flipped(path, at)
        for args in (["verify", path], ["search", path, "spider"], ["cat", path, url]):
            if args[0] != "verify" and rng.random() < 0.7:
                continue
            status, out, err = run(*args)
            if status not in (0, 2, 4) or (status and not err):
                bad.append(f"byte {at} was flipped, {args[0]} ended with {status}\n{out[-300:]}{err}")


with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "flipped.db")
    in_bodies(path)
    con = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    anywhere(path, con.execute("select url from pages limit 1").fetchone()[0])
print("\n".join(bad), end="\n" if bad else "")
