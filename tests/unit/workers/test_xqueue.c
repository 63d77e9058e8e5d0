#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/mem.h"
#include "workers/proc.h"
#include "workers/xqueue.h"

static void alone(void **state)
{
	(void)state;
	struct xqueue *q = xqueue_open(2, 8);
	char got[8];
	assert_int_equal(xqueue_put(q, "one", 3, 0), 0);
	assert_int_equal(xqueue_put(q, "", 0, 0), 0);
	assert_int_equal(xqueue_put(q, "x", 1, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(xqueue_put(q, "x", 1, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(xqueue_put(q, "nine bytes", 9, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(xqueue_len(q), 2);
	assert_int_equal(xqueue_get(q, got, 2, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(xqueue_get(q, got, sizeof(got), 0), 3);
	assert_memory_equal(got, "one", 3);
	assert_int_equal(xqueue_get(q, got, sizeof(got), 0), 0);
	assert_int_equal(xqueue_get(q, got, sizeof(got), 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	/* Round and round. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(xqueue_put(q, &i, sizeof(i), 0), 0);
		int n = -1;
		assert_int_equal(xqueue_get(q, &n, sizeof(n), 0), sizeof(n));
		assert_int_equal(n, i);
	}
	assert_int_equal(xqueue_high_water(q), 2);
	assert_int_equal(xqueue_put(q, "last", 4, 0), 0);
	xqueue_close(q);
	assert_int_equal(xqueue_put(q, "x", 1, -1), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(xqueue_get(q, got, sizeof(got), -1), 4);
	assert_int_equal(xqueue_get(q, got, sizeof(got), -1), -1);
	assert_int_equal(errno, EPIPE);
	xqueue_free(q);
}

/* ---- several producers and consumers ------------------------------------------------------- */

#define PRODUCERS 3
#define CONSUMERS 2
#define EACH	  4000

struct message {
	uint32_t producer, n;
};

static struct xqueue *queue;

/* Counted by all: how often each message arrived, and whether each consumer saw them in order. */
static struct tally {
	uint8_t seen[PRODUCERS][EACH];
	uint32_t disorder;
} * tally;

static int produce(void *arg)
{
	for (uint32_t i = 0; i < EACH; i++) {
		struct message m = {(uint32_t)(uintptr_t)arg, i};
		/* Messages of varying length. */
		char bytes[64] = {0};
		memcpy(bytes, &m, sizeof(m));
		if (xqueue_put(queue, bytes, sizeof(m) + i % 50, 60000) != 0)
			return 1;
	}
	return 0;
}

static int consume(void *arg)
{
	int64_t last[PRODUCERS];
	(void)arg;
	for (int i = 0; i < PRODUCERS; i++)
		last[i] = -1;
	for (;;) {
		char bytes[64];
		struct message m;
		ssize_t n = xqueue_get(queue, bytes, sizeof(bytes), 60000);
		if (n < 0)
			return errno == EPIPE ? 0 : 1;
		memcpy(&m, bytes, sizeof(m));
		if ((size_t)n != sizeof(m) + m.n % 50 || m.producer >= PRODUCERS || m.n >= EACH)
			return 2;
		if ((int64_t)m.n <= last[m.producer])
			__atomic_fetch_add(&tally->disorder, 1, __ATOMIC_RELAXED);
		last[m.producer] = m.n;
		__atomic_fetch_add(&tally->seen[m.producer][m.n], 1, __ATOMIC_RELAXED);
	}
}

static struct proc *start(int (*fn)(void *), uintptr_t arg)
{
	struct err err = {0};
	struct proc *p = proc_fork("test", fn, (void *)arg, &err);
	if (!p)
		fail_msg("%s", err.text);
	return p;
}

static int finish(struct proc *p)
{
	int status = -1;
	assert_int_equal(proc_join(p, &status, -1), 0);
	proc_free(p);
	return status;
}

static void open_shared(size_t items)
{
	queue = xqueue_open(items, 64);
	tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(tally != MAP_FAILED);
}

static void close_shared(void)
{
	xqueue_free(queue);
	munmap(tally, sizeof(*tally));
}

static void many_processes(void **state)
{
	(void)state;
	struct proc *producers[PRODUCERS], *consumers[CONSUMERS];
	open_shared(16);
	for (uintptr_t i = 0; i < CONSUMERS; i++)
		consumers[i] = start(consume, i);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		producers[i] = start(produce, i);
	for (size_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(finish(producers[i]), 0);
	xqueue_close(queue);
	for (size_t i = 0; i < CONSUMERS; i++)
		assert_int_equal(finish(consumers[i]), 0);
	for (size_t p = 0; p < PRODUCERS; p++)
		for (size_t i = 0; i < EACH; i++)
			assert_int_equal(tally->seen[p][i], 1);
	assert_int_equal(tally->disorder, 0);
	assert_true(xqueue_high_water(queue) <= 16);
	close_shared();
}

/* One producer is killed in the middle, at whatever instruction: the others' messages all
 * arrive, and the dead one's are a clean beginning of what it had to say. */
static void producer_killed(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct proc *producers[PRODUCERS], *consumers[CONSUMERS];
		open_shared(8);
		for (uintptr_t i = 0; i < PRODUCERS; i++)
			producers[i] = start(produce, i);
		for (uintptr_t i = 0; i < CONSUMERS; i++)
			consumers[i] = start(consume, i);
		usleep((useconds_t)(100 + round * 137));
		proc_kill(producers[0], SIGKILL);
		(void)finish(producers[0]);
		assert_int_equal(finish(producers[1]), 0);
		assert_int_equal(finish(producers[2]), 0);
		xqueue_close(queue);
		for (size_t i = 0; i < CONSUMERS; i++)
			assert_int_equal(finish(consumers[i]), 0);
		bool ended = false;
		for (size_t i = 0; i < EACH; i++) {
			assert_int_equal(tally->seen[1][i], 1);
			assert_int_equal(tally->seen[2][i], 1);
			assert_true(tally->seen[0][i] == 0 || (tally->seen[0][i] == 1 && !ended));
			ended = tally->seen[0][i] == 0;
		}
		assert_int_equal(tally->disorder, 0);
		close_shared();
	}
}

/* Dies while it holds the lock, for certain: the bytes it wants to put cannot be read. */
static int die_in_put(void *arg)
{
	(void)arg;
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGSEGV, SIG_DFL);
	close(2);
	xqueue_put(queue, nothing, 8, -1);
	return 0;
}

static void lock_holder_dies(void **state)
{
	(void)state;
	char got[64];
	open_shared(4);
	assert_int_equal(xqueue_put(queue, "before", 6, 0), 0);
	int status = finish(start(die_in_put, 0));
	assert_int_not_equal(status, 0);
	/* Nothing of it is in the queue, which works on. */
	assert_int_equal(xqueue_len(queue), 1);
	assert_int_equal(xqueue_recovered(queue), 1);
	assert_int_equal(xqueue_put(queue, "after", 5, 0), 0);
	assert_int_equal(xqueue_get(queue, got, sizeof(got), 0), 6);
	assert_int_equal(xqueue_get(queue, got, sizeof(got), 0), 5);
	assert_memory_equal(got, "after", 5);
	close_shared();
}

static int wait_for_item(void *arg)
{
	char got[64];
	(void)arg;
	return xqueue_get(queue, got, sizeof(got), -1) == -1 && errno == EPIPE ? 9 : 1;
}

static int wait_for_room(void *arg)
{
	(void)arg;
	return xqueue_put(queue, "x", 1, -1) == -1 && errno == EPIPE ? 9 : 1;
}

static void close_wakes_all(void **state)
{
	(void)state;
	struct proc *p[4];
	open_shared(1);
	for (size_t i = 0; i < 4; i++)
		p[i] = start(wait_for_item, 0);
	usleep(20000);
	xqueue_close(queue);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(finish(p[i]), 9);
	close_shared();
	open_shared(1);
	assert_int_equal(xqueue_put(queue, "x", 1, 0), 0);
	for (size_t i = 0; i < 4; i++)
		p[i] = start(wait_for_room, 0);
	usleep(20000);
	xqueue_close(queue);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(finish(p[i]), 9);
	close_shared();
}

/* A waiter that is killed takes nothing along and holds nobody up. */
static void waiter_killed(void **state)
{
	(void)state;
	char got[64];
	open_shared(4);
	struct proc *p = start(wait_for_item, 0);
	usleep(20000);
	proc_kill(p, SIGKILL);
	assert_int_equal(finish(p), -SIGKILL);
	assert_int_equal(xqueue_put(queue, "mine", 4, 0), 0);
	assert_int_equal(xqueue_get(queue, got, sizeof(got), -1), 4);
	close_shared();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(many_processes),
		cmocka_unit_test(producer_killed),
		cmocka_unit_test(lock_holder_dies),
		cmocka_unit_test(close_wakes_all),
		cmocka_unit_test(waiter_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
