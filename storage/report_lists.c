/* report_lists.c - every list of the report: its words, its columns, its SQL.
 *
 * A list's SQL gives its rows, best first; ?1 is how many. A column is one column of the
 * result, but for REPORT_STATUS (status, error) and REPORT_LINKS (a value for ?1 of
 * links_sql, and how many there are). Numbers in the SQL are enum report_class and
 * enum report_flags. */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/report_int.h"

_Static_assert(REPORT_OK == 0 && REPORT_REDIRECT == 1 && REPORT_DEAD == 2 &&
		       REPORT_UNREACHABLE == 3 && REPORT_BLOCKED == 4 && REPORT_LIMITED == 5 &&
		       REPORT_FLAKY == 6 && REPORT_OTHER == 7 && REPORT_ROBOTS == 8 &&
		       REPORT_UNKNOWN == 9 && PAGE_NOINDEX == 2 && PAGE_ELSEWHERE == 4 &&
		       PAGE_INDEXABLE == 8,
	"the SQL of the report knows these numbers");

struct list_def {
	const char *key, *title, *about;
	enum report_weight weight;
	const struct report_column *columns;
	size_t ncolumns;
	const char *total_sql, *sql, *links_sql, *rest;
};

#define COLUMNS(c) .columns = c, .ncolumns = MEM_COUNT(c)

/* ---- links ---- */

static const struct report_column broken_columns[] = {{"url", "URL", REPORT_URL},
	{"status", "Answer", REPORT_STATUS}, {"attempts", "Tries", REPORT_NUMBER},
	{"linked_from", "Linked from", REPORT_LINKS}};

#define LINKERS                                                                                  \
	"select u.url, i.text, i.kind from temp.inlink i cross join fetch f on f.id = i.source " \
	"cross join url u on u.id = f.url_id where i.target = ?1 order by i.rowid limit ?2"

#define BROKEN(c)                                                                                 \
	.total_sql = "select count(*) from temp.page where class = " c,                           \
	.sql = "select u.url, f.status, f.error, g.attempt, g.id, report_links(g.key) from "      \
	       "temp.page g cross join fetch f on f.id = g.id cross join url u on u.id = "        \
	       "g.url_id where g.class = " c " order by report_links(g.key) desc, g.id limit ?1", \
	.links_sql = LINKERS, COLUMNS(broken_columns)

#define REST(condition)                                                                        \
	"select p.url, p.status, p.error, l.source, l.text from pages p left join links l on " \
	"l.target = "                                                                          \
	"p.url where " condition

static const struct report_column recovered_columns[] = {{"url", "URL", REPORT_URL},
	{"attempts", "Tries", REPORT_NUMBER}, {"before", "Answered before", REPORT_STATUS}};

static const struct list_def links[] = {
	{"dead", "Dead links",
		"The server itself says that there is no such page (404, 410). Mend the links or "
		"bring the pages back.",
		REPORT_PROBLEM, BROKEN("2"), .rest = REST("p.status in (404, 410)")},
	{"unreachable", "Unreachable",
		"No connection could be made: the name has no address, nothing listens there, or "
		"TLS failed. Seen from one place at one time, so look again before taking the "
		"links out.",
		REPORT_PROBLEM, BROKEN("3"),
		.rest = REST("p.error in ('dns', 'refused', 'connect', 'tls', 'tls_cert', "
			     "'proxy')")},
	{"flaky", "Flaky",
		"Server errors (5xx), timeouts and broken connections, also when asked again. "
		"Such pages may be fine the next time.",
		REPORT_PROBLEM, BROKEN("6"),
		.rest = REST("p.status >= 500 or p.status in (408, 425) or p.error in ('timeout', "
			     "'reset', 'cut')")},
	{"blocked", "Blocked",
		"The server refused them to this crawler (401, 403, 451 and the like). People may "
		"well see these pages: do not count them as dead.",
		REPORT_NOTICE, BROKEN("4"),
		.rest = REST("p.status in (401, 402, 403, 407, 451, 999)")},
	{"rate-limited", "Rate-limited",
		"The server said that we asked too often (429). Nothing is known about these "
		"pages; a slower crawl would tell.",
		REPORT_NOTICE, BROKEN("5"), .rest = REST("p.status = 429")},
	{"other-answers", "Other answers",
		"Answers that are no page: other 4xx, redirects without a target, broken heads.",
		REPORT_NOTICE, BROKEN("7"),
		.rest = REST("p.status not between 200 and 299 and p.status not in (301, 302, 303, "
			     "307, 308, 401, 402, 403, 404, 407, 408, 410, 425, 429, 451, 999) and "
			     "p.status < 500")},
	{"recovered", "Came when asked again",
		"These pages are there, but not at the first request: a sign of a server under "
		"strain.",
		REPORT_NOTICE, COLUMNS(recovered_columns),
		.total_sql = "select count(*) from temp.page where class = 0 and attempt > 1",
		.sql = "select u.url, g.attempt, e.status, e.error from temp.page g cross join url "
		       "u on u.id = g.url_id left join fetch e on e.url_id = g.url_id and e.id = "
		       "(select max(id) from fetch where url_id = g.url_id and state = 0) where "
		       "g.class = 0 and g.attempt > 1 order by g.attempt desc, g.id limit ?1",
		.rest = "select url, attempts from pages where attempts > 1 and status between 200 "
			"and 299"},
};

