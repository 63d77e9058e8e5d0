/* files.c - a folder as a web site: types by extension, index.html, gzip for texts that ask for it.
 */
#include "tests/server/serve.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "config/mem.h"

#define GZIP_LEAST 1024 /* smaller texts are sent as they are */

static const struct {
	const char *ext;
	const char *type;
	bool text;
} types[] = {
	/* No charset for HTML: the pages say it themselves, as on many real sites. */
	{".html", "text/html", true},
	{".css", "text/css", true},
	{".js", "text/javascript", true},
	{".txt", "text/plain; charset=utf-8", true},
	{".xml", "application/xml", true},
	{".svg", "image/svg+xml", true},
	{".png", "image/png", false},
	{".gif", "image/gif", false},
	{".pdf", "application/pdf", false},
};

static size_t type_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < MEM_COUNT(types); i++)
		if (strcmp(dot, types[i].ext) == 0)
			break;
	return dot ? i : MEM_COUNT(types);
}

/* The path on disk: no query, %XX decoded, nothing that climbs out. */
static bool disk_path(const char *root, const char *path, struct buf *out)
{
	unsigned byte;

	buf_add_str(out, root);
	for (const char *s = path; *s && *s != '?'; s++) {
		if (*s == '%' && isxdigit((unsigned char)s[1]) &&
			sscanf(s + 1, "%2x", &byte) == 1) {
			buf_add_ch(out, (int)byte);
			s += 2;
		} else {
			buf_add_ch(out, *s);
		}
	}
	return !strstr(out->data + strlen(root), "/..") && strlen(out->data) == out->len;
}

static int read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		buf_grow(out, 65536);
		n = read(fd, out->data + out->len, 65536);
		if (n > 0)
			buf_set_len(out, out->len + (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

static void gzip(struct buf *b)
{
	struct buf out = BUF_INIT;
	z_stream z = {0};
	size_t room;

	if (deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	room = deflateBound(&z, b->len) + 64;
	buf_grow(&out, room);
	z.next_in = (unsigned char *)b->data;
	z.avail_in = (unsigned)b->len;
	z.next_out = (unsigned char *)out.data;
	z.avail_out = (unsigned)room;
	deflate(&z, Z_FINISH);
	buf_set_len(&out, z.total_out);
	deflateEnd(&z);
	buf_release(b);
	*b = out;
}

static void file_answer(
	struct answer *a, const char *path, const struct stat *st, const struct request *r)
{
	size_t type = type_of(path);
	char when[64];
	struct tm tm;

	a->status = 200;
	gmtime_r(&st->st_mtime, &tm);
	strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_addf(&a->head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nLast-Modified: %s\r\n",
		type < MEM_COUNT(types) ? types[type].type : "application/octet-stream", when);
	if (type < MEM_COUNT(types) && types[type].text && r->gzip_ok && a->own.len >= GZIP_LEAST) {
		gzip(&a->own);
		buf_add_str(&a->head, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
	}
	a->body = a->own.data;
	a->len = a->own.len;
	buf_addf(&a->head, "Content-Length: %zu\r\n\r\n", a->len);
}

int files_answer(struct answer *a, const char *root, const struct request *r)
{
	struct buf path = BUF_INIT, to = BUF_INIT;
	struct stat st;
	int found = 0, fd = -1;

	if (!disk_path(root, r->path, &path) || stat(path.data, &st) < 0)
		goto out;
	if (S_ISDIR(st.st_mode) && path.data[path.len - 1] != '/') {
		buf_addf(&to, "Location: %.*s/\r\n", (int)strcspn(r->path, "?"), r->path);
		answer_plain(a, 301, to.data, "It is a folder.\n");
		found = 1;
		goto out;
	}
	if (S_ISDIR(st.st_mode))
		buf_add_str(&path, "index.html");
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || read_all(fd, &a->own) < 0)
		goto out;
	file_answer(a, path.data, &st, r);
	found = 1;
out:
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&to);
	return found;
}
