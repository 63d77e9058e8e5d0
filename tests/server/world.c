/* world.c - reading a world file, finding a page in it. */
#include "tests/server/world.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

/* ---- the text ---- */

int world_bad(const struct world_text *t, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(t->err, EXIT_USAGE, "%s:%d: %s", t->path, t->line, why);
}

/* Cuts one line off the text; NULL at its end. */
static char *text_line(struct world_text *t)
{
	char *line = t->at, *end;

	if (!*line)
		return NULL;
	end = strchr(line, '\n');
	if (end) {
		*end = '\0';
		t->at = end + 1;
	} else {
		t->at = line + strlen(line);
	}
	t->line++;
	return line;
}

/* Next line that says something, split in word and rest. */
static bool text_next(struct world_text *t)
{
	char *line, *end;

	while ((line = text_line(t))) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line && *line != '#')
			break;
	}
	if (!line)
		return false;
	t->word = line;
	while (*line && !isspace((unsigned char)*line))
		line++;
	if (*line)
		*line++ = '\0';
	while (isspace((unsigned char)*line))
		line++;
	t->rest = line;
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return true;
}

int world_text_block(struct world_text *t, const char *rest, const char *eol, struct buf *out)
{
	int first = t->line;
	char *mark, *line;

	if (strncmp(rest, "<<", 2) != 0) {
		buf_add_str(out, rest);
		buf_add_str(out, eol);
		return 0;
	}
	mark = mem_strdup(rest + 2);
	while ((line = text_line(t)) && strcmp(line, mark) != 0) {
		buf_add_str(out, line);
		buf_add_str(out, eol);
	}
	free(mark);
	if (!line) {
		t->line = first;
		return world_bad(t, "the block that begins here has no end");
	}
	return 0;
}

char *world_text_marked(struct world_text *t, const char *mark)
{
	if (strncmp(t->at, mark, 2) == 0)
		return text_line(t) + 2;
	if (t->at[0] == mark[0] && (t->at[1] == '\n' || t->at[1] == '\0'))
		return text_line(t) + 1;
	return NULL;
}

/* \xNN, \r, \n, \t, \0 and \\ become bytes. */
void world_unescape(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned byte;

		if (s[i] != '\\' || i + 1 == len) {
			buf_add_ch(out, s[i]);
			continue;
		}
		i++;
		if (s[i] == 'x' && i + 2 < len && sscanf(s + i + 1, "%2x", &byte) == 1) {
			buf_add_ch(out, (int)byte);
			i += 2;
		} else if (s[i] == 'n' || s[i] == 'r' || s[i] == 't') {
			buf_add_ch(out, s[i] == 'n' ? '\n' : s[i] == 'r' ? '\r' : '\t');
		} else if (s[i] == '0') {
			buf_add_ch(out, 0);
		} else {
			buf_add_ch(out, s[i]);
		}
	}
}

int world_number(struct world_text *t, const char *s, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(s, &end, 10);
	if (end == s || errno || (*end && !isspace((unsigned char)*end)))
		return world_bad(t, "'%s' is not a number", s);
	return 0;
}

int world_signal(struct world_text *t, const char *name, int *out)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {{"KILL", SIGKILL}, {"INT", SIGINT}, {"TERM", SIGTERM}, {"USR1", SIGUSR1}};

	for (size_t i = 0; i < MEM_COUNT(known); i++) {
		if (strcmp(known[i].name, name) == 0) {
			*out = known[i].number;
			return 0;
		}
	}
	return world_bad(t, "'%s' is no signal known here (KILL, INT, TERM, USR1)", name);
}

/* ---- the world ---- */

struct world *world_open(const char *name)
{
	struct world *w = mem_zalloc(sizeof(*w));

	w->name = mem_strdup(name);
	w->about = mem_strdup(name);
	w->limit_s = 60;
	return w;
}

static void add_host(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nhosts; i++)
		if (strcmp(w->hosts[i], name) == 0)
			return;
	w->hosts = mem_realloc(w->hosts, (w->nhosts + 1) * sizeof(*w->hosts));
	w->hosts[w->nhosts++] = mem_strdup(name);
}

struct world_page *world_page_new(struct world *w, const char *host, const char *path)
{
	struct world_page *p = mem_zalloc(sizeof(*p));

	p->host = mem_strdup(host);
	p->path = mem_strdup(path);
	p->status = 200;
	p->type = mem_strdup("text/html; charset=utf-8");
	buf_init(&p->headers);
	buf_init(&p->body);
	buf_init(&p->raw);
	buf_init(&p->fail_headers);
	p->send_bytes = -1;
	p->length = -1;
	w->pages = mem_realloc(w->pages, (w->npages + 1) * sizeof(*w->pages));
	w->pages[w->npages++] = p;
	return p;
}

static int file_word(struct world *w, struct world_text *t, bool keep)
{
	struct world_file *f;
	char *name = t->rest, *block = strstr(t->rest, "<<");

	if (!block || block == name)
		return world_bad(
			t, "'%s' wants a name and a block: %s NAME <<END", t->word, t->word);
	w->files = mem_realloc(w->files, (w->nfiles + 1) * sizeof(*w->files));
	f = &w->files[w->nfiles++];
	f->name = mem_strndup(name, strcspn(name, " \t<"));
	f->keep = keep;
	buf_init(&f->text);
	return world_text_block(t, block, "\n", &f->text);
}

