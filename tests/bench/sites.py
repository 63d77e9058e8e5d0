"""sites.py - what is crawled: Debian documentation packages, unpacked and never installed.

A site is one or more hosts (loopback addresses), each the folder of one package. A name says which:
    openjdk-17-doc, deb:PACKAGE    any documentation package
    openjdk-17-doc+gz              the same with every page compressed beforehand (nginx's gzip_static)
    openjdk-17-doc+tls, +h2        over TLS 1.3: HTTP/1.1, HTTP/2; also +gz+h2
    50-hosts                       fifty addresses that share the packages of MANY
"""
import concurrent.futures
import gzip
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))
import reach  # noqa: E402

DEFAULT = ["openjdk-17-doc", "apache2-doc", "50-hosts", "postgresql-doc-15", "python3.11-doc",
           "openjdk-17-doc+gz", "apache2-doc+gz", "postgresql-doc-15+gz", "python3.11-doc+gz"]
# Small and large ones, so that hosts end at different times; fifty share these in turn.
MANY = ["git-doc", "sqlite3-doc", "git-doc", "python3.11-doc", "git-doc", "postgresql-doc-15"]
PAGE = (".html", ".htm")


class Unavailable(Exception):
    """A package that cannot be had here, or that holds no site."""


class Package:
    """One unpacked documentation package: the folder with the root page, and what is reachable from there."""

    def __init__(self, docs, name):
        self.docs, self.name = docs, name
        done = subprocess.run([str(HERE.parent / "real/fetch.sh"), str(docs), name], stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Unavailable(f"{name} could not be fetched")
        self.load()

    def load(self):
        kept = self.docs / f"{self.name}.site.json"
        if not kept.exists():
            root, start, pages = self.find()
            text = json.dumps({"root": str(root.relative_to(self.docs)), "start": start, "pages": sorted(pages)})
            kept.with_suffix(".new").write_text(text)
            kept.with_suffix(".new").rename(kept)
        data = json.loads(kept.read_text())
        self.root, self.start = self.docs / data["root"], data["start"]
        self.pages = data["pages"]

    def find(self):
        """The folder whose index page leads to the most pages; the folder with the most files is mostly it."""
        print(f"bench: {self.name}: looking for what is reachable (once)", file=sys.stderr, flush=True)
        best = (None, None, [])
        for root, start, held in self.candidates()[:4]:
            start = past_refresh(root, start)
            pages = reachable(root, start)
            if len(pages) > len(best[2]):
                best = (root, start, pages)
            if len(best[2]) * 2 >= held:
                break
        if not best[2]:
            raise Unavailable(f"{self.name} holds no HTML pages behind an index page")
        return best

    def candidates(self):
        """(folder, path of its index page, pages below), the fullest folder first, then the shallowest."""
        held, starts = {}, {}
        for folder, _, files in os.walk(self.docs / self.name):
            folder = pathlib.Path(folder)
            pages = sum(f.endswith(PAGE) for f in files)
            for f in ("index.htm", "index.html"):
                if f in files:
                    starts[folder] = "/" + f
            for above in (folder, *folder.parents):
                held[above] = held.get(above, 0) + pages
                if above == self.docs / self.name:
                    break
        order = sorted(starts, key=lambda f: (-held[f], len(f.parts)))
        return [(f, starts[f], held[f]) for f in order if held[f]]

    def compress(self):
        """Lays PAGE.gz beside each page, as a publisher would; a plain server does not look at them."""
        done = self.docs / f"{self.name}.gz.done"
        if done.exists():
            return
        print(f"bench: {self.name}: compressing every page (once)", file=sys.stderr, flush=True)
        files = [p for e in PAGE for p in self.root.rglob(f"*{e}") if p.is_file()]
        with concurrent.futures.ProcessPoolExecutor() as pool:
            for _ in pool.map(gzip_file, files, chunksize=64):
                pass
        done.touch()

    def size(self):
        """Bytes of the pages as they are."""
        names = [str(self.root) + urllib.parse.unquote(p.partition("?")[0]) for p in self.pages]
        return sum(os.path.getsize(n + "index.html" if n.endswith("/") else n) for n in names)


def past_refresh(root, start):
    """Where an index page that only leads on (a meta refresh, which wget2 does not follow) leads to."""
    for _ in range(5):
        links = page_links((str(root), start))
        if not links or len(links) != 1:
            break
        start = links[0]
    return start


def gzip_file(path):
    with open(path, "rb") as f:
        data = f.read()
    with open(f"{path}.gz", "wb") as f:
        f.write(gzip.compress(data, 6, mtime=0))


def page_links(args):
    root, path = args
    name = reach.file_of(root, path.partition("?")[0])
    return None if name is None else sorted(set(reach.links_of(name, reach.ORIGIN + path)))


def reachable(root, start):
    """The walk of tests/real/reach.py, a level at a time on every core."""
    seen, level, pages = {start}, [start], []
    with concurrent.futures.ProcessPoolExecutor() as pool:
        while level:
            found = pool.map(page_links, [(str(root), path) for path in level], chunksize=16)
            below = []
            for path, links in zip(level, found):
                if links is None:
                    continue
                pages.append(path)
                for link in links:
                    if link not in seen:
                        seen.add(link)
                        below.append(link)
            level = below
    return pages


class Host:
    def __init__(self, package, address, scheme):
        self.package, self.address, self.scheme = package, address, scheme
        self.pages = {urllib.parse.unquote(p) for p in package.pages}

    def origin(self, port):
        return f"{self.scheme}://{self.address}:{port}"


class Site:
    def __init__(self, docs, name):
        self.name = name.removeprefix("deb:")
        base, *how = self.name.split("+")
        if set(how) - {"gz", "tls", "h2"}:
            raise Unavailable(f"{name}: after + come gz, tls or h2")
        self.gzip = "gz" in how
        self.secure = "h2" if "h2" in how else "tls" if "tls" in how else ""
        scheme = "https" if self.secure else "http"
        if base == "50-hosts":
            known = {p: Package(docs, p) for p in MANY}
            packages = [known[p] for p in MANY]
            self.hosts = [Host(packages[i % len(packages)], f"127.0.1.{i + 1}", scheme) for i in range(50)]
        else:
            packages = [Package(docs, base)]
            self.hosts = [Host(packages[0], "127.0.2.1", scheme)]  # not .0.0.1: documentation links to that
        if self.gzip:
            for p in set(packages):
                p.compress()
        self.pages = sum(len(h.pages) for h in self.hosts)
        self.bytes = sum(h.package.size() for h in self.hosts)

    def seeds(self, port):
        return [h.origin(port) + h.package.start for h in self.hosts]

    def urls(self, port):
        """Every page, the hosts taking turns."""
        lists = [[h.origin(port) + p for p in h.package.pages] for h in self.hosts]
        longest = max(map(len, lists))
        return [urls[i] for i in range(longest) for urls in lists if i < len(urls)]
