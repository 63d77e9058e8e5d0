#include "workers/door.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
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

	_Atomic(struct door_item *) newest; /* each leads to the one put before it */
	struct lock lock;		    /* of those who put */
};

/* Turns a chain around: the first becomes the last. */
static struct door_item *turned(struct door_item *item)
{
	struct door_item *before = NULL, *next;

	for (; item; item = next) {
		next = item->next;
		item->next = before;
		before = item;
	}
	return before;
}

/* Whether there was anything. Without the lock: who puts wakes the loop while he has it. */
static bool hand_over(struct door *d)
{
	struct door_item *item = turned(atomic_exchange(&d->newest, NULL)), *next;
	bool any = item;

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
	item->next = NULL;
	door_put_all(d, item);
}

void door_put_all(struct door *d, struct door_item *first)
{
	struct door_item *newest = turned(first), *before;
	uint64_t one = 1;

	lock_enter(&d->lock);
	before = atomic_load(&d->newest);
	do
		first->next = before; /* the oldest of them */
	while (!atomic_compare_exchange_weak(&d->newest, &before, newest));
	/* Inside the lock: the loop may have taken the items by now, been told they were the last,
	 * and be about to close the door. */
	if (!before && write(d->fd, &one, sizeof(one)) < 0)
		misuse("a door's eventfd cannot be written: %s", strerror(errno));
	lock_leave(&d->lock);
}

void door_close(struct door *d)
{
	if (!d)
		return;
	loop_check(d->loop, "door_close");
	/* fn may have put more. */
	while (hand_over(d))
		;
	/* Whose item the last one was may still be inside. */
	lock_enter(&d->lock);
	lock_leave(&d->lock);
	event_free(d->event);
	close(d->fd);
	lock_release(&d->lock);
	free(d);
}
