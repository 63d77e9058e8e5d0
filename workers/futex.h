/* futex.h - the one system call that everything here that sleeps and wakes is made of (futex(2)).
 *
 * futex(word, FUTEX_WAIT.., seen, until) sleeps unless the word is no longer what it was seen as;
 * futex(word, FUTEX_WAKE.., n, NULL) wakes up to n that do. For the files of this folder only.
 */
#ifndef SKITTER_WORKERS_FUTEX_H
#define SKITTER_WORKERS_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline long futex(
	_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
}

#endif
