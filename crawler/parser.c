/* parser.c - the role "parser": one process, one entry function, hostile bytes in, facts out. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/facts_seal.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/page/digest.h"
#include "crawler/page/page.h"
#include "crawler/page/rewrite.h"
#include "crawler/parse.h"
#include "workers/sandbox.h"

/* Private memory of a parser for commands: several times the largest decoded body. */
#define MEMORY_BYTES ((size_t)768 << 20)
#define KEEP_BYTES   ((size_t)4 << 20)

struct parser {
	struct procpool_worker worker;
	struct page_reader *reader;
	struct sealer *sealer;
	struct digester *digester;
	struct buf decoded, utf8;
	struct page_rewrite rewrite;
	_Alignas(struct parse_task) char msg[PROCPOOL_MSG_MAX];
};

/* The message comes from the crawler, which is trusted; this only guards against bugs. */
static bool task_fits(const struct parser *p, size_t got)
{
	const struct parse_task *t = (const void *)p->msg;
	size_t strings = (size_t)t->type_len + t->coding_len + t->link_len + t->url_len + 4;

	return got >= sizeof(*t) && got - sizeof(*t) == strings &&
	       t->offset <= p->worker.arena_size && t->len <= p->worker.arena_size - t->offset;
}

static size_t decode(struct parser *p, const struct page_task *task, bool text)
{
	struct parse_decoded *out = p->worker.answer;
	size_t room = p->worker.answer_size - sizeof(*out);
	const char *charset = NULL;
	const struct buf *b = &p->decoded;

	buf_reset(&p->decoded);
	buf_reset(&p->utf8);
	memset(out, 0, sizeof(*out));
	out->result = (uint32_t)page_decode(
		p->reader, task, &p->decoded, text ? &p->utf8 : NULL, &charset);
	if (text && charset) {
		snprintf(out->charset, sizeof(out->charset), "%s", charset);
		b = &p->utf8;
	}
	if (b->len < room)
		room = b->len;
	memcpy(out->bytes, b->data, room);
	return sizeof(*out) + room;
}

static size_t digest(struct parser *p, const struct page_task *task, bool packed)
{
	struct digest_task t = {
		.body = task->body,
		.len = task->len,
		.coding = task->content_coding,
		.packed = packed,
		.max_decoded = task->max_decoded,
	};

	digester_read(p->digester, &t, p->worker.answer);
	return sizeof(struct digest_answer);
}

/* Spots and URLs, and as much of the text as there is room for; a text that is cut has none. */
static size_t rewrite(struct parser *p, const struct page_task *task)
{
	struct parse_rewritten *out = p->worker.answer;
	struct page_rewrite *w = &p->rewrite;
	size_t room = p->worker.answer_size - sizeof(*out), spots, urls, text;
	char *to = (char *)(out + 1);

	memset(out, 0, sizeof(*out));
	out->result = (uint32_t)page_rewrite(p->reader, task, w);
	spots = w->nspots * sizeof(*w->spots);
	urls = w->urls.len;
	if (spots + urls > room || w->text.len > room - spots - urls)
		spots = urls = w->nspots = 0;
	text = w->text.len < room - spots - urls ? w->text.len : room - spots - urls;
	out->bom = w->bom;
	out->nspots = w->nspots;
	out->urls_len = urls;
	out->text_len = text;
	if (spots)
		memcpy(to, w->spots, spots);
	memcpy(to + spots, w->urls.data, urls);
	memcpy(to + spots + urls, w->text.data, text);
	return sizeof(*out) + spots + urls + text;
}

static size_t page_room(const struct parser *p, const struct parse_task *t)
{
	return t->max_answer && t->max_answer < p->worker.answer_size ? t->max_answer
								      : p->worker.answer_size;
}

