/* sitemap_date.c - the dates of sitemaps (W3C note) and feeds (RFC 3339, RFC 822). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crawler/page/sitemap.h"

struct scan {
	const char *p, *end;
};

struct moment {
	int year, month, day, hour, minute, second;
	int offset; /* minutes east of UTC */
};

static bool is_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* Between least and most digits; -1 = not there. */
static int number(struct scan *s, int least, int most)
{
	int n = 0, digits = 0;

	while (digits < most && is_digit(s)) {
		n = n * 10 + (*s->p++ - '0');
		digits++;
	}
	return digits >= least ? n : -1;
}

static bool take(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static void blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* "+01:00", "+0100", "-05". */
static bool offset(struct scan *s, int *minutes)
{
	int sign = *s->p == '-' ? -1 : 1, hours, rest = 0;

	s->p++;
	hours = number(s, 2, 2);
	take(s, ':');
	if (is_digit(s))
		rest = number(s, 2, 2);
	*minutes = sign * (hours * 60 + rest);
	return hours >= 0 && hours < 24 && rest >= 0 && rest < 60;
}

static bool clock_time(struct scan *s, struct moment *m)
{
	m->hour = number(s, 1, 2);
	if (m->hour < 0 || !take(s, ':') || (m->minute = number(s, 2, 2)) < 0)
		return false;
	if (take(s, ':') && (m->second = number(s, 2, 2)) < 0)
		return false;
	if (take(s, '.'))
		while (is_digit(s))
			s->p++;
	return true;
}

/* YYYY, YYYY-MM, YYYY-MM-DD, and with a time; no zone counts as UTC, as most who leave it
 * out mean it. */
static bool w3c(struct scan s, struct moment *m)
{
	*m = (struct moment){.month = 1, .day = 1};
	m->year = number(&s, 4, 4);
	if (m->year < 0)
		return false;
	if (take(&s, '-') && (m->month = number(&s, 2, 2)) < 0)
		return false;
	if (take(&s, '-') && (m->day = number(&s, 2, 2)) < 0)
		return false;
	if (s.p < s.end && (*s.p == 'T' || *s.p == 't' || *s.p == ' ')) {
		s.p++;
		if (!clock_time(&s, m))
			return false;
		blanks(&s);
		if (s.p < s.end && (*s.p == '+' || *s.p == '-'))
			return offset(&s, &m->offset) && s.p == s.end;
		if (s.p < s.end && (*s.p == 'Z' || *s.p == 'z'))
			s.p++;
	}
	return s.p == s.end;
}

static int month_of(struct scan *s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	int i;

	if (s->end - s->p < 3)
		return -1;
	for (i = 0; i < 12; i++)
		if (!strncasecmp(s->p, names + i * 3, 3))
			break;
	while (s->p < s->end && ((*s->p | 32) >= 'a' && (*s->p | 32) <= 'z'))
		s->p++;
	return i < 12 ? i + 1 : -1;
}

/* Of RFC 822; the military letters but Z are not used, as RFC 1123 says. */
static bool zone(struct scan *s, int *minutes)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {{"GMT", 0}, {"UTC", 0}, {"UT", 0}, {"Z", 0}, {"EST", -5}, {"EDT", -4},
		{"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
	size_t len = (size_t)(s->end - s->p), i;

	if (len && (*s->p == '+' || *s->p == '-'))
		return offset(s, minutes);
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strlen(zones[i].name) == len && !strncasecmp(s->p, zones[i].name, len)) {
			*minutes = zones[i].hours * 60;
			return true;
		}
	return false;
}

/* "Thu, 05 Jan 2017 13:34:51 +0100": the day name is optional, the zone is not. */
static bool rfc822(struct scan s, struct moment *m)
{
	const char *comma = memchr(s.p, ',', (size_t)(s.end - s.p));

	*m = (struct moment){0};
	if (comma)
		s.p = comma + 1;
	blanks(&s);
	m->day = number(&s, 1, 2);
	blanks(&s);
	m->month = month_of(&s);
	blanks(&s);
	m->year = number(&s, 2, 4);
	blanks(&s);
	if (m->day < 0 || m->month < 0 || m->year < 0 || !clock_time(&s, m))
		return false;
	if (m->year < 100)
		m->year += m->year < 70 ? 2000 : 1900;
	blanks(&s);
	return zone(&s, &m->offset);
}

static bool in_range(const struct moment *m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (m->year % 4 == 0 && m->year % 100 != 0) || m->year % 400 == 0;

	if (m->month < 1 || m->month > 12 || m->day < 1 || m->hour > 24 || m->minute > 59 ||
		m->second > 60)
		return false;
	return m->day <= days[m->month - 1] + (m->month == 2 && leap);
}

/* Days since 1970-01-01, and back (Howard Hinnant's civil calendar). */
static long to_days(long y, long m, long d)
{
	long era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void from_days(long z, long *y, long *m, long *d)
{
	long era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp + (mp < 10 ? 3 : -9);
	*y = yoe + era * 400 + (*m <= 2);
}

bool sitemap_date(const char *text, size_t len, char out[21])
{
	struct scan s = {text, text + len};
	struct moment m;
	long seconds, days, y, mo, d;
	char line[64];

	blanks(&s);
	while (s.end > s.p &&
		(s.end[-1] == ' ' || s.end[-1] == '\t' || s.end[-1] == '\n' || s.end[-1] == '\r'))
		s.end--;
	if ((!w3c(s, &m) && !rfc822(s, &m)) || !in_range(&m))
		return false;
	days = to_days(m.year, m.month, m.day);
	seconds = m.hour * 3600L + m.minute * 60L + m.second - m.offset * 60L;
	days += seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400);
	seconds -= (days - to_days(m.year, m.month, m.day)) * 86400;
	from_days(days, &y, &mo, &d);
	if (y < 0 || y > 9999)
		return false;
	snprintf(line, sizeof(line), "%04ld-%02ld-%02ldT%02ld:%02ld:%02ldZ", y, mo, d,
		seconds / 3600, seconds / 60 % 60, seconds % 60);
	memcpy(out, line, 21);
	out[20] = 0;
	return true;
}