/* ---- redirects ---- */

static const struct report_column chain_columns[] = {{"url", "From", REPORT_URL},
	{"hops", "Hops", REPORT_NUMBER}, {"end", "Ends", REPORT_WORD}, {"way", "Way", REPORT_LINKS},
	{"links", "Links to it", REPORT_NUMBER}};
static const struct report_column moved_columns[] = {{"url", "Moved", REPORT_URL},
	{"status", "Answer", REPORT_STATUS}, {"redirect", "To", REPORT_URL},
	{"linked_from", "Linked from", REPORT_LINKS}};

#define WAY                                                                                 \
	"select coalesce(u.url, h.url), null, case when f.status then f.status || '' else " \
	"f.error "                                                                          \
	"end from temp.hop h left join fetch f on f.id = h.page left join url u on u.id = " \
	"f.url_id where h.chain = ?1 order by h.rowid limit ?2"

#define CHAINS(condition)                                                                         \
	.total_sql = "select count(*) from temp.chain c where " condition,                        \
	.sql = "select u.url, c.hops, case c.kind when 1 then 'a loop' when 2 then 'cut' else "   \
	       "report_word(c.class) end, c.id, (select count(*) from temp.hop h where h.chain "  \
	       "= c.id), report_links(g.key) from temp.chain c cross join temp.page g on g.id = " \
	       "c.first cross join url u on u.id = g.url_id where " condition                     \
	       " order by c.hops desc, c.id limit ?1",                                            \
	.links_sql = WAY, COLUMNS(chain_columns)

static const struct list_def redirects[] = {
	{"redirect-loops", "Redirect loops",
		"They lead back to themselves, so nobody ever arrives.", REPORT_PROBLEM,
		CHAINS("c.kind = 1"),
		.rest = "select url, status, redirect, error from pages where redirect is not "
			"null"},
	{"redirect-dead-ends", "Redirects to an error",
		"Where they lead to there is no page, or none that could be fetched.",
		REPORT_PROBLEM, CHAINS("c.kind = 0 and c.class between 2 and 7"),
		.rest = "select r.url, r.redirect, p.status, p.error from pages r join pages p on "
			"p.url = r.redirect where p.status >= 400 or p.status = 0"},
	{"redirect-chains", "Redirect chains",
		"More than one hop: each costs visitors a round trip. Let the first one lead to "
		"the end.",
		REPORT_NOTICE, CHAINS("c.kind <> 1 and c.hops > 1"),
		.rest = "select r.url, r.redirect, s.redirect from pages r join pages s on s.url = "
			"r.redirect where s.redirect is not null"},
	{"moved", "Links to what has moved",
		"Pages link to a redirect instead of to where it leads.", REPORT_NOTICE,
		COLUMNS(moved_columns),
		.total_sql = "select count(*) from temp.page where class = 1 and report_links(key) "
			     "> 0",
		.sql = "select u.url, f.status, f.error, f.redirect, g.id, report_links(g.key) "
		       "from temp.page g cross join fetch f on f.id = g.id cross join url u on "
		       "u.id = g.url_id where g.class = 1 and report_links(g.key) > 0 order by "
		       "report_links(g.key) desc, g.id limit ?1",
		.links_sql = LINKERS,
		.rest = "select l.source, l.target, p.redirect, l.text from links l join pages p "
			"on "
			"p.url = l.target where p.redirect is not null"},
};

