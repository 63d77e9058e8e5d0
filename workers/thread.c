#include "workers/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/futex.h"
#include "workers/misuse.h"

static void check(int rc, const char *what)
{
	if (rc)
		misuse("%s: %s", what, strerror(rc));
}

/* ---- thread ---- */

struct thread {
	pthread_t id;
	void *(*fn)(void *);
	void *arg;
	atomic_bool done;
	atomic_int refs; /* the handle, and the thread while it runs */
	char name[16];
};

static void thread_unref(struct thread *t)
{
	if (atomic_fetch_sub(&t->refs, 1) == 1)
		free(t);
}

static void *thread_body(void *arg)
{
	struct thread *t = arg;
	void *result;

	pthread_setname_np(pthread_self(), t->name);
	thread_give_way();
	result = t->fn(t->arg);
	t->done = true;
	thread_unref(t);
	return result;
}

void thread_give_way(void)
{
	const struct sched_param none = {0};

	if (sched_getscheduler(0) == SCHED_OTHER)
		(void)sched_setscheduler(0, SCHED_BATCH, &none);
}

struct thread *thread_start(const char *name, void *(*fn)(void *), void *arg)
{
	struct thread *t = mem_zalloc(sizeof(*t));
	sigset_t all, before;
	int rc;

	t->fn = fn;
	t->arg = arg;
	t->refs = 2;
	strncpy(t->name, name, sizeof(t->name) - 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
	rc = pthread_create(&t->id, NULL, thread_body, t);
	if (rc)
		exhausted("no thread '%s' can be started: %s", name, strerror(rc));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return t;
}

void *thread_join(struct thread *t)
{
	void *result;

	check(pthread_join(t->id, &result), "thread_join");
	thread_unref(t);
	return result;
}

void thread_detach(struct thread *t)
{
	check(pthread_detach(t->id), "thread_detach");
	thread_unref(t);
}

bool thread_done(struct thread *t)
{
	return t->done;
}

/* ---- locks ---- */

static void mutex_init(pthread_mutex_t *m, int type)
{
	pthread_mutexattr_t attr;

	check(pthread_mutexattr_init(&attr), "mutex");
	check(pthread_mutexattr_settype(&attr, type), "mutex type");
	check(pthread_mutex_init(m, &attr), "mutex");
	pthread_mutexattr_destroy(&attr);
}

static bool mutex_try(pthread_mutex_t *m, const char *what)
{
	int rc = pthread_mutex_trylock(m);

	if (rc != EBUSY)
		check(rc, what);
	return !rc;
}

void lock_init(struct lock *l)
{
	mutex_init(&l->m, PTHREAD_MUTEX_ERRORCHECK);
}

void lock_release(struct lock *l)
{
	check(pthread_mutex_destroy(&l->m), "lock_release: somebody holds it");
}

void lock_enter(struct lock *l)
{
	check(pthread_mutex_lock(&l->m), "lock_enter: this thread holds it already");
}

bool lock_try(struct lock *l)
{
	return mutex_try(&l->m, "lock_try");
}

void lock_leave(struct lock *l)
{
	check(pthread_mutex_unlock(&l->m), "lock_leave: this thread does not hold it");
}

void rlock_init(struct rlock *l)
{
	mutex_init(&l->m, PTHREAD_MUTEX_RECURSIVE);
}

void rlock_release(struct rlock *l)
{
	check(pthread_mutex_destroy(&l->m), "rlock_release: somebody holds it");
}

void rlock_enter(struct rlock *l)
{
	check(pthread_mutex_lock(&l->m), "rlock_enter");
}

bool rlock_try(struct rlock *l)
{
	return mutex_try(&l->m, "rlock_try");
}

void rlock_leave(struct rlock *l)
{
	check(pthread_mutex_unlock(&l->m), "rlock_leave: this thread does not hold it");
}

/* ---- cond ----
 *
 * Not pthread's: that one leaves the lock of who was woken marked as if others waited for it, a
 * system call each time it is left then, and its wake may have to wait itself for those that were
 * woken before. Here a wake costs a call only if somebody waits, and never sleeps.
 *
 * Who waits counts itself, and sees how often was woken, before it leaves the lock; who changes
 * what it waits for does it inside the lock. So a wake that comes in between finds it counted, and
 * the kernel finds that the number it has seen is no longer true. */

void cond_init(struct cond *c)
{
	atomic_init(&c->wakes, 0);
	atomic_init(&c->waiting, 0);
}

void cond_release(struct cond *c)
{
	if (atomic_load(&c->waiting))
		misuse("cond_release: somebody waits");
}

int cond_wait(struct cond *c, struct lock *l, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
		.tv_nsec = (long)(deadline_ms % 1000) * 1000000};
	uint32_t seen = atomic_load(&c->wakes);
	bool late;

