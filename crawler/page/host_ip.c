/* host_ip.c - IPv4 in all spellings and IPv6 (URL Standard 3.5 and 3.6; RFC 5952). */
#include "crawler/page/host.h"

#include <stdio.h>
#include <string.h>

#include "crawler/page/url_set.h"

/* ---- IPv4 ---- */

/* One part: decimal, 0octal, 0xhex. Values too big come out as UINT64_MAX / 256 or more,
 * never wrapped. -1 = not a number. */
static int ipv4_number(const char *s, size_t n, uint64_t *value)
{
	unsigned radix = 10;
	uint64_t v = 0;

	if (n == 0)
		return -1;
	if (n >= 2 && s[0] == '0' && (s[1] | 0x20) == 'x') {
		radix = 16;
		s += 2;
		n -= 2;
	} else if (n >= 2 && s[0] == '0') {
		radix = 8;
		s++;
		n--;
	}
	for (size_t i = 0; i < n; i++) {
		int d = url_hex(s[i]);

		if (d < 0 || (unsigned)d >= radix)
			return -1;
		if (v < UINT64_MAX / 256)
			v = v * radix + (unsigned)d;
	}
	*value = v;
	return 0;
}

bool host_ends_in_number(const char *in, size_t len)
{
	size_t start, end = len;
	uint64_t value;
	bool digits = true;

	if (end > 0 && in[end - 1] == '.')
		end--;
	start = end;
	while (start > 0 && in[start - 1] != '.')
		start--;
	if (start == end)
		return false;
	for (size_t i = start; i < end; i++)
		digits = digits && url_is_digit(in[i]);
	return digits || ipv4_number(in + start, end - start, &value) == 0;
}

int host_parse_ipv4(const char *in, size_t len, uint32_t *ip)
{
	uint64_t part[4], sum = 0;
	size_t n = 0, start = 0;

	if (len > 0 && in[len - 1] == '.')
		len--;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && in[i] != '.')
			continue;
		if (n == 4 || ipv4_number(in + start, i - start, &part[n]) < 0)
			return -1;
		n++;
		start = i + 1;
	}
	for (size_t i = 0; i + 1 < n; i++) {
		if (part[i] > 255)
			return -1;
		sum |= part[i] << (8 * (3 - i));
	}
	if (part[n - 1] >= (uint64_t)1 << (8 * (5 - n)))
		return -1;
	*ip = (uint32_t)(sum | part[n - 1]);
	return 0;
}

size_t host_format_ipv4(uint32_t ip, char out[16])
{
	return (size_t)snprintf(
		out, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

/* ---- IPv6 ---- */

/* The dotted quad at the end; it must reach `end`. Two pieces, or -1. */
static int ipv6_tail(const char *p, const char *end, uint16_t piece[2])
{
	unsigned byte[4];

	for (int i = 0; i < 4; i++) {
		unsigned v = 0;

		if (i > 0 && (p == end || *p++ != '.'))
			return -1;
		if (p == end || !url_is_digit(*p))
			return -1;
		if (*p == '0' && p + 1 < end && url_is_digit(p[1]))
			return -1;
		while (p < end && url_is_digit(*p)) {
			v = v * 10 + (unsigned)(*p++ - '0');
			if (v > 255)
				return -1;
		}
		byte[i] = v;
	}
	if (p != end)
		return -1;
	piece[0] = (uint16_t)(byte[0] << 8 | byte[1]);
	piece[1] = (uint16_t)(byte[2] << 8 | byte[3]);
	return 0;
}

int host_parse_ipv6(const char *in, size_t len, uint16_t ip[8])
{
	const char *p = in, *end = in + len;
	int n = 0, gap = -1;

	memset(ip, 0, 8 * sizeof(*ip));
	if (len >= 1 && p[0] == ':') {
		if (len < 2 || p[1] != ':')
			return -1;
		p += 2;
		gap = 0;
	}
	while (p < end) {
		const char *start = p;
		unsigned v = 0;

		if (n == 8)
			return -1;
		if (*p == ':') {
			if (gap >= 0)
				return -1;
			gap = n;
			p++;
			continue;
		}
		while (p < end && p - start < 4 && url_hex(*p) >= 0)
			v = v * 16 + (unsigned)url_hex(*p++);
		if (p < end && *p == '.') {
			if (p == start || n > 6 || ipv6_tail(start, end, ip + n) < 0)
				return -1;
			n += 2;
			break;
		}
		if (p < end && (*p++ != ':' || p == end))
			return -1;
		ip[n++] = (uint16_t)v;
	}
	if (gap < 0)
		return n == 8 ? 0 : -1;
	if (n == 8)
		return -1;
	memmove(ip + 8 - (n - gap), ip + gap, (size_t)(n - gap) * sizeof(*ip));
	memset(ip + gap, 0, (size_t)(8 - n) * sizeof(*ip));
	return 0;
}

size_t host_format_ipv6(const uint16_t ip[8], char out[40])
{
	int best = -1, best_len = 1;
	char *w = out;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && ip[i + n] == 0)
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
		if (n > 0)
			i += n - 1;
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			w += sprintf(w, i == 0 ? "::" : ":");
			i += best_len - 1;
			continue;
		}
		w += sprintf(w, i < 7 ? "%x:" : "%x", ip[i]);
	}
	*w = '\0';
	return (size_t)(w - out);
}
