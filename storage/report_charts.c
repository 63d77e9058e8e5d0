#include "storage/report_charts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/map.h"
#include "config/mem.h"
#include "config/text.h"
#include "storage/report_int.h"

#define DEPTHS	   64 /* what is deeper counts as that deep */
#define TYPES	   300
#define TYPES_SHOW 10
#define TIME_BINS  48
#define STEPS	   13

static const double time_steps[STEPS] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
static const double size_steps[STEPS] = {
	1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7};

struct samples {
	uint32_t *v;
	size_t n, cap;
};

struct word {
	char *name;
	uint64_t n;
	unsigned tone;
};

struct report_tally {
	uint64_t statuses[1000];
	struct map errors, types;
	uint64_t other_types;
	uint64_t depths[DEPTHS];
	uint64_t times[STEPS + 1], sizes[STEPS + 1];
	struct samples answer, size;
	int64_t start_ms, width_ms;
	uint64_t timeline[TIME_BINS];
	size_t nbins;
};

/* ---- counting ---- */

/* A width of bins that people can name, of which TIME_BINS at most cover the time. */
static int64_t nice_width(int64_t ms)
{
	static const int64_t nice[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000,
		30000, 60000, 120000, 300000, 600000, 900000, 1800000, 3600000, 7200000, 10800000,
		21600000, 43200000, 86400000};
	int64_t width;

	for (size_t i = 0; i < MEM_COUNT(nice); i++)
		if (ms < nice[i] * TIME_BINS)
			return nice[i];
	width = ms / TIME_BINS / 86400000 + 1;
	return width * 86400000;
}

struct report_tally *report_tally_open(int64_t first_ms, int64_t last_ms)
{
	struct report_tally *t = mem_zalloc(sizeof(*t));

	map_init(&t->errors);
	map_init(&t->types);
	t->width_ms = nice_width(last_ms > first_ms ? last_ms - first_ms : 0);
	t->start_ms = first_ms - first_ms % t->width_ms;
	return t;
}

static void free_word(void *value)
{
	struct word *w = value;

	free(w->name);
	free(w);
}

void report_tally_close(struct report_tally *t)
{
	map_release(&t->errors, free_word);
	map_release(&t->types, free_word);
	free(t->answer.v);
	free(t->size.v);
	free(t);
}

static bool count_word(struct map *m, const char *name, size_t len, size_t most)
{
	struct word *w = map_get(m, name, len);

	if (!w) {
		if (m->count >= most)
			return false;
		w = mem_zalloc(sizeof(*w));
		w->name = mem_strndup(name, len);
		*map_put(m, name, len) = w;
	}
	w->n++;
	return true;
}

static void add_sample(struct samples *s, int64_t value)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 1024;
		s->v = mem_realloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void count_step(uint64_t *bins, const double *steps, double value)
{
	size_t at = 0;

	while (at < STEPS && value >= steps[at])
		at++;
	bins[at]++;
}

static void count_type(struct report_tally *t, const char *type)
{
	char word[80];
	size_t n = 0;

	while (type && type[n] && !strchr("; \t", type[n]) && n + 1 < sizeof(word)) {
		word[n] = (char)(type[n] >= 'A' && type[n] <= 'Z' ? type[n] + 32 : type[n]);
		n++;
	}
	if (!n)
		n = (size_t)snprintf(word, sizeof(word), "not said");
	if (!count_word(&t->types, word, n, TYPES))
		t->other_types++;
}

static void count_time(struct report_tally *t, int64_t ms)
{
	int64_t at = (ms - t->start_ms) / t->width_ms;
	size_t bin = at < 0 ? 0 : at >= TIME_BINS ? TIME_BINS - 1 : (size_t)at;

	t->timeline[bin]++;
	if (bin >= t->nbins)
		t->nbins = bin + 1;
}

