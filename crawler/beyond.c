/* beyond.c - --url-memory: when known URLs have taken all of it, nothing more is discovered.
 *
 * What is queued then is fetched as before. Links to URLs that are not known are written
 * down in the store with the page that has them, and forgotten: nobody can tell any more
 * whether two of them are the same. A resume with more memory offers them again, in the
 * order they were found (restore.c), so that nothing is lost by the limit.
 */
#include <stdlib.h>

#include "config/log.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/frontier_private.h"

#define RECENT 65536 /* of the links written down, so that a menu is not, on every page */

/* What a host takes beside its URLs: itself, its governor, its names and places in maps. */
#define HOST_BYTES (sizeof(struct host) + sizeof(struct host_governor) + 300)

size_t frontier_bytes_known(const struct frontier *f)
{
	return seen_bytes(f->seen) + seen_bytes(f->rows) + f->backlog_bytes +
	       f->hosts->count * HOST_BYTES;
}

static void say_full(const struct frontier *f)
{
	struct buf b = BUF_INIT;

	text_bytes(&b, f->set->url_memory);
	buf_add_str(&b, " of --url-memory are used up by ");
	text_number(&b, f->discovered);
	buf_add_str(&b, " known URLs: links to others are written down for a resume with more, and "
			"not followed");
	log_warn("%s", b.data);
	buf_release(&b);
}

bool frontier_is_full(struct frontier *f)
{
	if (f->full || !f->set->url_memory || frontier_bytes_known(f) < f->set->url_memory)
		return f->full;
	f->full = true;
	f->recent = mem_array(RECENT, sizeof(*f->recent));
	say_full(f);
	return true;
}

void frontier_note_beyond(struct frontier *f, const struct url *u, uint64_t key,
	const struct offer *o, struct findings *out)
{
	uint64_t *place = &f->recent[key % RECENT];

	if (*place == key)
		return;
	*place = key;
	f->beyond++;
	GROW(out->beyond, out->nbeyond, out->beyond_cap);
	out->beyond[out->nbeyond++] = (struct store_beyond){
		.url = u->href,
		.url_len = (uint32_t)url_without_fragment_len(u),
		.depth = o->depth,
		.hops = o->hops,
		.kind = o->kind,
		.referrer = o->referrer,
		.origin = o->origin,
		.seed = o->seed,
		.is_list = o->is_list,
	};
}

void frontier_add_beyond(struct frontier *f, uint64_t n)
{
	f->beyond += n;
}
