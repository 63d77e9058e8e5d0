#include "storage/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/db.h"
#include "storage/store.h"

/* The compiler runs in the root of the source tree, so this is the file beside us. */
__asm__(".pushsection .rodata\n"
	".global schema_sql\n"
	"schema_sql:\n"
	".incbin \"storage/schema.sql\"\n"
	".byte 0\n"
	".popsection\n");

int schema_create(sqlite3 *db, const char *path, struct err *err)
{
	char pragmas[128];

	snprintf(pragmas, sizeof(pragmas), "pragma application_id = %d; pragma user_version = %d",
		STORE_APPLICATION_ID, STORE_VERSION);
	return db_exec(db, path, pragmas, err) < 0 ? -1 : db_exec(db, path, schema_sql, err);
}

/* Whoever goes on with an older crawl writes texts that its version does not know. */
static int raise_version(sqlite3 *db, const char *path, struct err *err)
{
	char sql[48];
	int64_t version;

	if (db_int(db, path, "pragma user_version", 0, &version, err) < 0)
		return -1;
	snprintf(sql, sizeof(sql), "pragma user_version = %d", STORE_VERSION);
	return version < STORE_VERSION ? db_exec(db, path, sql, err) : 0;
}

int schema_complete(sqlite3 *db, const char *path, struct err *err)
{
	const char *at = schema_sql, *end;

	while ((at = strstr(at, "create table if not exists")) && (end = strstr(at, ");"))) {
		char *sql = mem_strndup(at, (size_t)(end - at) + 2);
		int ret = db_exec(db, path, sql, err);
		free(sql);
		if (ret < 0)
			return -1;
		at = end;
	}
	return raise_version(db, path, err);
}

int schema_judge(const char *path, int64_t id, int64_t version, struct err *err)
{
	if (id != STORE_APPLICATION_ID)
		return err_set(err, EXIT_STORAGE,
			"%s is an SQLite database of another program, not a skitter crawl", path);
	if (version > STORE_VERSION)
		return err_set(err, EXIT_STORAGE,
			"%s was written by a newer skitter (schema %lld, this one knows %d); use "
			"that version to go on",
			path, (long long)version, STORE_VERSION);
	if (version < 1)
		return err_set(err, EXIT_STORAGE, "%s is not a complete skitter crawl", path);
	return 0;
}

int schema_check(sqlite3 *db, const char *path, struct err *err)
{
	int64_t id, version, tables;

	if (db_int(db, path, "pragma application_id", 0, &id, err) < 0 ||
		db_int(db, path, "pragma user_version", 0, &version, err) < 0 ||
		db_int(db, path, "select count(*) from sqlite_schema", 0, &tables, err) < 0)
		return -1;
	if (id != STORE_APPLICATION_ID && !tables)
		return err_set(err, EXIT_STORAGE, "%s is empty: no crawl was stored in it", path);
	if (schema_judge(path, id, version, err) < 0)
		return -1;
	if (!tables)
		return err_set(err, EXIT_STORAGE, "%s is not a complete skitter crawl", path);
	return 0;
}
