/* cmd_bench_web.c - skitter bench-web: a made-up web on loopback, to measure crawlers with. */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/settings_table.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/fakeweb/run.h"

#define AT(field) .offset = offsetof(struct fake_options, field)

/* Rows as those of the settings, but of struct fake_options: setting_parse looks at nothing
 * but the field. */
static const struct setting rows[] = {
	{.name = "seed", .type = SETTING_COUNT, AT(seed), .max = 1e15},
	{.name = "pages", .type = SETTING_COUNT, AT(pages), .min = 1, .max = 4e9},
	{.name = "hosts", .type = SETTING_COUNT, AT(hosts), .min = 1, .max = 1e7},
	{.name = "spread", .type = SETTING_DURATION, AT(spread), .max = 3},
	{.name = "fanout", .type = SETTING_COUNT, AT(fanout), .min = 1, .max = 100000},
	{.name = "links", .type = SETTING_COUNT, AT(links), .max = 10000},
	{.name = "size", .type = SETTING_SIZE, AT(size), .max = 1 << 20},
	{.name = "port", .type = SETTING_COUNT, AT(port), .max = 65535},
	{.name = "dns-port", .type = SETTING_COUNT, AT(dns_port), .max = 65535},
	{.name = "workers", .type = SETTING_COUNT, AT(workers), .min = 1, .max = 256},
	{.name = "ips", .type = SETTING_COUNT, AT(ips), .min = 1, .max = 1e7},
	{.name = "ttl", .type = SETTING_COUNT, AT(ttl), .max = 1e9},
	{.name = "crawl-delay", .type = SETTING_DURATION, AT(crawl_delay), .max = 86400},
	{.name = "page-delay", .type = SETTING_DURATION, AT(delay), .max = 3600},
	{.name = "slow-delay", .type = SETTING_DURATION, AT(slow_delay), .max = 3600},
	{.name = "limit-interval", .type = SETTING_DURATION, AT(limit_interval), .max = 3600},
	{.name = "judge-delay", .type = SETTING_DURATION, AT(judge), .max = 3600},
};

static const struct {
	const char *name;
	size_t offset;
} shares[] = {
	{"cross", offsetof(struct fake_options, cross)},
	{"missing", offsetof(struct fake_options, missing)},
	{"slow-hosts", offsetof(struct fake_options, slow_hosts)},
	{"limited-hosts", offsetof(struct fake_options, limited_hosts)},
	{"dead-hosts", offsetof(struct fake_options, dead_hosts)},
	{"unknown-hosts", offsetof(struct fake_options, unknown_hosts)},
	{"errors", offsetof(struct fake_options, errors)},
	{"flaky", offsetof(struct fake_options, flaky)},
	{"resets", offsetof(struct fake_options, resets)},
	{"cuts", offsetof(struct fake_options, cuts)},
};

#define NROWS	MEM_COUNT(rows)
#define NSHARES MEM_COUNT(shares)

struct words {
	const char *row[NROWS], *share[NSHARES];
	const char *zone, *traps, *list, *log, *stats;
	bool no_robots, no_dns, gzip, truncate, ipv6;
};

static int read_share(const char *name, const char *text, double *out, struct err *err)
{
	struct buf shown = BUF_INIT;
	char *end;

	*out = strtod(text, &end);
	if (end > text && !strcmp(end, "%")) {
		*out /= 100;
		end++;
	}
	if (end > text && !*end && *out >= 0 && *out <= 1)
		return 0;
	text_terminal(&shown, text, strlen(text) > 80 ? 80 : strlen(text));
	err_set(err, EXIT_USAGE, "--%s: expected a share such as 0.1 or 10%%, found `%s`", name,
		shown.data);
	buf_release(&shown);
	return -1;
}

static int read_row(
	const struct setting *row, const char *text, struct fake_options *o, struct err *err)
{
	struct err why = {0};

	if (setting_parse(row, (struct settings *)(void *)o, text, &why) == 0)
		return 0;
	return err_set(err, EXIT_USAGE, "--%s: %s", row->name, why.text);
}