/* ---- speed and size ---- */

static const struct report_column slow_columns[] = {{"url", "URL", REPORT_URL},
	{"ttfb_ms", "First byte", REPORT_MS}, {"total_ms", "Whole", REPORT_MS},
	{"size", "Size", REPORT_BYTES}};
static const struct report_column large_columns[] = {{"url", "URL", REPORT_URL},
	{"content_type", "Type", REPORT_TEXT}, {"size", "Size", REPORT_BYTES},
	{"wire_size", "Sent as", REPORT_BYTES}, {"total_ms", "Whole", REPORT_MS}};
static const struct report_column cut_columns[] = {{"url", "URL", REPORT_URL},
	{"truncated", "Why", REPORT_WORD}, {"size", "Kept", REPORT_BYTES}};

static const struct list_def speed[] = {
	{"slow", "Slowest answers",
		"By the time until the first byte came, waiting for nothing but the server.",
		REPORT_FACT, COLUMNS(slow_columns),
		.total_sql = "select count(*) from temp.page where ttfb is not null and class <> 3",
		.sql = "select u.url, g.ttfb / 1000.0, g.total / 1000.0, g.size from temp.page g "
		       "cross join url u on u.id = g.url_id where g.id in (select id from "
		       "temp.page where ttfb is not null and class <> 3 order by ttfb desc limit "
		       "?1) "
		       "order by g.ttfb desc, g.id",
		.rest = "select url, ttfb_ms, total_ms from pages order by ttfb_ms desc"},
	{"large", "Largest pages", "By their size after decoding.", REPORT_FACT,
		COLUMNS(large_columns),
		.total_sql = "select count(*) from temp.page where class = 0 and size > 0",
		.sql = "select u.url, f.content_type, f.size, f.wire_size, g.total / 1000.0 from "
		       "temp.page g cross join fetch f on f.id = g.id cross join url u on u.id = "
		       "g.url_id where g.id in (select id from temp.page where class = 0 and size "
		       "> 0 order by size desc limit ?1) order by g.size desc, g.id",
		.rest = "select url, content_type, size, wire_size from pages order by size desc"},
	{"cut", "Not read to the end",
		"Bigger than --max-body, or the connection broke: links further down are not "
		"known.",
		REPORT_NOTICE, COLUMNS(cut_columns),
		.total_sql = "select count(*) from fetch where state > 0 and truncated is not null",
		.sql = "select u.url, f.truncated, f.size from fetch f cross join url u on u.id = "
		       "f.url_id where f.state > 0 and f.truncated is not null order by f.id limit "
		       "?1",
		.rest = "select url, truncated, size from pages where truncated is not null"},
};

/* ---- duplicates, titles, descriptions ---- */

static const struct report_column copies_columns[] = {{"pages", "Pages", REPORT_LINKS},
	{"copies", "Copies", REPORT_NUMBER}, {"size", "Size each", REPORT_BYTES},
	{"content_type", "Type", REPORT_TEXT}};
static const struct report_column same_title_columns[] = {{"title", "Title", REPORT_TEXT},
	{"n", "Pages", REPORT_NUMBER}, {"pages", "Which", REPORT_LINKS}};
static const struct report_column same_description_columns[] = {
	{"description", "Description", REPORT_TEXT}, {"n", "Pages", REPORT_NUMBER},
	{"pages", "Which", REPORT_LINKS}};
static const struct report_column missing_columns[] = {
	{"url", "URL", REPORT_URL}, {"title", "Title", REPORT_TEXT}};

