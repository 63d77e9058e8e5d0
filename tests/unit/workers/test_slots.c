#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mem.h"
#include "workers/proc.h"
#include "tests/unit/workers/slots_rig.h"

static void take_and_give(void **state)
{
	(void)state;
	struct slots *s = open_slots(3, 1);
	struct slot *a = slots_take(s), *b = slots_take(s), *c = slots_take(s);
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_null(slots_take(s));
	assert_int_equal(slots_free_count(s), 0);
	assert_int_equal(slots_in_use(s), 3);
	assert_int_equal(a->cap, 256 * KIB);
	assert_int_equal(a->owner, SLOT_FETCHER);
	memset(a->data, 'a', a->cap);
	memset(b->data, 'b', b->cap);
	memset(c->data, 'c', c->cap);
	assert_int_equal(a->data[a->cap - 1], 'a');
	assert_int_equal(b->data[0], 'b');
	slots_give(s, b);
	assert_int_equal(slots_free_count(s), 1);
	assert_ptr_equal(slots_take(s), b);
	assert_int_equal(b->len, 0);
	slots_close(s);
}

static void sizes_that_cannot_be(void **state)
{
	(void)state;
	struct err err = {0};
	assert_null(slots_open(SIZE_MAX / 2, SIZE_MAX / 2, 1, 1, &err));
	assert_true(strlen(err.text) > 0);
	assert_null(slots_open(1, SIZE_MAX, 1, 1, &err));
	assert_null(slots_open(0, 4096, 1, 4096, &err));
	/* Odd sizes become whole pages. */
	struct slots *s = slots_open(2, 1000, 1, 5000, &err);
	assert_non_null(s);
	assert_int_equal(slots_small_size(s) % 4096, 0);
	assert_true(slots_small_size(s) >= 1000);
	assert_true(slots_big_size(s) >= 5000);
	slots_close(s);
}

static void grow(void **state)
{
	(void)state;
	struct slots *s = open_slots(2, 1);
	struct slot *a = slots_take(s), *b = slots_take(s);
	int mark;
	memset(a->data, 'a', a->cap);
	a->len = a->cap;
	a->user = &mark;
	struct slot *big = slots_grow(s, a);
	assert_non_null(big);
	assert_true(big->big);
	assert_int_equal(big->cap, 10 * MIB);
	assert_int_equal(big->len, 256 * KIB);
	assert_int_equal(big->data[256 * KIB - 1], 'a');
	assert_ptr_equal(big->user, &mark);
	assert_int_equal(a->owner, SLOT_FREE);
	/* None left: the small one stays as it is. */
	memcpy(b->data, "kept", 4);
	b->len = 4;
	assert_null(slots_grow(s, b));
	assert_int_equal(b->owner, SLOT_FETCHER);
	assert_memory_equal(b->data, "kept", 4);
	assert_int_equal(b->len, 4);
	slots_give(s, big);
	big = slots_grow(s, b);
	assert_non_null(big);
	assert_memory_equal(big->data, "kept", 4);
	slots_give(s, big);
	assert_int_equal(slots_in_use(s), 0);
	slots_close(s);
}

static void credit(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 4);
	slots_set_credit(s, 2 * MIB);
	struct slot *a = slots_take(s), *b = slots_take(s);
	assert_null(slots_grow(s, a));
	struct slot *big = slots_grow_to(s, a, MIB + 1);
	assert_non_null(big);
	assert_true(big->cap >= MIB + 1);
	assert_true(big->cap <= MIB + 64 * KIB);
	assert_null(slots_grow_to(s, b, MIB));
	assert_ptr_equal(slots_grow_to(s, big, 2 * MIB), big);
	assert_int_equal(big->cap, 2 * MIB);
	assert_int_equal(slots_credit_left(s), 0);
	assert_null(slots_grow_to(s, big, 2 * MIB + 1));
	assert_ptr_equal(slots_grow_to(s, big, 100), big);
	assert_null(slots_grow_to(s, big, 11 * MIB));
	/* Less credit than is out: nothing more, and no underflow. */
	slots_set_credit(s, MIB);
	assert_int_equal(slots_credit_left(s), 0);
	slots_give(s, big);
	assert_int_equal(slots_credit_left(s), MIB);
	/* A body that fits a small slot needs no credit. */
	assert_ptr_equal(slots_grow_to(s, b, 256 * KIB), b);
	slots_close(s);
}

