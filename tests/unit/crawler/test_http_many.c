/* Many requests at once, and the end of all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crawler/http_private.h"
#include "tests/http/http_rig.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static struct rig rig;
static struct rig_ask ask;

static void answer(void *arg, struct raw_conn *c)
{
	char text[512];

	(void)arg;
	if (!strncmp(c->path, "/stall", 6)) {
		if (!strcmp(c->path, "/stall-head"))
			raw_say(c, "HTTP/1.1 200 OK\r\nContent-");
		if (!strcmp(c->path, "/stall-body"))
			raw_say(c, OK_HEAD "Content-Length: 100\r\n\r\npart");
		raw_wait(c);
		return;
	}
	snprintf(text, sizeof(text), OK_HEAD "Content-Length: %zu\r\n\r\nthis is %s",
		strlen("this is ") + strlen(c->path), c->path);
	raw_say(c, text);
}

static int set_up(void **state)
{
	(void)state;
	rig_init(&rig);
	rig_ask_init(&ask, &rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_ask_release(&ask);
	rig_close(&rig);
	return 0;
}

static void assert_stopped(const struct rig_ask *a, int status)
{
	assert_non_null(a->f.error);
	assert_string_equal(a->f.error, "stopped");
	assert_false(a->f.retry);
	assert_int_equal(a->f.status, status);
}

static size_t waiting, most_at_once;

/* After the hook that starts them: how many fewer wait than a turn ago. */
static bool count_started(void *arg)
{
	size_t now = 0;

	(void)arg;
	for (const struct http_fetch *f = rig.http->starting; f; f = f->next)
		now++;
	if (waiting - now > most_at_once)
		most_at_once = waiting - now;
	waiting = now;
	return false;
}

/* Without time for more, each turn of the loop starts one, and all get through. */
static void test_one_a_turn(void **state)
{
	enum { FEW = 50 };
	static struct rig_ask asks[FEW];

	(void)state;
	assert_true(rig_open(&rig, FEW, 2, answer, NULL));
	rig.http->turn_ns = 0;
	waiting = FEW;
	most_at_once = 0;
	for (int i = 0; i < FEW; i++) {
		rig_ask_init(&asks[i], &rig);
		rig_start(&asks[i], &rig.host, "/page");
	}
	loop_on_turn(rig.loop, count_started, NULL);
	for (int i = 0; i < FEW; i++) {
		rig_join(&asks[i]);
		assert_null(asks[i].f.error);
		assert_true(rig_body_is(&asks[i], "this is /page"));
		rig_ask_release(&asks[i]);
	}
	loop_off_turn(rig.loop, count_started, NULL);
	assert_int_equal(most_at_once, 1);
	assert_int_equal(waiting, 0);
	assert_int_equal(http_active(rig.http), 0);
}

static void test_many(void **state)
{
	enum { MANY = 500 };
	static struct rig_ask asks[MANY];
	char path[32], body[64];

	(void)state;
	assert_true(rig_open(&rig, MANY, 2, answer, NULL));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			if (!round)
				rig_ask_init(&asks[i], &rig);
			snprintf(path, sizeof(path), "/page/%d/%d", round, i);
			rig_start(&asks[i], &rig.host, path);
		}
		for (int i = 0; i < MANY; i++) {
			rig_join(&asks[i]);
			snprintf(body, sizeof(body), "this is /page/%d/%d", round, i);
			assert_null(asks[i].f.error);
			assert_true(rig_body_is(&asks[i], body));
		}
		assert_int_equal(http_active(rig.http), 0);
	}
	assert_true(rig.server.connections <= MANY);
	for (int i = 0; i < MANY; i++)
		rig_ask_release(&asks[i]);
}

static const char *const stalled[] = {"/stall", "/stall-head", "/stall-body", "/stall"};
static struct rig_ask five[5];

static void start_stalled(void)
{
	for (size_t i = 0; i < 5; i++)
		rig_ask_init(&five[i], &rig);
	for (size_t i = 0; i < 4; i++)
		rig_start(&five[i], &rig.host, stalled[i]);
	rig_rest(&rig);
	assert_int_equal(http_active(rig.http), 4);
}

static void join_stalled(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rig_join(&five[i]);
		assert_stopped(&five[i], i == 2 ? 200 : 0);
	}
	for (size_t i = 0; i < 5; i++)
		rig_ask_release(&five[i]);
	assert_int_equal(http_active(rig.http), 0);
	rig_get(&ask, &rig.host, "/after");
	assert_null(ask.f.error);
	assert_true(rig_body_is(&ask, "this is /after"));
}

/* With one that libcurl does not have yet: asked for and stopped in the same turn. */
static void stop(void *arg)
{
	(void)arg;
	http_abort_all(rig.http);
}

static void test_abort(void **state)
{
	struct co *co;

	(void)state;
	assert_true(rig_open(&rig, 8, 2, answer, NULL));
	start_stalled();
	http_abort_all(rig.http);
	join_stalled(4);

	start_stalled();
	rig_start(&five[4], &rig.host, "/never-sent");
	co = co_spawn(rig.loop, "stop", stop, NULL); /* runs after it, in the same turn */
	co_join(co);
	join_stalled(5);
	assert_int_equal(rig.server.requests, 2 * 4 + 2);
}

static void test_close_while_busy(void **state)
{
	(void)state;
	assert_true(rig_open(&rig, 8, 2, answer, NULL));
	rig_start(&ask, &rig.host, "/stall-body");
	rig_rest(&rig);
	http_close(rig.http);
	rig.http = NULL;
	rig_join(&ask);
	assert_stopped(&ask, 200);
}

/* Hosts of one lane, one after the other: what rests is bounded by number and by bytes, and the one
 * asked last is kept. */
static size_t kept_after(size_t hosts, size_t bytes)
{
	struct host h[16];
	char name[32];
	size_t open;

	http_keep_bytes(rig.http, bytes);
	for (size_t i = 0; i < hosts; i++) {
		snprintf(name, sizeof(name), "h%zu.test", i);
		rig_host(&h[i], (uint32_t)(64 * (i + 1)), "http", name, rig.server.port,
			"127.0.0.1");
		rig_get(&ask, &h[i], "/x");
		assert_null(ask.f.error);
		rig_rest(&rig);
	}
	open = rig.server.connections;
	rig_get(&ask, &h[hosts - 1], "/again");
	assert_int_equal(rig.server.connections, open);
	open = http_connections(rig.http);
	http_close(rig.http); /* it knows the hosts */
	rig.http = NULL;
	for (size_t i = 0; i < hosts; i++)
		rig_host_release(&h[i]);
	return open;
}

static void test_all_kept(void **state)
{
	(void)state;
	rig.set.per_ip = 100;
	assert_true(rig_open(&rig, 4, 2, answer, NULL)); /* keeps 16 */
	assert_int_equal(kept_after(12, 12 * HTTP_PLAIN_BYTES), 12);
}

static void test_kept_by_bytes(void **state)
{
	(void)state;
	rig.set.per_ip = 100;
	assert_true(rig_open(&rig, 4, 2, answer, NULL));
	assert_int_equal(kept_after(12, 5 * HTTP_PLAIN_BYTES), 5);
}

static void test_kept_by_number(void **state)
{
	(void)state;
	rig.set.per_ip = 100;
	assert_true(rig_open(&rig, 1, 2, answer, NULL)); /* keeps 4 */
	assert_int_equal(kept_after(12, SIZE_MAX), 4);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_one_a_turn),
		T(test_many),
		T(test_abort),
		T(test_close_while_busy),
		T(test_all_kept),
		T(test_kept_by_bytes),
		T(test_kept_by_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
