#include "workers/door.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "config/mem.h"
#include "workers/co_impl.h"
#include "workers/loop.h"
#include "workers/misuse.h"
#include "workers/thread.h"

struct door {
	struct loop *loop;
	struct event *event;
	void (*fn)(void *, struct door_item *);
	void *arg;
	int fd;

	struct lock lock; /* of what follows */
	struct door_item *first, *last;
};

/* Whether there was anything. */
static bool hand_over(struct door *d)
{
	struct door_item *item, *next;
	bool any;

	lock_enter(&d->lock);
	item = d->first;
	d->first = d->last = NULL;
	lock_leave(&d->lock);
	any = item;
	for (; item; item = next) {
		next = item->next; /* fn may free it */
		d->fn(d->arg, item);
	}
	return any;
}

/* The eventfd is emptied before the list is taken: a put in between writes again. */
static void rang(evutil_socket_t fd, short events, void *arg)
{
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		misuse("a door's eventfd cannot be read: %s", strerror(errno));
	hand_over(arg);
}

struct door *door_open(struct loop *l, void (*fn)(void *arg, struct door_item *item), void *arg)
{
	struct door *d = mem_zalloc(sizeof(*d));

	loop_check(l, "door_open");
	d->loop = l;
	d->fn = fn;
	d->arg = arg;
	lock_init(&d->lock);
	d->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->fd < 0)
		exhausted("no eventfd for a door: %s", strerror(errno));
	d->event = event_new(loop_base(l), d->fd, EV_READ | EV_PERSIST, rang, d);
	if (!d->event || event_add(d->event, NULL))
		exhausted("no event for a door");
	return d;
}

void door_put(struct door *d, struct door_item *item)
{
	uint64_t one = 1;
	bool was_empty;

	item->next = NULL;
	lock_enter(&d->lock);
	was_empty = !d->first;
	if (was_empty)
		d->first = item;
	else
		d->last->next = item;
	d->last = item;
	/* Inside the lock: once it is left the loop may have taken the item, been told it was
	 * the last, and closed the door. */
	if (was_empty && write(d->fd, &one, sizeof(one)) < 0)
		misuse("a door's eventfd cannot be written: %s", strerror(errno));
	lock_leave(&d->lock);
}

void door_close(struct door *d)
{
	if (!d)
		return;
	loop_check(d->loop, "door_close");
	while (hand_over(d))
		; /* fn may have put more */
	event_free(d->event);
	close(d->fd);
	lock_release(&d->lock);
	free(d);
}
