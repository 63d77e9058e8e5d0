/* settings_check.c - what a text value must look like, and what in it is secret. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "config/settings_table.h"

#include <arpa/inet.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "config/text.h"

/* A line break inside a header would let the value write headers of its own. */
int setting_check_line(const char *value, struct err *err)
{
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(err, EXIT_USAGE,
				"expected one line of text, found the control byte \\x%02x", c);
	}
	return 0;
}

/* RFC 9110 section 5.1: a token, then a colon. */
static size_t header_name_len(const char *value)
{
	size_t n = strspn(value, "!#$%&'*+-.^_`|~0123456789"
				 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return value[n] == ':' ? n : 0;
}

int setting_check_header(const char *value, struct err *err)
{
	static const char *const ours[] = {
		"Host", "Accept-Encoding", "Connection", "Transfer-Encoding", "Content-Length"};
	size_t n = header_name_len(value);

	if (setting_check_line(value, err) < 0)
		return -1;
	/* The value is not repeated: it may be a secret that was mistyped. */
	if (!n)
		return err_set(err, EXIT_USAGE, "expected a header such as `Name: value`");
	for (size_t i = 0; i < MEM_COUNT(ours); i++)
		if (strlen(ours[i]) == n && !strncasecmp(ours[i], value, n))
			return err_set(
				err, EXIT_USAGE, "the header %s is set by skitter itself", ours[i]);
	return 0;
}

int setting_check_regex(const char *value, struct err *err)
{
	int code;
	PCRE2_SIZE at;
	unsigned char why[256];
	pcre2_code *re = pcre2_compile(
		(PCRE2_SPTR)value, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);

	if (re) {
		pcre2_code_free(re);
		return 0;
	}
	pcre2_get_error_message(code, why, sizeof(why));
	return err_set(err, EXIT_USAGE,
		"expected a regular expression (PCRE2); at character %zu: %s", (size_t)at + 1, why);
}

static bool is_address(const char *s, size_t len)
{
	unsigned char bin[16];
	char copy[64];

	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		s++;
		len -= 2;
	}
	if (!len || len >= sizeof(copy))
		return false;
	memcpy(copy, s, len);
	copy[len] = 0;
	return inet_pton(AF_INET, copy, bin) == 1 || inet_pton(AF_INET6, copy, bin) == 1;
}

int setting_check_resolve(const char *value, struct err *err)
{
	const char *colon = strchr(value, ':'), *p;
	unsigned long port = 0;
	char *end;

	if (!colon || colon == value || strcspn(value, " /@") < strlen(value))
		goto bad;
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != ':' || !port || port > 65535)
		goto bad;
	for (p = end + 1;; p += strcspn(p, ",") + 1) {
		size_t n = strcspn(p, ",");
		if (!is_address(p, n))
			goto bad;
		if (!p[n])
			return 0;
	}
bad:
	return err_set(err, EXIT_USAGE,
		"expected HOST:PORT:ADDRESS, for example example.com:443:192.0.2.7");
}

int setting_check_dns(const char *value, struct err *err)
{
	const char *last = strrchr(value, ':');
	size_t len = strlen(value), n;
	bool bracket = value[0] == '[';
	/* 192.0.2.1:53 and [2001:db8::1]:53 have a port, 2001:db8::1 has none. */
	bool port =
		last && (bracket ? last > value && last[-1] == ']' : strchr(value, ':') == last);

	if (port) {
		n = strspn(last + 1, "0123456789");
		if (!n || n > 5 || last[1 + n] || !atoi(last + 1) || atoi(last + 1) > 65535)
			goto bad;
		len = (size_t)(last - value);
	}
	if (is_address(value, len))
		return 0;
bad:
	return err_set(err, EXIT_USAGE,
		"expected ADDRESS or ADDRESS:PORT, for example 192.0.2.53 or 127.0.0.1:5353");
}

int setting_check_user(const char *value, struct err *err)
{
	const char *colon = strchr(value, ':');

	if (setting_check_line(value, err) < 0)
		return -1;
	if (!colon || colon == value)
		return err_set(err, EXIT_USAGE, "expected NAME:PASSWORD");
	return 0;
}

int setting_check_proxy(const char *value, struct err *err)
{
	static const char *const schemes[] = {
		"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
	const char *sep = strstr(value, "://");

	if (strcspn(value, " \t\r\n") < strlen(value) || (sep && !sep[3]))
		goto bad;
	if (!sep)
		return 0; /* HOST:PORT */
	for (size_t i = 0; i < MEM_COUNT(schemes); i++)
		if (strlen(schemes[i]) == (size_t)(sep - value) &&
			!strncasecmp(value, schemes[i], (size_t)(sep - value)))
			return 0;
bad:
	/* Not repeated either: there may be a password in it. */
	return err_set(err, EXIT_USAGE,
		"expected a proxy such as http://HOST:PORT (http, https, socks4, socks4a, socks5, "
		"socks5h)");
}

int setting_check_word(const char *value, struct err *err)
{
	if (!*value || strcspn(value, " \t\r\n&=#?") < strlen(value))
		return err_set(err, EXIT_USAGE, "expected the name of a query parameter");
	return 0;
}

bool settings_header_is_secret(const char *header)
{
	static const char *const words[] = {"auth", "cookie", "token", "key", "secret", "passw",
		"session", "credential", "signature", "jwt", "csrf"};
	size_t n = strcspn(header, ":");
	char name[256];

	n = n < sizeof(name) ? n : sizeof(name) - 1;
	memcpy(name, header, n);
	name[n] = 0;
	for (size_t i = 0; i < MEM_COUNT(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

/* "http://user:pw@host/" -> "http://user:***@host/"; true if there was a password. */
static bool mask_url(const char *url, struct buf *out)
{
	const char *sep = strstr(url, "://");
	const char *host = sep ? sep + 3 : url;
	size_t authority = strcspn(host, "/?#\\");
	const char *at = memrchr(host, '@', authority);
	const char *colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;

	if (!colon) {
		buf_add_str(out, url);
		return false;
	}
	buf_add(out, url, (size_t)(colon + 1 - url));
	buf_addf(out, "***%s", at);
	return true;
}

bool setting_mask(const struct setting *o, const char *value, struct buf *out)
{
	size_t name;

	if (o->offset == offsetof(struct settings, proxy) ||
		o->offset == offsetof(struct settings, seeds))
		return mask_url(value, out);
	if (!(o->flags & SETTING_SECRET) ||
		(o->type == SETTING_LIST && !settings_header_is_secret(value))) {
		buf_add_str(out, value);
		return false;
	}
	name = strcspn(value, ":"); /* NAME:PASSWORD and Name: value alike */
	buf_add(out, value, name);
	buf_add_str(out, o->type == SETTING_LIST ? ": ***" : ":***");
	return true;
}
