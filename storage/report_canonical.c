/* report_canonical.c - what pages say about each other: canonical URLs and translations. */
#include <string.h>
#include <strings.h>

#include "storage/report_int.h"

/* ---- canonical ---- */

/* problem is a clause about the canonical URL. A page on another host that was not fetched is
 * nothing one could judge, but rarely meant. Constants: enum report_class, report_flags. */
static const char canonical_sql[] =
	"create temp table canon (page integer primary key, problem text);"
	"insert into temp.canon select page, 'several different ones are named' from temp.several;"
	"insert or ignore into temp.canon select id, problem from ("
	" select g.id as id, case report_class(g.canon)"
	"  when 0 then case"
	"   when report_flags(g.canon) & 2 then 'says noindex'"
	"   when report_flags(g.canon) & 4 then 'names another canonical itself'"
	"   when (select host from temp.page t where t.id = report_page(g.canon)) <> g.host"
	"    then 'is on another host' end"
	"  when 9 then case"
	"   when lower(url_host(f.canonical)) is not lower(url_host(u.url))"
	"    then 'is on another host' else 'was not fetched' end"
	"  when 1 then 'is a redirect'"
	"  when 8 then 'is blocked by robots.txt'"
	"  else 'is ' || report_word(report_class(g.canon)) end as problem"
	" from temp.page g cross join fetch f on f.id = g.id cross join url u on u.id = g.url_id"
	" where g.class = 0 and g.flags & 4) where problem is not null;";

/* ---- hreflang ---- */

/* One row per page and translation that is not as it should be. Where a page was not fetched
 * nothing can be said about its links back. */
static const char tongue_sql[] =
	"create index temp.hreflang_back on hreflang (src, dst);"
	"create temp table tongue (page integer, lang text, problem text, dst integer, url text);"
	"insert into temp.tongue select page, lang, report_lang(lang), dst, url from temp.hreflang"
	" where report_lang(lang) is not null;"
	"insert into temp.tongue select page, lang, problem, dst, url from ("
	" select a.page as page, a.lang as lang, a.dst as dst, a.url as url,"
	"  case report_class(a.dst)"
	"   when 0 then case"
	"    when report_flags(a.dst) & 2 then 'the translation says noindex'"
	"    when a.src <> a.dst and not exists"
	"     (select 1 from temp.hreflang b where b.src = a.dst and b.dst = a.src)"
	"     then 'the translation does not link back' end"
	"   when 9 then null"
	"   when 1 then 'the translation is a redirect'"
	"   when 8 then 'the translation is blocked by robots.txt'"
	"   else 'the translation is ' || report_word(report_class(a.dst)) end as problem"
	" from temp.hreflang a) where problem is not null;"
	"insert into temp.tongue select page, lang, 'named more than once', min(dst), min(url)"
	" from temp.hreflang group by page, lower(lang) having count(distinct dst) > 1;"
	"insert into temp.tongue select page, null, 'the page does not name itself', null, null"
	" from temp.hreflang group by page having not max(src = dst)"
	"  and max(report_class(src) = 0);";

int report_canonical(struct making *m)
{
	report_tell(m, "comparing pages", 0, 0);
	if (report_exec(m, canonical_sql) < 0)
		return -1;
	return report_exec(m, tongue_sql);
}

/* ---- language codes ---- */

/* ISO 639-1, and ISO 3166-1 alpha-2 with the regions of UN M.49 that CLDR has letters for. */
static const char languages[] =
	" aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu "
	"cv cy "
	"da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
	"hu hy "
	"hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
	"lg li "
	"ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or "
	"os pa "
	"pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta "
	"te tg "
	"th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";
static const char regions[] =
	" ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo "
	"bq br "
	"bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do "
	"dz ec "
	"ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw "
	"gy hk "
	"hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz "
	"la lb "
	"lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx "
	"my mz "
	"na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro "
	"rs ru "
	"rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl "
	"tm tn "
	"to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws xk ye yt za zm zw ";

static bool is_in(const char *list, const char *code)
{
	const char word[5] = {' ', (char)(code[0] | 32), (char)(code[1] | 32), ' ', '\0'};

	return strstr(list, word);
}

static bool all_letters(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] | 32) < 'a' || (s[i] | 32) > 'z')
			return false;
	return true;
}

static bool all_alnum(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!all_letters(s + i, 1) && (s[i] < '0' || s[i] > '9'))
			return false;
	return true;
}

/* What may follow the language, by its length: script, region, variant. */
static const char *subtag_problem(const char *s, size_t len)
{
	if (len == 2 && all_letters(s, 2))
		return is_in(regions, s) ? "" : "no such region code";
	if (len == 3 && all_alnum(s, 3))
		return ""; /* region by number, or an extended language */
	if (len == 4 && (all_letters(s, 4) || (s[0] >= '0' && s[0] <= '9' && all_alnum(s, 4))))
		return "";
	return len >= 5 && len <= 8 && all_alnum(s, len) ? "" : "not a language code";
}

const char *report_lang_problem(const char *code)
{
	size_t len = strcspn(code, "-");
	const char *problem;

	if (!strcasecmp(code, "x-default"))
		return "";
	if (len < 2 || len > 3 || !all_letters(code, len))
		return "not a language code";
	if (len == 2 && !is_in(languages, code))
		return "no such language code";
	for (code += len; *code; code += len) {
		len = strcspn(++code, "-");
		if (*(problem = subtag_problem(code, len)))
			return problem;
	}
	return "";
}
