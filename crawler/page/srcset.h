/* srcset.h - the candidates of a srcset attribute (WHATWG HTML 4.8.4.2.2,
 * "parse a srcset attribute").
 *
 * Contract: srcset_begin over text that stays alive, then srcset_next until it
 * says false. Only candidates whose descriptors are valid are given; their URLs
 * point into the text and are not resolved. Unknown descriptors are passed over
 * as browsers do now, where the standard drops the candidate. No allocation,
 * linear time.
 */
#ifndef SKITTER_PAGE_SRCSET_H
#define SKITTER_PAGE_SRCSET_H

#include <stdbool.h>
#include <stddef.h>

struct srcset {
	const char *p;
	const char *end;
};

struct srcset_candidate {
	const char *url;
	size_t url_len;
	double density;	      /* the x descriptor; 0 = none given (a browser takes 1) */
	bool has_density;     /* whether x was given ("0x" is valid) */
	unsigned long width;  /* the w descriptor; 0 = none */
	unsigned long height; /* the h descriptor; 0 = none */
};

void srcset_begin(struct srcset *s, const char *text, size_t len);
bool srcset_next(struct srcset *s, struct srcset_candidate *out);

#endif
