#!/usr/bin/env python3
"""Writes crawler/page/html_names.h and html_names.c: the tag and attribute names that mean
something to the HTML reader, what each means, and perfect hash tables to find them.

    python3 tests/tools/html_names.py crawler/page
"""
import sys, random

# start class in body, end class in body, flags
TAGS = {}


def tag(names, start="ORDINARY", end="ANY", flags=""):
    for n in names.split():
        assert n not in TAGS, n
        TAGS[n] = (start, end, flags.split())


# "A start tag whose name is one of ..." of the insertion mode "in body", group by group.
tag("address article aside center details dialog dir div dl fieldset figcaption figure footer header hgroup "
    "main menu nav ol search section summary ul", "BLOCK", "BLOCK", "SPECIAL BREAK")
TAGS["center"][2].append("BREAKOUT")
for n in "div dl menu ol ul".split():
    TAGS[n][2].append("BREAKOUT")
tag("blockquote", "BLOCK", "BLOCK", "SPECIAL BREAK BREAKOUT LINK")
tag("p", "BLOCK", "P", "SPECIAL BREAK BREAKOUT IMPLIED")
tag("h1 h2 h3 h4 h5 h6", "HEADING", "HEADING", "SPECIAL BREAK BREAKOUT NOTIFY")
tag("pre listing", "PRE", "BLOCK", "SPECIAL BREAK BREAKOUT NOTOK")
tag("form", "FORM", "FORM", "SPECIAL BREAK LINK")
tag("li", "LI", "LI", "SPECIAL BREAK BREAKOUT NOTOK IMPLIED")
tag("dd dt", "DD", "DD", "SPECIAL BREAK BREAKOUT NOTOK IMPLIED")
tag("plaintext", "PLAINTEXT", "ANY", "SPECIAL BREAK")
tag("button", "BUTTON", "BLOCK", "SPECIAL NOTOK LINK")
tag("a", "A", "A", "LINK FORMAT NOTIFY")
tag("b big code em i s small strike strong tt u", "FORMATTING", "FORMATTING", "BREAKOUT FORMAT NOTIFY")
tag("font", "FORMATTING", "FORMATTING", "FORMAT NOTIFY")
tag("nobr", "NOBR", "FORMATTING", "BREAKOUT FORMAT NOTIFY")
tag("applet marquee", "ORDINARY", "BLOCK", "SPECIAL SCOPE NOTOK MARKER NOTIFY")
tag("object", "ORDINARY", "BLOCK", "SPECIAL SCOPE NOTOK LINK MARKER NOTIFY")
tag("table", "TABLE", "ANY", "SPECIAL SCOPE NOTOK LINK BREAK BREAKOUT NOTIFY")
tag("area", "VOID", "ANY", "SPECIAL NOTOK LINK")
tag("br", "VOID", "BR", "SPECIAL NOTOK BREAK BREAKOUT")
tag("embed img", "VOID", "ANY", "SPECIAL NOTOK LINK BREAKOUT")
tag("keygen wbr", "VOID", "ANY", "SPECIAL NOTOK")
tag("input", "INPUT", "ANY", "SPECIAL LINK")
tag("param", "PARAM", "ANY", "SPECIAL")
tag("source track", "PARAM", "ANY", "SPECIAL LINK")
tag("hr", "HR", "ANY", "SPECIAL NOTOK BREAK BREAKOUT")
tag("image", "IMAGE", "ANY", "")
tag("textarea", "TEXTAREA", "ANY", "SPECIAL NOTOK")
tag("xmp", "XMP", "ANY", "SPECIAL NOTOK BREAK")
tag("iframe", "IFRAME", "ANY", "SPECIAL NOTOK LINK")
tag("noembed", "RAWTEXT", "ANY", "SPECIAL")
tag("select", "SELECT", "BLOCK", "SPECIAL SCOPE NOTOK HIDE NOTIFY")
tag("option", "OPTION", "ANY", "IMPLIED")
tag("optgroup", "OPTGROUP", "ANY", "IMPLIED")
tag("rb rtc", "RB", "ANY", "IMPLIED")
tag("rp rt", "RP", "ANY", "IMPLIED")
tag("math", "MATH")
tag("svg", "SVG")
tag("caption", "IGNORE", "IGNORE", "SPECIAL SCOPE BREAK MARKER NOTIFY")
tag("td th", "IGNORE", "IGNORE", "SPECIAL SCOPE LINK MARKER NOTIFY")
tag("tbody tfoot thead", "IGNORE", "IGNORE", "SPECIAL")
tag("tr", "IGNORE", "IGNORE", "SPECIAL BREAK")
tag("col colgroup", "IGNORE", "IGNORE", "SPECIAL")
tag("frame", "IGNORE", "ANY", "SPECIAL LINK")
tag("head", "IGNORE", "IGNORE_HEAD", "SPECIAL BREAKOUT")
tag("html", "HTML", "HTML", "SPECIAL SCOPE")
tag("body", "BODY", "BODY", "SPECIAL BREAKOUT LINK")
tag("frameset", "FRAMESET", "ANY", "SPECIAL")
tag("base basefont bgsound", "HEAD", "ANY", "SPECIAL")
tag("link", "HEAD", "ANY", "SPECIAL LINK")
tag("meta", "HEAD", "ANY", "SPECIAL BREAKOUT LINK")
tag("noframes style title", "HEAD", "ANY", "SPECIAL")
tag("script", "HEAD", "ANY", "SPECIAL LINK")
tag("template", "HEAD", "TEMPLATE", "SPECIAL SCOPE HIDE MARKER NOTIFY")
# Ordinary elements that matter for another reason.
tag("noscript", "ORDINARY", "ANY", "SPECIAL")
tag("audio video", "ORDINARY", "ANY", "LINK")
tag("q ins del", "ORDINARY", "ANY", "LINK")
tag("ruby span sub sup var", "ORDINARY", "ANY", "BREAKOUT")
# Names that matter in SVG and MathML only.
tag("annotation-xml desc feimage foreignobject malignmark mglyph mi mn mo ms mtext use")

