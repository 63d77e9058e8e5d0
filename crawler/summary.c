#include "crawler/summary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/text.h"

#define LABEL 10 /* columns */
#define BAR   24

static const char *const end_names[] = {
	"finished", "limit", "signal", "storage", "no_seed", "internal"};
static const char *const stage_names[] = {
	"dns", "connect", "tls", "wait", "body", "parse", "store"};
static const char *const stage_words[] = {"finding addresses", "connecting", "TLS",
	"waiting for the server", "receiving", "parsing", "storing"};

int summary_status(const struct summary *s)
{
	switch (s->end) {
	case END_FINISHED:
	case END_LIMIT: return EXIT_OK;
	case END_SIGNAL: return EXIT_SIGNAL;
	case END_STORAGE: return EXIT_STORAGE;
	case END_NO_SEED: return EXIT_NO_SEED;
	case END_INTERNAL: break;
	}
	return EXIT_INTERNAL;
}

const char *summary_end_name(enum summary_end end)
{
	return end_names[end];
}

const char *summary_stage_name(enum stage stage)
{
	return stage_names[stage];
}

struct page {
	struct buf *out;
	const struct progress_look *look;
};

static void label(struct page *p, const char *word)
{
	buf_addf(p->out, p->look->color ? "\033[2m%-*s\033[0m" : "%-*s", LABEL, word);
}

static void number(struct page *p, uint64_t n, const char *what)
{
	text_number(p->out, n);
	buf_addf(p->out, " %s", what);
}

static void add_text(struct page *p, const char *text)
{
	text_terminal(p->out, text, strlen(text));
}

/* A word for the shell: quoted where it must be, so that it can be pasted. */
static void shell_word(struct page *p, const char *word)
{
	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_./:@%+=,")]) {
		buf_add_str(p->out, word);
		return;
	}
	buf_add_ch(p->out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add_str(p->out, "'\\''");
		else
			text_terminal(p->out, word, 1);
	}
	buf_add_ch(p->out, '\'');
}

static void headline(struct page *p, const struct summary *s)
{
	const char *color =
		s->end == END_FINISHED || s->end == END_LIMIT ? "\033[1;32m" : "\033[1;33m";
	struct buf t = BUF_INIT;

	text_duration(&t, s->elapsed_ms);
	if (p->look->color)
		buf_add_str(p->out, color);
	switch (s->end) {
	case END_FINISHED:
		buf_addf(p->out, "Finished in %s: nothing is left to fetch", t.data);
		break;
	case END_LIMIT:
		buf_addf(
			p->out, "Ended after %s by the limit %s", t.data, s->limit ? s->limit : "");
		break;
	case END_SIGNAL: buf_addf(p->out, "Stopped after %s", t.data); break;
	case END_STORAGE: buf_addf(p->out, "Stopped after %s: storing failed", t.data); break;
	case END_NO_SEED:
		buf_addf(p->out, "Ended after %s: no seed could be fetched", t.data);
		break;
	case END_INTERNAL: buf_addf(p->out, "Stopped after %s by an internal error", t.data); break;
	}
	if (p->look->color)
		buf_add_str(p->out, "\033[0m");
	if (s->reason) {
		buf_add_str(p->out, s->end == END_FINISHED || s->end == END_LIMIT ? "; " : ": ");
		add_text(p, s->reason);
	}
	buf_add_str(p->out, ".\n\n");
	buf_release(&t);
}

static void urls(struct page *p, const struct summary *s)
{
	uint64_t sum = s->fetched + s->failed + s->excluded + s->left;

	label(p, "URLs");
	text_number(p->out, s->discovered);
	buf_add_str(p->out, " discovered = ");
	number(p, s->fetched, "fetched + ");
	number(p, s->failed, "failed + ");
	number(p, s->excluded, "excluded + ");
	number(p, s->left, "left");
	if (s->resumed)
		buf_add_str(p->out, " (all runs)");
	buf_add_ch(p->out, '\n');
	if (sum != s->discovered) {
		label(p, "");
		buf_addf(p->out, "these do not add up, which is a bug: %llu are %s\n",
			(unsigned long long)(sum > s->discovered ? sum - s->discovered
								 : s->discovered - sum),
			sum > s->discovered ? "counted twice" : "unaccounted for");
	}
}

static void words(struct page *p, const char *name, const struct word_count *v, size_t n)
{
	if (!n)
		return;
	label(p, name);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(p->out, i ? p->look->utf8 ? " \u00b7 " : ", " : "");
		add_text(p, v[i].word);
		buf_add_ch(p->out, ' ');
		text_number(p->out, v[i].n);
	}
	buf_add_ch(p->out, '\n');
}

