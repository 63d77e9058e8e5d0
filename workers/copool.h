/* copool.h - a pool of coroutines of limited size.
 *
 * At most `limit` run at a time; who spawns one more waits for room, first come first
 * served. Coroutines of the pool carry its name in the census and are never joined one
 * by one. Thread: that of the loop. On the main stack (not in a callback) the waits run
 * the loop.
 */
#ifndef SKITTER_WORKERS_COPOOL_H
#define SKITTER_WORKERS_COPOOL_H

#include <stddef.h>

struct copool;
struct loop;

struct copool *copool_open(struct loop *l, const char *name, size_t limit);
/* Waits while the pool is full. */
void copool_spawn(struct copool *p, void (*fn)(void *), void *arg);
/* A larger limit lets waiting spawns through; a smaller one ends nobody. 0 holds all. */
void copool_resize(struct copool *p, size_t limit);
size_t copool_limit(const struct copool *p);
size_t copool_active(const struct copool *p);
void copool_cancel(struct copool *p); /* co_cancel of each that runs */
void copool_join(struct copool *p);   /* waits until none runs and no spawn waits */
void copool_close(struct copool *p);  /* joins, then frees */

#endif
