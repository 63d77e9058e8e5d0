/* url_set.c - the byte table, built by the compiler from the definitions of the
 * standard, so that it can be read against them. */
#include "crawler/page/url_set.h"

#include <string.h>

#define ANY2(c, a, b)	    ((c) == (a) || (c) == (b))
#define ANY4(c, a, b, d, e) (ANY2(c, a, b) || ANY2(c, d, e))
#define IS_DIGIT(c)	    ((c) >= '0' && (c) <= '9')
#define IS_ALPHA(c)	    (((c) | 32) >= 'a' && ((c) | 32) <= 'z')
#define IS_C0(c)	    ((c) < 0x20 || (c) > 0x7e)
#define IS_FRAGMENT(c)	    (IS_C0(c) || ANY4(c, ' ', '"', '<', '>') || (c) == '`')
#define IS_QUERY(c)	    (IS_C0(c) || ANY4(c, ' ', '"', '<', '>') || (c) == '#')
#define IS_SPECIAL_QUERY(c) (IS_QUERY(c) || (c) == '\'')
#define IS_PATH(c)	    (IS_QUERY(c) || ANY4(c, '?', '^', '`', '{') || (c) == '}')
#define IS_USERINFO(c) \
	(IS_PATH(c) || ANY4(c, '/', ':', ';', '=') || ANY4(c, '@', '[', '\\', ']') || (c) == '|')
#define IS_STRIP(c) ANY4(c, '\t', '\n', '\r', '\t')
#define IS_FORBIDDEN_HOST(c)                                                        \
	(IS_STRIP(c) || ANY4(c, 0, ' ', '#', '/') || ANY4(c, ':', '<', '>', '?') || \
		ANY4(c, '@', '[', '\\', ']') || ANY2(c, '^', '|'))
#define IS_FORBIDDEN_DOMAIN(c) (IS_FORBIDDEN_HOST(c) || (c) < 0x20 || (c) == '%' || (c) == 0x7f)
#define IS_SCHEME(c)	       (IS_DIGIT(c) || IS_ALPHA(c) || ANY4(c, '+', '-', '.', '.'))
#define IS_UNRESERVED(c)       (IS_DIGIT(c) || IS_ALPHA(c) || ANY4(c, '-', '.', '_', '~'))
#define IS_SEEN(c) \
	(ANY4(c, '"', '<', '>', '[') || ANY4(c, ']', '\\', '^', '`') || ANY4(c, '{', '|', '}', ' '))

#define CLASS(c)                                                                                \
	((IS_C0(c) ? SET_C0 : 0) | (IS_FRAGMENT(c) ? SET_FRAGMENT : 0) |                        \
		(IS_QUERY(c) ? SET_QUERY : 0) | (IS_SPECIAL_QUERY(c) ? SET_SPECIAL_QUERY : 0) | \
		(IS_PATH(c) ? SET_PATH : 0) | (IS_USERINFO(c) ? SET_USERINFO : 0) |             \
		(IS_FORBIDDEN_HOST(c) ? SET_FORBIDDEN_HOST : 0) |                               \
		(IS_FORBIDDEN_DOMAIN(c) ? SET_FORBIDDEN_DOMAIN : 0) |                           \
		(IS_SCHEME(c) ? SET_SCHEME : 0) | (IS_STRIP(c) ? SET_STRIP : 0) |               \
		((c) > 0x7f ? SET_HIGH : 0) | (ANY2(c, '?', '#') ? SET_QUERY_OR_HASH : 0) |     \
		((c) == '/' ? SET_SLASH : 0) | ((c) == '\\' ? SET_BACKSLASH : 0) |              \
		(IS_UNRESERVED(c) ? SET_UNRESERVED : 0) | (IS_SEEN(c) ? SET_SEEN : 0) |         \
		((c) == '@' ? SET_AT : 0) | (ANY4(c, ':', '[', ']', ':') ? SET_COLON : 0))

#define CLASS4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)

const uint32_t url_class[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};

char *url_put_encoded(char *w, const char *s, size_t n, unsigned set)
{
	const char *end = s + n;

	while (s < end) {
		const char *run = s;

		while (s < end && !(url_class_of(*s) & set))
			s++;
		memcpy(w, run, (size_t)(s - run));
		w += s - run;
		if (s < end)
			w = url_put_escape(w, (unsigned char)*s++);
	}
	return w;
}
