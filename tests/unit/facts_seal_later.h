/* facts_seal_later.h - a finished facts block sealed afterwards: what writing it sealed at once has
 * to give. */
#ifndef SKITTER_TESTS_FACTS_SEAL_LATER_H
#define SKITTER_TESTS_FACTS_SEAL_LATER_H

#include "config/facts.h"
#include "config/facts_seal.h"

static inline struct facts_str seal_copy(
	struct facts_writer *w, const struct facts *from, struct facts_str s)
{
	return facts_put(w, facts_text(from, s), s.len, FACTS_CUT_TEXT);
}

static inline void seal_head(struct facts_writer *w, const struct facts *full)
{
	*w->f = *full;
	w->f->flags |= FACTS_SEALED;
	w->f->nlinks = 0;
	w->f->charset = seal_copy(w, full, full->charset);
	w->f->lang = seal_copy(w, full, full->lang);
	w->f->title = seal_copy(w, full, full->title);
	w->f->description = seal_copy(w, full, full->description);
	w->f->canonical = seal_copy(w, full, full->canonical);
	w->f->base = seal_copy(w, full, full->base);
	w->f->content_type = seal_copy(w, full, full->content_type);
}

/* Returns the size. */
static inline size_t facts_seal(struct sealer *s, const struct facts *full, const char *url,
	size_t url_len, void *area, size_t cap)
{
	const struct facts_link *l = facts_links(full), *end = l + full->nlinks;
	struct facts_writer w;

	facts_begin_sealed(&w, s, url, url_len, area, cap);
	seal_head(&w, full);
	for (; l < end; l++) {
		struct facts_found found = facts_found(full, l);

		sealer_add(&w, &found, NULL);
	}
	w.f->headings = seal_copy(&w, full, full->headings);
	w.f->text = seal_copy(&w, full, full->text);
	return facts_finish(&w);
}

#endif
