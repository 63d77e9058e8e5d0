#!/usr/bin/env python3
"""Writes crawler/page/html_entities.inc: the named character references of the HTML standard
(from Python's html.entities), sorted, for html_charref.c.

    python3 tests/tools/html_entities.py > crawler/page/html_entities.inc
"""
from html.entities import html5

names = {}  # name without ';' -> [text, may stand without ';']
for n, text in html5.items():
    e = names.setdefault(n.rstrip(";"), [text, False])
    assert e[0] == text
    if not n.endswith(";"):
        e[1] = True
assert all(n + ";" in html5 for n in names)

order = sorted(names, key=lambda n: n.encode())
pool, rows, values, at = [], [], {}, 0
vpool = b""
for i, n in enumerate(order):
    text, bare = names[n]
    v = text.encode()
    if v not in values:
        values[v] = len(vpool)
        vpool += v
    rows.append((at, len(n), values[v], len(v), int(bare)))
    pool.append(n)
    at += len(n)

print("/* Written by tests/tools/html_entities.py; change that. */")
print("/* clang-format off */")
text = "".join(pool)
print("/* All names in order, one after the other, without their semicolons. In rows, because")
print(" * C promises no longer strings; offsets count through all rows. */")
print(f"static const char entity_names[{-(-len(text) // 96)}][96] = {{")
for i in range(0, len(text), 96):
    print(f'\t"{text[i:i + 96]}",')
print("};\n\n/* What they stand for, in UTF-8. */")
print(f"static const char entity_values[{-(-len(vpool) // 24)}][24] = {{")
for i in range(0, len(vpool), 24):
    print('\t"' + "".join(f"\\{b:03o}" for b in vpool[i:i + 24]) + '",')
print("};\n")
print("static const struct entity {")
print("\tuint16_t name;      /* offset in entity_names */")
print("\tuint16_t value;     /* offset in entity_values */")
print("\tuint8_t name_len;")
print("\tuint8_t value_len;")
print("\tuint8_t bare;       /* also without semicolon */")
print("} entities[] = {")
for i in range(0, len(rows), 4):
    print("\t" + " ".join(f"{{{a}, {v}, {l}, {vl}, {b}}}," for a, l, v, vl, b in rows[i:i + 4]))
print("};\n")
print("#define ENTITY_COUNT", len(rows))
print("#define ENTITY_MAX_NAME", max(map(len, order)), "/* bytes, without the semicolon */")
print("#define ENTITY_MAX_BARE", max(len(n) for n in order if names[n][1]))
print("""
/* The index of each name plus one, at its hash or behind it; 0 = no more. */
#define ENTITY_BITS 12
static inline unsigned entity_hash(uint64_t first8, size_t len)
{
	return (unsigned)((first8 ^ (uint64_t)len << 56) * 0x9e3779b97f4a7c15u >> (64 - ENTITY_BITS));
}
static const uint16_t entity_slots[1 << ENTITY_BITS] = {""")
slots = [0] * 4096
for i, n in enumerate(order):
    key = int.from_bytes(n.encode()[:8], "little") ^ len(n) << 56
    h = (key * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 52
    while slots[h]:
        h = (h + 1) % 4096
    slots[h] = i + 1
for i in range(0, 4096, 16):
    print("\t" + " ".join(f"{x}," for x in slots[i:i + 16]))
print("};\n/* clang-format on */")
