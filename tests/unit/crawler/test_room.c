/* Bytes that coroutines wait for: in order, and never more out than there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crawler/room.h"
#include "workers/loop.h"

static struct room room;
static size_t high, turn, order[64];

struct wish {
	size_t n, id;
};

static void taker(void *arg)
{
	const struct wish *w = arg;

	room_take(&room, w->n);
	order[turn++] = w->id;
	if (room.used > high)
		high = room.used;
	co_sleep_ms(1);
	room_give(&room, w->n);
}

static void run(const struct wish *w, size_t n)
{
	struct loop *l = loop_open();
	struct co *all[64];

	turn = high = 0;
	for (size_t i = 0; i < n; i++)
		all[i] = co_spawn(l, "taker", taker, (void *)(uintptr_t)&w[i]);
	for (size_t i = 0; i < n; i++)
		co_join(all[i]);
	loop_close(l);
	assert_int_equal(turn, n);
	assert_int_equal(room.used, 0);
}

static void first_come_first_served(void **state)
{
	struct wish w[40];

	(void)state;
	room_init(&room, 100);
	for (size_t i = 0; i < 40; i++)
		w[i] = (struct wish){i % 7 == 3 ? 90 : 20, i}; /* no large one is passed by */
	run(w, 40);
	assert_true(high <= 100);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(order[i], i);
	assert_int_equal(room.high, high);
}

static void a_wish_beyond_all_is_served_alone(void **state)
{
	const struct wish w[] = {{60, 0}, {500, 1}, {10, 2}, {60, 3}};

	(void)state;
	room_init(&room, 100);
	run(w, 4);
	assert_int_equal(high, 500);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(order[i], i);
}

static void nobody_waits_once_it_is_open(void **state)
{
	const struct wish w[] = {{100, 0}, {100, 1}, {100, 2}};

	(void)state;
	room_init(&room, 100);
	room_open(&room);
	run(w, 3);
	assert_int_equal(high, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(a_wish_beyond_all_is_served_alone),
		cmocka_unit_test(nobody_waits_once_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
