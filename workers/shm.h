/* shm.h - shared memory of a size that nobody can change.
 *
 * An anonymous file (memfd), sparse, never executable, CLOEXEC. Its size is sealed: whoever
 * else holds a descriptor cannot cut it short and make a reader fault. Returns the descriptor,
 * or -1 with err; `what` names the use in the sentence ("bodies").
 */
#ifndef SKITTER_WORKERS_SHM_H
#define SKITTER_WORKERS_SHM_H

#include <stddef.h>

#include "config/err.h"

int shm_open_sealed(const char *what, size_t size, struct err *err);

/* Gives the pages of a range back to the system; the range reads as zeros afterwards. Where it
 * fails the memory simply stays in use. */
void shm_punch(int fd, size_t from, size_t to);

size_t shm_page_round(size_t n); /* up to whole pages; SIZE_MAX when there is no such number */

#endif
