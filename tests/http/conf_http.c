/* conf_http.c - `conformance_http DIR [MISSES]`: HTTP as servers speak it.
 *
 * DIR/http/raw-responses.jsonl holds the bytes servers send and what a plain GET by curl
 * 7.88.1 made of them (`plain_get`). Each is sent to http_get from a server on loopback. The
 * outcome must be curl's, in our words (below), or what a rule of our own has decided: those
 * are in a table with the reason, and must be different from curl's, or the table is wrong.
 *
 * Around each of them good requests are made, before, beside, at once after and later, on the
 * connection that was kept or on a new one: each must get its own body. At last all are asked
 * for at the same time.
 *
 * Exit status: 0 = all passed (absent data is skipped and said so), 1 = a miss, 2 = bad usage.
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "config/clock.h"
#include "tests/http/http_rig.h"

#define GRACE_MS 200 /* a server that keeps a connection nobody uses any more */

/* ---- what is decided otherwise ---- */

struct outcome {
	int status;
	const char *error, *truncated;
	long long body; /* bytes; -1 = any number */
};

static const char te_rule[] = "a Transfer-Encoding other than chunked is refused: libcurl would "
			      "inflate it in this process";
static const char ce_rule[] = "a Content-Encoding is not undone here: the body is kept as it came, "
			      "the parser inflates it";
static const char head_rule[] = "a head of more than 64 KiB is refused";

static const struct decision {
	const char *id;
	struct outcome want;
	const char *why;
} decisions[] = {
	{"test1123", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1124", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1171", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1277", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1546", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1617", {0, "bad_headers", NULL, 0}, te_rule},
	{"test1722", {0, "bad_headers", NULL, 0}, te_rule},
	{"test319", {0, "bad_headers", NULL, 0}, te_rule},
	{"test387", {0, "bad_headers", NULL, 0}, te_rule},
	{"test223", {200, "cut", "cut", 413}, ce_rule},
	{"test315", {200, "cut", "cut", 102}, ce_rule},
	{"test1556", {0, "bad_headers", NULL, 0}, head_rule},
	{"test768", {0, "bad_headers", NULL, 0}, "a Content-Length that is no number is refused"},
	{"test2106", {200, "cut", "cut", 6},
		"the body is kept; what follows it is refused (curl: an error that tells nothing)"},
	{"test772", {0, "bad_headers", NULL, 0}, "two Locations that differ are refused"},
};

/* ---- a case ---- */

struct item {
	char id[32];
	int line;
	struct buf bytes;
	bool closes;
	struct outcome want; /* curl's, in our words */
	const struct decision *decision;
	struct rig_ask ask, good;
	bool failed;
};

struct conf {
	struct rig rig;
	struct item *v;
	size_t n;
	FILE *misses;
	size_t passed, decided;
};

/* What curl's exit status is in our words. A status without a whole head is none for us. */
static struct outcome in_our_words(int exit, int status, long long body)
{
	switch (exit) {
	case CURLE_OK: return (struct outcome){status, NULL, NULL, body};
	case CURLE_PARTIAL_FILE: return (struct outcome){status, "cut", "cut", body};
	case CURLE_RECV_ERROR: return (struct outcome){status, "cut", "cut", body};
	case CURLE_GOT_NOTHING: return (struct outcome){0, "reset", NULL, 0};
	case CURLE_OUT_OF_MEMORY: return (struct outcome){0, "bad_headers", NULL, 0};
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY: return (struct outcome){0, "bad_response", NULL, 0};
	default: return (struct outcome){status, "?", NULL, body};
	}
}

static void add_base64(struct buf *out, const char *text)
{
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned acc = 0;
	int bits = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(abc, *text);
		if (!at)
			continue;
		acc = acc << 6 | (unsigned)(at - abc);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_add_ch(out, (int)(acc >> bits & 0xff));
		}
	}
}

