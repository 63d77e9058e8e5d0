/* door.h - where threads hand things to a loop.
 *
 * A list, and an eventfd that is written only when the list was empty. The loop takes the whole
 * list, without a lock, and calls fn for each item in the order they were put; fn runs on the main
 * stack, inside the loop, and may wake and spawn.
 *
 * Threads: door_put from any; open and close on the loop's, close when no thread can put
 * any more (items still inside are handed over by it). Ownership: an item is embedded
 * in what is handed over; it belongs to the door until fn gets it.
 */
#ifndef SKITTER_WORKERS_DOOR_H
#define SKITTER_WORKERS_DOOR_H

struct door;
struct loop;

struct door_item {
	struct door_item *next;
};

struct door *door_open(struct loop *l, void (*fn)(void *arg, struct door_item *item), void *arg);
void door_put(struct door *d, struct door_item *item); /* never waits for the loop */
/* Several at once, at least one, chained by `next`. */
void door_put_all(struct door *d, struct door_item *first);
void door_close(struct door *d);

#endif