void report_tally_add(struct report_tally *t, const struct report_fact *f)
{
	if (f->status > 0 && f->status < 1000)
		t->statuses[f->status]++;
	else
		count_word(&t->errors, f->error ? f->error : "no answer",
			strlen(f->error ? f->error : "no answer"), TYPES);
	if (f->class == REPORT_OK)
		count_type(t, f->type);
	t->depths[f->depth < 0 ? 0 : f->depth < DEPTHS ? f->depth : DEPTHS - 1]++;
	if (f->status && f->ttfb_us >= 0) {
		count_step(t->times, time_steps, (double)f->ttfb_us / 1000);
		add_sample(&t->answer, f->ttfb_us);
	}
	if (f->class == REPORT_OK && f->size >= 0) {
		count_step(t->sizes, size_steps, (double)f->size);
		add_sample(&t->size, f->size);
	}
	count_time(t, f->fetched_ms);
}

/* ---- giving ---- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Nearest rank: the least value that p of all are not above. */
static double rank(const struct samples *s, double p)
{
	size_t at = (size_t)ceil(p * (double)s->n);

	return s->v[at ? at - 1 : 0];
}

static struct report_times percentiles(struct samples *s, double unit)
{
	if (!s->n)
		return (struct report_times){-1, -1, -1, -1};
	qsort(s->v, s->n, sizeof(*s->v), by_value);
	return (struct report_times){
		rank(s, 0.5) / unit, rank(s, 0.9) / unit, rank(s, 0.99) / unit, rank(s, 1) / unit};
}

static struct report_chart *new_chart(
	struct report *r, const char *key, const char *title, bool ordered, size_t most)
{
	struct report_chart *c = &r->charts[r->ncharts++];

	*c = (struct report_chart){.key = key,
		.title = title,
		.unit = "pages",
		.ordered = ordered,
		.bars = mem_array(most ? most : 1, sizeof(*c->bars))};
	return c;
}

static void add_bar(
	struct report *r, struct report_chart *c, const char *label, uint64_t n, unsigned tone)
{
	c->bars[c->n++] =
		(struct report_bar){report_keep(r, label, strlen(label)), (double)n, tone};
}

struct sorted {
	struct word *v;
	size_t n;
};

static void collect(void *arg, void *value)
{
	struct sorted *s = arg;

	s->v[s->n++] = *(struct word *)value;
}

static int by_count(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	return x->n > y->n ? -1 : x->n < y->n ? 1 : strcmp(x->name, y->name);
}

static struct sorted sort_words(const struct map *m)
{
	struct sorted s = {mem_array(m->count + 1, sizeof(struct word)), 0};

