/* Threads, locks, conditions, semaphores, flags, thread-local data, timers. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/clock.h"
#include "workers/thread.h"

#define THREADS 4
#define ROUNDS	5000

/* ---- thread ---- */

static void *reads_its_name(void *arg)
{
	prctl(PR_GET_NAME, arg);
	return arg;
}

static void test_thread(void **state)
{
	char name[32] = "";
	struct thread *t = thread_start("a-name-that-is-too-long", reads_its_name, name);

	(void)state;
	assert_ptr_equal(thread_join(t), name);
	assert_string_equal(name, "a-name-that-is-");
}

static void *reads_its_mask(void *arg)
{
	sigset_t *mask = arg;

	pthread_sigmask(SIG_SETMASK, NULL, mask);
	return NULL;
}

static void *reads_its_policy(void *arg)
{
	*(int *)arg = sched_getscheduler(0);
	return NULL;
}

static void test_threads_give_way(void **state)
{
	int policy = -1, mine = sched_getscheduler(0);

	(void)state;
	thread_join(thread_start("policy", reads_its_policy, &policy));
	assert_int_equal(policy, mine == SCHED_OTHER ? SCHED_BATCH : mine);
	assert_int_equal(sched_getscheduler(0), mine);
}

static void test_threads_leave_signals_alone(void **state)
{
	sigset_t theirs, ours;

	(void)state;
	thread_join(thread_start("mask", reads_its_mask, &theirs));
	assert_int_equal(sigismember(&theirs, SIGINT), 1);
	assert_int_equal(sigismember(&theirs, SIGTERM), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGINT), 0);
}

static void *waits_for_flag(void *arg)
{
	flag_wait(arg, -1);
	return NULL;
}

static atomic_bool detached_ran;

static void *says_it_ran(void *arg)
{
	detached_ran = true;
	return arg;
}

static void test_done_and_detach(void **state)
{
	struct flag go;

	(void)state;
	flag_init(&go);
	struct thread *t = thread_start("waits", waits_for_flag, &go);

	assert_false(thread_done(t));
	flag_set(&go);
	while (!thread_done(t))
		usleep(100);
	thread_join(t);
	flag_release(&go);
	thread_detach(thread_start("detached", says_it_ran, NULL));
	while (!detached_ran)
		usleep(100);
}

/* ---- locks ---- */

static struct lock lock = LOCK_INIT;
static struct rlock rlock = RLOCK_INIT;
static int counter;

static void *counts(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock_enter(arg);
		counter++;
		lock_leave(arg);
	}
	return NULL;
}

static void in_threads(void *(*fn)(void *), void *arg)
{
	struct thread *t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = thread_start("test", fn, arg);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
}

static void test_lock(void **state)
{
	struct lock own;

	(void)state;
	counter = 0;
	in_threads(counts, &lock);
	lock_init(&own);
	in_threads(counts, &own);
	assert_int_equal(counter, 2 * THREADS * ROUNDS);
	assert_true(lock_try(&own));
	assert_false(lock_try(&own));
	lock_leave(&own);
	lock_release(&own);
}

static void *tries_rlock(void *arg)
{
	bool got = rlock_try(arg);

	if (got)
		rlock_leave(arg);
	return got ? arg : NULL;
}

static void *counts_nested(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		rlock_enter(arg);
		rlock_enter(arg);
		counter++;
		rlock_leave(arg);
		rlock_leave(arg);
	}
	return NULL;
}

static void test_rlock(void **state)
{
	struct rlock own;

	(void)state;
	counter = 0;
	in_threads(counts_nested, &rlock);
	assert_int_equal(counter, THREADS * ROUNDS);
	rlock_init(&own);
	rlock_enter(&own);
	assert_true(rlock_try(&own));
	rlock_leave(&own);
	/* Entered twice, left once: still ours. */
	assert_null(thread_join(thread_start("tries", tries_rlock, &own)));
	rlock_leave(&own);
	assert_ptr_equal(thread_join(thread_start("tries", tries_rlock, &own)), &own);
	rlock_release(&own);
}

/* ---- cond ---- */

struct turns {
	struct lock lock;
	struct cond changed;
	int whose;
	int log[2 * 100];
	int n;
};

static void *takes_turns(void *arg)
{
	struct turns *t = arg;

	lock_enter(&t->lock);
	int me = t->whose++ % 2; /* 0 for the first to come */

	while (t->whose < 2)
		cond_wait(&t->changed, &t->lock, -1);
	cond_wake_all(&t->changed);
	for (int i = 0; i < 100; i++) {
		while (t->whose % 2 != me)
			cond_wait(&t->changed, &t->lock, -1);
		t->log[t->n++] = me;
		t->whose++;
		cond_wake(&t->changed);
	}
	lock_leave(&t->lock);
	return NULL;
}

static void test_cond(void **state)
{
	struct turns t = {.whose = 0};

	(void)state;
	lock_init(&t.lock);
	cond_init(&t.changed);
	struct thread *a = thread_start("a", takes_turns, &t),
		      *b = thread_start("b", takes_turns, &t);

	thread_join(a);
	thread_join(b);
	assert_int_equal(t.n, 200);
	for (int i = 0; i < 200; i++)
		assert_int_equal(t.log[i], i % 2);

	int64_t deadline = clock_ms() + 10;
	int rc = 0;

	lock_enter(&t.lock);
	while (!rc)
		rc = cond_wait(&t.changed, &t.lock, deadline);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(clock_ms() >= deadline);
	lock_leave(&t.lock);
	cond_release(&t.changed);
	lock_release(&t.lock);
}

