/* settings_parse.c - one spelling for every value, read and written.
 *
 * Sizes:     512, 10k, 10M, 1.5G (powers of 1000; kB, MB, GB too) and 10Ki, 10MiB (1024).
 * Durations: 1.5 (seconds), 500ms, 30s, 2m, 1h30m, 2d.
 * Switches:  yes no true false on off.
 */
#include "config/settings_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "config/text.h"

struct unit {
	const char *name;
	double factor;
};

/* Biggest first, so that printing finds the shortest exact spelling; the long spelling of
 * a unit stands before the short ones. */
static const struct unit size_units[] = {{"TiB", 1099511627776.0}, {"Ti", 1099511627776.0},
	{"TB", 1e12}, {"T", 1e12}, {"GiB", 1073741824.0}, {"Gi", 1073741824.0}, {"GB", 1e9},
	{"G", 1e9}, {"MiB", 1048576.0}, {"Mi", 1048576.0}, {"MB", 1e6}, {"M", 1e6}, {"KiB", 1024.0},
	{"Ki", 1024.0}, {"kB", 1e3}, {"k", 1e3}, {"B", 1.0}};
static const struct unit time_units[] = {{"ms", 0.001}, {"d", 86400.0}, {"h", 3600.0},
	{"min", 60.0}, {"m", 60.0}, {"sec", 1.0}, {"s", 1.0}};

static const char *const yes_words[] = {"yes", "true", "on"};
static const char *const no_words[] = {"no", "false", "off"};

/* The value as a hostile-safe quote for a sentence, cut where it is long. */
static void quote(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	buf_add_ch(out, '`');
	text_terminal(out, text, len > 80 ? 80 : len);
	buf_add_str(out, len > 80 ? "...`" : "`");
}

static int expected(struct err *err, const char *what, const char *text)
{
	struct buf q = BUF_INIT;

	if (*text)
		quote(&q, text);
	else
		buf_add_str(&q, "nothing");
	err_set(err, EXIT_USAGE, "expected %s, found %s", what, q.data);
	buf_release(&q);
	return -1;
}

/* A plain decimal number: digits with at most one point; no sign, exponent, hex, nan. */
static bool read_number(const char **p, double *out)
{
	char copy[64];
	size_t n = strspn(*p, "0123456789.");
	const char *point = memchr(*p, '.', n);

	if (!n || n >= sizeof(copy) || (n == 1 && point))
		return false;
	if (point && memchr(point + 1, '.', n - (size_t)(point + 1 - *p)))
		return false;
	memcpy(copy, *p, n);
	copy[n] = 0;
	*out = strtod(copy, NULL); /* the C locale is never left */
	*p += n;
	return true;
}

static const struct unit *read_unit(const char **p, const struct unit *units, size_t n)
{
	size_t len = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	for (size_t i = 0; i < n; i++) {
		if (strlen(units[i].name) == len && !strncasecmp(units[i].name, *p, len)) {
			*p += len;
			return &units[i];
		}
	}
	return NULL;
}

static bool read_size(const char *text, double *out)
{
	const char *p = text;
	const struct unit *u;

	if (!read_number(&p, out))
		return false;
	p += strspn(p, " ");
	if (!*p)
		return *out == floor(*out); /* half a byte is a typing error */
	u = read_unit(&p, size_units, MEM_COUNT(size_units));
	if (!u || *p)
		return false;
	*out = floor(*out * u->factor);
	return true;
}

static bool read_duration(const char *text, double *out)
{
	const char *p = text;
	double last = HUGE_VAL;

	*out = 0;
	do {
		const struct unit *u;
		double v;
		if (!read_number(&p, &v))
			return false;
		p += strspn(p, " ");
		if (!*p && last == HUGE_VAL) {
			*out = v;
			return true;
		}
		u = read_unit(&p, time_units, MEM_COUNT(time_units));
		if (!u || u->factor >= last) /* 1h30m, never 30m1h or 1h1h */
			return false;
		last = u->factor;
		*out += v * u->factor;
		p += strspn(p, " ");
	} while (*p);
	return true;
}

/* Whole numbers; a word such as "none" is handled by the caller. */
static bool read_whole(const char *text, double *out)
{
	const char *p = text;

	return !strchr(text, '.') && read_number(&p, out) && !*p;
}

static void print_size(struct buf *out, uint64_t v)
{
	for (size_t i = 0; v && i < MEM_COUNT(size_units); i++) {
		uint64_t f = (uint64_t)size_units[i].factor;
		if (strlen(size_units[i].name) >= 2 && v >= f && v % f == 0 &&
			size_units[i].name[1] != 0 && strcmp(size_units[i].name + 1, "i")) {
			buf_addf(out, "%llu%s", (unsigned long long)(v / f), size_units[i].name);
			return;
		}
	}
	buf_addf(out, "%llu", (unsigned long long)v);
}

static void print_duration(struct buf *out, double v)
{
	char digits[64];

	for (int prec = 6; prec <= 17; prec++) { /* the shortest text that is exact */
		snprintf(digits, sizeof(digits), "%.*g", prec, v);
		if (strtod(digits, NULL) == v && !strchr(digits, 'e'))
			break;
	}
	if (strchr(digits, 'e')) /* too big or too small for %g */
		snprintf(digits, sizeof(digits), "%.9f", v);
	buf_add_str(out, digits);
}

