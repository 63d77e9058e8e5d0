#!/usr/bin/env python3
"""exports.py BUILD CONFORMANCE - hostile and naughty strings survive every export unharmed.

Titles, descriptions and URLs made of the strings go into a small crawl; what each format gives
is read back by Python's own readers (json, csv, xml) and compared with the database. Of the
files on disk: each page is there once, inside the folder, under a name that every system takes,
and every link leads to its page. The strings come from text/naughty-strings.jsonl; without
it (said, and skipped) only those written here are used.
"""
import csv
import html
import html.parser
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import unicodedata
import urllib.parse
import xml.etree.ElementTree

BUILD, DATA = sys.argv[1], sys.argv[2]
SKITTER = os.path.join(BUILD, "skitter")
DIR = os.path.join(BUILD, "exports.test")
DB = os.path.join(DIR, "naughty.db")
NAUGHTY = os.path.join(DATA, "text", "naughty-strings.jsonl")
SITE = "https://naughty.example"
failed = 0

OWN = [
    "=cmd|'/c calc'!A1", "+1", "-1", "@x", "\tx", "\rx", "\r\n", "a,b", 'say "hi"', '"', "a\nb", "'", "''",
    "\x1b]0;owned\x07", "\x1b[2J", "\u202egpj.exe", "lone \r CR", "\u2028\u2029", "a\x00b", "\ufeff",
    "<script>alert(1)</script>", "javascript:alert(1)", "../../etc/passwd", "..\\..\\x", "C:\\x", "%2e%2e%2f",
    "con", "NUL.txt", "x" * 300, "é" * 300, "a/" * 200 + "b", ".git/config", "-rf", "a.", "a ", "Case", "case",
    "]]>", "&amp;", "{'a': 1}", "\U0001f577", "cafe\u0301", "caf\u00e9",
]
# Bytes that are no UTF-8, as a broken writer could leave them: JSON has to parse all the same.
BROKEN = [b"\xff\xfe", b"a\xed\xa0\x80b", b"=\xc3", b"\x80\"\n,"]


def check(name, good, detail=""):
    global failed
    print(f"{name:<28} {'ok' if good else 'FAILED ' + str(detail)[:300]}")
    failed += not good


def skitter(*args):
    r = subprocess.run([SKITTER, *args], capture_output=True, timeout=120)
    if r.returncode:
        sys.exit(f"skitter {' '.join(args)}: {r.stderr.decode(errors='replace')}")
    return r.stdout


def crawl():
    """A crawl of one page, whatever it finds: a database of the right form."""
    shutil.rmtree(DIR, ignore_errors=True)
    os.makedirs(DIR)
    subprocess.run([os.path.join(BUILD, "testserver"), "--root", "tests/site", "--", SKITTER, "crawl", "-q",
                    "--max-pages", "1", "--progress", "never", "-o", DB, "http://127.0.0.1:PORT/about.html"],
                   check=True, capture_output=True, timeout=120)


def url_of(i, s):
    quoted = urllib.parse.quote(s.encode(), safe="/'()*!$&+,;=@:~")
    # What a URL parser would have made of dot segments.
    parts = [p for p in quoted.split("/") if p.lower() not in (".", "..", "%2e", "%2e%2e", ".%2e", "%2e.")]
    return f"{SITE}/{i}/{'/'.join(parts)}?q={urllib.parse.quote(s.encode(), safe='')}"


def fill(strings):
    db = sqlite3.connect(DB)
    db.execute("delete from fetch"), db.execute("delete from url")
    urls = [url_of(i, s) for i, s in enumerate(strings)]
    pages = [f"<title>{html.escape(s)}</title>" for s in strings]
    links = "<meta charset=utf-8>" + "".join(f'<a href="{html.escape(u)}">{i}</a>\n' for i, u in enumerate(urls))
    rows = [(u, s, b.encode()) for u, s, b in zip(urls, strings, pages)] + [(SITE + "/", "start", links.encode())]
    for i, (u, s, body) in enumerate(rows, 10):
        db.execute("insert into url(id, url, host_id, depth) values(?, ?, 1, 0)", (i, u))
        db.execute("insert into fetch(id, url_id, state, attempt, status, content_type, title, description, lang) "
                   "values(?, ?, 2, 1, 200, 'text/html; charset=utf-8', ?, ?, ?)", (i, i, s, s + s, s or None))
        db.execute("insert or replace into content(id, packed, coding, body) values(?, 0, 'identity', ?)", (i, body))
    for i, b in enumerate(BROKEN, 9000):
        db.execute("insert into url(id, url, host_id) values(?, ?, 1)", (i, f"{SITE}/broken/{i}"))
        db.execute("insert into fetch(id, url_id, state, attempt, status, title) "
                   "values(?, ?, 2, 1, 404, cast(? as text))", (i, i, b))
    db.commit()
    db.text_factory = lambda b: b.decode(errors="replace")
    cur = db.execute("select * from pages")
    names = [c[0] for c in cur.description]
    return names, cur.fetchall(), urls


