/* settings.h - what the user asked for.
 *
 * One table (settings_table.c) drives the YAML keys, the command-line flags,
 * --help, `config show` and the manual. `per-host` on the command line is
 * `per_host` in YAML; both spellings are accepted in both places.
 *
 * Order of strength: flag > config file > stored settings of a resumed crawl >
 * default. A list given by flags replaces the list of the file.
 *
 * Units: sizes in bytes, durations in seconds, rates in bytes per second.
 * "No limit" is 0 for counts, sizes and durations, and -1 for depth.
 *
 * Ownership: every pointer inside belongs to the struct; release frees them and
 * leaves a struct that may be initialised again. Not shared between threads while
 * it is being filled; read-only afterwards.
 */
#ifndef SKITTER_CONFIG_SETTINGS_H
#define SKITTER_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/err.h"

#define SETTINGS_MAX 64 /* options the table may hold */

struct strlist {
	char **v; /* v[0..n), each owned */
	size_t n;
};

void strlist_add(struct strlist *l, const char *s); /* copies s */
void strlist_clear(struct strlist *l);		    /* frees all, leaves it empty */

enum scope { SCOPE_PAGE, SCOPE_PREFIX, SCOPE_HOST, SCOPE_DOMAIN, SCOPE_ANY };
enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Where the value of an option came from. */
enum setting_source { SOURCE_DEFAULT, SOURCE_STORED, SOURCE_FILE, SOURCE_FLAG };

struct setting_origin {
	uint8_t source; /* enum setting_source */
	uint32_t line;	/* of the config file, if SOURCE_FILE */
	uint32_t column;
};

struct settings {
	/* seeds and files */
	struct strlist seeds; /* positional arguments, or `seeds:` */
	char *input_file;     /* more seeds, one per line; "-" = stdin; NULL = none */
	char *output;	      /* NULL = HOST.db */
	char *config;	      /* the YAML file given by -c, NULL = none */
	bool force_new;
	bool store_bodies;
	bool index;

	/* speed and politeness */
	int concurrency; /* fetchers; 0 = auto */
	int per_host;	 /* requests in flight to one host */
	int per_ip;	 /* connections to one address */
	double delay;	 /* seconds between starts on one host; < 0 = auto */
	uint64_t limit_rate;
	double timeout; /* one attempt, whole */
	int retries;	/* attempts after the first */
	int max_redirects;
	bool ignore_robots;
	bool allow_private;

	/* scope */
	enum scope scope;
	struct strlist include;	     /* PCRE2; compiled once to check, kept as text */
	struct strlist exclude;	     /* PCRE2 */
	struct strlist ignore_param; /* query parameters left out of the seen key */
	bool assets;
	bool sitemaps;

	/* limits */
	int depth; /* -1 = none */
	uint64_t max_pages;
	uint64_t max_pages_per_host;
	uint64_t max_bytes; /* on the wire, whole crawl */
	double max_time;
	uint64_t max_body;	   /* on the wire, one body */
	uint64_t max_decoded_body; /* after inflating */

	/* identity and connection */
	char *user_agent; /* NULL = made from the version and the contact: settings_agent */
	char *contact;
	char *accept_language;
	struct strlist header; /* "Name: value" */
	char *user;	       /* "NAME:PASSWORD"; secret */
	bool cookies;
	char *proxy;		/* URL; the password in it is secret */
	struct strlist resolve; /* "HOST:PORT:ADDRESS[,ADDRESS]" */
	struct strlist dns;	/* "ADDRESS[:PORT]", asked in place of the system's */
	char *ca_file;		/* PEM; NULL = the system's */
	bool insecure;

	/* machine */
	uint64_t memory;
	uint64_t url_memory; /* of known URLs; 0 = no limit */
	int parsers;	     /* 0 = auto */
	int storers;	     /* 0 = auto */
	bool no_sandbox;

	/* display */
	enum progress_mode progress;
	enum log_format log_format;
	int verbose; /* 0, 1, 2 */
	bool quiet;

	/* given explicitly (file or flag): bit i = row i of the table */
	uint64_t set;
	uint64_t omitted; /* secrets that settings_from_json did not find because they are never
			     stored */
	struct setting_origin origin[SETTINGS_MAX];
	bool help; /* --help or -h was met: parsing stopped there, the caller prints help */
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);

/* Reads argv[1..argc) (argv[0] is the command's name). Flags: --x v, --x=v, --x and
 * --no-x for switches, -o -c -v -q, `--`. Positional arguments become seeds (for
 * `resume`, seeds.v[0] is the FILE.db). A file given by -c is read too, under the
 * flags. `command` ("crawl", "resume") decides what is allowed. Status 2. */
int settings_parse_args(
	struct settings *s, int argc, char **argv, const char *command, struct err *err);

/* Reads a YAML file ("-" = stdin) under what flags have given. Errors read
 * FILE:LINE:COLUMN: what was expected. Nothing is applied on failure. */
int settings_load_yaml(struct settings *s, const char *path, struct err *err);

/* The settings of a crawl as JSON, without secrets; free() it. */
char *settings_to_json(const struct settings *s);
/* For resume: takes them back as SOURCE_STORED, under what was given already. An option
 * this version does not know is ignored. Status 4: the file is damaged. */
int settings_from_json(struct settings *s, const char *json, struct err *err);
/* Copies what `given` has explicitly (and resume may change) over base; how many. */
int settings_override(struct settings *base, const struct settings *given);

/* Whether an option was given by file or flag ("per-host"). */
bool settings_given(const struct settings *s, const char *name);

/* --per-ip, or --per-host where that was given and is more: who asks for more per host than
 * the default cap per address means it. */
int settings_per_ip(const struct settings *s);

/* Valid YAML with comments: value, where it came from. Secrets are masked. */
void settings_show(const struct settings *s, FILE *out);
/* The options as a help text, by group; command NULL = all. */
void settings_help(FILE *out, const char *command);
/* All about one option ("per-host", "per_host"); -1 = there is none of that name. */
int settings_help_option(FILE *out, const char *name);
/* A commented config file with every key and its default (config/example.yaml). */
void settings_example(FILE *out);

/* The User-Agent to send; free() it. */
char *settings_agent(const struct settings *s);

/* Whether a header ("Name: value") or its name looks like a secret: never stored. */
bool settings_header_is_secret(const char *header);

const char *scope_name(enum scope scope);

#endif