#define COPIES(condition)                                                                         \
	.total_sql =                                                                              \
		"select count(*) from (select 1 from temp.page where digest is not null "         \
		"group by digest having count(*) > 1 and count(distinct canon) " condition ")",   \
	.sql = "select c.digest, c.n, c.n, f.size, f.content_type from (select digest, count(*) " \
	       "as n, min(id) as id from temp.page where digest is not null group by digest "     \
	       "having count(*) > 1 and count(distinct canon) " condition                         \
	       " order by n desc, id limit ?1) c cross join fetch f on f.id = c.id order by c.n " \
	       "desc, c.id",                                                                      \
	.links_sql =                                                                              \
		"select u.url, null, case when g.canon = g.key then null else 'canonical: ' "     \
		"|| f.canonical end from temp.page g cross join url u on u.id = g.url_id cross "  \
		"join fetch f on f.id = g.id where g.digest = ?1 order by g.id limit ?2",         \
	COLUMNS(copies_columns)

#define SAME(column)                                                                              \
	.total_sql = "select count(*) from (select 1 from temp.page where flags & 8 and " column  \
		     " is not null group by " column " having count(*) > 1)",                     \
	.sql = "select f." column ", c.n, c.print, c.n from (select " column                      \
	       " as print, count(*) as n, min(id) as id from temp.page where flags & 8 "          \
	       "and " column " is not null group by " column                                      \
	       " having count(*) > 1 order by n desc, id limit ?1) c cross join fetch f on f.id " \
	       "= "                                                                               \
	       "c.id order by c.n desc, c.id",                                                    \
	.links_sql = "select u.url, null, null from temp.page g cross join url u on u.id = "      \
		     "g.url_id where g." column " = ?1 and g.flags & 8 order by g.id limit ?2"

#define MISSING(column)                                                                            \
	.total_sql = "select count(*) from temp.page where flags & 8 and " column " is null",      \
	.sql = "select u.url, f.title from temp.page g cross join url u on u.id = g.url_id cross " \
	       "join fetch f on f.id = g.id where g.flags & 8 and g." column                       \
	       " is null order by g.id limit ?1",                                                  \
	COLUMNS(missing_columns)

static const struct list_def duplicates[] = {
	{"copies", "The same content under several URLs",
		"Byte for byte the same, and the pages do not agree on one canonical URL.",
		REPORT_PROBLEM, COPIES("> 1"),
		.rest = "select digest, count(*), group_concat(url, ' ') from pages where status "
			"between 200 and 299 and size > 0 group by digest having count(*) > 1"},
	{"settled-copies", "Copies that name one canonical URL",
		"The same content too, but every copy says which URL it stands for: nothing to "
		"mend.",
		REPORT_FACT, COPIES("= 1"),
		.rest = "select digest, count(*), group_concat(url, ' ') from pages where status "
			"between 200 and 299 and size > 0 group by digest having count(*) > 1 and "
			"count(distinct coalesce(canonical, url)) = 1"},
};

#define WORDS_OF "content_type like 'text/html%' and status between 200 and 299"

static const struct list_def words[] = {
	{"missing-title", "Pages without a title",
		"Of pages that stand for themselves: no noindex, and no other page of this crawl "
		"as "
		"their canonical.",
		REPORT_PROBLEM, MISSING("title"),
		.rest = "select url from pages where title is null and " WORDS_OF},
	{"same-title", "Titles used more than once",
		"In search results and tabs such pages cannot be told apart.", REPORT_PROBLEM,
		SAME("title"), COLUMNS(same_title_columns),
		.rest = "select title, count(*), group_concat(url, ' ') from pages where title is "
			"not null and " WORDS_OF " group by title having count(*) > 1"},
	{"missing-description", "Pages without a description",
		"Search engines make one up where <meta name=description> is absent.",
		REPORT_NOTICE, MISSING("description"),
		.rest = "select url, title from pages where description is null and " WORDS_OF},
	{"same-description", "Descriptions used more than once",
		"Better none than one that fits many pages.", REPORT_NOTICE, SAME("description"),
		COLUMNS(same_description_columns),
		.rest = "select description, count(*), group_concat(url, ' ') from pages where "
			"description is not null and " WORDS_OF
			" group by description having count(*) > 1"},
};

/* ---- canonical, hreflang, robots, mixed ---- */

static const struct report_column canonical_columns[] = {{"url", "Page", REPORT_URL},
	{"problem", "The canonical URL", REPORT_WORD}, {"canonical", "Which is", REPORT_URL}};
