/* path.c - pages as URLs, and back.
 *
 *   /                                   the home page
 *   /river-3/                           a page right below it: a section
 *   /river-3/silver-garden-1207.html    any other
 *   /old/winter-991.html                no page at all
 *
 * The numbers would do; the words make paths as long and as different as real ones. One
 * spelling per page: what differs in anything is not found.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crawler/fakeweb/graph.h"
#include "crawler/fakeweb/words.h"

enum { ABOUT_WORDS = 10 };

static char *section(const struct fake_graph *g, uint32_t host, uint32_t page, char *p)
{
	*p++ = '/';
	p = fake_word(p, (unsigned)(fake_bits(g, host, page, ABOUT_WORDS) >> 16));
	*p++ = '-';
	p = fake_number(p, page);
	*p++ = '/';
	return p;
}

char *fake_path(const struct fake_graph *g, uint32_t host, uint32_t page, char *p)
{
	uint32_t in;
	uint64_t bits;

	if (!page) {
		*p++ = '/';
		return p;
	}
	in = fake_section(g, host, page);
	p = section(g, host, in, p);
	if (in == page)
		return p;
	bits = fake_bits(g, host, page, ABOUT_WORDS);
	p = fake_word(p, (unsigned)bits);
	*p++ = '-';
	p = fake_word(p, (unsigned)(bits >> 8));
	*p++ = '-';
	p = fake_number(p, page);
	return FAKE_PUT(p, ".html");
}

char *fake_dead_path(const struct fake_graph *g, uint32_t host, uint32_t page, char *p)
{
	p = FAKE_PUT(p, "/old/");
	p = fake_word(p, (unsigned)fake_bits(g, host, page, ABOUT_WORDS));
	*p++ = '-';
	p = fake_number(p, page);
	return FAKE_PUT(p, ".html");
}

/* The number before the end of the path. */
static bool number_in(const char *path, size_t len, uint64_t *n)
{
	size_t end = len, start;

	if (len > 5 && !memcmp(path + len - 5, ".html", 5))
		end = len - 5;
	else if (path[len - 1] == '/')
		end = len - 1;
	for (start = end; start && path[start - 1] >= '0' && path[start - 1] <= '9'; start--)
		;
	if (start == end || end - start > 10)
		return false;
	for (*n = 0; start < end; start++)
		*n = *n * 10 + (uint64_t)(path[start] - '0');
	return true;
}

bool fake_page_at(
	const struct fake_graph *g, uint32_t host, const char *path, size_t len, uint32_t *page)
{
	char spelt[FAKE_PATH_MAX];
	uint64_t n;

	*page = 0;
	if (len == 1)
		return path[0] == '/';
	if (!len || len >= sizeof(spelt) || !number_in(path, len, &n) ||
		n >= fake_pages_of(g, host))
		return false;
	*page = (uint32_t)n;
	return (size_t)(fake_path(g, host, *page, spelt) - spelt) == len &&
	       !memcmp(spelt, path, len);
}

/* ---- hosts ---- */

char *fake_origin(const struct fake_graph *g, uint32_t host, char *p)
{
	p = FAKE_PUT(p, "http://h");
	p = fake_number(p, host);
	*p++ = '.';
	memcpy(p, g->o->zone, g->zone_len);
	return stpcpy(p + g->zone_len, g->port);
}

bool fake_host_named(const struct fake_graph *g, const char *name, size_t len, uint32_t *host)
{
	const char *colon = memchr(name, ':', len);
	uint64_t n = 0;
	size_t i;

	if (colon)
		len = (size_t)(colon - name);
	if (len && name[len - 1] == '.')
		len--;
	if (len < 3 || (name[0] | 32) != 'h')
		return false;
	for (i = 1; i < len && name[i] >= '0' && name[i] <= '9' && i < 12; i++)
		n = n * 10 + (uint64_t)(name[i] - '0');
	if (i == 1 || (name[1] == '0' && i > 2) || n >= g->hosts || len != i + 1 + g->zone_len ||
		name[i] != '.' || strncasecmp(name + i + 1, g->o->zone, g->zone_len))
		return false;
	*host = (uint32_t)n;
	return true;
}

bool fake_host_of(
	const struct fake_graph *g, const char *name, size_t len, uint32_t ip, uint32_t *host)
{
	if (fake_host_named(g, name, len, host))
		return true;
	*host = ip ? ip - 1 : 0;
	return (len > 4 && !memcmp(name, "127.", 4)) ||
	       (len >= 9 && !memcmp(name, "localhost", 9)) ||
	       (len >= 5 && !memcmp(name, "[::1]", 5));
}

uint32_t fake_addresses(const struct fake_graph *g)
{
	return g->o->ips && g->o->ips < g->hosts ? (uint32_t)g->o->ips : g->hosts;
}

uint32_t fake_address(const struct fake_graph *g, uint32_t host)
{
	return FAKE_FIRST_ADDRESS + host % fake_addresses(g);
}
