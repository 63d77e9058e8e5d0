/* schema.h - the tables and views of a crawl (schema.sql), and whose file this is. */
#ifndef SKITTER_STORAGE_SCHEMA_H
#define SKITTER_STORAGE_SCHEMA_H

#include <stdint.h>

#include <sqlite3.h>

#include "config/err.h"

extern const char schema_sql[]; /* the text of schema.sql */

/* In the transaction of the caller: all of it, or nothing. */
int schema_create(sqlite3 *db, const char *path, struct err *err);
/* An older crawl made one of this version: tables that are in the schema since a later day than
 * the file ("create table if not exists"), then the version itself. */
int schema_complete(sqlite3 *db, const char *path, struct err *err);
/* 0 = a crawl this version can read; -1 = a text file, another program's database, a
 * newer skitter's, each with its sentence. Only reads. */
int schema_check(sqlite3 *db, const char *path, struct err *err);
/* The same of an application_id and user_version read otherwise. */
int schema_judge(const char *path, int64_t id, int64_t version, struct err *err);

#endif