static const struct report_column language_columns[] = {{"url", "Page", REPORT_URL},
	{"lang", "hreflang", REPORT_TEXT}, {"problem", "Problem", REPORT_WORD},
	{"target", "Translation", REPORT_URL}};

#define CANONICAL(in)                                                                          \
	.total_sql = "select count(*) from temp.canon where problem " in ELSEWHERE,            \
	.sql = "select u.url, c.problem, f.canonical from temp.canon c cross join fetch f on " \
	       "f.id "                                                                         \
	       "= c.page cross join url u on u.id = f.url_id where c.problem " in ELSEWHERE    \
	       " order by c.page limit ?1",                                                    \
	.rest = "select p.url, p.canonical, c.status, c.redirect, c.robots from pages p left " \
		"join "                                                                        \
		"pages c on c.url = p.canonical where p.canonical <> p.url",                   \
	COLUMNS(canonical_columns)
#define ELSEWHERE " ('is on another host', 'was not fetched')"

static const struct list_def relations[] = {
	{"canonical", "Canonical URLs that lead astray",
		"A canonical URL should be a page that is there, may be indexed, and names itself.",
		REPORT_PROBLEM, CANONICAL("not in")},
	{"canonical-elsewhere", "Canonical URLs outside of this crawl",
		"On another host, or not fetched. Fine for a mirror or a test site; a mistake "
		"otherwise.",
		REPORT_NOTICE, CANONICAL("in")},
	{"hreflang", "Translations (hreflang)",
		"Codes must exist, each page must name itself, and a translation must link back.",
		REPORT_PROBLEM, COLUMNS(language_columns),
		.total_sql = "select count(*) from temp.tongue",
		.sql = "select u.url, t.lang, t.problem, coalesce(v.url, t.url) from temp.tongue t "
		       "cross join fetch f on f.id = t.page cross join url u on u.id = f.url_id "
		       "left join fetch d on d.id = report_page(t.dst) left join url v on v.id = "
		       "d.url_id order by t.page, t.rowid limit ?1",
		.rest = "select source, text as lang, target from links where kind = 'link' and "
			"rel like '%alternate%' and text is not null"},
};

static const struct report_column robots_columns[] = {{"url", "URL", REPORT_URL},
	{"rule", "Rule", REPORT_TEXT}, {"linked_from", "Linked from", REPORT_LINKS}};
static const struct report_column noindex_columns[] = {
	{"url", "URL", REPORT_URL}, {"robots", "Says", REPORT_TEXT}};
static const struct report_column excluded_columns[] = {{"reason", "Reason", REPORT_WORD},
	{"rule", "Rule", REPORT_TEXT}, {"urls", "URLs", REPORT_NUMBER}};

/* Refusals that a shorter way has not undone. */
#define STANDS \
	"(x.url_id is not null or not exists (select 1 from readmitted m where m.key = x.key))"

static const struct list_def robots[] = {
	{"robots", "Blocked by robots.txt",
		"Linked to, but not asked for. At most 1,000 per host and rule are kept; the rest "
		"is counted below.",
		REPORT_NOTICE, COLUMNS(robots_columns),
		.total_sql = "select count(*) from refused where reason = 'robots'",
		.sql = "select x.url, x.rule, -x.id, report_links(report_key(x.url)) from refused "
		       "x where x.reason = 'robots' order by report_links(report_key(x.url)) "
		       "desc, x.id limit ?1",
		.links_sql = LINKERS,
		.rest = "select url, rule, referrer from excluded where reason = 'robots'"},
	{"noindex", "Pages that ask not to be indexed",
		"By meta robots or X-Robots-Tag. Fine where it is meant.", REPORT_FACT,
		COLUMNS(noindex_columns),
		.total_sql = "select count(*) from temp.page where class = 0 and flags & 2",
		.sql = "select u.url, f.robots from temp.page g cross join url u on u.id = "
		       "g.url_id "
		       "cross join fetch f on f.id = g.id where g.class = 0 and g.flags & 2 order "
		       "by g.id limit ?1",
		.rest = "select url, robots from pages where robots like '%noindex%'"},
	{"excluded", "Everything that was left out",
		"By the rule that decided. What is out of scope was never fetched, so links to it "
		"are not checked.",
		REPORT_FACT, COLUMNS(excluded_columns),
		.total_sql =
			"select count(*) from (select reason, rule from refused x where " STANDS
			" union select reason, rule from refused_more)",
		.sql = "select reason, rule, sum(n) from (select reason, rule, count(*) as n from "
		       "refused x where " STANDS " group by reason, rule union all select reason, "
		       "rule, n from refused_more) group by reason, rule order by 3 desc, 1, 2 "
		       "limit ?1",
		.rest = "select reason, rule, count(*) from excluded group by reason, rule"},
};

