#include "workers/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int shm_open_sealed(const char *what, size_t size, struct err *err)
{
	int fd = memfd_create("skitter", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("skitter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	err_set(err, EXIT_INTERNAL, "cannot get %zu bytes of shared memory for %s: %s", size, what,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void shm_punch(int fd, size_t from, size_t to)
{
	if (to > from)
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
			(off_t)(to - from));
}

size_t shm_page_round(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t r = n % page;
	if (r == 0)
		return n;
	return n > SIZE_MAX - page ? SIZE_MAX : n + (page - r);
}
