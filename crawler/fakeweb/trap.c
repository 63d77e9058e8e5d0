/* trap.c - pages without end, each kind well known to whoever has crawled the web.
 *
 *   /calendar/2026-11/       leads to the month before and the month after
 *   /account?sid=1f3a...     leads to itself under another session id
 *   /deeper/deeper/...       a relative link, one folder deeper each time
 *   /filter?color=1&size=3   every filter that is not in the query yet is one link away
 *
 * What they say depends on their path alone, as with all pages.
 */
#include <stdlib.h>
#include <string.h>

#include "crawler/fakeweb/serve.h"

#define DEEPEST 8000 /* bytes of a path: longer ones no crawler takes anyway */

static uint64_t bits_of(const struct fake_request *r)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < r->target_len; i++)
		h = (h ^ (unsigned char)r->target[i]) * 0x100000001b3u;
	return h;
}

static bool calendar(const char *rest, struct buf *out)
{
	char *end;
	long year = strtol(rest, &end, 10), month;

	if (*end != '-' || year < 1 || year > 9999)
		return false;
	month = strtol(end + 1, &end, 10);
	if (*end != '/' || month < 1 || month > 12)
		return false;
	buf_addf(out, "<p><a href=\"/calendar/%04ld-%02ld/\">earlier</a> ",
		month > 1 ? year : year - 1, month > 1 ? month - 1 : 12);
	buf_addf(out, "<a href=\"/calendar/%04ld-%02ld/\">later</a></p>\n<p>",
		month < 12 ? year : year + 1, month < 12 ? month + 1 : 1);
	for (int day = 1; day <= 28; day++)
		buf_addf(out, "<a href=\"/calendar/%04ld-%02ld/%02d\">%d</a> ", year, month, day,
			day);
	buf_add_str(out, "</p>\n");
	return true;
}

static bool session(const struct fake_request *r, struct buf *out)
{
	buf_addf(out, "<p><a href=\"/account?sid=%016llx\">reload</a></p>\n",
		(unsigned long long)bits_of(r));
	return true;
}

static bool deeper(const struct fake_request *r, struct buf *out)
{
	if (r->target_len > DEEPEST)
		return false;
	buf_add_str(out, "<p><a href=\"deeper/\">deeper</a></p>\n");
	return true;
}

static bool facets(const struct fake_request *r, struct buf *out)
{
	static const char *const names[] = {"color", "size", "brand", "price", "sort", "page",
		"stock", "rating", "year", "view", "lang", "unit"};
	char given[1024];

	if (r->target_len >= sizeof(given))
		return false;
	memcpy(given, r->target, r->target_len);
	given[r->target_len] = '\0';
	buf_add_str(out, "<p>");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(given, names[i]))
			continue;
		for (int v = 1; v <= 3; v++)
			buf_addf(out, "<a href=\"%s%c%s=%d\">%s %d</a> ", given,
				strchr(given, '?') ? '&' : '?', names[i], v, names[i], v);
	}
	buf_add_str(out, "</p>\n");
	return true;
}

static const struct {
	unsigned trap;
	const char *start, *title;
} traps[] = {{TRAP_CALENDAR, "/calendar/", "Calendar"}, {TRAP_SESSION, "/account", "Account"},
	{TRAP_PATH, "/deeper/", "Deeper"}, {TRAP_FACETS, "/filter", "Filter"}};

static bool links_of(unsigned trap, const struct fake_request *r, struct buf *out)
{
	switch (trap) {
	case TRAP_CALENDAR: return calendar(r->target + 10, out);
	case TRAP_SESSION: return session(r, out);
	case TRAP_PATH: return deeper(r, out);
	default: return facets(r, out);
	}
}

bool fake_trap(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		size_t len = strlen(traps[i].start);
		if (!(s->o->traps & traps[i].trap) || r->target_len < len ||
			memcmp(r->target, traps[i].start, len))
			continue;
		buf_reset(&s->text);
		if (!links_of(traps[i].trap, r, &s->text))
			return false;
		fake_html_other(s->html, r->host, traps[i].title, s->text.data, bits_of(r));
		atomic_fetch_add(&s->tally->traps, 1);
		a->page = true;
		return true;
	}
	return false;
}
