/* Which slots have memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/mem.h"
#include "tests/unit/workers/slots_rig.h"

static void memory_goes_back(void **state)
{
	(void)state;
	struct slots *s = open_slots(2, 2);
	assert_int_equal(slots_touched_bytes(s), 0);
	struct slot *a = slots_take(s);
	memset(a->data, 'a', a->cap);
	a->len = a->cap;
	assert_true(slots_touched_bytes(s) >= 256 * KIB);
	struct slot *big = slots_grow(s, a);
	memset(big->data, 'b', big->cap);
	big->len = 17; /* what counts is less than what was written */
	assert_true(slots_touched_bytes(s) >= 10 * MIB);
	slots_set_warm(s, 0);
	slots_give(s, big);
	assert_true(slots_touched_bytes(s) <= 256 * KIB);
	slots_close(s);
}

static bool fill(struct slots *s, struct slot *slot, size_t len)
{
	if (!slots_touch(s, slot, len))
		return false;
	memset(slot->data, 'x', len);
	slot->len = len;
	return true;
}

static void small_credit(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 1);
	struct slot *a = slots_take(s), *b = slots_take(s), *c = slots_take(s);
	slots_set_small_credit(s, 512 * KIB);
	assert_true(fill(s, a, 256 * KIB));
	assert_true(fill(s, b, 200 * KIB));
	assert_true(fill(s, b, 100)); /* what was written once is no question again */
	assert_false(fill(s, c, 60 * KIB));
	assert_true(fill(s, c, 50 * KIB));
	assert_true(slots_small_left(s) < 8 * KIB);
	/* Warm for the next page, which has the same credit. */
	slots_give(s, a);
	assert_true(slots_touched_bytes(s) >= 500 * KIB);
	assert_ptr_equal(a, slots_take(s));
	assert_true(fill(s, a, 256 * KIB));
	/* Where there is no more, the pages of those that hold nothing go, taken ones included. */
	a->len = 0;
	assert_true(slots_small_left(s) >= 256 * KIB);
	assert_true(slots_touched_bytes(s) <= 256 * KIB);
	assert_true(fill(s, c, 256 * KIB));
	/* A big one is bounded by its own credit. */
	c = slots_grow(s, c);
	assert_true(fill(s, c, 10 * MIB));
	slots_close(s);
}

/* Looking at it would make one. */
static bool has_page(char *at)
{
	unsigned char there = 0;
	assert_int_equal(mincore(at, 1, &there), 0);
	return there & 1;
}

static void little_stays_warm(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 1);
	struct slot *a = slots_take(s), *b = slots_take(s), *c = slots_take(s);
	slots_set_warm(s, 128 * KIB);
	assert_true(fill(s, a, 64 * KIB));
	assert_true(fill(s, b, 64 * KIB));
	assert_true(fill(s, c, 64 * KIB));
	slots_give(s, a);
	slots_give(s, b);
	assert_int_equal(slots_touched_bytes(s), 192 * KIB);
	/* One more than may stay: the one that was unused for longest goes. */
	slots_give(s, c);
	assert_int_equal(slots_touched_bytes(s), 128 * KIB);
	assert_false(has_page(a->data));
	assert_true(has_page(b->data));
	/* Who is taken keeps all he has. */
	assert_ptr_equal(slots_take(s), c);
	assert_true(fill(s, c, 256 * KIB));
	c->len = 0;
	assert_ptr_equal(slots_take(s), b);
	slots_give(s, b);
	assert_int_equal(slots_touched_bytes(s), 320 * KIB);
	/* More than may stay at all: nothing does. */
	slots_give(s, c);
	assert_int_equal(slots_touched_bytes(s), 0);
	assert_ptr_equal(slots_take(s), c);
	assert_true(fill(s, c, 64 * KIB));
	slots_give(s, c);
	assert_int_equal(slots_touched_bytes(s), 64 * KIB);
	slots_close(s);
}

static struct slot *fill_big(struct slots *s, size_t len)
{
	struct slot *big = slots_grow_to(s, slots_take(s), len);
	assert_non_null(big);
	assert_true(fill(s, big, len));
	return big;
}

static void big_ones_stay_warm(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 4);
	slots_set_warm(s, 16 * MIB);
	struct slot *a = fill_big(s, 5 * MIB), *b = fill_big(s, 5 * MIB);
	slots_give(s, a);
	slots_give(s, b);
	/* The next one finds pages there, but no more of them than it may use. */
	assert_in_range(slots_touched_bytes(s), 5 * MIB, 8 * MIB);
	b = slots_grow_to(s, slots_take(s), MIB);
	assert_in_range(slots_touched_bytes(s), MIB, 6 * MIB);
	slots_set_credit(s, MIB);
	assert_true(slots_touched_bytes(s) <= MIB);
	slots_give(s, b);
	/* They are in nobody's way. */
	slots_set_credit(s, 10 * MIB);
	a = fill_big(s, 10 * MIB);
	assert_true(slots_touched_bytes(s) <= 10 * MIB);
	slots_give(s, a);
	b = slots_take(s);
	assert_true(slots_borrow(s, b, 9 * MIB, false));
	assert_true(slots_touched_bytes(s) <= MIB);
	slots_give(s, b);
	slots_set_credit(s, 0);
	assert_int_equal(slots_touched_bytes(s), 0);
	slots_close(s);
}

