/* thread.h - threads, and what they need to get along.
 *
 * Everything that waits takes a deadline as a clock_ms() value (monotonic; negative =
 * none) and returns 0, or -1 with errno ETIMEDOUT. Misuse the kernel can see (taking a
 * lock twice, leaving one that is another's) aborts with a sentence.
 * The structs are open so that they can be embedded; their fields are private.
 * New threads have all signals blocked: signals belong to the thread of the loop. They give way
 * to it.
 */
#ifndef SKITTER_WORKERS_THREAD_H
#define SKITTER_WORKERS_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- thread: a function that runs beside the others ---- */
struct thread;
/* The name (first 15 bytes) is what ps -L, top -H and gdb show. */
struct thread *thread_start(const char *name, void *(*fn)(void *), void *arg);
void *thread_join(struct thread *t);  /* waits; what fn returned. Ends the handle */
void thread_detach(struct thread *t); /* nobody will join it. Ends the handle */
bool thread_done(struct thread *t);   /* fn has returned: a join will not wait */
/* The calling thread will not push another off its core by waking up: who hands out work, the
 * thread of the loop, hands out the rest first. As SCHED_BATCH, where the system lets us. */
void thread_give_way(void);

/* ---- lock: one at a time ---- */
struct lock {
	pthread_mutex_t m;
};
#define LOCK_INIT                                       \
	{                                               \
		PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP \
	}
void lock_init(struct lock *l);
void lock_release(struct lock *l); /* ends it; nobody holds it */
void lock_enter(struct lock *l);
bool lock_try(struct lock *l); /* false: somebody holds it */
void lock_leave(struct lock *l);

/* ---- rlock: a lock its holder may enter again ---- */
struct rlock {
	pthread_mutex_t m;
};
#define RLOCK_INIT                                     \
	{                                              \
		PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP \
	}
void rlock_init(struct rlock *l);
void rlock_release(struct rlock *l);
void rlock_enter(struct rlock *l);
bool rlock_try(struct rlock *l);
void rlock_leave(struct rlock *l); /* as often as it was entered */

/* ---- cond: wait, inside a lock, for what another thread will make true ---- */
struct cond {
	_Atomic uint32_t wakes;	  /* how often somebody was woken */
	_Atomic uint32_t waiting; /* or were and do not have the lock again */
};
void cond_init(struct cond *c);
void cond_release(struct cond *c);
/* Leaves the lock while waiting. May return early: test again in a loop. */
int cond_wait(struct cond *c, struct lock *l, int64_t deadline_ms);
void cond_wake(struct cond *c);
void cond_wake_all(struct cond *c);

/* ---- semaphore: a number that can be taken from while it is above 0 ---- */
struct semaphore { /* not "sem": sem_init and its kind belong to libc */
	struct lock lock;
	struct cond more;
	size_t count;
	size_t waiting;
};
void semaphore_init(struct semaphore *s, size_t count);
void semaphore_release(struct semaphore *s);
int semaphore_take(struct semaphore *s, int64_t deadline_ms);
bool semaphore_try(struct semaphore *s);
void semaphore_give(struct semaphore *s, size_t n);
size_t semaphore_count(struct semaphore *s);

/* ---- flag: an event that has happened or not (Python's threading.Event) ---- */
struct flag {
	struct lock lock;
	struct cond changed;
	atomic_bool on;
	uint64_t times; /* it was set */
};
void flag_init(struct flag *f);
void flag_release(struct flag *f);
void flag_set(struct flag *f); /* wakes all that wait */
void flag_clear(struct flag *f);
bool flag_is_set(const struct flag *f);
int flag_wait(struct flag *f, int64_t deadline_ms);

/* ---- tls: thread-local data, one value per thread ---- */
struct tls {
	pthread_key_t key;
};
/* `end` (or NULL) gets each thread's value when that thread ends, never NULL. */
void tls_open(struct tls *t, void (*end)(void *value));
void tls_close(struct tls *t);	    /* calls `end` for nobody */
void *tls_get(const struct tls *t); /* NULL until set */
void tls_set(struct tls *t, void *value);

/* ---- timer: a function that runs later, on a thread of its own ---- */
struct timer;
struct timer *timer_start(int64_t after_ms, void (*fn)(void *), void *arg);
bool timer_cancel(struct timer *t); /* true: fn will not run. The handle stays */
void timer_join(struct timer *t);   /* waits until it ran or was cancelled. Ends the handle */

#endif