/* ---- semaphore ---- */

struct room {
	struct semaphore places;
	atomic_int inside;
	atomic_int most;
};

static void *visits(void *arg)
{
	struct room *r = arg;

	for (int i = 0; i < 300; i++) {
		assert_int_equal(semaphore_take(&r->places, -1), 0);
		int now = ++r->inside, most = r->most;

		while (now > most && !atomic_compare_exchange_weak(&r->most, &most, now))
			;
		r->inside--;
		semaphore_give(&r->places, 1);
	}
	return NULL;
}

static void test_semaphore(void **state)
{
	struct room r = {.inside = 0};

	(void)state;
	semaphore_init(&r.places, 2);
	in_threads(visits, &r);
	assert_in_range(r.most, 1, 2);
	assert_int_equal(semaphore_count(&r.places), 2);
	assert_true(semaphore_try(&r.places));
	assert_int_equal(semaphore_take(&r.places, clock_ms()), 0);
	assert_false(semaphore_try(&r.places));
	assert_int_equal(semaphore_take(&r.places, clock_ms() + 5), -1);
	assert_int_equal(errno, ETIMEDOUT);
	semaphore_give(&r.places, 5);
	assert_int_equal(semaphore_count(&r.places), 5);
	semaphore_release(&r.places);
}

static void *takes_one(void *arg)
{
	assert_int_equal(semaphore_take(arg, -1), 0);
	return NULL;
}

static void test_give_many_wakes_many(void **state)
{
	struct semaphore s;
	struct thread *t[THREADS];

	(void)state;
	semaphore_init(&s, 0);
	for (int i = 0; i < THREADS; i++)
		t[i] = thread_start("takes", takes_one, &s);
	semaphore_give(&s, THREADS);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
	assert_int_equal(semaphore_count(&s), 0);
	semaphore_release(&s);
}

/* ---- flag ---- */

static void test_flag(void **state)
{
	struct flag f;
	struct thread *t[THREADS];

	(void)state;
	flag_init(&f);
	assert_false(flag_is_set(&f));
	assert_int_equal(flag_wait(&f, clock_ms() + 2), -1);
	assert_int_equal(errno, ETIMEDOUT);
	for (int i = 0; i < THREADS; i++)
		t[i] = thread_start("waits", waits_for_flag, &f);
	flag_set(&f);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
	assert_true(flag_is_set(&f));
	assert_int_equal(flag_wait(&f, 0), 0);
	flag_clear(&f);
	assert_false(flag_is_set(&f));
	assert_int_equal(flag_wait(&f, 0), -1);
	flag_release(&f);
}

/* ---- thread-local data ---- */

static struct tls tls;
static atomic_int tls_ended;

static void tls_end(void *value)
{
	tls_ended += *(int *)value;
}

static void *sets_its_own(void *arg)
{
	int *mine = arg;

	assert_null(tls_get(&tls));
	tls_set(&tls, mine);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(tls_get(&tls), mine);
	return NULL;
}

static void test_tls(void **state)
{
	int value[THREADS] = {1, 10, 100, 1000}, ours = 5;
	struct thread *t[THREADS];

	(void)state;
	tls_open(&tls, tls_end);
	tls_set(&tls, &ours);
	for (int i = 0; i < THREADS; i++)
		t[i] = thread_start("own", sets_its_own, &value[i]);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
	assert_int_equal(tls_ended, 1111);
	assert_ptr_equal(tls_get(&tls), &ours);
	tls_close(&tls);
	assert_int_equal(tls_ended, 1111);
}

/* ---- timer ---- */

static void sets(void *arg)
{
	flag_set(arg);
}

static void test_timer(void **state)
{
	struct flag rang;
	int64_t began = clock_ns();

	(void)state;
	flag_init(&rang);
	struct timer *t = timer_start(10, sets, &rang);

	assert_int_equal(flag_wait(&rang, -1), 0);
	assert_true(clock_ns() - began >= 10 * 1000000);
	assert_false(timer_cancel(t)); /* too late */
	timer_join(t);

	flag_clear(&rang);
	t = timer_start(3600 * 1000, sets, &rang);
	assert_true(timer_cancel(t));
	assert_true(timer_cancel(t));
	timer_join(t); /* at once */
	assert_false(flag_is_set(&rang));

	t = timer_start(0, sets, &rang);
	timer_join(t);
	assert_true(flag_is_set(&rang));
	flag_release(&rang);
}

/* ---- misuse ---- */

static void enters_twice(void)
{
	lock_enter(&lock);
	lock_enter(&lock);
}

static void leaves_not_entered(void)
{
	lock_leave(&lock);
}

static void test_misuse_aborts(void **state)
{
	void (*bad[])(void) = {enters_twice, leaves_not_entered};

	(void)state;
	for (int i = 0; i < 2; i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid) {
			struct rlimit none = {0, 0};

			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			if (!freopen("/dev/null", "w", stderr))
				_exit(2);
			bad[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_threads_give_way),
		cmocka_unit_test(test_threads_leave_signals_alone),
		cmocka_unit_test(test_done_and_detach),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_rlock),
		cmocka_unit_test(test_cond),
		cmocka_unit_test(test_semaphore),
		cmocka_unit_test(test_give_many_wakes_many),
		cmocka_unit_test(test_flag),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
