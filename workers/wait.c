#include "workers/wait.h"

#include "workers/co.h"
#include "workers/co_impl.h"

void waitlist_init(struct waitlist *w)
{
	w->first = w->last = NULL;
}

bool waitlist_empty(const struct waitlist *w)
{
	return !w->first;
}

void waitlist_remove(struct waitlist *w, struct co *co)
{
	if (co->prev)
		co->prev->next = co->next;
	else
		w->first = co->next;
	if (co->next)
		co->next->prev = co->prev;
	else
		w->last = co->prev;
	co->next = co->prev = NULL;
	co->on = NULL;
}

int co_wait(struct waitlist *w, int64_t deadline_ms)
{
	return co_pause(co_running("co_wait"),
		(struct co_pause){.what = "waiting", .on = w, .deadline_ms = deadline_ms});
}

bool waitlist_wake(struct waitlist *w)
{
	if (!w->first)
		return false;
	co_ready(w->first, 0);
	return true;
}

size_t waitlist_wake_all(struct waitlist *w)
{
	size_t n = 0;

	while (waitlist_wake(w))
		n++;
	return n;
}
