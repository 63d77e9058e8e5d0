#!/usr/bin/env python3
"""Writes crawler/page/charset_{labels,single,big5,euckr,gb18030,jis0208,jis0212}.c.

usage: encoding_tables.py DATA OUT

DATA holds encodings.json and the index-*.txt files that the WHATWG Encoding
Standard publishes (https://encoding.spec.whatwg.org/). The tables are committed, so
this runs only when the standard changes. One line of a table is one lead byte.
"""
import json
import os
import sys

HEAD = """/* {file} - {what}.
 *
 * Made by tests/tools/encoding_tables.py from the data of the WHATWG Encoding Standard
 * (Copyright WHATWG (Apple, Google, Mozilla, Microsoft), BSD-3-Clause where it is part
 * of source code). Do not edit.
 */
/* clang-format off */
#include "crawler/page/charset_tables.h"

"""

# Encodings that are a table of 128 code points for the bytes 0x80 to 0xff.
ALGORITHMIC = {
    "UTF-8", "GBK", "gb18030", "Big5", "EUC-JP", "ISO-2022-JP", "Shift_JIS", "EUC-KR",
    "replacement", "UTF-16BE", "UTF-16LE", "x-user-defined",
}
DECODER = {
    "UTF-8": "UTF8", "GBK": "GBK", "gb18030": "GB18030", "Big5": "BIG5", "EUC-JP": "EUC_JP",
    "ISO-2022-JP": "ISO_2022_JP", "Shift_JIS": "SHIFT_JIS", "EUC-KR": "EUC_KR",
    "replacement": "REPLACEMENT", "UTF-16BE": "UTF16BE", "UTF-16LE": "UTF16LE",
    "x-user-defined": "USER_DEFINED",
}


def index(data, name):
    """pointer -> code point of an index file"""
    out = {}
    with open(os.path.join(data, f"index-{name}.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                pointer, code = line.split()[:2]
                out[int(pointer)] = int(code, 16)
    return out


def emit(out, file, what, body):
    with open(os.path.join(out, file), "w", encoding="ascii") as f:
        f.write(HEAD.format(file=file, what=what) + body)


def rows(table, width, size):
    lines = []
    for start in range(0, size, width):
        cells = [table.get(p, 0) & 0xFFFF for p in range(start, min(start + width, size))]
        lines.append("\t" + ",".join(f"0x{c:x}" if c else "0" for c in cells) + ",\n")
    return "".join(lines)


def multi(out, data, file, name, symbol, width, macro, size):
    table = index(data, name)
    assert max(table) < size, (name, max(table))
    assert all(c < 0x10000 or (symbol == "big5" and c >> 16 == 2) for c in table.values())
    body = f"const uint16_t charset_{symbol}[{macro}] = {{\n{rows(table, width, size)}}};\n"
    if symbol == "big5":
        bits = bytearray((size + 7) // 8)
        for pointer, code in table.items():
            if code >> 16:
                bits[pointer >> 3] |= 1 << (pointer & 7)
        body += f"\n/* One bit per pointer: the code point is in plane 2. */\nconst uint8_t charset_big5_plane2[({macro} + 7) / 8] = {{\n"
        for i in range(0, len(bits), 157):
            body += "\t" + ",".join(str(b) for b in bits[i:i + 157]) + ",\n"
        body += "};\n"
    emit(out, file, f"index {name}: pointer to code point, 0 = none", body)


def main():
    data, out = sys.argv[1:3]
    with open(os.path.join(data, "encodings.json"), encoding="utf-8") as f:
        encodings = [e for group in json.load(f) for e in group["encodings"]]

    singles = []
    body = "const struct charset charset_all[CHARSET_COUNT + 1] = {\n"
    for e in encodings:
        name = e["name"]
        if name in ALGORITHMIC:
            body += f'\t{{"{name}", CHARSET_{DECODER[name]}, 0}},\n'
        else:
            # ISO-8859-8-I differs from ISO-8859-8 in the direction of text only.
            source = "ISO-8859-8" if name == "ISO-8859-8-I" else name
            if source not in singles:
                singles.append(source)
            body += f'\t{{"{name}", CHARSET_SINGLE, {singles.index(source)}}},\n'
    body += "\t{NULL, 0, 0},\n};\n\n"
    labels = sorted((l, i) for i, e in enumerate(encodings) for l in e["labels"])
    body += "/* Sorted by strcmp. */\nconst struct charset_label charset_labels[CHARSET_LABELS] = {\n"
    for i in range(0, len(labels), 4):
        body += "\t" + " ".join(f'{{"{l}", {n}}},' for l, n in labels[i:i + 4]) + "\n"
    body += "};\n"
    emit(out, "charset_labels.c", "names and labels of encodings", body)

    body = "const uint16_t charset_single[CHARSET_SINGLES][128] = {\n"
    for name in singles:
        table = index(data, name.lower())
        body += f"\t/* {name} */ {{\n" + rows(table, 64, 128) + "\t},\n"
    emit(out, "charset_single.c", "the upper half of each single-byte encoding, 0 = none", body + "};\n")

    multi(out, data, "charset_big5.c", "big5", "big5", 157, "CHARSET_BIG5_SIZE", 126 * 157)
    multi(out, data, "charset_euckr.c", "euc-kr", "euckr", 190, "CHARSET_EUCKR_SIZE", 125 * 190)
    multi(out, data, "charset_gb18030.c", "gb18030", "gb18030", 190, "CHARSET_GB18030_SIZE", 126 * 190)
    multi(out, data, "charset_jis0208.c", "jis0208", "jis0208", 94, "CHARSET_JIS0208_SIZE", 120 * 94)
    multi(out, data, "charset_jis0212.c", "jis0212", "jis0212", 94, "CHARSET_JIS0212_SIZE", 94 * 94)

    ranges = sorted(index(data, "gb18030-ranges").items())
    body = "const struct charset_range charset_gb18030_ranges[CHARSET_GB18030_RANGES] = {\n"
    for i in range(0, len(ranges), 8):
        body += "\t" + " ".join(f"{{{p}, 0x{c:x}}}," for p, c in ranges[i:i + 8]) + "\n"
    body += "};\n\n"
    kana = index(data, "iso-2022-jp-katakana")
    body += "const uint16_t charset_katakana[63] = {\n" + rows(kana, 63, 63) + "};\n"
    emit(out, "charset_ranges.c", "the four-byte ranges of gb18030, and half-width katakana", body)

    print(f"CHARSET_COUNT {len(encodings)}  CHARSET_LABELS {len(labels)}  CHARSET_SINGLES {len(singles)}"
          f"  CHARSET_GB18030_RANGES {len(ranges)}")


main()
