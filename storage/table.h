/* table.h - result rows as a table for people.
 *
 * Column widths come from the first rows (TABLE_AHEAD of them are held); later rows use
 * the same widths. A cell is cut at TABLE_CELL columns, marked with "...". Numbers stand
 * to the right.
 */
#ifndef SKITTER_STORAGE_TABLE_H
#define SKITTER_STORAGE_TABLE_H

#include <sqlite3.h>
#include <stdio.h>

#include "config/err.h"

#define TABLE_AHEAD 1000
#define TABLE_CELL  120

struct table;

struct table *table_open(sqlite3_stmt *s, FILE *out);
int table_row(struct table *t, sqlite3_stmt *s, struct err *err);
int table_end(struct table *t, struct err *err); /* writes what is held */
void table_close(struct table *t);

#endif