static const struct report_column mixed_columns[] = {{"url", "Page", REPORT_URL},
	{"effect", "Browsers", REPORT_WORD}, {"loads", "Loads by http", REPORT_LINKS}};

static const struct list_def safety[] = {
	{"mixed", "Mixed content",
		"Pages that came by https and load something by http. Browsers refuse scripts, "
		"frames and styles outright; images they try by https or show with a warning.",
		REPORT_PROBLEM, COLUMNS(mixed_columns),
		.total_sql = "select count(distinct source) from temp.mixed",
		.sql = "select u.url, case when m.active then 'refuse' else 'warn' end, m.source, "
		       "m.n from (select source, count(*) as n, max(active) as active from "
		       "temp.mixed group by source order by 3 desc, 2 desc, 1 limit ?1) m cross "
		       "join fetch f on f.id = m.source cross join url u on u.id = f.url_id order "
		       "by m.active desc, m.n desc, m.source",
		.links_sql = "select target, null, kind from temp.mixed where source = ?1 order by "
			     "rowid limit ?2",
		.rest = "select source, target, kind from links where source like 'https:%' and "
			"target like 'http:%' and kind in ('img', 'script', 'iframe', 'link', "
			"'audio', 'video', 'source', 'embed', 'object', 'form')"},
};

static const struct {
	const char *key, *title;
	const struct list_def *lists;
	size_t n;
} sections[] = {
	{"links", "Broken links", links, MEM_COUNT(links)},
	{"redirects", "Redirects", redirects, MEM_COUNT(redirects)},
	{"speed", "Speed and size", speed, MEM_COUNT(speed)},
	{"duplicates", "Duplicate content", duplicates, MEM_COUNT(duplicates)},
	{"words", "Titles and descriptions", words, MEM_COUNT(words)},
	{"relations", "Canonical URLs and translations", relations, MEM_COUNT(relations)},
	{"safety", "Mixed content", safety, MEM_COUNT(safety)},
	{"rules", "robots.txt and other rules", robots, MEM_COUNT(robots)},
};

/* ---- filling ---- */

/* Of a list, all links of all rows together are at most LINKS_PER_ROW times --rows. */
#define LINKS_PER_ROW 10
#define LINKS_LEAST   3

struct filling {
	struct making *m;
	struct report_list *l;
	sqlite3_stmt *rows, *links;
	size_t cap;
	size_t links_left, rows_left; /* what a row leaves of its share is for later rows */
};

static int fill_links(struct filling *f, struct report_cell *cell, int at)
{
	struct report *r = f->m->r;
	size_t cap = 0, most = f->links_left / (f->rows_left ? f->rows_left : 1);
	int more = 0;

	most = most < LINKS_LEAST ? LINKS_LEAST : most;

	cell->n = sqlite3_column_double(f->rows, at + 1);
	cell->has = cell->n > 0;
	if (!cell->has)
		return 0;
	sqlite3_bind_value(f->links, 1, sqlite3_column_value(f->rows, at));
	sqlite3_bind_int64(f->links, 2, (sqlite3_int64)most);
	while ((more = report_row(f->m, f->links)) > 0) {
		if (cell->nlinks == cap) {
			cap = cap ? cap * 2 : 4;
			cell->links = mem_realloc(cell->links, cap * sizeof(*cell->links));
		}
		cell->links[cell->nlinks++] = (struct report_link){
			report_keep_column(r, f->links, 0), report_keep_column(r, f->links, 1),
			report_keep_column(r, f->links, 2)};
	}
	sqlite3_reset(f->links);
	f->links_left -= cell->nlinks < f->links_left ? cell->nlinks : f->links_left;
	return more < 0 ? -1 : 0;
}

