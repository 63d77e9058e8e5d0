/* bench_html FILE... - MB/s of reading HTML, on one core, over the files given.
 *
 *   tokenizer   tokens only, nobody listens
 *   facts       html.h whole: links resolved, title, text, facts block written
 *   sealed      the same, the block sealed while it is written, as a parser does it for the crawl
 *
 * and, when compiled with -DHAVE_GUMBO or -DHAVE_LIBXML2, the same files through
 * gumbo_parse and libxml2's SAX parser (which resolve nothing). All run in turn, a few
 * rounds each; the best round counts. The last lines are the ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/facts.h"
#include "config/facts_seal.h"
#include "config/mem.h"
#include "crawler/page/html.h"
#include "crawler/page/html_tokenizer.h"

#ifdef HAVE_GUMBO
#include <gumbo.h>
#endif
#ifdef HAVE_LIBXML2
#include <libxml/HTMLparser.h>
#endif

#define ROUNDS 5
#define AREA   (8u << 20)

struct page {
	char *data;
	size_t len;
};

struct pages {
	struct page *all;
	size_t n, bytes;
};

/* Processor time, so that other work on the machine does not count. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t seen; /* keeps what was computed alive */

static void read_file(struct pages *p, const char *name)
{
	FILE *f = fopen(name, "rb");
	struct buf b = BUF_INIT;
	char block[65536];
	size_t n;

	if (!f) {
		perror(name);
		exit(2);
	}
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&b, block, n);
	fclose(f);
	p->all = mem_realloc(p->all, (p->n + 1) * sizeof(*p->all));
	p->bytes += b.len;
	p->all[p->n].len = b.len;
	p->all[p->n++].data = buf_take(&b);
}

static void count_tag(void *arg, const struct html_tag *tag)
{
	(void)arg;
	seen += tag->id;
}

static void run_tokenizer(const struct pages *p)
{
	static const struct tokenizer_sink sink = {.tag = count_tag};
	struct tokenizer t;

	tokenizer_init(&t, &sink, NULL);
	for (size_t i = 0; i < p->n; i++) {
		tokenizer_begin(&t);
		tokenizer_feed(&t, p->all[i].data, p->all[i].len);
		tokenizer_end(&t);
	}
	tokenizer_release(&t);
}

static void run_facts_with(const struct pages *p, struct sealer *sealer)
{
	static const char at[] = "https://docs.example.org/a/b/index.html";
	struct html *h = html_open();
	void *area = mem_alloc(AREA);
	struct url_parser parser;
	struct html_opts opts = {.max_text = 256 * 1024};
	struct url url;

	url_parser_init(&parser);
	if (url_parse(&parser, at, strlen(at), NULL, &url) < 0)
		abort();
	opts.url = &url;
	for (size_t i = 0; i < p->n; i++) {
		struct facts_writer w;

		if (sealer)
			facts_begin_sealed(&w, sealer, url.href, url.len, area, AREA);
		else
			facts_begin(&w, area, AREA);
		html_begin(h, &opts, &w);
		html_feed(h, p->all[i].data, p->all[i].len);
		html_end(h);
		facts_finish(&w);
		seen += w.f->nlinks;
	}
	url_parser_release(&parser);
	free(area);
	html_free(h);
}

static void run_facts(const struct pages *p)
{
	run_facts_with(p, NULL);
}

static void run_sealed(const struct pages *p)
{
	struct sealer *s = sealer_open();

	run_facts_with(p, s);
	sealer_free(s);
}

#ifdef HAVE_GUMBO
static void run_gumbo(const struct pages *p)
{
	for (size_t i = 0; i < p->n; i++) {
		GumboOutput *o = gumbo_parse_with_options(
			&kGumboDefaultOptions, p->all[i].data, p->all[i].len);

		seen += o->root != NULL;
		gumbo_destroy_output(&kGumboDefaultOptions, o);
	}
}
#endif

#ifdef HAVE_LIBXML2
static void sax_start(void *ctx, const xmlChar *name, const xmlChar **atts)
{
	(void)ctx;
	(void)atts;
	seen += name[0];
}

static void run_libxml2(const struct pages *p)
{
	htmlSAXHandler sax;

	memset(&sax, 0, sizeof(sax));
	sax.startElement = sax_start;
	for (size_t i = 0; i < p->n; i++) {
		htmlParserCtxtPtr c =
			htmlCreatePushParserCtxt(&sax, NULL, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);

		htmlParseChunk(c, p->all[i].data, (int)p->all[i].len, 1);
		htmlFreeParserCtxt(c);
	}
}
#endif

static const struct runner {
	const char *name;
	void (*run)(const struct pages *);
} runners[] = {
	{"tokenizer", run_tokenizer},
	{"facts", run_facts},
	{"sealed", run_sealed},
#ifdef HAVE_GUMBO
	{"gumbo", run_gumbo},
#endif
#ifdef HAVE_LIBXML2
	{"libxml2 SAX", run_libxml2},
#endif
};

int main(int argc, char **argv)
{
	struct pages p = {NULL, 0, 0};
	double best[MEM_COUNT(runners)] = {0};

	for (int i = 1; i < argc; i++)
		read_file(&p, argv[i]);
	if (!p.bytes) {
		fprintf(stderr, "usage: bench_html FILE...\n");
		return 2;
	}
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < MEM_COUNT(runners); i++) {
			double start = cpu_ns(), rate;

			runners[i].run(&p);
			rate = (double)p.bytes * 1e3 / (cpu_ns() - start);
			if (rate > best[i])
				best[i] = rate;
		}
	printf("%zu pages, %.1f MB\n", p.n, (double)p.bytes / 1e6);
	for (size_t i = 0; i < MEM_COUNT(runners); i++)
		printf("%-12s %8.1f MB/s per core\n", runners[i].name, best[i]);
	for (size_t i = 2; i < MEM_COUNT(runners); i++)
		printf("facts / %-12s %6.1f x\n", runners[i].name, best[1] / best[i]);
	for (size_t i = 0; i < p.n; i++)
		free(p.all[i].data);
	free(p.all);
	return seen == 0;
}