/* Words that belong to the world as a whole. */
static int top_word(struct world *w, struct world_text *t)
{
	long long n;

	if (strcmp(t->word, "about") == 0) {
		free(w->about);
		w->about = mem_strdup(t->rest);
	} else if (strcmp(t->word, "listen") == 0) {
		if (w->nlisten == WORLD_PORTS)
			return world_bad(t, "more than %d addresses", WORLD_PORTS);
		w->listen[w->nlisten++] = mem_strdup(t->rest);
	} else if (strcmp(t->word, "repeats") == 0) {
		w->repeats = true;
	} else if (strcmp(t->word, "leftover") == 0) {
		w->leftover = true;
	} else if (strcmp(t->word, "damaged") == 0) {
		w->damaged = true;
	} else if (strcmp(t->word, "limit") == 0) {
		if (world_number(t, t->rest, &n) < 0)
			return -1;
		w->limit_s = (int)n;
	} else if (strcmp(t->word, "file") == 0 || strcmp(t->word, "keep") == 0) {
		return file_word(w, t, t->word[0] == 'k') < 0 ? -1 : 1;
	} else {
		return 0;
	}
	return 1;
}

static int read_words(struct world *w, struct world_text *t)
{
	struct world_page *page = NULL;
	char *host = NULL;
	int rc = 0;

	while (rc >= 0 && text_next(t)) {
		if (strcmp(t->word, "host") == 0) {
			free(host);
			host = mem_strdup(t->rest);
			add_host(w, host);
			page = NULL;
			rc = 1;
		} else if (strcmp(t->word, "page") == 0) {
			if (!host)
				rc = world_bad(t, "a page needs a host above it");
			else
				page = world_page_new(w, host, t->rest);
		} else {
			rc = top_word(w, t);
			if (rc == 0)
				rc = world_step_word(w, t);
			if (rc == 0 && page)
				rc = world_page_word(w, page, t);
			if (rc == 0)
				rc = world_bad(t, "'%s' is not known here", t->word);
		}
	}
	free(host);
	return rc < 0 ? -1 : 0;
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return err_set(err, EXIT_USAGE, "%s: %s", path, strerror(errno));
	do {
		buf_grow(out, 65536);
		n = fread(out->data + out->len, 1, 65536, f);
		buf_set_len(out, out->len + n);
	} while (n > 0);
	fclose(f);
	return 0;
}

struct world *world_load(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct world *w = world_open(slash ? slash + 1 : path);
	char *dot = strrchr(w->name, '.');
	struct world_text t = {.path = path, .err = err};
	struct buf text = BUF_INIT;

	if (dot && dot != w->name)
		*dot = '\0';
	if (read_file(path, &text, err) < 0)
		goto fail;
	t.at = text.data;
	if (read_words(w, &t) < 0)
		goto fail;
	buf_release(&text);
	return w;
fail:
	buf_release(&text);
	world_free(w);
	return NULL;
}

int world_ready(struct world *w, struct err *err)
{
	for (size_t i = 0; i < w->npages; i++)
		if (world_page_ready(w, w->pages[i], err) < 0)
			return -1;
	return 0;
}

void world_subst(const struct world *w, const char *text, size_t len, struct buf *out)
{
	static const char *const names[] = {":PORT2", ":PORT3", ":PORT4", ":DEADPORT", ":PORT"};
	const int ports[] = {w->port[1], w->port[2], w->port[3], w->dead_port, w->port[0]};
	size_t i = 0;

	while (i < len) {
		size_t k = MEM_COUNT(names);

		if (text[i] == ':') {
			for (k = 0; k < MEM_COUNT(names); k++)
				if (strncmp(text + i, names[k], strlen(names[k])) == 0)
					break;
		}
		if (k < MEM_COUNT(names)) {
			buf_addf(out, ":%d", ports[k]);
			i += strlen(names[k]);
		} else {
			buf_add_ch(out, text[i++]);
		}
	}
}

static bool page_matches(const struct world_page *p, const char *host, const char *path)
{
	size_t n = strlen(p->path);

	if (strcmp(p->host, "*") != 0 && strcasecmp(p->host, host) != 0)
		return false;
	if (n > 0 && p->path[n - 1] == '*')
		return strncmp(p->path, path, n - 1) == 0;
	return strcmp(p->path, path) == 0;
}

struct world_page *world_find(struct world *w, const char *host, const char *path)
{
	for (size_t i = 0; i < w->npages; i++)
		if (page_matches(w->pages[i], host, path))
			return w->pages[i];
	return NULL;
}

static void step_release(struct world_step *s)
{
	for (size_t i = 0; i < s->argc; i++)
		free(s->argv[i]);
	free(s->argv);
	for (size_t i = 0; i < s->nrows; i++)
		free(s->rows[i]);
	free(s->rows);
	free(s->sql);
	buf_release(&s->out);
	buf_release(&s->err);
	buf_release(&s->not_err);
	buf_release(&s->input);
}

static void page_free(struct world_page *p)
{
	free(p->host);
	free(p->path);
	free(p->type);
	free(p->charset);
	free(p->coding);
	free(p->need);
	buf_release(&p->headers);
	buf_release(&p->body);
	buf_release(&p->raw);
	buf_release(&p->fail_headers);
	free(p);
}

void world_free(struct world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->npages; i++)
		page_free(w->pages[i]);
	free(w->pages);
	for (size_t i = 0; i < w->nsteps; i++)
		step_release(&w->steps[i]);
	free(w->steps);
	for (size_t i = 0; i < w->nfiles; i++) {
		free(w->files[i].name);
		buf_release(&w->files[i].text);
	}
	free(w->files);
	for (size_t i = 0; i < w->nhosts; i++)
		free(w->hosts[i]);
	free(w->hosts);
	for (size_t i = 0; i < w->nlisten; i++)
		free(w->listen[i]);
	free(w->about);
	free(w->name);
	free(w);
}
