/* settings_table.h - the rows of the settings table, for the files of config/settings_*.c
 * and for whoever prints a manual from it.
 *
 * A value has one spelling everywhere: setting_parse reads it, setting_print writes
 * what setting_parse reads back to the same value. Flags, YAML, JSON and the
 * defaults all pass through these two.
 */
#ifndef SKITTER_CONFIG_SETTINGS_TABLE_H
#define SKITTER_CONFIG_SETTINGS_TABLE_H

#include <stddef.h>

#include "config/buf.h"
#include "config/settings.h"

enum setting_type {
	SETTING_BOOL,	  /* bool */
	SETTING_INT,	  /* int */
	SETTING_COUNT,	  /* uint64_t */
	SETTING_SIZE,	  /* uint64_t, bytes */
	SETTING_DURATION, /* double, seconds */
	SETTING_ENUM,	  /* an enum, which is an unsigned int here; words[value] */
	SETTING_STRING,	  /* char *, NULL = none */
	SETTING_LIST,	  /* struct strlist */
};

enum setting_flags {
	SETTING_SECRET = 1 << 0,  /* never stored, masked when shown */
	SETTING_RESUME = 1 << 1,  /* may be given again at resume */
	SETTING_SCOPE = 1 << 2,	  /* changes which URLs belong to the crawl */
	SETTING_NO_YAML = 1 << 3, /* only as a flag */
	SETTING_NO_FLAG = 1 << 4, /* only in YAML (and as positional arguments) */
	SETTING_VALUED = 1 << 5,  /* a switch that takes its value: --store-bodies yes|no */
	SETTING_REPEAT = 1 << 6,  /* a number that counts repeats: -vv */
	SETTING_LOCAL = 1 << 7,	  /* about this run only: not stored with the crawl */
};

/* Says what is wrong with a value in a clause: "expected NAME: VALUE". */
typedef int setting_check_fn(const char *value, struct err *err);

struct setting {
	const char *name; /* as a flag, with '-' */
	char letter;	  /* -o; 0 = none */
	enum setting_type type;
	size_t offset;		  /* in struct settings */
	const char *def;	  /* as a user would write it; NULL = none or empty */
	const char *unset;	  /* what an unset string or list means, for people */
	double min, max;	  /* of numbers */
	const char *word;	  /* a word with a meaning of its own ("auto", "none"), or NULL */
	double word_value;	  /* and the number it stands for */
	const char *const *words; /* of an enum, NULL-ended */
	const char *arg;	  /* placeholder in the help */
	const char *group;
	const char *help; /* one line */
	const char *more; /* what else one should know, or NULL */
	setting_check_fn *check;
	unsigned flags;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* By name, '-' and '_' alike; NULL = unknown. */
const struct setting *setting_find(const char *name, size_t len);
/* The nearest flag ("max-pages") or YAML key ("max_pages"), or NULL. */
const char *setting_nearest(const char *name, bool yaml);
/* The name with '_' for '-', in out[64]. */
const char *setting_key(const struct setting *o, char out[64]);
size_t setting_index(const struct setting *o);

/* Sets the field from text (lists: adds one item). -1 with a clause: "expected ...". */
int setting_parse(const struct setting *o, struct settings *s, const char *text, struct err *err);
/* The value as setting_parse reads it; a list prints nothing. */
void setting_print(const struct setting *o, const struct settings *s, struct buf *out);
/* Whether the field holds nothing: a NULL string, an empty list. */
bool setting_is_unset(const struct setting *o, const struct settings *s);
void setting_clear(const struct setting *o, struct settings *s);
void setting_copy(const struct setting *o, struct settings *dst, const struct settings *src);
/* Notes where the value came from. */
void setting_mark(const struct setting *o, struct settings *s, enum setting_source source,
	unsigned line, unsigned column);

/* The field as its C type. */
#define SETTING_FIELD(o, s, type)  ((type *)(void *)((char *)(s) + (o)->offset))
#define SETTING_CFIELD(o, s, type) ((const type *)(const void *)((const char *)(s) + (o)->offset))

struct yamlfile;
struct yamlfile_item;

/* Reads the value of one key of a map into s, for files that hold settings among other
 * things. An unknown key is answered with the nearest one of the settings and of `more`
 * (NULL-ended). */
int settings_yaml_key(struct settings *s, struct yamlfile *y, const struct yamlfile_item *key,
	const char *const *more, struct err *err);

/* value checks (settings_check.c) */
int setting_check_line(const char *value, struct err *err);   /* no control bytes */
int setting_check_header(const char *value, struct err *err); /* RFC 9110 field line */
int setting_check_regex(const char *value, struct err *err);  /* PCRE2 */
int setting_check_resolve(const char *value, struct err *err);
int setting_check_dns(const char *value, struct err *err);
int setting_check_user(const char *value, struct err *err);
int setting_check_proxy(const char *value, struct err *err);
int setting_check_word(const char *value, struct err *err); /* not empty, no blanks */

/* Appends the URL or header with what is secret in it replaced by "***"; true if something was. */
bool setting_mask(const struct setting *o, const char *value, struct buf *out);

#endif
