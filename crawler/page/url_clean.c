/* url_clean.c - what happens to the input before it is parsed (URL Standard 4.4,
 * steps 1 to 3 of the basic URL parser), and its decoding. */
#include "crawler/page/url_job.h"

#include <string.h>

#include "config/text.h"

/* Length of the well-formed UTF-8 sequence at s, or minus the length of the part
 * that one U+FFFD replaces (Encoding Standard: the maximal subpart). */
static int utf8_step(const unsigned char *s, size_t len)
{
	unsigned char lo = 0x80, hi = 0xbf;
	int need;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return -1;
	need = s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	if (s[0] == 0xe0)
		lo = 0xa0;
	if (s[0] == 0xed)
		hi = 0x9f;
	if (s[0] == 0xf0)
		lo = 0x90;
	if (s[0] == 0xf4)
		hi = 0x8f;
	for (int i = 1; i <= need; i++) {
		if ((size_t)i >= len || s[i] < lo || s[i] > hi)
			return -i;
		lo = 0x80;
		hi = 0xbf;
	}
	return need + 1;
}

/* Copies the input without tabs and newlines, and with U+FFFD for what is no UTF-8. */
static void repair(struct buf *tmp, const char *in, size_t len)
{
	char *w;

	buf_reset(tmp);
	buf_grow(tmp, 3 * len + 1);
	w = tmp->data;
	for (size_t i = 0; i < len;) {
		int n;

		if (url_class_of(in[i]) & SET_STRIP) {
			i++;
			continue;
		}
		n = utf8_step((const unsigned char *)in + i, len - i);
		if (n < 0) {
			*w++ = '\xef';
			*w++ = '\xbf';
			*w++ = '\xbd';
			i += (size_t)-n;
			continue;
		}
		while (n--)
			*w++ = in[i++];
	}
	buf_set_len(tmp, (size_t)(w - tmp->data));
}

/* Whether all bytes are 0x20..0x7f: nothing to remove, nothing to repair. Eight at a
 * time: adding 0x60 carries a byte into its top bit from 0x20 on. */
static bool is_plain(const char *s, size_t n)
{
	const uint64_t top = 0x8080808080808080u, lift = 0x6060606060606060u;
	uint64_t word, odd = 0;

	if (n < sizeof(word)) {
		while (n > 0 && (signed char)*s >= 0x20)
			s++, n--;
		return n == 0;
	}
	memcpy(&word, s + n - sizeof(word), sizeof(word)); /* the tail, overlapping */
	odd = word | ~(word + lift);
	for (; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		odd |= word | ~(word + lift);
	}
	return !(odd & top);
}

void url_clean(struct buf *tmp, const char **in, size_t *len)
{
	const char *s = *in, *end = s + *len;
	unsigned seen = 0;

	while (s < end && (unsigned char)*s <= ' ')
		s++;
	while (end > s && (unsigned char)end[-1] <= ' ')
		end--;
	*in = s;
	*len = (size_t)(end - s);
	if (is_plain(s, *len))
		return;
	for (const char *p = s; p < end; p++)
		seen |= url_class_of(*p);
	if ((seen & SET_STRIP) || ((seen & SET_HIGH) && !text_is_utf8(s, *len))) {
		repair(tmp, s, *len);
		*in = tmp->data;
		*len = tmp->len;
	}
}
