/* host_punycode.c - RFC 3492. */
#include "crawler/page/host_idna.h"

#include <stdbool.h>
#include <string.h>

#include "crawler/page/url_set.h"

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 };

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias)
		return TMIN;
	return k - bias > TMAX ? TMAX : k - bias;
}

static void put_number(uint32_t q, uint32_t bias, struct buf *out)
{
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = threshold(k, bias);

		if (q < t)
			break;
		buf_add_ch(out, digit[t + (q - t) % (BASE - t)]);
		q = (q - t) / (BASE - t);
	}
	buf_add_ch(out, digit[q]);
}

int punycode_encode(const uint32_t *cp, size_t len, struct buf *out)
{
	uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS;
	uint32_t basic = 0, done;

	for (size_t i = 0; i < len; i++) {
		if (cp[i] < 0x80) {
			buf_add_ch(out, (int)cp[i]);
			basic++;
		}
	}
	done = basic;
	if (basic > 0)
		buf_add_ch(out, '-');
	while (done < len) {
		uint32_t next = UINT32_MAX;

		for (size_t i = 0; i < len; i++)
			if (cp[i] >= n && cp[i] < next)
				next = cp[i];
		if ((uint64_t)(next - n) * (done + 1) > UINT32_MAX - delta)
			return -1;
		delta += (next - n) * (done + 1);
		n = next;
		for (size_t i = 0; i < len; i++) {
			if (cp[i] < n && ++delta == 0)
				return -1;
			if (cp[i] != n)
				continue;
			put_number(delta, bias, out);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
	return 0;
}

static int digit_value(char c)
{
	if (url_is_alpha(c))
		return (c | 0x20) - 'a';
	return url_is_digit(c) ? c - '0' + 26 : -1;
}

long punycode_decode(const char *in, size_t len, uint32_t *cp, size_t cap)
{
	const char *dash = memrchr(in, '-', len), *end = in + len;
	uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS;
	size_t count = dash ? (size_t)(dash - in) : 0;

	if (count > cap)
		return -1;
	for (size_t k = 0; k < count; k++)
		cp[k] = (unsigned char)in[k];
	for (in = dash ? dash + 1 : in; in < end;) {
		uint32_t old = i, weight = 1;

		for (uint32_t k = BASE;; k += BASE) {
			int d = in < end ? digit_value(*in++) : -1;
			uint32_t t = threshold(k, bias);

			if (d < 0 || (uint32_t)d > (UINT32_MAX - i) / weight)
				return -1;
			i += (uint32_t)d * weight;
			if ((uint32_t)d < t)
				break;
			if (weight > UINT32_MAX / (BASE - t))
				return -1;
			weight *= BASE - t;
		}
		if (count >= cap)
			return -1;
		bias = adapt(i - old, (uint32_t)count + 1, old == 0);
		if (i / (count + 1) > 0x10ffff - n)
			return -1;
		n += (uint32_t)(i / (count + 1));
		i = (uint32_t)(i % (count + 1));
		memmove(cp + i + 1, cp + i, (count - i) * sizeof(*cp));
		cp[i++] = n;
		count++;
	}
	return (long)count;
}