static size_t answer(struct parser *p)
{
	const struct parse_task *t = (const void *)p->msg;
	const char *type = t->strings, *coding = type + t->type_len + 1;
	const char *link = coding + t->coding_len + 1, *url = link + t->link_len + 1;
	struct page_task task = {
		.url = url,
		.url_len = t->url_len,
		.content_type = t->type_len ? type : NULL,
		.content_coding = t->coding_len ? coding : NULL,
		.link_header = t->link_len ? link : NULL,
		.body = (const char *)p->worker.arena + t->offset,
		.len = t->len,
		.expect = t->what == PARSE_ROBOTS    ? PAGE_ROBOTS
			  : t->what == PARSE_SITEMAP ? PAGE_SITEMAP
						     : PAGE_AUTO,
		.max_decoded = t->max_decoded,
		.max_inflated = t->max_inflated,
		.max_text = t->max_text,
		.want_digest = t->want_digest,
		.sealer = p->sealer,
	};

	if (t->what == PARSE_DIGEST || t->what == PARSE_DIGEST_PACKED)
		return digest(p, &task, t->what == PARSE_DIGEST_PACKED);
	if (t->what == PARSE_DECODE || t->what == PARSE_DECODE_TEXT)
		return decode(p, &task, t->what == PARSE_DECODE_TEXT);
	if (t->what == PARSE_REWRITE)
		return rewrite(p, &task);
	return page_read(p->reader, &task, p->worker.answer, page_room(p, t));
}

static int serve(struct parser *p)
{
	ssize_t got;

	while ((got = procpool_worker_get(&p->worker, p->msg, sizeof(p->msg))) > 0) {
		size_t len = task_fits(p, (size_t)got) ? answer(p) : 0;
		if (procpool_worker_put(&p->worker, len ? 0 : 1, len) < 0)
			return EXIT_INTERNAL;
	}
	return got == 0 ? EXIT_OK : EXIT_INTERNAL;
}

static size_t size_argument(int argc, char **argv, const char *name, size_t missing)
{
	size_t len = strlen(name);

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, len))
			return (size_t)strtoull(argv[i] + len, NULL, 10);
	return missing;
}

/* What one page needed goes back to the system before the next, but for `keep` bytes. */
static void keep_little(size_t keep)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, (int)(keep / 4));
	mallopt(M_TRIM_THRESHOLD, (int)keep);
#endif
}

static int run(struct parser *p, int argc, char **argv)
{
	size_t keep = size_argument(argc, argv, "--keep=", KEEP_BYTES);
	struct sandbox_opts box = {.mute = true};
	bool sandbox = true;
	struct err err;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--no-sandbox"))
			sandbox = false;
	box.memory_bytes = size_argument(argc, argv, "--memory=", MEMORY_BYTES);
	mem_exit_status = PARSER_EXIT_MEMORY;
	keep_little(keep);
	/* Digests are all that is asked of libcrypto here, and the kernel frees it best. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT, NULL);
	if (procpool_worker_open(&p->worker, argc, argv, &err) < 0) {
		log_error("parser: %s", err.text);
		return EXIT_INTERNAL;
	}
	p->reader = page_reader_open();
	page_reader_keep(p->reader, keep);
	p->sealer = sealer_open();
	p->digester = digester_open();
	if (sandbox && sandbox_enter(&box, &err) < 0) {
		log_error("parser: the sandbox could not be closed, so nothing is parsed: %s "
			  "(--no-sandbox crawls without it, at your risk)",
			err.text);
		return EXIT_INTERNAL;
	}
	return serve(p);
}

/* Ctrl-C reaches the whole process group, a service manager may signal all of a service: the
 * crawl decides when parsers leave, by the end of their pipe. */
static void ignore_stops(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

int parser_main(int argc, char **argv)
{
	struct parser *p;
	int status;

	ignore_stops();
	p = mem_zalloc(sizeof(*p));
	buf_init(&p->decoded);
	buf_init(&p->utf8);
	page_rewrite_init(&p->rewrite);
	status = run(p, argc, argv);
	if (p->reader)
		page_reader_close(p->reader);
	sealer_free(p->sealer);
	digester_close(p->digester);
	buf_release(&p->decoded);
	buf_release(&p->utf8);
	page_rewrite_release(&p->rewrite);
	free(p);
	return status;
}
