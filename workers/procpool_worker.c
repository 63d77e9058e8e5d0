/* procpool_worker.c - the worker's side of procpool.h. */
#include "workers/procpool_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/misuse.h"
#include "workers/pipe.h"
#include "workers/shm.h"

static size_t size_argument(int argc, char **argv, const char *name)
{
	size_t len = strlen(name);
	for (int i = argc - 1; i > 0; i--)
		if (strncmp(argv[i], name, len) == 0)
			return (size_t)strtoull(argv[i] + len, NULL, 10);
	return 0;
}

int procpool_worker_open(struct procpool_worker *w, int argc, char **argv, struct err *err)
{
	*w = (struct procpool_worker){.fd = POOL_FD_PIPE};
	w->answer_size = size_argument(argc, argv, POOL_ARG_ANSWER);
	w->arena_size = size_argument(argc, argv, POOL_ARG_ARENA);
	if (w->answer_size == 0)
		return err_set(err, EXIT_USAGE,
			"%s is a role of a process pool: skitter starts it itself", argv[0]);
	w->stride = shm_page_round(w->answer_size);
	void *areas = mmap(NULL, PROCPOOL_DEPTH * w->stride, PROT_READ | PROT_WRITE, MAP_SHARED,
		POOL_FD_AREAS, 0);
	if (areas == MAP_FAILED)
		return err_set(err, EXIT_INTERNAL, "%s: cannot map the answer areas: %s", argv[0],
			strerror(errno));
	w->areas = areas;
	w->answer = areas;
	if (w->arena_size) {
		const void *arena =
			mmap(NULL, w->arena_size, PROT_READ, MAP_SHARED, POOL_FD_ARENA, 0);
		if (arena == MAP_FAILED)
			return err_set(err, EXIT_INTERNAL, "%s: cannot map the bodies: %s", argv[0],
				strerror(errno));
		w->arena = arena;
		close(POOL_FD_ARENA);
	}
	/* The mappings stay; without descriptors there is nothing to open them again by. */
	close(POOL_FD_AREAS);
	return 0;
}

/* The next order of the last message, or the next message. */
static ssize_t read_order(struct procpool_worker *w, struct pool_order *order, const char **msg)
{
	static char in[PIPE_MAX]; /* a process is one worker */
	if (w->at == w->have) {
		ssize_t n = pipe_recv(w->fd, in, sizeof(in));
		if (n <= 0)
			return n;
		w->have = (size_t)n;
		w->at = 0;
	}
	size_t left = w->have - w->at;
	if (left > sizeof(*order))
		memcpy(order, in + w->at, sizeof(*order));
	if (left <= sizeof(*order) || !order->len || order->len > left - sizeof(*order) ||
		order->area >= PROCPOOL_DEPTH) {
		errno = EMSGSIZE;
		return -1;
	}
	*msg = in + w->at + sizeof(*order);
	w->at += sizeof(*order) + order->len;
	return (ssize_t)order->len;
}

ssize_t procpool_worker_get(struct procpool_worker *w, void *msg, size_t cap)
{
	struct pool_order order;
	const char *in;
	if (w->seq)
		misuse("procpool_worker_get before the answer to task %llu",
			(unsigned long long)w->seq);
	if (!w->ready) {
		struct pool_reply ready = {.word = POOL_READY};
		if (pipe_send(w->fd, &ready, sizeof(ready)) < 0)
			return errno == EPIPE ? 0 : -1;
		w->ready = true;
	}
	ssize_t n = read_order(w, &order, &in);
	if (n <= 0)
		return n;
	if ((size_t)n > cap) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(msg, in, (size_t)n);
	w->seq = order.seq;
	w->answer = w->areas + order.area * w->stride;
	return n;
}

int procpool_worker_put(struct procpool_worker *w, uint32_t status, size_t answer_len)
{
	if (!w->seq)
		misuse("procpool_worker_put without a task");
	if (answer_len > w->answer_size) {
		errno = EMSGSIZE;
		return -1;
	}
	struct pool_reply reply = {
		.word = POOL_ANSWER, .status = status, .seq = w->seq, .len = answer_len};
	w->seq = 0;
	return pipe_send(w->fd, &reply, sizeof(reply)) < 0 ? -1 : 0;
}
