/* conf_main.c - `conformance DIR [MISSES]`: every data set in DIR, one line each.
 *
 * Exit status: 0 = all that must pass did (absent data is skipped and said so),
 * 1 = a miss, 2 = bad usage.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/conformance/conf.h"

/* The parts are built one by one, so a part may be absent from a build. */
#pragma weak conf_url
#pragma weak conf_html
#pragma weak conf_robots
#pragma weak conf_charset
#pragma weak conf_sitemap
#pragma weak conf_compressed

static const struct part {
	const char *name;
	void (*run)(struct conf *);
} parts[] = {
	{"url", conf_url},
	{"html", conf_html},
	{"charset", conf_charset},
	{"robots", conf_robots},
	{"sitemap", conf_sitemap},
	{"compressed", conf_compressed},
};

static void skip(struct conf *c, const char *relpath)
{
	printf("%-28s skipped (no such file)\n", relpath);
	c->skipped++;
}

static FILE *open_in(struct conf *c, const char *relpath)
{
	struct buf path = BUF_INIT;
	FILE *f;

	buf_addf(&path, "%s/%s", c->dir, relpath);
	f = fopen(path.data, "rb");
	if (!f && errno != ENOENT && errno != ENOTDIR) {
		printf("%-28s %s\n", relpath, strerror(errno));
		c->failed++;
	} else if (!f) {
		skip(c, relpath);
	}
	buf_release(&path);
	return f;
}

/* Whether p is a \u escape of a surrogate; `high` asks for which half. */
static bool is_surrogate(const char *p, bool high)
{
	const char *digits = high ? "89abAB" : "cdefCDEF";

	return strnlen(p, 6) == 6 && p[0] == '\\' && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D') &&
	       p[3] && strchr(digits, p[3]);
}

/* A lone surrogate has no UTF-8 form and jansson refuses it: it becomes U+FFFD, as a
 * decoder would have made it. */
static void repair(char *p)
{
	for (; *p; p++) {
		if (*p != '\\')
			continue;
		if (is_surrogate(p, true) && is_surrogate(p + 6, false))
			p += 11;
		else if (is_surrogate(p, true) || is_surrogate(p, false))
			memcpy(p + 2, "fffd", 4);
		else if (p[1])
			p++; /* an escaped backslash begins no escape */
	}
}

int conf_each(struct conf *c, const char *relpath, void (*fn)(void *arg, json_t *line, int lineno),
	void *arg)
{
	FILE *f = open_in(c, relpath);
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	int lineno = 0;

	if (!f)
		return -1;
	while ((n = getline(&text, &cap, f)) > 0) {
		json_error_t err;
		json_t *line;

		lineno++;
		if (text[strspn(text, " \t\r\n")] == 0)
			continue;
		repair(text);
		line = json_loadb(text, (size_t)n, JSON_ALLOW_NUL | JSON_DECODE_ANY, &err);
		if (!line) {
			conf_miss(c, relpath, lineno, "not JSON: %s", err.text);
			c->failed++;
			continue;
		}
		fn(arg, line, lineno);
		json_decref(line);
	}
	free(text);
	fclose(f);
	return lineno;
}

json_t *conf_load(struct conf *c, const char *relpath)
{
	FILE *f = open_in(c, relpath);
	json_error_t err;
	json_t *v;

	if (!f)
		return NULL;
	v = json_loadf(f, JSON_ALLOW_NUL | JSON_DECODE_ANY, &err);
	fclose(f);
	if (!v) {
		printf("%-28s not JSON: line %d: %s\n", relpath, err.line, err.text);
		c->failed++;
	}
	return v;
}

bool conf_bytes(struct conf *c, const char *relpath, struct buf *out)
{
	FILE *f = open_in(c, relpath);
	char block[65536];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	fclose(f);
	return true;
}

void conf_result_but(struct conf *c, const char *name, int passed, int total, int allowed)
{
	c->results++;
	printf("%-28s %d/%d", name, passed, total);
	if (passed + allowed < total) {
		c->failed++;
		printf("  MISSES %d", total - passed);
	} else if (passed < total) {
		printf("  (%d decided otherwise, listed in the test)", total - passed);
	}
	putchar('\n');
	fflush(stdout);
}

void conf_result(struct conf *c, const char *name, int passed, int total)
{
	conf_result_but(c, name, passed, total, 0);
}

void conf_miss(struct conf *c, const char *name, int line, const char *fmt, ...)
{
	va_list ap;

	if (!c->misses)
		return;
	fprintf(c->misses, "%s:%d: ", name, line);
	va_start(ap, fmt);
	vfprintf(c->misses, fmt, ap);
	va_end(ap);
	fputc('\n', c->misses);
}

const char *conf_str(json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

size_t conf_str_len(json_t *line, const char *key)
{
	return json_string_length(json_object_get(line, key));
}

bool conf_bool(json_t *line, const char *key)
{
	return json_is_true(json_object_get(line, key));
}

void conf_base64(const char *text, struct buf *out)
{
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned acc = 0;
	int bits = 0;

	for (; *text; text++) {
		const char *at = strchr(abc, *text);

		if (!at)
			continue;
		acc = acc << 6 | (unsigned)(at - abc);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_add_ch(out, (int)(acc >> bits & 0xff));
		}
	}
}

bool conf_text(json_t *line, const char *key, struct buf *out)
{
	char b64[64];
	json_t *v = json_object_get(line, key);

	if (json_is_string(v)) {
		buf_add(out, json_string_value(v), json_string_length(v));
		return true;
	}
	snprintf(b64, sizeof(b64), "%s_b64", key);
	v = json_object_get(line, b64);
	if (!json_is_string(v))
		return false;
	conf_base64(json_string_value(v), out);
	return true;
}

int main(int argc, char **argv)
{
	struct conf c = {0};
	struct stat st;
	size_t i;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: conformance DIR [MISSES]\n");
		return 2;
	}
	c.dir = argv[1];
	if (stat(c.dir, &st) || !S_ISDIR(st.st_mode)) {
		printf("conformance: skipped (no data in %s)\n", c.dir);
		return 0;
	}
	if (argc == 3 && !(c.misses = fopen(argv[2], "w"))) {
		fprintf(stderr, "conformance: cannot write %s: %s\n", argv[2], strerror(errno));
		return 2;
	}
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].run)
			parts[i].run(&c);
		else
			printf("%-28s skipped (not built)\n", parts[i].name);
	}
	if (c.misses)
		fclose(c.misses);
	printf("conformance: %d sets, %d skipped, %d with misses\n", c.results, c.skipped,
		c.failed);
	return c.failed ? 1 : 0;
}