for n, (start, end, flags) in TAGS.items():
    if "SPECIAL" in flags and n not in ("address", "div", "p"):
        flags.append("ITEM")
    if end in ("BLOCK", "P", "HEADING", "LI", "DD", "ANY", "A", "FORMATTING") and "MARKER" not in flags and n != "table":
        flags.append("POPS")


def quick(n):
    """What html_quick.c does with a start tag in body: only what needs no more than is said here."""
    start, _, flags = TAGS[n]
    if n == "a":
        return "A"
    if start == "VOID":
        return "LINKED" if "LINK" in flags else "VOID"
    if "LINK" in flags or "SCOPE" in flags:
        return "NO"
    return {"BLOCK": "BLOCK", "PRE": "BLOCK", "HEADING": "HEADING", "LI": "ITEM", "DD": "ITEM",
            "FORMATTING": "FORMAT", "ORDINARY": "INLINE"}.get(start, "NO")


ATTRS = """href src srcset imagesrcset longdesc poster data action formaction background cite xlink:href
content http-equiv name rel lang alt hreflang type color face size encoding style integrity
crossorigin""".split()
assert len(ATTRS) <= 31

CHARS = {":": "_", "-": "_"}


def ident(prefix, name):
    return prefix + "".join(CHARS.get(c, c) for c in name).upper()


def key(name):
    """html_name_key of html_names.h."""
    b = name.encode()
    k = int.from_bytes(b[:8], "little")
    if len(b) > 8:
        k ^= int.from_bytes(b[-8:], "little") * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    return k


def closing(name):
    """The bytes behind the "</" of its end tag, as it is usually written, and how far those must be
    shifted for nothing else to be left. More than 8: what is never found in UTF-8."""
    if len(name) > 7:
        return f"{(1 << 64) - 1:#x}u", 0
    return f"{int.from_bytes(name.encode() + b'>', 'little'):#x}u", 56 - 8 * len(name)


def check_short(names):
    """What html_tag_find_short and html_attr_find_short rely on."""
    for n in names:
        if len(n) <= 8:
            assert key(n) == key(n) | int.from_bytes(b" " * len(n), "little")
        else:  # bytes with bit 5 set, and zeros behind them, never are it
            assert any(b and not b & 0x20 for b in key(n).to_bytes(8, "little"))


def perfect(names, bits):
    rnd = random.Random(1)
    keys = [key(n) for n in names]
    assert len(set(keys)) == len(keys)
    while True:
        m = rnd.getrandbits(64) | 1
        if len({(k * m & (1 << 64) - 1) >> 64 - bits for k in keys}) == len(keys):
            return m


TAG_BITS, ATTR_BITS = 10, 7
check_short(TAGS)
check_short(ATTRS)
TM, AM = perfect(sorted(TAGS), TAG_BITS), perfect(ATTRS, ATTR_BITS)

FLAGS = ["SPECIAL", "SCOPE", "BREAK", "BREAKOUT", "IMPLIED", "NOTIFY", "NOTOK", "LINK", "HIDE", "MARKER", "FORMAT", "ITEM",
         "POPS"]
