#include "workers/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/shm.h"

#define KEEP_LEAST ((size_t)64 * 1024)	      /* of a small slot, where all of it is too much */
#define KEEP_TOTAL ((size_t)64 * 1024 * 1024) /* of all small slots together */
#define GRAIN	   ((size_t)64 * 1024)	      /* credit is handed out in these */

/* A class of slots of one size. The free ones are a stack: the last one given back, whose
 * pages are in the CPU's cache, is taken first. */
struct shelf {
	struct slot *slots;
	struct slot **free;
	size_t n, nfree;
	size_t size;
};

struct slots {
	int fd;
	char *arena;
	size_t arena_size;
	struct shelf small, big;
	size_t credit; /* bytes that big slots may have together */
	size_t lent;   /* and have */
	size_t keep;   /* bytes of a free small slot that stay in memory */
	pthread_t thread;
};

static size_t grains(size_t n)
{
	return (n + GRAIN - 1) / GRAIN * GRAIN;
}

static void check_thread(const struct slots *s)
{
	if (!pthread_equal(s->thread, pthread_self()))
		misuse("slots belong to the thread that opened them: hand them back through the "
		       "loop's door");
}

static void shelf_init(
	struct shelf *shelf, struct slots *s, size_t n, size_t size, size_t offset, bool big)
{
	shelf->slots = mem_array(n, sizeof(*shelf->slots));
	shelf->free = mem_array(n, sizeof(*shelf->free));
	shelf->n = shelf->nfree = n;
	shelf->size = size;
	for (size_t i = 0; i < n; i++) {
		struct slot *slot = &shelf->slots[i];
		slot->index = (uint32_t)i;
		slot->big = big;
		slot->offset = offset + i * size;
		slot->data = s->arena + slot->offset;
		slot->cap = big ? 0 : size;
		shelf->free[n - 1 - i] = slot;
	}
}

static int arena_open(struct slots *s, struct err *err)
{
	s->fd = shm_open_sealed("bodies", s->arena_size, err);
	if (s->fd < 0)
		return -1;
	s->arena = mmap(
		NULL, s->arena_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, s->fd, 0);
	if (s->arena == MAP_FAILED) {
		s->arena = NULL;
		return err_set(err, EXIT_INTERNAL,
			"cannot map %zu bytes of shared memory for bodies: %s", s->arena_size,
			strerror(errno));
	}
	(void)madvise(s->arena, s->arena_size, MADV_DONTDUMP);
	return 0;
}

struct slots *slots_open(
	size_t nsmall, size_t small_size, size_t nbig, size_t big_size, struct err *err)
{
	size_t small_bytes, big_bytes;
	struct slots *s = mem_zalloc(sizeof(*s));
	s->fd = -1;
	s->thread = pthread_self();
	small_size = shm_page_round(small_size);
	big_size = shm_page_round(big_size);
	if (__builtin_mul_overflow(nsmall, small_size, &small_bytes) ||
		__builtin_mul_overflow(nbig, big_size, &big_bytes) ||
		__builtin_add_overflow(small_bytes, big_bytes, &s->arena_size) ||
		s->arena_size > (size_t)INT64_MAX / 2 || small_bytes == 0) {
		err_set(err, EXIT_USAGE,
			"%zu bodies of %zu bytes and %zu of %zu bytes are no amount of memory",
			nsmall, small_size, nbig, big_size);
		goto failed;
	}
	if (arena_open(s, err) != 0)
		goto failed;
	shelf_init(&s->small, s, nsmall, small_size, 0, false);
	shelf_init(&s->big, s, nbig, big_size, small_bytes, true);
	s->credit = big_bytes;
	slots_set_keep(s, small_bytes <= KEEP_TOTAL ? small_size : KEEP_LEAST);
	return s;
failed:
	slots_close(s);
	return NULL;
}

void slots_close(struct slots *s)
{
	if (!s)
		return;
	if (s->arena)
		munmap(s->arena, s->arena_size);
	if (s->fd >= 0)
		close(s->fd);
	free(s->small.slots);
	free(s->small.free);
	free(s->big.slots);
	free(s->big.free);
	free(s);
}

void slots_set_credit(struct slots *s, size_t bytes)
{
	check_thread(s);
	s->credit = bytes;
}

void slots_set_keep(struct slots *s, size_t bytes)
{
	check_thread(s);
	s->keep = shm_page_round(bytes);
}

/* ---- take, grow, pass, give ---------------------------------------------------------------- */

static struct slot *shelf_take(struct shelf *shelf)
{
	if (shelf->nfree == 0)
		return NULL;
	struct slot *slot = shelf->free[--shelf->nfree];
	slot->len = 0;
	slot->user = NULL;
	slot->owner = SLOT_FETCHER;
	slot->since_ms = clock_ms();
	return slot;
}

