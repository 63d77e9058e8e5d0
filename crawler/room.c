#include "crawler/room.h"

void room_init(struct room *r, size_t most)
{
	*r = (struct room){.most = most};
	waitlist_init(&r->served);
	waitlist_init(&r->others);
}

static bool fits(const struct room *r, size_t n)
{
	return r->open || !r->used || (r->used < r->most && n <= r->most - r->used);
}

static void wait_for(struct room *r, size_t n)
{
	while (r->first && !r->open)
		co_wait(&r->others, -1);
	r->first = co_self();
	while (!fits(r, n))
		co_wait(&r->served, -1);
	r->first = NULL;
	waitlist_wake(&r->others);
}

void room_take(struct room *r, size_t n)
{
	if (r->first || !fits(r, n))
		wait_for(r, n);
	r->used += n;
	if (r->used > r->high)
		r->high = r->used;
}

void room_give(struct room *r, size_t n)
{
	r->used -= n;
	waitlist_wake(&r->served);
}

void room_open(struct room *r)
{
	r->open = true;
	waitlist_wake_all(&r->served);
	waitlist_wake_all(&r->others);
}