/* calendar,session,path,facets or all */
static int read_traps(const char *text, unsigned *traps, struct err *err)
{
	static const char *const names[] = {"calendar", "session", "path", "facets"};
	struct buf shown = BUF_INIT;
	size_t i, n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		for (i = 0; i < MEM_COUNT(names); i++)
			if (n == strlen(names[i]) && !strncmp(text, names[i], n))
				break;
		if (i < MEM_COUNT(names))
			*traps |= 1u << i;
		else if (n == 3 && !strncmp(text, "all", 3))
			*traps = TRAP_ALL;
		else
			break;
		if (!text[n])
			return 0;
	}
	text_terminal(&shown, text, n > 80 ? 80 : n);
	err_set(err, EXIT_USAGE,
		"--traps: expected calendar, session, path, facets or all, found `%s`", shown.data);
	buf_release(&shown);
	return -1;
}

/* Letters, digits, hyphens and dots: what may stand in a host name. */
static int check_zone(const char *zone, struct err *err)
{
	size_t n = strspn(zone, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	if (*zone && !zone[n] && n <= 200 && zone[0] != '.' && zone[n - 1] != '.' &&
		!strstr(zone, "..") && strchr(zone, '.'))
		return 0;
	return err_set(err, EXIT_USAGE,
		"--zone: expected a domain in small letters, for example fake.test");
}

static int read_words(const struct words *w, struct fake_options *o, struct err *err)
{
	for (size_t i = 0; i < NROWS; i++)
		if (w->row[i] && read_row(&rows[i], w->row[i], o, err) < 0)
			return -1;
	for (size_t i = 0; i < NSHARES; i++)
		if (w->share[i] &&
			read_share(shares[i].name, w->share[i],
				(double *)(void *)((char *)o + shares[i].offset), err) < 0)
			return -1;
	if (w->traps && read_traps(w->traps, &o->traps, err) < 0)
		return -1;
	if (w->zone)
		o->zone = w->zone;
	o->log = w->log;
	o->stats = w->stats;
	o->robots = !w->no_robots;
	o->no_dns = w->no_dns;
	o->gzip = w->gzip;
	o->truncate = w->truncate;
	o->ipv6 = w->ipv6;
	if (w->list && strcmp(w->list, "hosts") && strcmp(w->list, "urls"))
		return err_set(err, EXIT_USAGE, "--list: expected hosts or urls");
	return check_zone(o->zone, err);
}

static size_t make_flags(struct words *w, struct cmd_flag *flags)
{
	const struct cmd_flag others[] = {{"zone", 0, &w->zone, NULL, NULL},
		{"traps", 0, &w->traps, NULL, NULL}, {"list", 0, &w->list, NULL, NULL},
		{"log", 0, &w->log, NULL, NULL}, {"stats", 0, &w->stats, NULL, NULL},
		{"no-robots", 0, NULL, &w->no_robots, NULL}, {"no-dns", 0, NULL, &w->no_dns, NULL},
		{"gzip", 0, NULL, &w->gzip, NULL}, {"truncate", 0, NULL, &w->truncate, NULL},
		{"aaaa", 0, NULL, &w->ipv6, NULL}};
	size_t n = 0;

	for (size_t i = 0; i < NROWS; i++)
		flags[n++] = (struct cmd_flag){rows[i].name, 0, &w->row[i], NULL, NULL};
	for (size_t i = 0; i < NSHARES; i++)
		flags[n++] = (struct cmd_flag){shares[i].name, 0, &w->share[i], NULL, NULL};
	memcpy(flags + n, others, sizeof(others));
	return n + MEM_COUNT(others);
}

int cmd_bench_web(int argc, char **argv)
{
	struct fake_options o = {.seed = 1,
		.pages = 100000,
		.hosts = 100,
		.spread = 0.8,
		.links = 20,
		.cross = 0.1,
		.size = 12 * 1024,
		.zone = "fake.test",
		.port = 8080,
		.dns_port = 5300,
		.slow_delay = 5,
		.limit_interval = 1,
		.ttl = 3600,
		.workers = 1};
	struct cmd_flag flags[NROWS + NSHARES + 16];
	struct words words = {0};
	size_t n = make_flags(&words, flags);
	struct err err = {0};
	bool help;
	int rc = cmd_args(argc, argv, flags, n, NULL, 0, 0, &help, &err);

	if (rc >= 0 && help) {
		cmd_usage(cmd_find("bench-web"), stdout);
		return EXIT_OK;
	}
	if (rc == 0)
		rc = read_words(&words, &o, &err);
	if (rc == 0)
		rc = words.list ? fake_list(&o, words.list[0] == 'h', &err) : fake_run(&o, &err);
	return rc < 0 ? cmd_fail(&err) : rc;
}
