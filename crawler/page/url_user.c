/* url_user.c - URLs as people type them. */
#include "crawler/page/url.h"

#include <string.h>

#include "config/text.h"
#include "crawler/page/host.h"
#include "crawler/page/url_set.h"

/* Bytes of "name:" where the text starts with a scheme, else 0. "localhost:8080" and
 * "example.org:80/x" are a host and a port. */
static size_t scheme_len(const char *s)
{
	size_t n = 0, d;

	if (!url_is_alpha(s[0]))
		return 0;
	while (url_class_of(s[n]) & SET_SCHEME)
		n++;
	if (s[n] != ':')
		return 0;
	for (d = n + 1; url_is_digit(s[d]); d++)
		;
	if (d > n + 1 && (s[d] == '\0' || strchr("/?#", s[d])))
		return 0;
	return n + 1;
}

/* http for what seldom has a certificate: addresses, localhost, names without a dot. */
static bool wants_http(const struct url *u)
{
	size_t n;
	const char *host = url_host(u, &n);

	return host_is_ip(host, n) || !memchr(host, '.', n) ||
	       (n > 10 && memcmp(host + n - 10, ".localhost", 10) == 0);
}

static int refuse(struct err *err, const char *in, const char *why)
{
	struct buf shown = BUF_INIT;

	text_terminal(&shown, in, strnlen(in, 200));
	err_set(err, EXIT_USAGE, "\"%s\" %s", shown.data, why);
	buf_release(&shown);
	return -1;
}

static int guess(struct url_parser *p, const char *in, struct url *out)
{
	struct buf text = BUF_INIT;
	int r = -1;

	while (*in == '/') /* "//example.org/" */
		in++;
	/* "ht!tp://x" was meant to have a scheme; a host and a path of that form were not. */
	if (*in == '\0' || strncmp(in + strcspn(in, ":/?#"), "://", 3) == 0)
		goto out;
	buf_add_str(&text, "https://");
	buf_add_str(&text, in);
	r = url_parse(p, text.data, text.len, NULL, out);
	if (r == 0 && wants_http(out)) {
		buf_reset(&text);
		buf_add_str(&text, "http://");
		buf_add_str(&text, in);
		r = url_parse(p, text.data, text.len, NULL, out);
	}
out:
	buf_release(&text);
	return r;
}

int url_from_user(
	struct url_parser *p, const char *in, struct url *out, bool *guessed, struct err *err)
{
	struct url u;
	int r;

	while (*in != '\0' && (unsigned char)*in <= ' ')
		in++;
	*guessed = scheme_len(in) == 0;
	r = *guessed ? guess(p, in, &u) : url_parse(p, in, strlen(in), NULL, &u);
	if (*in == '\0')
		return err_set(
			err, EXIT_USAGE, "the URL is empty: give one like https://example.org/");
	if (r < 0)
		return refuse(err, in, "is not a URL: give one like https://example.org/");
	if (!url_is_http(&u))
		return refuse(err, in, "cannot be crawled: only http and https URLs can");
	*out = u;
	return 0;
}