/* Nothing could be fetched: what may help, by the word for why. */
static void advice(struct page *p, const struct summary *s)
{
	static const struct {
		const char *word, *text;
	} all[] = {
		{"dns", "the name has no address: check its spelling; --dns asks another name "
			"server"},
		{"refused", "nothing listens there: check scheme and port, or try again later"},
		{"connect", "there is no way to that address: check the network, or --proxy"},
		{"timeout", "no answer in time: try again later, or with a longer --timeout"},
		{"tls", "TLS failed: is it http://?"},
		{"tls_cert", "the certificate does not verify: --ca-file trusts another authority, "
			     "--insecure none at all"},
		{"private_address",
			"the name leads into a private network: --allow-private permits it"},
		{"proxy",
			"the proxy did not let it through: check --proxy and the proxy variables"},
		{"robots", "robots.txt closes the site to crawlers: skitter robots URL shows the "
			   "rule"},
	};

	if (s->end != END_NO_SEED || !s->reason)
		return;
	for (size_t i = 0; i < MEM_COUNT(all); i++)
		if (!strcmp(all[i].word, s->reason)) {
			label(p, "Try");
			buf_addf(p->out, "%s\n", all[i].text);
		}
}

static void speed(struct page *p, const struct summary *s)
{
	double rate = s->elapsed_ms ? (double)s->run_pages * 1000 / (double)s->elapsed_ms : 0;

	label(p, "Speed");
	if (rate < 9.95)
		buf_addf(p->out, "%.1f", rate);
	else
		text_number(p->out, (unsigned long long)(rate + 0.5));
	buf_add_str(p->out, " pages/s, ");
	number(p, s->requests, s->requests == 1 ? "request, " : "requests, ");
	text_bytes(p->out, s->bytes_wire);
	buf_add_str(p->out, " received, ");
	text_bytes(p->out, s->bytes_decoded);
	buf_add_str(p->out, " decoded");
	if (s->memory_peak) {
		buf_add_str(p->out, ", ");
		text_bytes(p->out, s->memory_peak);
		buf_add_str(p->out, " of memory at most");
	}
	buf_add_ch(p->out, '\n');
	if (s->parsers_lost) {
		label(p, "");
		number(p, s->parsers_lost,
			s->parsers_lost == 1 ? "parser died or overran: one page lost\n"
					     : "parsers died or overran: one page lost each\n");
	}
}

static void parallel(struct page *p, const struct summary *s)
{
	if (!s->parallel)
		return;
	label(p, "Parallel");
	add_text(p, s->parallel);
	buf_add_ch(p->out, '\n');
}

/* Only where it is worth a line. */
static void known_urls(struct page *p, const struct summary *s)
{
	if (!s->discovered || (s->memory_urls < 1 << 20 && !s->beyond))
		return;
	label(p, "Memory");
	text_bytes(p->out, s->memory_urls);
	buf_addf(p->out, " for known URLs, %.1f bytes each; longest turn of the loop %llu ms\n",
		(double)s->memory_urls / (double)s->discovered,
		(unsigned long long)s->longest_turn_ms);
	if (!s->beyond)
		return;
	label(p, "");
	number(p, s->beyond,
		"links more were found and written down; all known, they would take up to ");
	text_bytes(p->out, (s->memory_urls + 1) * (s->discovered + s->beyond) / s->discovered);
	buf_add_ch(p->out, '\n');
}

static void stages(struct page *p, const struct summary *s)
{
	uint64_t total = 0, most = 0;

	for (size_t i = 0; i < STAGES; i++) {
		total += s->stage_us[i];
		most = s->stage_us[i] > most ? s->stage_us[i] : most;
	}
	if (!total || !s->run_pages)
		return;
	for (size_t i = 0; i < STAGES; i++) {
		double share = (double)s->stage_us[i] / (double)total;
		size_t n = (size_t)((double)s->stage_us[i] / (double)most * BAR + 0.5);
		label(p, i ? "" : "Time");
		buf_addf(p->out, "%-22s %9.2f ms/page %5.1f %%%s", stage_words[i],
			(double)s->stage_us[i] / 1000 / (double)s->run_pages, share * 100,
			n ? "  " : "");
		for (size_t k = 0; k < n; k++)
			buf_add_str(p->out, p->look->utf8 ? "\u2588" : "#");
		buf_add_ch(p->out, '\n');
	}
}