/* ---- who waits has none, who writes finds some ---- */

static void bare(void **state)
{
	(void)state;
	struct slots *s = open_slots(3, 1);
	struct slot *a = slots_take(s), *b = slots_take(s), *c;
	assert_true(fill(s, a, 64 * KIB));
	assert_true(fill(s, b, 64 * KIB));
	slots_give(s, a);
	slots_give(s, b);
	c = slots_take_bare(s);
	assert_false(has_page(c->data));
	/* There is no other: the one unused for longest. */
	assert_ptr_equal(slots_take_bare(s), a);
	slots_give(s, c);
	/* What has no pages is nobody's first choice. */
	assert_ptr_equal(slots_take(s), b);
	assert_ptr_equal(slots_take_bare(s), c);
	assert_null(slots_take_bare(s));
	slots_close(s);
}

static void fitting(void **state)
{
	(void)state;
	struct slots *s = open_slots(4, 1);
	struct slot *a = slots_take(s), *b = slots_take(s), *c = slots_take(s), *d, *got;
	int mine = 0;
	assert_true(fill(s, a, 256 * KIB));
	assert_true(fill(s, b, 64 * KIB));
	assert_true(fill(s, c, 16 * KIB));
	slots_give(s, a);
	slots_give(s, b);
	slots_give(s, c);
	d = slots_take_bare(s);
	d->user = &mine;
	assert_true(slots_borrow(s, d, KIB, false));
	got = slots_fit(s, d, 60 * KIB);
	assert_ptr_equal(got, b);
	assert_ptr_equal(got->user, &mine);
	assert_int_equal(got->extra, KIB);
	assert_int_equal(got->owner, SLOT_FETCHER);
	assert_int_equal(d->owner, SLOT_FREE);
	/* Few bytes: a fresh page rather than many that somebody else needs. */
	assert_ptr_equal(slots_take(s), c);
	got = slots_fit(s, got, 1);
	assert_ptr_equal(got, d);
	assert_ptr_equal(slots_fit(s, got, 250 * KIB), a);
	/* Of unknown length: the pages used last, unless it has some. */
	slots_give(s, a);
	assert_ptr_equal(slots_fit(s, slots_take_bare(s), 0), a);
	assert_ptr_equal(slots_fit(s, a, 0), a);
	/* Not what holds something, and not for more than there is room in any. */
	assert_true(fill(s, a, 1));
	assert_ptr_equal(slots_fit(s, a, 60 * KIB), a);
	assert_ptr_equal(slots_fit(s, c, 300 * KIB), c);
	slots_give(s, a);
	slots_give(s, c);
	assert_int_equal(slots_touched_bytes(s), (256 + 64 + 16) * KIB);
	slots_close(s);
}

static void written(void **state)
{
	(void)state;
	struct slots *s = open_slots(2, 1);
	struct slot *a = slots_take(s);
	char *text = mem_alloc(MIB);
	for (size_t i = 0; i < MIB; i++)
		text[i] = (char)(i % 251);
	/* Into what was never touched, behind that, and again over what is there. */
	for (int i = 0; i < 2; i++) {
		a->len = 0;
		assert_true(slots_write(s, a, text, 5000));
		assert_true(slots_write(s, a, text + 5000, 1));
		assert_true(slots_write(s, a, text + 5001, 100 * KIB));
		assert_true(slots_write(s, a, text, 0));
		assert_int_equal(a->len, 5001 + 100 * KIB);
		assert_memory_equal(a->data, text, a->len);
	}
	assert_int_equal(slots_touched_bytes(s), 108 * KIB);
	slots_set_small_credit(s, 108 * KIB);
	assert_false(slots_write(s, a, text, 8 * KIB));
	assert_int_equal(a->len, 5001 + 100 * KIB);
	a = slots_grow_to(s, a, MIB);
	assert_true(slots_write(s, a, text + a->len, MIB - a->len));
	assert_int_equal(a->len, MIB);
	assert_memory_equal(a->data, text, MIB);
	free(text);
	slots_close(s);
}

static void beyond(void **state)
{
	(void)state;
	struct slots *s = open_slots(1, 0);
	struct slot *a = slots_take(s);
	char *text = mem_zalloc(256 * KIB + 1);
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		slots_write(s, a, text, 256 * KIB + 1);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	free(text);
	slots_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_goes_back),
		cmocka_unit_test(small_credit),
		cmocka_unit_test(little_stays_warm),
		cmocka_unit_test(big_ones_stay_warm),
		cmocka_unit_test(bare),
		cmocka_unit_test(fitting),
		cmocka_unit_test(written),
		cmocka_unit_test(beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