static void note_touched(struct slot *slot)
{
	if (slot->len > slot->cap)
		misuse("%s slot %u holds %zu bytes in room for %zu", slot->big ? "big" : "small",
			slot->index, slot->len, slot->cap);
	if (slot->touched < slot->len)
		slot->touched = slot->len;
}

struct slot *slots_take(struct slots *s)
{
	check_thread(s);
	return shelf_take(&s->small);
}

size_t slots_credit_left(const struct slots *s)
{
	return s->credit > s->lent ? s->credit - s->lent : 0;
}

struct slot *slots_grow(struct slots *s, struct slot *small)
{
	return slots_grow_to(s, small, s->big.size);
}

struct slot *slots_grow_to(struct slots *s, struct slot *slot, size_t want)
{
	check_thread(s);
	if (slot->owner != SLOT_FETCHER)
		misuse("a slot owned by the %s cannot grow", slots_owner_name(slot->owner));
	if (want <= slot->cap)
		return slot;
	if (want > s->big.size || s->big.n == 0)
		return NULL;
	want = grains(want);
	if (want > s->big.size)
		want = s->big.size;
	size_t more = want - (slot->big ? slot->cap : 0);
	if (more > slots_credit_left(s))
		return NULL;
	struct slot *big = slot;
	if (!slot->big) {
		big = shelf_take(&s->big);
		if (!big)
			return NULL;
		note_touched(slot);
		memcpy(big->data, slot->data, slot->len);
		big->len = slot->len;
		big->user = slot->user;
		big->since_ms = slot->since_ms;
		slots_give(s, slot);
	}
	s->lent += more;
	big->cap = want;
	return big;
}

void slots_pass(struct slot *slot, enum slot_owner from, enum slot_owner to)
{
	if (slot->owner != from || from == SLOT_FREE || to == SLOT_FREE)
		misuse("%s slot %u was to pass from %s to %s, but its owner is %s",
			slot->big ? "big" : "small", slot->index, slots_owner_name(from),
			slots_owner_name(to), slots_owner_name(slot->owner));
	note_touched(slot);
	slot->owner = to;
	slot->since_ms = clock_ms();
}

static void punch(struct slots *s, const struct slot *slot, size_t from)
{
	shm_punch(s->fd, slot->offset + from, slot->offset + slot->cap);
}

void slots_give(struct slots *s, struct slot *slot)
{
	check_thread(s);
	if (slot->owner == SLOT_FREE)
		misuse("%s slot %u was given back twice", slot->big ? "big" : "small", slot->index);
	note_touched(slot);
	struct shelf *shelf = slot->big ? &s->big : &s->small;
	if (slot->big) {
		/* All of it: the fetcher may have written more than the length it settled for. */
		punch(s, slot, 0);
		s->lent -= slot->cap;
		slot->cap = 0;
		slot->touched = 0;
	} else if (slot->touched > s->keep) {
		punch(s, slot, s->keep);
		slot->touched = s->keep;
	}
	slot->owner = SLOT_FREE;
	slot->user = NULL;
	slot->since_ms = clock_ms();
	shelf->free[shelf->nfree++] = slot;
}

/* ---- the parser's view --------------------------------------------------------------------- */

int slots_readonly_fd(struct slots *s, struct err *err)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, EXIT_INTERNAL,
			"cannot open the bodies read-only for the parsers (%s): %s; is /proc "
			"mounted?",
			path, strerror(errno));
	return fd;
}

/* ---- counts -------------------------------------------------------------------------------- */

size_t slots_arena_size(const struct slots *s)
{
	return s->arena_size;
}

size_t slots_small_size(const struct slots *s)
{
	return s->small.size;
}

size_t slots_big_size(const struct slots *s)
{
	return s->big.size;
}

size_t slots_free_count(const struct slots *s)
{
	return s->small.nfree;
}

size_t slots_in_use(const struct slots *s)
{
	return s->small.n - s->small.nfree + s->big.n - s->big.nfree;
}

size_t slots_touched_bytes(const struct slots *s)
{
	struct stat st;
	return fstat(s->fd, &st) == 0 ? (size_t)st.st_blocks * 512 : 0;
}

const char *slots_owner_name(enum slot_owner owner)
{
	switch (owner) {
	case SLOT_FREE: return "pool";
	case SLOT_FETCHER: return "fetcher";
	case SLOT_PARSER: return "parser";
	case SLOT_STORE: return "store";
	}
	return "nobody";
}

static void shelf_census(
	const struct shelf *shelf, void (*fn)(void *, const struct slot *), void *arg)
{
	for (size_t i = 0; i < shelf->n; i++)
		if (shelf->slots[i].owner != SLOT_FREE)
			fn(arg, &shelf->slots[i]);
}

void slots_census(struct slots *s, void (*fn)(void *arg, const struct slot *slot), void *arg)
{
	shelf_census(&s->small, fn, arg);
	shelf_census(&s->big, fn, arg);
}