	map_each(m, collect, &s);
	qsort(s.v, s.n, sizeof(*s.v), by_count);
	return s;
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *words;
	} all[] = {{200, "OK"}, {204, "No Content"}, {206, "Partial Content"},
		{301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
		{304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {406, "Not Acceptable"}, {410, "Gone"},
		{429, "Too Many Requests"}, {451, "Unavailable For Legal Reasons"},
		{500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
		{503, "Service Unavailable"}, {504, "Gateway Timeout"}};

	for (size_t i = 0; i < MEM_COUNT(all); i++)
		if (all[i].status == status)
			return all[i].words;
	return "";
}

static void give_statuses(const struct report_tally *t, struct report *r)
{
	struct sorted errors = sort_words(&t->errors);
	struct report_chart *c = new_chart(r, "status", "Answers", false, 1000 + errors.n);
	char label[80];

	for (int i = 0; i < 1000; i++) {
		if (!t->statuses[i])
			continue;
		snprintf(label, sizeof(label), "%d %s", i, reason_of(i));
		add_bar(r, c, label, t->statuses[i],
			i / 100 >= 2 && i / 100 <= 5 ? (unsigned)i / 100 : 3);
	}
	for (size_t i = 0; i < errors.n; i++) {
		snprintf(label, sizeof(label), "no answer: %.60s", errors.v[i].name);
		add_bar(r, c, label, errors.v[i].n, 5);
	}
	free(errors.v);
}

static void give_types(const struct report_tally *t, struct report *r)
{
	struct sorted types = sort_words(&t->types);
	struct report_chart *c = new_chart(r, "types", "Content types", false, TYPES_SHOW + 1);
	uint64_t others = t->other_types;

	for (size_t i = 0; i < types.n; i++) {
		if (i < TYPES_SHOW)
			add_bar(r, c, types.v[i].name, types.v[i].n, 0);
		else
			others += types.v[i].n;
	}
	if (others)
		add_bar(r, c, "others", others, 3);
	free(types.v);
}

static void step_label(struct buf *out, double v, bool bytes)
{
	if (bytes)
		buf_addf(out, v < 1e6 ? "%g kB" : "%g MB", v < 1e6 ? v / 1e3 : v / 1e6);
	else
		buf_addf(out, v < 1000 ? "%g ms" : "%g s", v < 1000 ? v : v / 1000);
}

/* The steps from the first that has something to the last. */
static void give_steps(struct report *r, struct report_chart *c, const uint64_t *bins,
	const double *steps, bool bytes)
{
	struct buf label = BUF_INIT;
	size_t first = 0, last = STEPS;

	while (first < STEPS && !bins[first])
		first++;
	while (last > first && !bins[last])
		last--;
	for (size_t i = first; i <= last && bins[first]; i++) {
		buf_reset(&label);
		buf_add_str(&label, i < STEPS ? "under " : "over ");
		step_label(&label, steps[i < STEPS ? i : STEPS - 1], bytes);
		add_bar(r, c, label.data, bins[i], 0);
	}
	buf_release(&label);
}

static char *note_of(struct report *r, const struct report_times *p, bool bytes)
{
	static const char *const words[] = {"median ", ", 90 % under ", ", 99 % under "};
	const double values[] = {p->p50, p->p90, p->p99};
	struct buf b = BUF_INIT;
	char *kept;

	if (p->p50 < 0)
		return NULL;
	for (size_t i = 0; i < MEM_COUNT(words); i++) {
		buf_add_str(&b, words[i]);
		if (bytes)
			text_bytes(&b, (unsigned long long)values[i]);
		else
			report_add_ms(&b, values[i]);
	}
	kept = report_keep(r, b.data, b.len);
	buf_release(&b);
	return kept;
}

static void give_depths(const struct report_tally *t, struct report *r)
{
	size_t last = DEPTHS;
	struct report_chart *c;
	char label[40];

	while (last > 1 && !t->depths[last - 1])
		last--;
	c = new_chart(r, "depth", "Clicks from the start", true, DEPTHS);
	for (size_t i = 0; i < last && r->first_ms; i++) {
		snprintf(label, sizeof(label), i + 1 < DEPTHS ? "%zu" : "%zu and more", i);
		add_bar(r, c, label, t->depths[i], 0);
	}
}

static void give_timeline(const struct report_tally *t, struct report *r)
{
	struct report_chart *c = new_chart(r, "time", "Pages over time", true, TIME_BINS);
	struct buf note = BUF_INIT, label = BUF_INIT;

	for (size_t i = 0; i < t->nbins; i++) {
		buf_reset(&label);
		report_add_time(&label, t->start_ms + (int64_t)i * t->width_ms);
		add_bar(r, c, label.data, t->timeline[i], 0);
	}
	buf_add_str(&note, "one bar is ");
	text_duration(&note, (unsigned long long)t->width_ms);
	c->note = report_keep(r, note.data, note.len);
	buf_release(&note);
	buf_release(&label);
}

void report_tally_give(struct report_tally *t, struct report *r)
{
	struct report_chart *c;

	r->charts = mem_array(6, sizeof(*r->charts));
	r->answer = percentiles(&t->answer, 1000);
	r->size = percentiles(&t->size, 1);
	give_statuses(t, r);
	c = new_chart(r, "response", "Time to the first byte", true, STEPS + 1);
	give_steps(r, c, t->times, time_steps, false);
	c->note = note_of(r, &r->answer, false);
	give_types(t, r);
	c = new_chart(r, "size", "Size, decoded", true, STEPS + 1);
	give_steps(r, c, t->sizes, size_steps, true);
	c->note = note_of(r, &r->size, true);
	give_depths(t, r);
	give_timeline(t, r);
}
