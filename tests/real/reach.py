#!/usr/bin/python3
"""reach.py ROOT START - the pages a browser could reach by following links, one path per line.

A breadth-first walk over the files below ROOT from the path START, with Python's own
HTML and URL code: independent of the crawler. It follows href of a, area and of link
(alternate, next, prev), src of iframe and frame, and meta refresh, relative to base;
the same host only; fragments dropped. A page is a file named *.html, or the index.html
of a folder, as nginx would serve it.
"""
import collections
import html.parser
import os
import sys
import urllib.parse

ORIGIN = "http://site.test"


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.base = None
        self.found = []

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_starttag(self, tag, attrs):
        a = {}
        for name, value in attrs:
            a.setdefault(name, value or "")
        rel = a.get("rel", "").lower().split()
        if tag == "base" and self.base is None and "href" in a:
            self.base = a["href"]
        elif tag in ("a", "area") and "href" in a and "nofollow" not in rel:
            self.found.append(a["href"])
        elif tag == "link" and "href" in a and {"alternate", "next", "prev"} & set(rel) and "stylesheet" not in rel:
            self.found.append(a["href"])
        elif tag in ("iframe", "frame") and "src" in a:
            self.found.append(a["src"])
        elif tag == "meta" and a.get("http-equiv", "").lower() == "refresh":
            target = a.get("content", "").partition("=")[2].strip(" '\"")
            if target:
                self.found.append(target)


def file_of(root, path):
    """The HTML file nginx would send for a path, or None."""
    name = root + urllib.parse.unquote(path)
    if name.endswith("/"):
        name += "index.html"
    if not name.endswith((".html", ".htm")) or not os.path.isfile(name):
        return None
    return name


def links_of(name, url):
    parser = Links()
    with open(name, encoding="utf-8", errors="replace") as f:
        parser.feed(f.read())
    parser.close()
    base = urllib.parse.urljoin(url, parser.base) if parser.base else url
    for link in parser.found:
        try:
            parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, link.strip()))
        except ValueError:
            continue
        if f"{parts.scheme}://{parts.netloc}" == ORIGIN:
            yield (parts.path or "/") + ("?" + parts.query if parts.query else "")


def reach(root, start):
    seen = {start}
    todo = collections.deque(seen)
    while todo:
        path = todo.popleft()
        name = file_of(root, path.partition("?")[0])
        if name is None:
            continue
        yield path
        for link in links_of(name, ORIGIN + path):
            if link not in seen:
                seen.add(link)
                todo.append(link)


if __name__ == "__main__":
    for page in sorted(reach(sys.argv[1].rstrip("/"), sys.argv[2])):
        print(page)
