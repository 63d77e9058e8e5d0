#!/usr/bin/env python3
"""terminal.py TITLE < CAPTURE > PICTURE.svg - what a terminal showed (tmux capture-pane -e -p), as SVG."""
import html
import re
import sys
import unicodedata

WIDTH, HEIGHT, PAD, BAR = 8.4, 18, 18, 34
COLOURS = {30: "#3b4252", 31: "#e5786d", 32: "#8fc58a", 33: "#e2b866", 34: "#7fb2dd", 35: "#c395d0",
           36: "#7cc5c1", 37: "#d9dde3", 90: "#7b8494"}


def cells(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def spans(line):
    """(column, text, style) of a line with SGR codes."""
    style, column, at = {}, 0, 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            if part:
                yield column, part, dict(style)
                column += sum(map(cells, part))
            continue
        for n in (int(x or 0) for x in code[1].split(";")):
            if n == 0:
                style = {}
            elif n == 1:
                style["font-weight"] = "700"
            elif n == 2:
                style["fill"] = "#8b95a3"
            elif n == 22:
                style.pop("font-weight", None)
                style.pop("fill", None)
            elif n == 39:
                style.pop("fill", None)
            elif n in COLOURS:
                style["fill"] = COLOURS[n]


lines = [line.rstrip() for line in sys.stdin.read().rstrip("\n").split("\n")]
plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
columns = max([len(line) for line in plain] + [60])
width, height = columns * WIDTH + 2 * PAD, len(lines) * HEIGHT + 2 * PAD + BAR - 10
out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">',
       f"<title>{html.escape(sys.argv[1])}</title>",
       f'<rect width="100%" height="100%" rx="9" fill="#1a1e24"/>',
       '<g fill="#4a525e"><circle cx="20" cy="19" r="5.5"/><circle cx="38" cy="19" r="5.5"/><circle cx="56" cy="19" r="5.5"/></g>',
       f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" fill="#d9dde3">']
for i, line in enumerate(lines):
    for column, text, style in spans(line):
        attributes = "".join(f' {k}="{v}"' for k, v in style.items())
        for word in re.finditer(r"\S+(?: \S+)*", text):  # blanks in a row would become one
            x = PAD + (column + sum(map(cells, text[:word.start()]))) * WIDTH
            text_here, length = word[0], sum(map(cells, word[0])) * WIDTH
            out.append(f'<text x="{x:.1f}" y="{BAR + PAD + i * HEIGHT}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"{attributes}>{html.escape(text_here)}</text>')
out.append("</g></svg>")
print("\n".join(out))
