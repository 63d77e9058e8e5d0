#!/usr/bin/python3
"""peers.py BUILD DOCS - whole crawls of real documentation from nginx on loopback, beside the peers.

Each crawler mirrors the same site, in turn, three rounds; the best of each counts. skitter
stores everything (bodies, links, heads) in one file; the others write files.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "real"))
import site_tools as site

ROUNDS = int(os.environ.get("ROUNDS", "3"))


def commands(build, url, out):
    yield "skitter --delay 0 --per-host 32", [str(build / "skitter"), "crawl", "-q", "--progress", "never", "--delay", "0",
                                              "--per-host", "32", "-o", str(out / "crawl.db"), url]
    if shutil.which("wget2"):
        yield "wget2 --mirror --max-threads=16", ["wget2", "-q", "--mirror", "--max-threads=16", "-P", str(out), url]
    if shutil.which("wget"):
        yield "wget --mirror", ["wget", "-q", "--mirror", "-P", str(out), url]


def cpu():
    t = os.times()
    return t.children_user + t.children_system


def one(nginx, name, words, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    nginx.forget()
    busy, began = cpu(), time.monotonic()
    subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.monotonic() - began
    time.sleep(0.1)  # nginx writes the last lines of its log
    pages = [r for r in nginx.requests(name) if r.partition("?")[0].endswith(".html")]
    return took, len(pages), cpu() - busy


def main():
    build, docs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    work = build / "peers"
    work.mkdir(exist_ok=True)
    with site.Nginx(docs, work / "nginx", gzip=False) as nginx:
        for name in site.FOLDERS:
            print(f"== {name}: whole crawls, best of {ROUNDS} rounds")
            best = {}
            for _ in range(ROUNDS):
                for what, words in commands(build, nginx.url(name), work / "out"):
                    run = one(nginx, name, words, work / "out")
                    best[what] = min(best.get(what, run), run)
            ours = None
            for what, (took, pages, busy) in best.items():
                ours = ours or pages / took
                print(f"{what:34} {took:7.2f} s  {pages:5} pages  {pages / took:8.0f} pages/s"
                      f"  {busy:6.2f} CPU s  skitter is {ours * took / pages if pages else 0:5.1f} times as fast")
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