static void read_item(struct conf *c, json_t *line, int lineno)
{
	json_t *plain = json_object_get(line, "plain_get");
	const char *id = json_string_value(json_object_get(line, "id"));
	const char *b64 = json_string_value(json_object_get(line, "response_b64"));
	struct item *it;

	c->v = mem_realloc(c->v, (c->n + 1) * sizeof(*c->v));
	it = &c->v[c->n++];
	*it = (struct item){.line = lineno};
	buf_init(&it->bytes);
	snprintf(it->id, sizeof(it->id), "%s", id ? id : "?");
	add_base64(&it->bytes, b64 ? b64 : "");
	it->closes = json_is_true(json_object_get(line, "server_closes"));
	it->want = in_our_words((int)json_integer_value(json_object_get(plain, "exit")),
		(int)json_integer_value(json_object_get(plain, "status")),
		json_integer_value(json_object_get(plain, "body_bytes")));
	for (size_t i = 0; i < MEM_COUNT(decisions); i++)
		if (!strcmp(decisions[i].id, it->id))
			it->decision = &decisions[i];
}

/* ---- the server: /case/N sends the bytes of case N, the rest tells its own path ---- */

static void answer(void *arg, struct raw_conn *c)
{
	struct conf *conf = arg;
	char text[512];
	unsigned n;

	if (sscanf(c->path, "/case/%u", &n) == 1 && n < conf->n) {
		const struct item *it = &conf->v[n];
		raw_send(c, it->bytes.data, it->bytes.len);
		if (it->closes || co_wait_fd(c->fd, EV_READ, clock_ms() + GRACE_MS) < 0)
			raw_close(c);
		return;
	}
	snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\nyou asked for %s",
		strlen("you asked for ") + strlen(c->path), c->path);
	raw_say(c, text);
}

/* ---- judging ---- */

static void miss(struct conf *c, struct item *it, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void miss(struct conf *c, struct item *it, const char *fmt, ...)
{
	va_list ap;

	it->failed = true;
	if (!c->misses)
		return;
	fprintf(c->misses, "http-raw:%d: %s: ", it->line, it->id);
	va_start(ap, fmt);
	vfprintf(c->misses, fmt, ap);
	va_end(ap);
	fputc('\n', c->misses);
}

static bool same_word(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is(const struct http_fetch *f, const struct outcome *want)
{
	return f->status == want->status && same_word(f->error, want->error) &&
	       same_word(f->truncated, want->truncated) &&
	       (want->body < 0 || (size_t)want->body == f->slot->len);
}

static void judge(struct conf *c, struct item *it)
{
	const struct http_fetch *f = &it->ask.f;
	const struct outcome *want = it->decision ? &it->decision->want : &it->want;

	if (!is(f, want))
		miss(c, it, "status %d error %s truncated %s body %zu; expected %d %s %s %lld",
			f->status, f->error ? f->error : "-", f->truncated ? f->truncated : "-",
			f->slot->len, want->status, want->error ? want->error : "-",
			want->truncated ? want->truncated : "-", want->body);
	else if (it->decision && is(f, &it->want))
		miss(c, it, "decided otherwise for no reason");
	if (f->wire != f->slot->len)
		miss(c, it, "%llu bytes on the wire, %zu kept", (unsigned long long)f->wire,
			f->slot->len);
}

static void judge_good(struct conf *c, struct item *it, const char *when)
{
	const struct http_fetch *f = &it->good.f;
	const char *path = strchr(strstr(f->href, "://") + 3, '/');
	char text[128];

	snprintf(text, sizeof(text), "you asked for %s", path);
	if (f->error || f->status != 200 || !rig_body_is(&it->good, text))
		miss(c, it, "a good request %s got status %d error %s body %.*s", when, f->status,
			f->error ? f->error : "-", (int)(f->slot->len < 80 ? f->slot->len : 80),
			f->slot->data);
}

/* ---- running ---- */

static void start_case(struct conf *c, size_t i)
{
	char path[64];

	snprintf(path, sizeof(path), "/case/%zu", i);
	rig_start(&c->v[i].ask, &c->rig.host, path);
}

static void start_good(struct conf *c, size_t i, const char *when)
{
	char path[64];

	snprintf(path, sizeof(path), "/good/%zu/%s", i, when);
	rig_start(&c->v[i].good, &c->rig.host, path);
}

static void check_good(struct conf *c, size_t i, const char *when)
{
	rig_join(&c->v[i].good);
	judge_good(c, &c->v[i], when);
}

static void run_alone(struct conf *c, size_t i)
{
	struct item *it = &c->v[i];

	start_good(c, i, "before");
	check_good(c, i, "before");
	start_case(c, i);
	start_good(c, i, "beside");
	check_good(c, i, "beside");
	rig_join(&it->ask);
	judge(c, it);
	start_good(c, i, "after");
	check_good(c, i, "after");
	start_case(c, i);
	rig_join(&it->ask);
	rig_rest(&c->rig);
	start_good(c, i, "later");
	check_good(c, i, "later");
}

static void run_together(struct conf *c)
{
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < c->n; i++) {
			start_case(c, i);
			start_good(c, i, "together");
		}
		for (size_t i = 0; i < c->n; i++) {
			rig_join(&c->v[i].ask);
			judge(c, &c->v[i]);
			check_good(c, i, "together");
		}
	}
}

