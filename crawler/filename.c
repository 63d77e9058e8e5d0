#include "crawler/filename.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicase.h>
#include <uninorm.h>

#include "config/hash.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/page/sniff.h"

/* ---- bytes ---- */

static int hex(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_escaped(struct buf *out, unsigned char c)
{
	buf_addf(out, "%%%02X", c);
}

/* The bytes of a part of the URL with its %XX undone. */
static void decode(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%' && i + 2 < len && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
			buf_add_ch(out, hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			buf_add_ch(out, s[i]);
		}
	}
}

/* Whether an ASCII byte may stand in a name. % may: it begins an escape, or was one. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && !strchr("/\\:*?\"<>|", c);
}

/* The length of the UTF-8 sequence at s; 0 = none. */
static size_t sequence(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

	return n && n <= len && text_is_utf8(s, n) ? n : 0;
}

/* Whether a terminal would be shown the sequence as it is: text.h knows what is not text. */
static bool is_text(const char *s, size_t n)
{
	struct buf shown = BUF_INIT;
	bool same;

	text_terminal(&shown, s, n);
	same = shown.len == n && !memcmp(shown.data, s, n);
	buf_release(&shown);
	return same;
}

/* ---- one part ---- */

/* con, nul.txt, COM1, lpt¹: names of devices to Windows, whatever extension follows. */
static bool is_reserved(const char *s, size_t len)
{
	static const char *const names[] = {
		"con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt"};
	const char *dot = memchr(s, '.', len);
	size_t n = dot ? (size_t)(dot - s) : len;

	while (n && s[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		size_t m = strlen(names[i]);
		bool numbered = i >= MEM_COUNT(names) - 2;

		if (n < m || strncasecmp(s, names[i], m))
			continue;
		if (!numbered && n == m)
			return true;
		if (numbered && n == m + 1 && s[m] >= '0' && s[m] <= '9')
			return true;
		/* superscript one, two, three */
		if (numbered && n == m + 2 && (unsigned char)s[m] == 0xc2 &&
			strchr("\xb9\xb2\xb3", s[m + 1]))
			return true;
	}
	return false;
}

/* Decoded bytes, made safe but for their ends. */
static void add_safe(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = sequence(s + i, len - i);

		if (n && is_text(s + i, n)) {
			buf_add(out, s + i, n);
			i += n;
			continue;
		}
		if (is_plain((unsigned char)s[i]))
			buf_add_ch(out, s[i]);
		else
			add_escaped(out, (unsigned char)s[i]);
		i++;
	}
}

/* The longest prefix of at most `most` bytes that cuts neither a character nor an escape. */
static size_t prefix(const char *s, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most && ((unsigned char)s[most] & 0xc0) == 0x80)
		most--;
	for (size_t back = 1; back <= 2 && back <= most; back++)
		if (s[most - back] == '%')
			return most - back;
	return most;
}

/* The ends of a part, and names of devices. */
static void add_part(struct buf *out, const char *s, size_t len)
{
	bool first = len && (*s == '.' || *s == '-' || is_reserved(s, len));

	for (size_t i = 0; i < len; i++) {
		bool last = i + 1 == len && (s[i] == '.' || s[i] == ' ');

		if ((i == 0 && first) || last)
			add_escaped(out, (unsigned char)s[i]);
		else
			buf_add_ch(out, s[i]);
	}
}

/* A part as it is, or cut with a hash of all of it. */
static void add_bounded(struct buf *out, const struct buf *safe, const char *ext, uint64_t hash)
{
	size_t room = FILENAME_PART - strlen(ext), len = safe->len;
	struct buf whole = BUF_INIT;

	add_part(&whole, safe->data, len);
	if (whole.len > room) {
		struct buf cut = BUF_INIT;

		buf_add(&cut, whole.data, prefix(whole.data, whole.len, room - 12));
		buf_addf(&cut, "~%08x", (unsigned)(hash & 0xffffffff));
		buf_release(&whole);
		whole = cut;
	}
	buf_addf(out, "%s%s", whole.data, ext);
	buf_release(&whole);
}

static void add_folder(struct buf *out, const char *s, size_t len)
{
	static const struct hash_key key = {0, 0};
	struct buf bytes = BUF_INIT, safe = BUF_INIT;

	decode(&bytes, s, len);
	add_safe(&safe, bytes.data, bytes.len);
	if (!safe.len)
		buf_add_ch(&safe, '_'); /* a//b */
	add_bounded(out, &safe, "", hash_bytes(&key, s, len));
	buf_release(&bytes);
	buf_release(&safe);
}

/* ---- extensions ---- */

/* The first one is added where a name has none of them. */
static const struct {
	const char *type, *ext;
} types[] = {
	{"text/html", "html htm"},
	{"application/xhtml+xml", "xhtml xht"},
	{"text/css", "css"},
	{"text/javascript", "js mjs"},
	{"application/javascript", "js mjs"},
	{"application/x-javascript", "js mjs"},
	{"application/json", "json map webmanifest geojson"},
	{"application/ld+json", "jsonld json"},
	{"application/manifest+json", "webmanifest json"},
	{"text/xml", "xml rss atom xsl"},
	{"application/xml", "xml rss atom xsl"},
	{"application/rss+xml", "rss xml"},
	{"application/atom+xml", "atom xml"},
	{"image/svg+xml", "svg"},
	{"image/png", "png apng"},
	{"image/jpeg", "jpg jpeg jpe jfif"},
	{"image/gif", "gif"},
	{"image/webp", "webp"},
	{"image/avif", "avif"},
	{"image/x-icon", "ico"},
	{"image/vnd.microsoft.icon", "ico"},
	{"image/bmp", "bmp"},
	{"image/tiff", "tif tiff"},
	{"font/woff", "woff"},
	{"font/woff2", "woff2"},
	{"font/ttf", "ttf"},
	{"font/otf", "otf"},
	{"application/pdf", "pdf"},
	{"application/zip", "zip jar epub docx xlsx pptx odt ods odp"},
	{"application/wasm", "wasm"},
	{"video/mp4", "mp4 m4v"},
	{"video/webm", "webm"},
	{"audio/mpeg", "mp3"},
	{"audio/ogg", "ogg oga opus"},
	{"audio/wav", "wav"},
};

