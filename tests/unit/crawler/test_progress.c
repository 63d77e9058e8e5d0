/* The progress display as text: rates, widths, escapes, the three faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/log.h"
#include "config/text.h"
#include "crawler/progress.h"

static struct progress_stats sample(void)
{
	struct progress_stats st = {
		.pages = 1234567,
		.discovered = 2000000,
		.fetched = 1300000,
		.failed = 12,
		.excluded = 400000,
		.queued = 299924,
		.in_flight = 64,
		.bytes_wire = 5000000000,
		.errors = {{"timeout", 9}, {"dns", 3}},
		.nerrors = 2,
		.hosts_total = 40,
		.hosts_busy = 12,
		.hosts_waiting = 28,
		.fetchers_active = 64,
		.fetchers_limit = 64,
		.slots_used = 70,
		.slots_total = 100,
		.parsers_busy = 1,
		.parsers_total = 2,
		.memory = 123456789,
		.memory_urls = 22222222,
		.elapsed_ms = 65000,
		.next_due_ms = -1,
	};

	strcpy(st.last_url,
		"https://example.com/a/long/path/that/goes/on/and/on/and/on/and/on/and/on/x.html");
	return st;
}

static void rate_is_that_of_the_last_seconds(void **state)
{
	struct progress_rate r = {0};

	(void)state;
	assert_true(progress_rate_pages(&r) == 0);
	progress_rate_add(&r, 1000, 0, 0);
	assert_true(progress_rate_pages(&r) == 0);
	/* 20 s at 10/s, then 10 s at 100/s: only the new rate is left. */
	for (unsigned t = 200; t <= 20000; t += 200)
		progress_rate_add(&r, 1000 + t, t / 100, t);
	assert_true(progress_rate_pages(&r) > 9.9 && progress_rate_pages(&r) < 10.1);
	assert_true(progress_rate_bytes(&r) > 990 && progress_rate_bytes(&r) < 1010);
	for (unsigned t = 200; t <= 10000; t += 200)
		progress_rate_add(&r, 21000 + t, 200 + t / 10, 20000);
	assert_true(progress_rate_pages(&r) > 99 && progress_rate_pages(&r) < 101);
	assert_true(progress_rate_bytes(&r) == 0);
}

static void rate_survives_fast_ticks_and_resets(void **state)
{
	struct progress_rate r = {0};

	(void)state;
	for (unsigned t = 0; t <= 10000; t++) /* every millisecond */
		progress_rate_add(&r, t, t, t);
	assert_true(progress_rate_pages(&r) > 990 && progress_rate_pages(&r) < 1010);
	assert_true(r.ring[(r.head + 31) % 32].ms - r.ring[r.head].ms >= 5000);
	progress_rate_add(&r, 10300, 0, 0); /* a count that went back is no negative rate */
	assert_true(progress_rate_pages(&r) == 0);
}

static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n"), cols = text_columns(text, n);
		most = cols > most ? cols : most;
		text += n + 1;
	}
	return most;
}

static void block_fits_every_width(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};

	(void)state;
	for (int cols = 1; cols <= 200; cols++) {
		for (int utf8 = 0; utf8 <= 1; utf8++) {
			struct progress_look look = {.columns = cols, .utf8 = utf8};
			struct buf out = BUF_INIT;
			assert_int_equal(progress_block(&out, &st, &r, &look), 6);
			assert_true(widest(out.data) < (size_t)(cols < 20 ? 20 : cols));
			buf_release(&out);
		}
	}
}

static void block_says_it(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};
	struct progress_look look = {.columns = 120};
	struct buf out = BUF_INIT;

	(void)state;
	progress_rate_add(&r, 0, 1234000, 0);
	progress_rate_add(&r, 1000, 1234567, 2500000);
	progress_block(&out, &st, &r, &look);
	assert_non_null(strstr(out.data, "1,234,567 - 567 pages/s - 2.5 MB/s"));
	assert_non_null(strstr(out.data, "299,924 queued"));
	assert_non_null(strstr(out.data, "12 failed - timeout 9 - dns 3"));
	assert_non_null(strstr(out.data, "12 busy - 28 waiting"));
	assert_non_null(strstr(out.data, "slots 70/100"));
	assert_non_null(strstr(out.data, "memory 123.5 MB, known URLs 22.2 MB"));
	assert_non_null(strstr(out.data, "1 min 05 s"));
	assert_null(strchr(out.data, '\033'));
	buf_release(&out);
}

static void hostile_urls_are_escaped_and_cut(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};
	struct progress_look look = {.columns = 60, .utf8 = true};
	struct buf out = BUF_INIT;

	(void)state;
	strcpy(st.last_url, "http://h/\033[2J\r\n\xe2\x80\xae\xff\xe6\xbc\xa2\xe5\xad\x97");
	progress_block(&out, &st, &r, &look);
	assert_null(strchr(out.data, '\033'));
	assert_null(strchr(out.data, '\r'));
	assert_non_null(strstr(out.data, "\\x1b[2J\\x0d\\x0a\\u{202e}\\xff\xe6\xbc\xa2"));
	/* Wide characters are never cut in halves. */
	for (int cols = 20; cols < 100; cols++) {
		look.columns = cols;
		buf_reset(&out);
		progress_block(&out, &st, &r, &look);
		assert_true(text_is_utf8(out.data, out.len));
	}
	buf_release(&out);
}

static void a_state_replaces_the_last_url(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};
	struct progress_look look = {.columns = 80};
	struct buf out = BUF_INIT;

	(void)state;
	st.state = "finishing";
	progress_block(&out, &st, &r, &look);
	assert_non_null(strstr(out.data, "finishing"));
	assert_null(strstr(out.data, "example.com"));
	buf_release(&out);
}