	atomic_fetch_add(&c->waiting, 1);
	check(pthread_mutex_unlock(&l->m), "cond_wait: this thread does not hold the lock");
	/* WAIT_BITSET takes a moment, not a time from now on; of the monotonic clock. */
	late = futex(&c->wakes, FUTEX_WAIT_BITSET_PRIVATE, seen, deadline_ms < 0 ? NULL : &until) &&
	       errno == ETIMEDOUT;
	lock_enter(l);
	atomic_fetch_sub(&c->waiting, 1);
	if (!late)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

static void wake(struct cond *c, uint32_t most)
{
	if (!atomic_load(&c->waiting))
		return;
	atomic_fetch_add(&c->wakes, 1);
	futex(&c->wakes, FUTEX_WAKE_PRIVATE, most, NULL);
}

void cond_wake(struct cond *c)
{
	wake(c, 1);
}

void cond_wake_all(struct cond *c)
{
	wake(c, INT32_MAX);
}

/* ---- semaphore ---- */

void semaphore_init(struct semaphore *s, size_t count)
{
	lock_init(&s->lock);
	cond_init(&s->more);
	s->count = count;
	s->waiting = 0;
}

void semaphore_release(struct semaphore *s)
{
	cond_release(&s->more);
	lock_release(&s->lock);
}

int semaphore_take(struct semaphore *s, int64_t deadline_ms)
{
	int rc = 0;

	lock_enter(&s->lock);
	s->waiting++;
	while (!s->count && !rc)
		rc = cond_wait(&s->more, &s->lock, deadline_ms);
	s->waiting--;
	if (s->count) { /* even if it came at the last moment */
		s->count--;
		rc = 0;
	}
	lock_leave(&s->lock);
	if (rc)
		errno = ETIMEDOUT;
	return rc;
}

bool semaphore_try(struct semaphore *s)
{
	bool got;

	lock_enter(&s->lock);
	got = s->count;
	if (got)
		s->count--;
	lock_leave(&s->lock);
	return got;
}

void semaphore_give(struct semaphore *s, size_t n)
{
	lock_enter(&s->lock);
	s->count += n;
	for (size_t i = 0; i < n && i < s->waiting; i++)
		cond_wake(&s->more);
	lock_leave(&s->lock);
}

size_t semaphore_count(struct semaphore *s)
{
	size_t n;

	lock_enter(&s->lock);
	n = s->count;
	lock_leave(&s->lock);
	return n;
}

/* ---- flag ---- */

void flag_init(struct flag *f)
{
	lock_init(&f->lock);
	cond_init(&f->changed);
	atomic_init(&f->on, false);
	f->times = 0;
}

void flag_release(struct flag *f)
{
	cond_release(&f->changed);
	lock_release(&f->lock);
}

void flag_set(struct flag *f)
{
	lock_enter(&f->lock);
	f->on = true;
	f->times++;
	cond_wake_all(&f->changed);
	lock_leave(&f->lock);
}

void flag_clear(struct flag *f)
{
	lock_enter(&f->lock);
	f->on = false;
	lock_leave(&f->lock);
}

bool flag_is_set(const struct flag *f)
{
	return atomic_load(&f->on);
}

int flag_wait(struct flag *f, int64_t deadline_ms)
{
	uint64_t before;
	int rc = 0;

	lock_enter(&f->lock);
	before = f->times;
	/* Set and cleared again while we slept counts as set. */
	while (!f->on && f->times == before && !rc)
		rc = cond_wait(&f->changed, &f->lock, deadline_ms);
	if (f->on || f->times != before)
		rc = 0;
	lock_leave(&f->lock);
	if (rc)
		errno = ETIMEDOUT;
	return rc;
}

/* ---- tls ---- */

void tls_open(struct tls *t, void (*end)(void *value))
{
	check(pthread_key_create(&t->key, end), "no thread-local data can be had");
}

void tls_close(struct tls *t)
{
	check(pthread_key_delete(t->key), "tls_close");
}

void *tls_get(const struct tls *t)
{
	return pthread_getspecific(t->key);
}

void tls_set(struct tls *t, void *value)
{
	check(pthread_setspecific(t->key, value), "tls_set");
}

/* ---- timer ---- */

struct timer {
	struct thread *thread;
	struct lock lock;
	struct cond cancelled_now;
	int64_t at;
	void (*fn)(void *);
	void *arg;
	bool cancelled;
	bool began; /* fn runs or ran: too late to cancel */
};

static void *timer_body(void *arg)
{
	struct timer *t = arg;
	int rc = 0;

	lock_enter(&t->lock);
	while (!t->cancelled && !rc)
		rc = cond_wait(&t->cancelled_now, &t->lock, t->at);
	t->began = !t->cancelled;
	lock_leave(&t->lock);
	if (t->began)
		t->fn(t->arg);
	return NULL;
}

struct timer *timer_start(int64_t after_ms, void (*fn)(void *), void *arg)
{
	struct timer *t = mem_zalloc(sizeof(*t));

	lock_init(&t->lock);
	cond_init(&t->cancelled_now);
	t->at = (clock_ns() + 999999) / 1000000 + (after_ms > 0 ? after_ms : 0);
	t->fn = fn;
	t->arg = arg;
	t->thread = thread_start("timer", timer_body, t);
	return t;
}

bool timer_cancel(struct timer *t)
{
	bool prevented;

	lock_enter(&t->lock);
	prevented = !t->began;
	t->cancelled = true;
	cond_wake(&t->cancelled_now);
	lock_leave(&t->lock);
	return prevented;
}

void timer_join(struct timer *t)
{
	thread_join(t->thread);
	cond_release(&t->cancelled_now);
	lock_release(&t->lock);
	free(t);
}