/* A number as people write it in this option's unit, for sentences about limits. */
static void print_number(const struct setting *o, struct buf *out, double v)
{
	if (o->type == SETTING_SIZE)
		print_size(out, (uint64_t)v);
	else if (o->type == SETTING_DURATION)
		print_duration(out, v);
	else
		buf_addf(out, "%.0f", v);
}

static const char *number_kind(const struct setting *o)
{
	switch (o->type) {
	case SETTING_SIZE: return "a size such as 500k, 10M or 10MiB";
	case SETTING_DURATION: return "a time such as 1.5, 30s, 2m or 1h30m";
	default: return "a whole number";
	}
}

static int number_error(const struct setting *o, const char *text, bool range, struct err *err)
{
	struct buf what = BUF_INIT;

	buf_add_str(&what, number_kind(o));
	if (range) {
		buf_add_str(&what, " from ");
		print_number(o, &what, o->min);
		buf_add_str(&what, " to ");
		print_number(o, &what, o->max);
	}
	if (o->word)
		buf_addf(&what, ", or `%s`", o->word);
	expected(err, what.data, text);
	buf_release(&what);
	return -1;
}

static void store_number(const struct setting *o, struct settings *s, double v)
{
	switch (o->type) {
	case SETTING_INT: *SETTING_FIELD(o, s, int) = (int)v; break;
	case SETTING_DURATION: *SETTING_FIELD(o, s, double) = v; break;
	default: *SETTING_FIELD(o, s, uint64_t) = (uint64_t)v;
	}
}

static int parse_number(
	const struct setting *o, struct settings *s, const char *text, struct err *err)
{
	bool ok;
	double v;

	if (o->word && !strcasecmp(text, o->word)) {
		store_number(o, s, o->word_value);
		return 0;
	}
	if (o->type == SETTING_SIZE)
		ok = read_size(text, &v);
	else if (o->type == SETTING_DURATION)
		ok = read_duration(text, &v);
	else
		ok = read_whole(text, &v);
	if (!ok)
		return number_error(o, text, false, err);
	/* Where "none" is stored as 0, people also write 0. */
	if (!(o->word && !o->word_value && v == 0) && (v < o->min || v > o->max))
		return number_error(o, text, true, err);
	store_number(o, s, v);
	return 0;
}

static int parse_bool(
	const struct setting *o, struct settings *s, const char *text, struct err *err)
{
	for (size_t i = 0; i < MEM_COUNT(yes_words); i++) {
		bool yes = !strcasecmp(text, yes_words[i]);
		if (yes || !strcasecmp(text, no_words[i])) {
			*SETTING_FIELD(o, s, bool) = yes;
			return 0;
		}
	}
	return expected(err, "yes or no", text);
}

static int parse_enum(
	const struct setting *o, struct settings *s, const char *text, struct err *err)
{
	struct buf what = BUF_INIT;
	const char *near;
	size_t n = 0;

	for (; o->words[n]; n++) {
		if (!strcasecmp(text, o->words[n])) {
			*SETTING_FIELD(o, s, unsigned) = (unsigned)n;
			return 0;
		}
	}
	for (size_t i = 0; i < n; i++)
		buf_addf(&what, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", o->words[i]);
	expected(err, what.data, text);
	near = text_nearest(text, o->words, n);
	if (near) {
		buf_reset(&what);
		buf_add_str(&what, err->text);
		err_set(err, EXIT_USAGE, "%s; did you mean `%s`?", what.data, near);
	}
	buf_release(&what);
	return -1;
}

int setting_parse(const struct setting *o, struct settings *s, const char *text, struct err *err)
{
	if (o->check && *text && o->check(text, err) < 0)
		return -1;
	switch (o->type) {
	case SETTING_BOOL: return parse_bool(o, s, text, err);
	case SETTING_ENUM: return parse_enum(o, s, text, err);
	case SETTING_STRING:
		setting_clear(o, s);
		if (*text) /* an empty string takes a value back: none */
			*SETTING_FIELD(o, s, char *) = mem_strdup(text);
		return 0;
	case SETTING_LIST:
		if (!*text)
			return expected(err, o->arg, text);
		strlist_add(SETTING_FIELD(o, s, struct strlist), text);
		return 0;
	default: return parse_number(o, s, text, err);
	}
}

static double get_number(const struct setting *o, const struct settings *s)
{
	switch (o->type) {
	case SETTING_INT: return *SETTING_CFIELD(o, s, int);
	case SETTING_DURATION: return *SETTING_CFIELD(o, s, double);
	default: return (double)*SETTING_CFIELD(o, s, uint64_t);
	}
}

void setting_print(const struct setting *o, const struct settings *s, struct buf *out)
{
	switch (o->type) {
	case SETTING_BOOL: buf_add_str(out, *SETTING_CFIELD(o, s, bool) ? "yes" : "no"); break;
	case SETTING_ENUM: buf_add_str(out, o->words[*SETTING_CFIELD(o, s, unsigned)]); break;
	case SETTING_STRING:
		if (*SETTING_CFIELD(o, s, char *))
			buf_add_str(out, *SETTING_CFIELD(o, s, char *));
		break;
	case SETTING_LIST: break;
	case SETTING_SIZE:
	case SETTING_COUNT:
	case SETTING_DURATION:
	case SETTING_INT:
		if (o->word && get_number(o, s) == o->word_value)
			buf_add_str(out, o->word);
		else if (o->type == SETTING_SIZE)
			print_size(out, *SETTING_CFIELD(o, s, uint64_t));
		else if (o->type == SETTING_DURATION)
			print_duration(out, get_number(o, s));
		else
			buf_addf(out, "%.0f", get_number(o, s));
	}
}
