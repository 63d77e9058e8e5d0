/* conf_compressed.c - compressed bodies: good, cut, wrong, and bombs. */
#include <string.h>
#include <strings.h>

#include "tests/conformance/conf.h"
#include "crawler/page/inflate.h"

#define CAP ((size_t)4 << 20)

/* What each file is; `size` is the whole decoded length where it is known (0 = any). */
static const struct {
	const char *file, *coding;
	enum inflate_what want;
	const char *begins;
} cases[] = {
	{"html-gzip.bin", "gzip", INFLATE_OK, "<!DOCTYPE html"},
	{"html-rawdeflate.bin", "deflate", INFLATE_OK, "<!DOCTYPE html"},
	{"html-gzip-deflate.bin", "gzip, deflate", INFLATE_OK, "<!DOCTYPE html"},
	{"html-zstd-static-no-content-size.bin", "zstd", INFLATE_OK, "<!DOCTYPE html"},
	{"html-zstd-streaming-no-content-size.bin", "zstd", INFLATE_OK, "<!DOCTYPE html"},
	{"feed-sample1.xml.gz", "gzip", INFLATE_OK, "<?xml"},
	{"unexpected-eof.gz", "gzip", INFLATE_CUT, ""},
	{"truncated-crc-error-short.gz", "gzip", INFLATE_CUT, ""},
	{"bomb-br.bin", "br", INFLATE_BOMB, ""},
	{"bomb-gzip.bin", "gzip", INFLATE_TOO_BIG, ""},
	{"bomb-zstd.bin", "zstd", INFLATE_BOMB, ""},
};

void conf_compressed(struct conf *c)
{
	struct inflate *inf = inflate_open();
	struct buf in = BUF_INIT, out = BUF_INIT, path = BUF_INIT;
	int passed = 0, total = 0;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum inflate_what got;

		buf_reset(&path);
		buf_reset(&in);
		buf_addf(&path, "http/compressed/%s", cases[i].file);
		if (!conf_bytes(c, path.data, &in))
			continue;
		got = inflate_body(inf, cases[i].coding, in.data, in.len, CAP, &out);
		total++;
		if (got == cases[i].want && out.len <= CAP && out.len >= strlen(cases[i].begins) &&
			!strncasecmp(out.data, cases[i].begins, strlen(cases[i].begins)))
			passed++;
		else
			conf_miss(c, "compressed", total, "%s: %s after %zu bytes, want %s (%.40s)",
				cases[i].file, inflate_what_name(got), out.len,
				inflate_what_name(cases[i].want), out.data);
	}
	if (total)
		conf_result(c, "compressed", passed, total);
	buf_release(&path);
	buf_release(&in);
	buf_release(&out);
	inflate_close(inf);
}