static void json_is_json(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};
	struct buf out = BUF_INIT;
	json_error_t why;
	json_t *o;

	(void)state;
	buf_add_ch(&out, '{');
	progress_json(&out, &st, &r);
	buf_add_ch(&out, '}');
	o = json_loads(out.data, 0, &why);
	if (!o)
		fail_msg("%s: %s", why.text, out.data);
	assert_int_equal(json_integer_value(json_object_get(o, "queued")), 299924);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "errors"), "timeout")), 9);
	json_decref(o);
	buf_release(&out);
}

static void plain_line_is_one_line(void **state)
{
	struct progress_stats st = sample();
	struct progress_rate r = {0};
	struct buf out = BUF_INIT;

	(void)state;
	progress_line(&out, &st, &r);
	assert_null(strchr(out.data, '\n'));
	assert_non_null(strstr(out.data, "1,234,567 pages, 0.0 pages/s"));
	assert_non_null(strstr(out.data, "12 failed (timeout 9, dns 3)"));
	buf_release(&out);
}

/* ---- the live face, on a terminal of its own ---- */

struct screen {
	int master, saved;
	char text[65536];
	size_t len;
};

static void screen_open(struct screen *s, int rows, int cols)
{
	struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
	int slave;

	memset(s, 0, sizeof(*s));
	if (openpty(&s->master, &slave, NULL, NULL, &ws) != 0) {
		print_message("no pseudo-terminals here (/dev/pts): %s\n", strerror(errno));
		skip();
	}
	s->saved = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	close(slave);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
}

static void screen_read(struct screen *s)
{
	ssize_t n;

	s->len = 0;
	while ((n = read(s->master, s->text + s->len, sizeof(s->text) - 1 - s->len)) > 0)
		s->len += (size_t)n;
	s->text[s->len] = 0;
}

static void screen_close(struct screen *s)
{
	dup2(s->saved, STDERR_FILENO);
	close(s->saved);
	close(s->master);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void live_block_is_redrawn_in_place(void **state)
{
	struct progress_stats st = sample();
	struct settings set;
	struct progress *p;
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	settings_init(&set);
	p = progress_open(&set);
	progress_tick(p, &st);
	screen_read(&s);
	assert_int_equal(count(s.text, "\n"), 6);
	assert_null(strstr(s.text, "\033[6A"));
	progress_tick(p, &st);
	screen_read(&s);
	assert_int_equal(strncmp(s.text, "\033[6A\r", 5), 0);
	/* A log line clears the block, stands alone, and the block comes back below it. */
	log_info("a line");
	screen_read(&s);
	assert_int_equal(strncmp(s.text, "\033[6A\r\033[J", 8), 0);
	assert_non_null(strstr(s.text, "a line"));
	assert_non_null(strstr(strstr(s.text, "a line"), "1,234,567"));
	progress_tick(p, &st);
	screen_read(&s);
	assert_int_equal(strncmp(s.text, "\033[6A\r", 5), 0);
	progress_close(p);
	screen_read(&s);
	assert_string_equal(s.text, "\033[6A\r\033[J");
	log_info("after");
	screen_read(&s);
	assert_null(strchr(s.text, '\033'));
	settings_release(&set);
	screen_close(&s);
}

static void a_low_terminal_gets_fewer_lines(void **state)
{
	struct progress_stats st = sample();
	struct settings set;
	struct progress *p;
	struct screen s;

	(void)state;
	screen_open(&s, 4, 40);
	settings_init(&set);
	p = progress_open(&set);
	progress_tick(p, &st);
	screen_read(&s);
	assert_int_equal(count(s.text, "\n"), 3);
	progress_tick(p, &st);
	screen_read(&s);
	assert_int_equal(strncmp(s.text, "\033[3A\r", 5), 0);
	progress_close(p);
	settings_release(&set);
	screen_close(&s);
}

static void quiet_and_never_are_silent(void **state)
{
	struct progress_stats st = sample();
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	for (int i = 0; i < 2; i++) {
		struct settings set;
		struct progress *p;
		settings_init(&set);
		set.quiet = i;
		set.progress = i ? PROGRESS_AUTO : PROGRESS_NEVER;
		p = progress_open(&set);
		progress_tick(p, &st);
		progress_close(p);
		settings_release(&set);
	}
	progress_close(NULL);
	screen_read(&s);
	assert_int_equal(s.len, 0);
	screen_close(&s);
}

static void a_dumb_terminal_gets_lines(void **state)
{
	struct progress_stats st = sample();
	struct settings set;
	struct progress *p;
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	setenv("TERM", "dumb", 1);
	settings_init(&set);
	p = progress_open(&set);
	progress_tick(p, &st);
	progress_close(p); /* the last state is always said */
	screen_read(&s);
	assert_null(strchr(s.text, '\033'));
	assert_int_equal(count(s.text, "1,234,567 pages"), 1);
	settings_release(&set);
	screen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_is_that_of_the_last_seconds),
		cmocka_unit_test(rate_survives_fast_ticks_and_resets),
		cmocka_unit_test(block_fits_every_width),
		cmocka_unit_test(block_says_it),
		cmocka_unit_test(hostile_urls_are_escaped_and_cut),
		cmocka_unit_test(a_state_replaces_the_last_url),
		cmocka_unit_test(json_is_json),
		cmocka_unit_test(plain_line_is_one_line),
		cmocka_unit_test(live_block_is_redrawn_in_place),
		cmocka_unit_test(a_low_terminal_gets_fewer_lines),
		cmocka_unit_test(quiet_and_never_are_silent),
		cmocka_unit_test(a_dumb_terminal_gets_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
