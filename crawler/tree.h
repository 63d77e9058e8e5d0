/* tree.h - a folder of files that has its name only when all of it is there.
 *
 * Contract: everything is written below FOLDER.part, which is made anew; tree_commit gives it its
 * name. Nothing is ever written outside of it, whatever lies there and whoever changes it
 * meanwhile: each part of a path is opened from the folder before it, without following links,
 * and files are made, never opened. Paths are relative, made of parts as filename.h makes them;
 * anything else is refused.
 *
 * An existing FOLDER is refused unless it is empty, or `force` is given and the folder was
 * written by this module (it holds TREE_MARK): then all of it is replaced. The same mark says
 * whether a FOLDER.part left over from a killed run may be removed.
 */
#ifndef SKITTER_CRAWLER_TREE_H
#define SKITTER_CRAWLER_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/err.h"

#define TREE_MARK ".skitter-files"

struct tree;

struct tree *tree_open(const char *folder, bool force, struct err *err);
/* A new file; data is all of it. */
int tree_write(struct tree *t, const char *path, const char *data, size_t len, struct err *err);
int tree_commit(struct tree *t, struct err *err);
void tree_close(struct tree *t); /* what was not committed is removed; NULL is fine */

#endif
