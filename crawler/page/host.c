/* host.c - the host parser (URL Standard 3.5) and the suffix list. */
#include "crawler/page/host.h"

#include <libpsl.h>
#include <string.h>

#include "crawler/page/host_idna.h"
#include "crawler/page/url_set.h"

int host_to_ascii(const char *in, size_t len, struct buf *out)
{
	unsigned seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= url_class_of(in[i]);
	if (seen & SET_HIGH)
		return host_idna(in, len, out);
	/* ASCII is left as it is but for case, broken "xn--" labels included. */
	buf_grow(out, len);
	for (size_t i = 0; i < len; i++)
		buf_add_ch(out, url_lower(in[i]));
	return len > 0 ? 0 : -1;
}

static void percent_decode(const char *in, size_t len, struct buf *out)
{
	buf_reset(out);
	buf_grow(out, len);
	for (size_t i = 0; i < len; i++) {
		if (in[i] == '%' && len - i > 2 && url_hex(in[i + 1]) >= 0 &&
			url_hex(in[i + 2]) >= 0) {
			buf_add_ch(out, url_hex(in[i + 1]) << 4 | url_hex(in[i + 2]));
			i += 2;
		} else {
			buf_add_ch(out, in[i]);
		}
	}
}

static int put_ipv6(const char *in, size_t len, struct buf *out)
{
	uint16_t ip[8];
	char text[40];

	if (len < 2 || in[len - 1] != ']' || host_parse_ipv6(in + 1, len - 2, ip) < 0)
		return -1;
	buf_add_ch(out, '[');
	buf_add(out, text, host_format_ipv6(ip, text));
	buf_add_ch(out, ']');
	return 0;
}

static int put_domain(const char *in, size_t len, struct buf *out)
{
	size_t start = out->len;
	char text[16];
	uint32_t ip;

	if (host_to_ascii(in, len, out) < 0)
		return -1;
	for (size_t i = start; i < out->len; i++)
		if (url_class_of(out->data[i]) & SET_FORBIDDEN_DOMAIN)
			return -1;
	if (!host_ends_in_number(out->data + start, out->len - start))
		return 0;
	if (host_parse_ipv4(out->data + start, out->len - start, &ip) < 0)
		return -1;
	buf_set_len(out, start);
	buf_add(out, text, host_format_ipv4(ip, text));
	return 0;
}

int host_parse(const char *in, size_t len, struct buf *tmp, struct buf *out)
{
	size_t start = out->len;
	int r;

	if (len > 0 && in[0] == '[') {
		r = put_ipv6(in, len, out);
	} else {
		percent_decode(in, len, tmp);
		r = put_domain(tmp->data, tmp->len, out);
	}
	if (r < 0 && out->len > start)
		buf_set_len(out, start);
	return r;
}

int host_parse_opaque(const char *in, size_t len, struct buf *out)
{
	char *w;

	if (len > 0 && in[0] == '[')
		return put_ipv6(in, len, out);
	for (size_t i = 0; i < len; i++)
		if (url_class_of(in[i]) & SET_FORBIDDEN_HOST)
			return -1;
	buf_grow(out, 3 * len);
	w = url_put_encoded(out->data + out->len, in, len, SET_C0);
	buf_set_len(out, (size_t)(w - out->data));
	return 0;
}

bool host_is_ip(const char *host, size_t len)
{
	uint32_t ip;

	if (memchr(host, ':', len))
		return true;
	return len > 0 && url_is_digit(host[0]) && host_ends_in_number(host, len) &&
	       host_parse_ipv4(host, len, &ip) == 0;
}

/* ---- public suffixes ---- */

static const psl_ctx_t *suffix_list;

void host_use_suffix_list(const struct psl_ctx_st *psl)
{
	suffix_list = psl;
}

const char *host_registrable_or_null(const char *host, size_t len, size_t *out_len)
{
	const psl_ctx_t *psl = suffix_list ? suffix_list : psl_builtin();
	size_t n = len > 0 && host[len - 1] == '.' ? len - 1 : len;
	const char *found;
	char name[256];

	if (n == 0 || n >= sizeof(name) || host[0] == '.' || host_is_ip(host, len))
		return NULL;
	memcpy(name, host, n);
	name[n] = '\0';
	found = psl_registrable_domain(psl, name);
	if (!found)
		return NULL;
	*out_len = len - (size_t)(found - name);
	return host + (found - name);
}

const char *host_registrable(const char *host, size_t len, size_t *out_len)
{
	const char *found = host_registrable_or_null(host, len, out_len);

	if (found)
		return found;
	*out_len = len;
	return host;
}

void host_global_init(void)
{
	struct buf b = BUF_INIT;
	size_t n;

	host_registrable("www.example.org", 15, &n);
	host_to_ascii("\xc3\xa9\xd7\x90.example", 12, &b);
	buf_release(&b);
}