static bool has_ext(const char *name, size_t len, const char *list)
{
	const char *dot = memrchr(name, '.', len);
	size_t n;

	if (!dot || dot == name)
		return false;
	dot++;
	n = len - (size_t)(dot - name);
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t m = strcspn(p, " ");
		if (m == n && !strncasecmp(p, dot, n))
			return true;
		p += m;
	}
	return false;
}

/* ".html" where the name has to get one; "" otherwise. */
static void find_ext(char *out, size_t cap, const char *content_type, const struct buf *name)
{
	char type[128];

	*out = '\0';
	sniff_essence(content_type, type, sizeof(type));
	for (size_t i = 0; i < MEM_COUNT(types); i++) {
		if (strcmp(types[i].type, type))
			continue;
		if (!has_ext(name->data, name->len, types[i].ext))
			snprintf(out, cap, ".%.*s", (int)strcspn(types[i].ext, " "), types[i].ext);
		return;
	}
	if (!strcmp(type, "text/plain") && !memchr(name->data, '.', name->len))
		snprintf(out, cap, ".txt");
}

/* ---- the whole ---- */

uint64_t filename_hash(const struct url *u)
{
	static const struct hash_key key = {0, 0};

	return hash_bytes(&key, u->href, url_without_fragment_len(u));
}

/* example.com, or example.com+8080 where the port is not the scheme's own. */
static void add_host(struct buf *out, const struct url *u)
{
	struct buf safe = BUF_INIT;
	size_t len;
	const char *host = url_host(u, &len);

	add_safe(&safe, host, len);
	if (u->port_end > u->port_start)
		buf_addf(&safe, "+%u", (unsigned)u->port);
	if (!safe.len)
		buf_add_ch(&safe, '_');
	add_bounded(out, &safe, "", filename_hash(u));
	buf_release(&safe);
}

/* The last part: name, query, extension. */
static void add_file(
	struct buf *out, const struct url *u, const char *s, size_t len, const char *content_type)
{
	struct buf bytes = BUF_INIT, safe = BUF_INIT;
	size_t query_len;
	const char *query = url_query(u, &query_len);
	char ext[16];

	decode(&bytes, s, len);
	add_safe(&safe, bytes.data, bytes.len);
	if (!safe.len)
		buf_add_str(&safe, "index");
	if (query_len > 1) {
		buf_reset(&bytes);
		decode(&bytes, query + 1, query_len - 1);
		buf_add_ch(&safe, '@');
		add_safe(&safe, bytes.data, bytes.len);
	}
	find_ext(ext, sizeof(ext), content_type, &safe);
	add_bounded(out, &safe, ext, filename_hash(u));
	buf_release(&bytes);
	buf_release(&safe);
}

void filename_of_url(struct buf *out, const struct url *u, const char *content_type)
{
	size_t start = out->len, len, host_end;
	const char *path = url_path(u, &len), *end = path + len, *slash;
	unsigned parts = 1;

	add_host(out, u);
	buf_add_ch(out, '/');
	host_end = out->len;
	path += len > 0; /* its first slash */
	while ((slash = memchr(path, '/', (size_t)(end - path)))) {
		add_folder(out, path, (size_t)(slash - path));
		buf_add_ch(out, '/');
		path = slash + 1;
		parts++;
		if (parts >= FILENAME_DEPTH || out->len - start > FILENAME_TOTAL - FILENAME_PART) {
			/* Too deep to be kept as it is: all such lie in one place. */
			const char *last = memrchr(path, '/', (size_t)(end - path));
			buf_set_len(out, host_end);
			buf_addf(out, "~deep/%016llx/", (unsigned long long)filename_hash(u));
			path = last ? last + 1 : path;
			break;
		}
	}
	add_file(out, u, path, (size_t)(end - path), content_type);
}

void filename_variant(struct buf *out, const char *part, size_t len, uint64_t hash)
{
	const char *dot = memrchr(part, '.', len);
	size_t stem = dot && dot > part ? (size_t)(dot - part) : len;

	if (len - stem > 20)
		stem = len; /* no extension, only a dot */
	buf_addf(out, "%.*s~%08x%.*s", (int)stem, part, (unsigned)(hash & 0xffffffff),
		(int)(len - stem), part + stem);
}

void filename_fold(struct buf *out, const char *part, size_t len)
{
	size_t n = 0;
	uint8_t *folded = u8_casefold((const uint8_t *)part, len, NULL, UNINORM_NFKC, NULL, &n);

	if (folded)
		buf_add(out, folded, n);
	else
		buf_add(out, part, len);
	free(folded);
}

void filename_to_url(struct buf *out, const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];
		if (((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') ||
			(c && strchr("-._~/", c)))
			buf_add_ch(out, c);
		else
			add_escaped(out, c);
	}
}
