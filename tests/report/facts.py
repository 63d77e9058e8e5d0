#!/usr/bin/env python3
"""facts.py REPORT.html [LIST] - what a report says, read by another parser: the rows of a list, cells
joined by |; without LIST the keys of all lists with their counts. Exits 1 if tags do not nest or an
id occurs twice."""
import html.parser
import re
import sys

VOID = {"meta", "link", "img", "br", "hr", "input", "col", "rect"}


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.bad, self.ids, self.lists = [], [], set(), {}
        self.list = self.row = self.cell = self.head = None

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "rect" and "x" in attrs:  # has a title inside
            self.open.append(tag)
        elif tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            if attrs["id"] in self.ids:
                self.bad.append("twice: id=" + attrs["id"])
            self.ids.add(attrs["id"])
        for name, value in attrs.items():
            if name.startswith("on") or name == "style":
                self.bad.append(f"attribute {name}={value}")
        if tag == "a" and not re.match("https?://|#", attrs.get("href", "")):
            self.bad.append("link to " + attrs.get("href", ""))
        if tag == "section" and attrs.get("class") == "list":
            self.list = self.lists[attrs["id"]] = {"rows": [], "count": ""}
        elif self.list is not None and tag == "tr":
            self.row = []
        elif self.row is not None and tag == "td":
            self.cell = ""
        elif self.cell is not None and tag == "li" and self.cell:
            self.cell += ", "
        if self.list is not None and tag == "span" and attrs.get("class") == "count":
            self.head = self.list

    def handle_endtag(self, tag):
        if tag in VOID and (tag != "rect" or not self.open or self.open[-1] != "rect"):
            return
        if not self.open or self.open.pop() != tag:
            self.bad.append(f"</{tag}> at {self.getpos()}")
            return
        if tag == "span":
            self.head = None
        elif tag == "td" and self.cell is not None:
            self.row.append(" ".join(self.cell.split()))
            self.cell = None
        elif tag == "tr" and self.row:
            self.list["rows"].append(self.row)
            self.row = None
        elif tag == "section":
            self.list = None

    def handle_data(self, data):
        if self.head is not None:
            self.head["count"] += data
        elif self.cell is not None:
            self.cell += data


reader = Reader()
with open(sys.argv[1], encoding="utf-8") as f:
    reader.feed(f.read())
reader.close()
if reader.open:
    reader.bad.append("left open: " + " ".join(reader.open))
for problem in reader.bad:
    print(problem)
if len(sys.argv) > 2:
    for row in reader.lists.get(sys.argv[2], {"rows": []})["rows"]:
        print("|".join(row))
else:
    for key, found in reader.lists.items():
        print(key, found["count"])
sys.exit(1 if reader.bad else 0)
