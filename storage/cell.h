/* cell.h - one value of a result row, written for a format.
 *
 * Values are hostile text. CSV: RFC 4180, and text that a spreadsheet would run (begins
 * with = + - @ tab CR) gets a ' in front, unless it is wanted raw. JSON: RFC 8259. Terminal:
 * escaped, one line. Blobs are written as text where they are valid UTF-8, else in hex.
 */
#ifndef SKITTER_STORAGE_CELL_H
#define SKITTER_STORAGE_CELL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

#include "config/buf.h"
#include "config/err.h"

void cell_csv(struct buf *out, sqlite3_stmt *s, int at, bool raw);
void cell_json(struct buf *out, sqlite3_stmt *s, int at);
void cell_terminal(struct buf *out, sqlite3_stmt *s, int at);

void cell_csv_text(struct buf *out, const char *text, size_t len, bool raw);

/* One row with its line end: a,b,c CRLF / {"a":1,...} without one. */
void cell_csv_row(struct buf *out, sqlite3_stmt *s, bool raw);
void cell_csv_header(struct buf *out, sqlite3_stmt *s);
void cell_json_row(struct buf *out, sqlite3_stmt *s);

/* Writes and empties b. -1: "cannot write the output: ...". */
int cell_flush(struct buf *b, FILE *out, struct err *err);

#endif
