/* procpool_private.h - shared by procpool.c (tasks, the queue, waiting), procpool_seat.c (one
 * worker process: start, answers, death) and procpool_worker.c (the process itself).
 */
#ifndef SKITTER_WORKERS_PROCPOOL_PRIVATE_H
#define SKITTER_WORKERS_PROCPOOL_PRIVATE_H

#include "workers/procpool.h"

#include <event2/event.h>

/* ---- what goes over the pipe --------------------------------------------------------------- */

/* To the worker: this, then the caller's message; several of both may come as one message. */
struct pool_order {
	uint64_t seq;  /* counts from 1 in each process */
	uint32_t area; /* which answer area it may use: seq % PROCPOOL_DEPTH */
	uint32_t len;  /* of the caller's message */
};

/* From the worker. */
enum pool_word { POOL_READY = 1, POOL_ANSWER = 2 };
struct pool_reply {
	uint32_t word;
	uint32_t status;
	uint64_t seq;
	uint64_t len;
};

/* Descriptors and arguments of the worker. */
enum { POOL_FD_PIPE = 3, POOL_FD_AREAS = 4, POOL_FD_ARENA = 5 };
#define POOL_ARG_ANSWER "--answer-size="
#define POOL_ARG_ARENA	"--arena-size="

/* ---- inside the pool ----------------------------------------------------------------------- */

struct task {
	struct task *next;
	procpool_fn *fn;
	void *arg;
	size_t len;
	char msg[]; /* struct pool_order, then the message: len bytes in all */
};

enum seat_state {
	SEAT_GONE,     /* no process, and none wanted */
	SEAT_BACKOFF,  /* no process until the timer */
	SEAT_STARTING, /* it has not said "ready" */
	SEAT_READY,    /* idle or busy: nheld tells */
	SEAT_KILLED,   /* SIGKILL sent, not waited for yet */
	SEAT_LEAVING,  /* its pipe is closed, it should end */
};

/* A place for one worker process after the other. */
struct seat {
	struct procpool *pool;
	size_t index;
	enum seat_state state;
	int64_t since_ms; /* of the state */
	bool retiring;	  /* surplus: ends when it has nothing to do */
	bool in_callback; /* its answer is being read: no new task may reuse the area */

	/* of the process */
	struct proc *proc;
	int fd;	      /* our end of the pipe */
	int areas_fd; /* its answer areas */
	char *areas;  /* PROCPOOL_DEPTH * pool->stride bytes, read-only here */
	bool was_ready;
	bool broken;		      /* nothing can be sent any more */
	enum procpool_result verdict; /* what its death means for the task */

	/* held[0] is computed since begun_ms, the others wait in the pipe; but the last `unsent` of
	 * them go there at the end of pool_settle, together */
	struct task *held[PROCPOOL_DEPTH];
	size_t nheld, unsent;
	int64_t begun_ms;
	uint64_t seq; /* of the last task sent */

	int64_t due_ms; /* of the timer: deadline, back-off, grace; 0: not armed */
	struct event *ev_fd, *ev_exit, *ev_timer;

	unsigned deaths; /* in a row, without an answer between */
	uint64_t done;
	uint32_t restarts;
};

struct procpool {
	char *role;
	struct event_base *base;
	size_t answer_size;
	size_t depth;  /* tasks one worker may hold */
	size_t stride; /* answer_size in whole pages */
	int readonly_fd;
	int64_t deadline_ms;
	char **args; /* the caller's, then ours */

	struct seat **seats;
	size_t nseats, target;
	struct task *head, **tail;
	size_t queued, high_water, restarts;
	unsigned failed_starts; /* in a row */
	int failed_status;
	bool closed;
	bool freeing;
};

/* procpool.c */
struct task *pool_take(struct procpool *pool);
void pool_put_back(struct procpool *pool, struct task *task); /* to the head of the queue */
void pool_settle(struct procpool *pool);      /* hand out tasks, let go who is not needed */
void pool_fail_queued(struct procpool *pool); /* nobody can work: PROC_CRASHED */
void task_end(struct task *task, enum procpool_result r, int exit_status);

/* procpool_seat.c */
struct seat *seat_new(struct procpool *pool, size_t index);
void seat_free(struct seat *seat);
void seat_start(struct seat *seat);
bool seat_has_room(const struct seat *seat);
void seat_hand(struct seat *seat, struct task *task);
void seat_send(struct seat *seat); /* what it was handed. It may come back to the queue */
void seat_leave(struct seat *seat);
void seat_on_readable(struct seat *seat);
void seat_on_exit(struct seat *seat);
void seat_on_timer(struct seat *seat);
void seat_destroy_process(struct seat *seat); /* kill and wait, tell nobody */
const char *seat_state_name(const struct seat *seat);

#endif