/* How many columns of the result it took, or -1. */
static int fill_cell(struct filling *f, enum report_kind kind, struct report_cell *cell, int at)
{
	struct report *r = f->m->r;

	switch (kind) {
	case REPORT_LINKS: return fill_links(f, cell, at) < 0 ? -1 : 2;
	case REPORT_STATUS:
		cell->n = sqlite3_column_double(f->rows, at);
		cell->text = report_keep_column(r, f->rows, at + 1);
		cell->has = cell->n > 0 || cell->text;
		return 2;
	case REPORT_TEXT:
	case REPORT_URL:
	case REPORT_WORD:
		cell->text = report_keep_column(r, f->rows, at);
		cell->has = cell->text != NULL;
		return 1;
	default:
		cell->has = sqlite3_column_type(f->rows, at) != SQLITE_NULL;
		cell->n = sqlite3_column_double(f->rows, at);
		return 1;
	}
}

static int fill_rows(struct filling *f)
{
	struct report_list *l = f->l;
	int more;

	while ((more = report_row(f->m, f->rows)) > 0) {
		struct report_cell *row;
		int at = 0, took;
		if (l->nrows == f->cap) {
			f->cap = f->cap ? f->cap * 2 : 16;
			l->cells = mem_realloc(l->cells, f->cap * l->ncolumns * sizeof(*l->cells));
		}
		row = &l->cells[l->nrows++ * l->ncolumns];
		memset(row, 0, l->ncolumns * sizeof(*row));
		for (size_t c = 0; c < l->ncolumns; c++) {
			took = fill_cell(f, l->columns[c].kind, &row[c], at);
			if (took < 0)
				return -1;
			at += took;
		}
		f->rows_left -= f->rows_left > 0;
	}
	return more;
}

static int fill_list(struct making *m, struct report_list *l, const struct list_def *d)
{
	struct filling f = {.m = m, .l = l, .links_left = m->r->rows * LINKS_PER_ROW};
	int64_t total;
	int ret = -1;

	*l = (struct report_list){.key = d->key,
		.title = d->title,
		.about = d->about,
		.rest = d->rest,
		.weight = d->weight,
		.columns = d->columns,
		.ncolumns = d->ncolumns};
	if (db_int(m->st->db, m->st->path, d->total_sql, 0, &total, m->err) < 0)
		return -1;
	l->total = (uint64_t)total;
	if (!total)
		return 0;
	f.rows_left = l->total < m->r->rows ? (size_t)l->total : m->r->rows;
	f.rows = report_prepare(m, d->sql);
	f.links = d->links_sql ? report_prepare(m, d->links_sql) : NULL;
	if (f.rows && (f.links || !d->links_sql)) {
		sqlite3_bind_int64(f.rows, 1, (sqlite3_int64)m->r->rows);
		ret = fill_rows(&f);
	}
	sqlite3_finalize(f.rows);
	sqlite3_finalize(f.links);
	return ret;
}

static const char indexes_sql[] =
	"create index temp.page_digest on page (digest, canon) where digest is not null;"
	"create index temp.page_title on page (title) where flags & 8 and title is not null;"
	"create index temp.page_description on page (description) where flags & 8 and description "
	"is not null;"
	"create index temp.page_class on page (class) where class <> 0;";

int report_lists(struct making *m)
{
	struct report *r = m->r;

	report_tell(m, "sorting", 0, 0);
	if (report_exec(m, indexes_sql) < 0)
		return -1;
	r->sections = mem_array(MEM_COUNT(sections), sizeof(*r->sections));
	for (size_t i = 0; i < MEM_COUNT(sections); i++) {
		struct report_section *s = &r->sections[r->nsections++];
		report_tell(m, sections[i].title, 0, 0);
		*s = (struct report_section){.key = sections[i].key, .title = sections[i].title};
		s->lists = mem_array(sections[i].n, sizeof(*s->lists));
		for (size_t j = 0; j < sections[i].n; j++)
			if (fill_list(m, &s->lists[s->nlists++], &sections[i].lists[j]) < 0)
				return -1;
	}
	return 0;
}