static void run(struct conf *c)
{
	rig_init(&c->rig);
	if (!rig_open(&c->rig, 2 * c->n + 8, 4, answer, c)) {
		fprintf(stderr, "conformance_http: no server on loopback\n");
		exit(1);
	}
	for (size_t i = 0; i < c->n; i++) {
		rig_ask_init(&c->v[i].ask, &c->rig);
		rig_ask_init(&c->v[i].good, &c->rig);
	}
	for (size_t i = 0; i < c->n; i++)
		run_alone(c, i);
	run_together(c);
	for (size_t i = 0; i < c->n; i++) {
		c->passed += !c->v[i].failed;
		c->decided += c->v[i].decision && !c->v[i].failed;
		rig_ask_release(&c->v[i].ask);
		rig_ask_release(&c->v[i].good);
		buf_release(&c->v[i].bytes);
	}
	rig_close(&c->rig);
}

static bool read_all(struct conf *c, FILE *in)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	bool good = true;

	for (int line = 1; (n = getline(&text, &cap, in)) > 0; line++) {
		json_t *v = json_loadb(text, (size_t)n, JSON_ALLOW_NUL, NULL);
		if (v)
			read_item(c, v, line);
		else
			good = false;
		json_decref(v);
	}
	free(text);
	return good;
}

int main(int argc, char **argv)
{
	struct conf c = {0};
	struct buf path = BUF_INIT;
	FILE *in;
	int rc = 1;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: conformance_http DIR [MISSES]\n");
		return 2;
	}
	buf_addf(&path, "%s/http/raw-responses.jsonl", argv[1]);
	in = fopen(path.data, "rb");
	buf_release(&path);
	if (!in) {
		printf("%-28s skipped (no such file)\n", "http/raw-responses.jsonl");
		return 0;
	}
	if (argc == 3 && !(c.misses = fopen(argv[2], "w"))) {
		fprintf(stderr, "conformance_http: cannot write %s: %s\n", argv[2],
			strerror(errno));
		rc = 2;
	} else if (!read_all(&c, in) || !c.n) {
		printf("%-28s not JSON\n", "http/raw-responses.jsonl");
	} else {
		run(&c);
		printf("%-28s %zu/%zu", "http-raw", c.passed, c.n);
		if (c.passed < c.n)
			printf("  MISSES %zu", c.n - c.passed);
		if (c.decided)
			printf("  (%zu by rules of our own, listed in the test)", c.decided);
		putchar('\n');
		rc = c.passed < c.n;
	}
	if (c.misses)
		fclose(c.misses);
	fclose(in);
	free(c.v);
	return rc;
}
