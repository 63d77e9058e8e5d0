/* gather.h - the write-ahead log, written in larger pieces.
 *
 * SQLite writes a frame of the log as 24 bytes and a page, each by a system call of its own
 * (fileformat2.html, 4.1). Here a VFS in front of the default one copies what is written to a log
 * end to end, and writes three frames at a time: no more than the largest page that there is, since
 * the default VFS cuts what is longer than 128 KiB. What SQLite relies on stays:
 *
 *   - a frame that commits, and all before it, has been written when its xWrite returns, with the
 *     error if there was one: readers are told of frames, by shared memory, only after that;
 *   - whatever else is asked of the log (read, sync, size, truncate) is asked of a file in which
 *     all is written that was gathered, in the order in which it was given.
 *
 * So nothing is kept back but frames of a transaction that is not committed yet, and those mean
 * nothing in the file. All other files are the default VFS's own.
 */
#ifndef SKITTER_STORAGE_GATHER_H
#define SKITTER_STORAGE_GATHER_H

/* The name of the VFS for sqlite3_open_v2, registered by the first call; NULL, which is the default
 * one, if that fails. */
const char *gather_vfs(void);

#endif
