/* verify.h - is a crawl's file whole? Reading only, on a store opened with STORE_READ, also while
 * a crawl writes: each check sees one moment.
 *
 *   verify_file     SQLite's own integrity check
 *   verify_rows     every rule that holds between the tables, every count against its rows
 *   verify_bodies   hands out what is stored of each page, to be compared with its digests; the
 *                   bytes are hostile and damaged perhaps, so a sandboxed process looks into them
 *
 * Problems are reported one by one and a check goes on behind them, as far as the file can be
 * read; -1 only where it cannot go on at all. Memory does not depend on the size of the file.
 */
#ifndef SKITTER_STORAGE_VERIFY_H
#define SKITTER_STORAGE_VERIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store_read.h"

struct verify {
	/* check: "file", "rows", "counts", "hosts", "search", "bodies"; url may be NULL. */
	void (*problem)(void *arg, const char *check, const char *url, const char *what);
	/* done of total, in units of the check; total 0 = unknown. May be NULL. */
	void (*progress)(void *arg, const char *check, uint64_t done, uint64_t total);
	void *arg;
	const volatile sig_atomic_t *stop; /* not 0: end early; may be NULL */
};

int verify_file(struct store *st, const struct verify *v, struct err *err);

struct verify_sums {
	struct store_counts counts;
	uint64_t rules; /* that were looked at */
	uint64_t links, indexed;
	bool hosts; /* compared: not while a crawl runs or was killed */
};
int verify_rows(
	struct store *st, const struct verify *v, struct verify_sums *sums, struct err *err);

struct verify_body {
	uint64_t id;
	const char *url; /* NULL = its row is missing */
	bool has_body;
	const void *body;
	size_t len;
	bool packed;	    /* by us, zstd; else as received */
	const char *coding; /* the server's, still on it: "identity", "gzip", ... */
	const uint8_t *digest, *wire_digest; /* 32 bytes or NULL */
	bool has_size;
	uint64_t size; /* decoded bytes */
	bool cut;      /* and more was there: the parser's limit was reached */
	const void *text;
	size_t text_len;
	bool text_packed; /* zstd; or else, if text_pieces, found to be pieces of the body */
	bool text_pieces;
};

/* fn returns -1 to end. Pointers live until it returns. */
int verify_bodies(struct store *st, const struct verify *v,
	int (*fn)(void *arg, const struct verify_body *b), void *arg, struct err *err);

#endif
