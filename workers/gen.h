/* gen.h - generators: a function that yields values, and is sent some.
 *
 * gen_next and gen_send switch straight into the body and come back with the value
 * it yields: no turn of the loop, so they work on the main stack and in a coroutine
 * alike. In a coroutine the body may wait; it then is the coroutine that waits.
 *
 * Thread: that of the loop, which only lends its stacks. Ownership: gen_close ends
 * the generator, finished or not. Values are the caller's business.
 */
#ifndef SKITTER_WORKERS_GEN_H
#define SKITTER_WORKERS_GEN_H

#include <stdbool.h>

struct gen;
struct loop;

/* Starts nothing: the body runs at the first gen_next. What it returns is the
 * generator's result (gen_result). */
struct gen *gen_open(struct loop *l, void *(*fn)(struct gen *g, void *arg), void *arg);

/* Runs the body until it yields (true, *value set; value may be NULL) or returns (false). */
bool gen_next(struct gen *g, void **value);
/* The same, and the gen_yield it stands in returns `sent`. (At the first call no
 * gen_yield waits for it, and `sent` is dropped.) */
bool gen_send(struct gen *g, void *sent, void **value);
void *gen_result(const struct gen *g); /* NULL until the body has returned */

/* Inside the body: hands a value out; returns what was sent, NULL after gen_next. */
void *gen_yield(struct gen *g, void *value);
/* Inside: the generator is being closed; return soon. */
bool gen_closing(const struct gen *g);

/* An unfinished body goes on once more: its gen_yield returns NULL and gen_closing
 * is true; further yields return NULL at once. */
void gen_close(struct gen *g);

#endif
