/* version.h - the SQLite this program runs on: the one in memory, not the one of the headers. */
#ifndef SKITTER_STORAGE_VERSION_H
#define SKITTER_STORAGE_VERSION_H

const char *storage_sqlite_version(void); /* "3.40.1", static */

#endif