def text(value):
    return "" if value is None else value if isinstance(value, str) else repr(value)


def of_csv(names, rows, args, changed):
    out = skitter("export", DB, "-f", "csv", *args, "--query", "status = 200").decode()
    got = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    rows = [r for r in rows if r[names.index("status")] == 200]
    check("exports/csv" + "".join(args) + " rows", len(got) == len(rows) + 1 and got[0] == names, len(got))
    bad = [(g, w) for g, w in zip(got[1:], rows)
           if len(g) != len(w) or any(a != changed(text(b)) for a, b in zip(g, w) if not isinstance(b, float))]
    check("exports/csv" + "".join(args) + " cells", not bad, bad[:1])


def of_json(names, rows):
    out = skitter("export", DB, "-f", "jsonl")
    got = [json.loads(line) for line in out.decode().split("\n")[:-1]]
    bad = [(g, w) for g, w in zip(got, rows)
           if list(g) != names or any(g[n] != v and not (isinstance(v, str) and "\ufffd" in v) for n, v in zip(names, w))]
    check("exports/jsonl", len(got) == len(rows) and not bad, bad[:1])


def of_urls(names, rows, urls):
    out = skitter("export", DB, "-f", "urls", "--query", "status = 200").decode().split("\n")[:-1]
    check("exports/urls", out == urls + [SITE + "/"])
    out = skitter("export", DB, "-f", "sitemap")
    ns = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    locs = [e.text for e in xml.etree.ElementTree.fromstring(out).iter(ns + "loc")]
    want = sorted(u for u in urls + [SITE + "/"] if len(u) < 2048)
    check("exports/sitemap", sorted(locs) == want, len(locs))


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.hrefs = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.hrefs.append(dict(attrs)["href"])


def of_files(strings):
    out = os.path.join(DIR, "files")
    skitter("export", DB, "-f", "files", "-o", out)
    found = [os.path.join(d, f) for d, _, fs in os.walk(os.fsencode(out)) for f in fs]
    inside = os.path.realpath(os.fsencode(out)) + b"/"
    check("exports/files inside", all(os.path.realpath(f).startswith(inside) for f in found))
    parts = {p for f in found for p in f[len(os.fsencode(out)) + 1:].split(b"/")} - {b".skitter-files"}
    bad = [p for p in parts if len(p) > 255 or p[:1] in (b".", b"-") or p[-1:] in (b".", b" ") or
           any(c < 32 or c == 127 or c in b'\\:*?"<>|' for c in p) or
           p.split(b".")[0].lower() in (b"con", b"prn", b"aux", b"nul", b"com1", b"lpt1")]
    check("exports/files names", not bad and all(p.decode() for p in parts), bad[:3])
    keys = {unicodedata.normalize("NFKC", os.fsdecode(f)).casefold() for f in found}
    check("exports/files unique", len(keys) == len(found) == len(strings) + 3, (len(keys), len(found)))
    start = os.path.join(out, "naughty.example", "index.html")
    p = Links()
    with open(start, encoding="utf-8") as f:
        p.feed(f.read())
    bad = []
    for href, s in zip(p.hrefs, strings):
        target = os.path.join(os.path.dirname(start), urllib.parse.unquote(href))
        try:
            with open(target, encoding="utf-8-sig", newline="") as f:
                good = f.read() == f"<title>{html.escape(s)}</title>"
        except (OSError, ValueError) as e:
            good = str(e)
        if good is not True:
            bad.append((s, href, good))
    check("exports/files links", len(p.hrefs) == len(strings) and not bad, bad[:2])


def main():
    strings = list(OWN)
    if os.path.exists(NAUGHTY):
        with open(NAUGHTY, encoding="utf-8") as f:
            strings += [json.loads(line)["s"] for line in f if line.strip()]
        strings = [s for s in strings if not any(0xd800 <= ord(c) < 0xe000 for c in s)]
    else:
        print(f"{'text/naughty-strings.jsonl':<28} skipped (no such file)")
    crawl()
    names, rows, urls = fill(strings)
    of_json(names, rows)
    of_csv(names, rows, ("--raw-cells",), lambda v: v)
    of_csv(names, rows, (), lambda v: "'" + v if v[:1] in ("=", "+", "-", "@", "\t", "\r") and v else v)
    of_urls(names, rows, urls)
    of_files(strings)
    print(f"exports: {len(strings)} strings")
    sys.exit(failed > 0)


main()
