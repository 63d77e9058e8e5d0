#include "storage/version.h"

#include <sqlite3.h>

const char *storage_sqlite_version(void)
{
	return sqlite3_libversion();
}