static void output(struct page *p, const struct summary *s)
{
	bool more = s->end != END_FINISHED && s->end != END_NO_SEED;

	if (!s->output)
		return;
	label(p, "Output");
	add_text(p, s->output);
	if (s->bytes_file) {
		buf_add_str(p->out, ", ");
		text_bytes(p->out, s->bytes_file);
	}
	buf_add_str(p->out, ", ");
	number(p, s->pages, s->pages == 1 ? "page, " : "pages, ");
	if (!s->resumed) /* those of earlier runs are not counted anew */
		number(p, s->links, s->links == 1 ? "link, " : "links, ");
	number(p, s->hosts, s->hosts == 1 ? "host\n" : "hosts\n");
	label(p, more ? "Go on" : "Look");
	if (more) {
		buf_add_str(p->out, "skitter resume ");
	} else {
		buf_add_str(p->out, "skitter status ");
		if (s->end == END_FINISHED) {
			shell_word(p, s->output);
			buf_add_str(p->out, "  skitter report ");
		}
	}
	shell_word(p, s->output);
	if (s->end == END_LIMIT)
		buf_add_str(p->out, "   (with a higher limit)");
	buf_add_ch(p->out, '\n');
}

void summary_text(struct buf *out, const struct summary *s, const struct progress_look *look)
{
	struct page p = {out, look};

	headline(&p, s);
	urls(&p, s);
	words(&p, "Answers", s->statuses, s->nstatuses);
	words(&p, "Failed", s->errors, s->nerrors);
	words(&p, "Excluded", s->excludes, s->nexcludes);
	advice(&p, s);
	speed(&p, s);
	parallel(&p, s);
	known_urls(&p, s);
	stages(&p, s);
	output(&p, s);
}

static void json_number(struct buf *out, const char *name, uint64_t n)
{
	buf_addf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void json_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ",\"%s\":", name);
	if (text)
		text_json(out, text, strlen(text));
	else
		buf_add_str(out, "null");
}

static void json_words(struct buf *out, const char *name, const struct word_count *v, size_t n)
{
	buf_addf(out, ",\"%s\":{", name);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, i ? "," : "");
		text_json(out, v[i].word, strlen(v[i].word));
		buf_addf(out, ":%llu", (unsigned long long)v[i].n);
	}
	buf_add_ch(out, '}');
}

void summary_json(struct buf *out, const struct summary *s)
{
	buf_addf(out, "{\"event\":\"summary\",\"end\":\"%s\",\"exit_status\":%d", end_names[s->end],
		summary_status(s));
	json_text(out, "limit", s->limit);
	json_text(out, "reason", s->reason);
	json_text(out, "output", s->output);
	buf_addf(out, ",\"resumed\":%s", s->resumed ? "true" : "false");
	json_number(out, "discovered", s->discovered);
	json_number(out, "fetched", s->fetched);
	json_number(out, "failed", s->failed);
	json_number(out, "excluded", s->excluded);
	json_number(out, "left", s->left);
	json_number(out, "pages", s->pages);
	json_number(out, "redirects", s->redirects);
	json_number(out, "hosts", s->hosts);
	json_number(out, "links", s->links);
	json_words(out, "answers", s->statuses, s->nstatuses);
	json_words(out, "errors", s->errors, s->nerrors);
	json_words(out, "exclusions", s->excludes, s->nexcludes);
	json_number(out, "elapsed_ms", s->elapsed_ms);
	json_number(out, "run_pages", s->run_pages);
	json_number(out, "requests", s->requests);
	json_number(out, "bytes_wire", s->bytes_wire);
	json_number(out, "bytes_decoded", s->bytes_decoded);
	json_number(out, "bytes_file", s->bytes_file);
	json_number(out, "memory_peak", s->memory_peak);
	json_number(out, "memory_urls", s->memory_urls);
	json_text(out, "parallel", s->parallel);
	json_number(out, "links_beyond", s->beyond);
	json_number(out, "longest_turn_ms", s->longest_turn_ms);
	json_number(out, "parsers_lost", s->parsers_lost);
	buf_add_str(out, ",\"stage_ms\":{");
	for (size_t i = 0; i < STAGES; i++)
		buf_addf(out, "%s\"%s\":%.3f", i ? "," : "", stage_names[i],
			(double)s->stage_us[i] / 1000);
	buf_add_str(out, "}}");
}

void summary_print(const struct summary *s, FILE *f, enum log_format format)
{
	struct progress_look look;
	struct buf out = BUF_INIT;

	if (format == LOG_FORMAT_JSON) {
		summary_json(&out, s);
		buf_add_ch(&out, '\n');
	} else {
		progress_look_at(&look, fileno(f));
		summary_text(&out, s, &look);
	}
	fwrite(out.data, 1, out.len, f);
	fflush(f);
	buf_release(&out);
}