NOTES = {
    "SPECIAL": "the special category",
    "SCOPE": "bounds \"has an element in scope\"",
    "BREAK": "starts and ends a line of text",
    "BREAKOUT": "leaves foreign content",
    "IMPLIED": "its end tag is implied",
    "NOTIFY": "its end means something to the facts",
    "MARKER": "no formatting element reaches in from outside",
    "FORMAT": "a formatting element",
    "NOTOK": "sets frameset-ok to \"not ok\"",
    "LINK": "may carry a URL",
    "HIDE": "its text is not main text",
    "ITEM": "bounds the search for an open li, dd or dt",
    "POPS": "its end tag in body only closes it, when it is the current node",
}


def order(i):
    out = []
    for v in TAGS.values():
        if v[i] not in out:
            out.append(v[i])
    return out


def header(names):
    w = ["/* html_names.h - tag and attribute names the HTML reader knows, and what they mean.",
         " *", " * Written by tests/tools/html_names.py; change that.", " */",
         "#ifndef SKITTER_PAGE_HTML_NAMES_H", "#define SKITTER_PAGE_HTML_NAMES_H", "",
         "#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", "#include <string.h>", "#include <strings.h>", "",
         '#include "config/le64.h"', "",
         "/* clang-format off */", "enum html_tag_id {", "\tTAG_NONE,"]
    w += [f"\t{ident('TAG_', n)}," for n in names]
    w += ["\tTAG_COUNT", "};", "", "enum html_attr_id {", "\tHTML_ATTR_NONE,"]
    w += [f"\t{ident('HTML_ATTR_', n)}," for n in ATTRS]
    w += ["};", "", "/* What a start tag does in the insertion mode \"in body\". */", "enum html_start {"]
    w += [f"\tSTART_{s}," for s in order(0)]
    w += ["};", "", "/* The same for an end tag. */", "enum html_end {"]
    w += [f"\tEND_{s}," for s in order(1)]
    w += ["};", "", "/* What html_quick.c does with a start tag in body. */", "enum html_quick_start {"]
    w += [f"\tQUICK_{q}," for q in ("NO", "BLOCK", "HEADING", "ITEM", "INLINE", "FORMAT", "VOID", "A", "LINKED")]
    w += ["};", "", "enum html_tag_flags {"]
    w += [f"\tTAGF_{f} = 1 << {i}, /* {NOTES[f]} */" for i, f in enumerate(FLAGS)]
    w += ["};", "", "struct html_tag_info {", "\tuint64_t key;",
          "\t/* The bytes behind the \"</\" of its end tag, as it is usually written: of 8 that were read, what",
          "\t * differs is nothing when it is shifted left by that. */",
          "\tuint64_t closing;",
          "\tconst char *name;",
          "\tuint16_t flags; /* enum html_tag_flags */",
          "\tuint8_t closing_shift;",
          "\tuint8_t len;",
          "\tuint8_t start; /* enum html_start */", "\tuint8_t end;   /* enum html_end */",
          "\tuint8_t quick; /* enum html_quick_start */", "};", "",
          "extern const struct html_tag_info html_tags[TAG_COUNT];", "",
          "struct html_attr_info {", "\tuint64_t key;", "\tconst char *name;", "\tsize_t len;", "};", "",
          "extern const struct html_attr_info html_attrs[];", "",
          "/* Hash tables without collisions: multiply, shift, compare. */",
          f"extern const uint8_t html_tag_slots[{1 << TAG_BITS}];",
          f"extern const uint8_t html_attr_slots[{1 << ATTR_BITS}];", "",
          "/* The bytes of a name of so many, at most 8. */",
          "extern const uint64_t html_name_bytes[9];", "",
          "/* Each byte in lower case. */",
          "static inline uint64_t html_lower8(uint64_t x)", "{",
          "\tuint64_t low7 = x & 0x7f7f7f7f7f7f7f7fu;",
          "\tuint64_t ge_a = low7 + 0x3f3f3f3f3f3f3f3fu, gt_z = low7 + 0x2525252525252525u;",
          "", "\treturn x | ((ge_a ^ gt_z) & ~x & 0x8080808080808080u) >> 2;", "}", "",
          "/* The name itself up to 8 bytes, a hash of longer ones; the same in any case. `room` bytes",
          " * may be read from `name` on, at least len. */",
          "static inline uint64_t html_name_key(const char *name, size_t len, size_t room)", "{",
          "\tchar few[8] = {0};", "",
          "\tif (len > 8)",
          "\t\treturn html_lower8(le64_load(name)) ^",
          "\t\t       html_lower8(le64_load(name + len - 8)) * 0x9e3779b97f4a7c15u;",
          "\tif (room >= 8)",
          "\t\treturn html_lower8(le64_load(name) & html_name_bytes[len]);",
          "\tmemcpy(few, name, len);",
          "\treturn html_lower8(le64_load(few));", "}", "",
          "/* The id of a name of that key and length; `name` in any case. 0 = unknown. */",
          "static inline unsigned html_tag_find(uint64_t key, const char *name, size_t len)", "{",
          f"\tunsigned id = html_tag_slots[key * {TM:#x}u >> {64 - TAG_BITS}];", "",
          "\tif (html_tags[id].key != key || html_tags[id].len != len)", "\t\treturn 0;",
          "\treturn len <= 8 || strncasecmp(html_tags[id].name, name, len) == 0 ? id : 0;", "}", "",
          "static inline unsigned html_attr_find(uint64_t key, const char *name, size_t len)", "{",
          f"\tunsigned id = html_attr_slots[key * {AM:#x}u >> {64 - ATTR_BITS}];", "",
          "\tid = ((html_attrs[id].key == key) & (html_attrs[id].len == len)) ? id : 0;",
          "\treturn len <= 8 || strncasecmp(html_attrs[id].name, name, len) == 0 ? id : 0;", "}", "",
          "/* The same for a name of at most 8 bytes without control characters, when the 8 from its first on",
          " * can be read. Setting bit 5 makes letters small, and changes no digit or dash. */",
          "static inline bool html_tag_is_short(uint64_t bytes, size_t len, unsigned *id)", "{",
          "\tuint64_t key = (bytes | 0x2020202020202020u) & html_name_bytes[len];", "",
          f"\t*id = html_tag_slots[key * {TM:#x}u >> {64 - TAG_BITS}];",
          "\treturn html_tags[*id].key == key;", "}", "",
          "static inline unsigned html_tag_find_short(uint64_t bytes, size_t len)", "{",
          "\tunsigned id;", "",
          "\treturn html_tag_is_short(bytes, len, &id) ? id : 0;", "}", "",
          "static inline unsigned html_attr_find_short(uint64_t bytes, size_t len)", "{",
          "\tuint64_t key = (bytes | 0x2020202020202020u) & html_name_bytes[len];",
          f"\tunsigned id = html_attr_slots[key * {AM:#x}u >> {64 - ATTR_BITS}];", "",
          "\treturn html_attrs[id].key == key ? id : 0;", "}",
          "/* clang-format on */", "", "#endif"]
    return w


