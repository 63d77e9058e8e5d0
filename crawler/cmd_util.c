#include "crawler/cmd_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/text.h"
#include "crawler/decode.h"
#include "crawler/page/host.h"
#include "storage/store_read.h"

json_t *cmd_query(struct store *st, const char *sql, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	json_error_t why;
	json_t *rows = NULL;
	int rc;

	if (!f) {
		err_set(err, EXIT_INTERNAL, "out of memory");
		return NULL;
	}
	rc = store_sql(st, sql, SQL_JSON, f, err);
	fclose(f);
	if (rc < 0)
		goto out;
	rows = json_loadb(text, len, 0, &why);
	if (!rows)
		err_set(err, EXIT_INTERNAL, "the answer of the database is not JSON: %s", why.text);
out:
	free(text);
	return rows;
}

void cmd_sql_text(struct buf *sql, const char *text)
{
	buf_add_ch(sql, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_ch(sql, '\'');
		buf_add_ch(sql, *text);
	}
	buf_add_ch(sql, '\'');
}

void cmd_add_text(struct buf *out, const char *text, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n' && text[i] != '\t' &&
			!(text[i] == '\r' && i + 1 < len && text[i + 1] == '\n'))
			continue;
		text_terminal(out, text + start, i - start);
		if (i < len && text[i] != '\r')
			buf_add_ch(out, text[i]);
		start = i + 1;
	}
}

void cmd_add_line(struct buf *out, const char *text)
{
	if (text)
		text_terminal(out, text, strlen(text));
}

size_t cmd_glance(const char *text, size_t len)
{
	size_t n = 200;

	if (len <= n)
		return len;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

int cmd_stored_settings(struct store *st, struct settings *s, struct err *err)
{
	char *json = store_meta_get(st, "settings");
	int rc = json ? settings_from_json(s, json, err) : 0;

	free(json);
	return rc;
}

bool cmd_stdout_is_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

static int inflate_in_sandbox(void *arg, const char *coding, const void *data, size_t len,
	struct buf *out, struct err *err)
{
	(void)arg;
	return sandbox_decode(data, len, coding, NULL, false, out, err);
}

static const char *registrable(void *arg, const char *host, char *out, size_t cap)
{
	size_t n;
	const char *r = host_registrable_or_null(host, strlen(host), &n);

	(void)arg;
	if (!r || n >= cap)
		return NULL;
	memcpy(out, r, n);
	out[n] = 0;
	return out;
}

void cmd_lend(struct store *st)
{
	store_set_inflate(st, inflate_in_sandbox, NULL);
	store_set_registrable(st, registrable, NULL);
}
