/* outfile.h - a file that has its name only when all of it is there.
 *
 * Contract: what is written goes to NAME.part beside it, which takes the name at outfile_commit:
 * whoever sees NAME sees all of it, also after a crash. An existing NAME is refused unless
 * `force`; a NAME.part left over from a killed run is written anew. Devices and pipes, which hold
 * nothing, are written to directly. outfile_drop after success or failure; what was not
 * committed is removed then. Errors: one sentence.
 */
#ifndef SKITTER_CRAWLER_OUTFILE_H
#define SKITTER_CRAWLER_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "config/err.h"

struct outfile {
	char *path, *part; /* part NULL: written to directly */
	FILE *f;	   /* NULL once it is closed */
	bool force;
};

/* -1 if NAME is there and may not be replaced. */
int outfile_check(const char *path, bool force, struct err *err);
int outfile_open(struct outfile *o, const char *path, bool force, struct err *err);
/* All is written: flushed to the disk and closed, still under its other name. */
int outfile_close(struct outfile *o, struct err *err);
/* Closes it if it is open, and gives it its name. */
int outfile_commit(struct outfile *o, struct err *err);
/* Another name before that. */
void outfile_rename(struct outfile *o, const char *path);
void outfile_drop(struct outfile *o);

#endif