static void room_beside_the_body(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 4);
	struct slot *a = slots_take(s), *b = slots_take(s), *c = slots_take(s), *big;
	slots_set_credit(s, 16 * MIB);
	big = slots_grow_with(s, a, 4 * MIB, 2 * MIB, false);
	assert_non_null(big);
	assert_int_equal(slots_credit_left(s), 10 * MIB);
	/* It grows; what it has already counts. */
	assert_ptr_equal(slots_grow_with(s, big, 8 * MIB, 4 * MIB, false), big);
	assert_int_equal(slots_credit_left(s), 4 * MIB);
	assert_true(slots_borrow(s, big, 3 * MIB, false));
	assert_int_equal(slots_credit_left(s), 4 * MIB);
	assert_null(slots_grow_with(s, b, 3 * MIB, 2 * MIB, false));
	assert_int_equal(slots_credit_left(s), 4 * MIB);
	/* A small one holds credit, too, and takes it along. */
	assert_true(slots_borrow(s, b, MIB, false));
	assert_false(slots_borrow(s, c, 4 * MIB, false));
	b = slots_grow_to(s, b, MIB);
	assert_int_equal(b->extra, MIB);
	assert_int_equal(slots_credit_left(s), 2 * MIB);
	/* Who waits finds together what others leave alone. */
	slots_reserve(s, 12 * MIB);
	assert_false(slots_borrow(s, b, MIB + 1, false));
	slots_give(s, big);
	assert_int_equal(slots_credit_left(s), 14 * MIB);
	assert_true(slots_borrow(s, b, 2 * MIB, false));
	assert_false(slots_borrow(s, b, 4 * MIB, false));
	assert_true(slots_borrow(s, c, 12 * MIB, true));
	slots_give(s, b);
	slots_give(s, c);
	assert_int_equal(slots_credit_left(s), 16 * MIB);
	slots_close(s);
}

static int pass_wrong(void *arg)
{
	slots_pass(arg, SLOT_PARSER, SLOT_STORE);
	return 0;
}

static int pass_to_pool(void *arg)
{
	slots_pass(arg, SLOT_FETCHER, SLOT_FREE);
	return 0;
}

static int overlong(void *arg)
{
	struct slot *slot = arg;
	slot->len = slot->cap + 1;
	slots_pass(slot, SLOT_FETCHER, SLOT_PARSER);
	return 0;
}

static struct slots *shared;

static int give_twice(void *arg)
{
	slots_give(shared, arg);
	slots_give(shared, arg);
	return 0;
}

static void *give_thread(void *arg)
{
	slots_give(shared, arg);
	return NULL;
}

static int give_elsewhere(void *arg)
{
	pthread_t t;
	pthread_create(&t, NULL, give_thread, arg);
	pthread_join(t, NULL);
	return 0;
}

static int (*mistake)(void *);

static int quietly(void *arg)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	close(2);
	return mistake(arg);
}

static void one_owner_at_a_time(void **state)
{
	(void)state;
	struct slots *s = shared = open_slots(1, 1);
	struct slot *a = slots_take(s);
	static int (*const mistakes[])(void *) = {
		pass_wrong, pass_to_pool, overlong, give_twice, give_elsewhere};
	for (size_t i = 0; i < MEM_COUNT(mistakes); i++) {
		struct err err;
		int status = 0;
		mistake = mistakes[i];
		struct proc *p = proc_fork("test", quietly, a, &err);
		assert_non_null(p);
		proc_join(p, &status, -1);
		proc_free(p);
		assert_int_equal(status, -SIGABRT);
	}
	slots_pass(a, SLOT_FETCHER, SLOT_PARSER);
	slots_pass(a, SLOT_PARSER, SLOT_STORE);
	assert_int_equal(a->owner, SLOT_STORE);
	assert_string_equal(slots_owner_name(a->owner), "store");
	slots_give(s, a);
	assert_int_equal(a->owner, SLOT_FREE);
	slots_close(s);
}

static void readonly_view(void **state)
{
	(void)state;
	struct err err;
	struct slots *s = open_slots(2, 1);
	struct slot *a = slots_take(s);
	a = slots_take(s);
	memset(a->data, 'a', a->cap);
	a->len = a->cap;
	int fd = slots_readonly_fd(s, &err);
	assert_true(fd >= 0);
	size_t size = slots_arena_size(s);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	const char *view = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(view != MAP_FAILED);
	assert_int_equal(view[a->offset], 'a');
	assert_int_equal(view[a->offset + a->cap - 1], 'a');
	assert_int_equal(mprotect((void *)(uintptr_t)view, size, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fallocate(fd, 0x03 /* punch, keep size */, 0, 4096), -1);
	/* Nor may anybody change the size, which would make a reader fault. */
	assert_int_equal(fcntl(fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW),
		F_SEAL_SHRINK | F_SEAL_GROW);
	/* The owner may still punch holes, and the view shows it. */
	slots_give(s, a);
	slots_set_small_credit(s, 0);
	(void)slots_small_left(s);
	assert_int_equal(view[a->offset + a->cap - 1], 0);
	assert_int_equal(view[a->offset], 0);
	munmap((void *)(uintptr_t)view, size);
	close(fd);
	slots_close(s);
}

static void count(void *arg, const struct slot *slot)
{
	size_t *n = arg;
	n[slot->owner]++;
	n[SLOT_FREE] += slot->big;
}

static void census(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 2);
	size_t n[4] = {0};
	slots_take(s);
	slots_pass(slots_take(s), SLOT_FETCHER, SLOT_STORE);
	assert_non_null(slots_grow(s, slots_take(s)));
	slots_census(s, count, n);
	assert_int_equal(n[SLOT_FETCHER], 2);
	assert_int_equal(n[SLOT_STORE], 1);
	assert_int_equal(n[SLOT_FREE], 1); /* the big one */
	slots_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_and_give),
		cmocka_unit_test(sizes_that_cannot_be),
		cmocka_unit_test(grow),
		cmocka_unit_test(credit),
		cmocka_unit_test(room_beside_the_body),
		cmocka_unit_test(one_owner_at_a_time),
		cmocka_unit_test(readonly_view),
		cmocka_unit_test(census),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