def table(name, names, prefix, bits, m):
    w = [f"const uint8_t html_{name}_slots[{1 << bits}] = {{"]
    for n in names:
        w.append(f"\t[{(key(n) * m & (1 << 64) - 1) >> 64 - bits}] = {ident(prefix, n)},")
    return w + ["};", ""]


def source(names):
    w = ["/* Written by tests/tools/html_names.py; change that. */", '#include "crawler/page/html_names.h"', "",
         "/* clang-format off */", "const struct html_tag_info html_tags[TAG_COUNT] = {",
         '\t[TAG_NONE] = {0, 0, "", 0, 0, 0, START_ORDINARY, END_ANY, QUICK_NO},']
    for n in names:
        s, e, f = TAGS[n]
        c, shift = closing(n)
        fl = " | ".join("TAGF_" + x for x in f) or "0"
        w.append(f'\t[{ident("TAG_", n)}] = {{{key(n):#x}u, {c}, "{n}", {fl}, {shift}, '
                 f'{len(n)}, START_{s}, END_{e}, QUICK_{quick(n)}}},')
    w += ["};", "", "const struct html_attr_info html_attrs[] = {", '\t[HTML_ATTR_NONE] = {0, "", 0},']
    w += [f'\t[{ident("HTML_ATTR_", n)}] = {{{key(n):#x}u, "{n}", {len(n)}}},' for n in ATTRS]
    w += ["};", ""]
    w += table("tag", names, "TAG_", TAG_BITS, TM) + table("attr", ATTRS, "HTML_ATTR_", ATTR_BITS, AM)
    w += ["const uint64_t html_name_bytes[9] = {"]
    w += [f"\t{(1 << 8 * n) - 1:#x}u," for n in range(9)]
    w += ["};", "/* clang-format on */"]
    return w


def main(folder):
    names = sorted(TAGS)
    for name, lines in (("html_names.h", header(names)), ("html_names.c", source(names))):
        with open(f"{folder}/{name}", "w") as f:
            f.write("\n".join(lines) + "\n")


main(sys.argv[1])
