#include "workers/slots_private.h"

#include <errno.h>
#include <fcntl.h>
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

static size_t grains(size_t n)
{
	return (n + GRAIN - 1) / GRAIN * GRAIN;
}

void slots_check_thread(const struct slots *s)
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
	s->small_credit = s->warm = small_bytes;
	s->small.cold = nsmall;
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

/* ---- take, grow, pass, give ---------------------------------------------------------------- */

static struct slot *shelf_take(struct shelf *shelf, size_t at)
{
	struct slot *slot = shelf->free[at];
	shelf->nfree--;
	memmove(&shelf->free[at], &shelf->free[at + 1], (shelf->nfree - at) * sizeof(*shelf->free));
	if (at < shelf->cold)
		shelf->cold--;
	slot->len = 0;
	slot->user = NULL;
	slot->extra = 0;
	slot->owner = SLOT_FETCHER;
	slot->since_ms = clock_ms();
	return slot;
}

/* On top; what has no pages, below those that have. */
static void shelf_give(struct shelf *shelf, struct slot *slot)
{
	size_t at = shelf->nfree++;
	if (!slot->big && !slot->touched) {
		at = shelf->cold++;
		memmove(&shelf->free[at + 1], &shelf->free[at],
			(shelf->nfree - 1 - at) * sizeof(*shelf->free));
	}
	shelf->free[at] = slot;
}

void slots_check_len(const struct slot *slot)
{
	if (slot->len > slot->cap)
		misuse("%s slot %u holds %zu bytes in room for %zu", slot->big ? "big" : "small",
			slot->index, slot->len, slot->cap);
}

static struct slot *take_small(struct slots *s, size_t at)
{
	struct slot *slot = shelf_take(&s->small, at);
	s->free_used -= slot->touched;
	return slot;
}

struct slot *slots_take(struct slots *s)
{
	slots_check_thread(s);
	return s->small.nfree ? take_small(s, s->small.nfree - 1) : NULL;
}

struct slot *slots_take_bare(struct slots *s)
{
	const struct shelf *shelf = &s->small;
	slots_check_thread(s);
	return shelf->nfree ? take_small(s, shelf->cold ? shelf->cold - 1 : 0) : NULL;
}

/* What came with it goes along. */
static void move_over(struct slot *to, struct slot *from)
{
	to->user = from->user;
	to->since_ms = from->since_ms;
	to->extra = from->extra;
	from->extra = 0;
}

static size_t last_used(const struct shelf *shelf, const struct slot *own)
{
	return shelf->nfree > shelf->cold && !own->touched ? shelf->nfree - 1 : SLOTS_NONE;
}

struct slot *slots_fit(struct slots *s, struct slot *slot, size_t want)
{
	struct slot *fit;
	size_t at;

	slots_check_thread(s);
	if (slot->big || slot->len || want > slot->cap)
		return slot;
	at = want ? slots_best(&s->small, slot, want) : last_used(&s->small, slot);
	if (at == SLOTS_NONE)
		return slot;
	fit = take_small(s, at);
	move_over(fit, slot);
	slots_give(s, slot);
	return fit;
}

size_t slots_credit_left(const struct slots *s)
{
	return s->credit > s->lent ? s->credit - s->lent : 0;
}

/* Takes credit for `more` bytes; who is not the one that waits leaves him his. */
static bool lend(struct slots *s, size_t more, bool reserved)
{
	size_t left = slots_credit_left(s), kept = reserved ? 0 : s->reserved;

	if (!more)
		return true;
	if (left < kept || more > left - kept)
		return false;
	s->lent += more;
	slots_fit_warm(s);
	return true;
}

struct slot *slots_grow(struct slots *s, struct slot *small)
{
	return slots_grow_to(s, small, s->big.size);
}

struct slot *slots_grow_to(struct slots *s, struct slot *slot, size_t want)
{
	return slots_grow_with(s, slot, want, 0, false);
}

static struct slot *move_to_big(struct slots *s, struct slot *slot, size_t want)
{
	struct slot *big = shelf_take(&s->big, slots_best(&s->big, NULL, want));

	s->big_warm -= big->touched;
	slots_note_touched(s, slot);
	memcpy(big->data, slot->data, slot->len);
	big->len = slot->len;
	if (big->touched < big->len)
		big->touched = shm_page_round(big->len);
	move_over(big, slot);
	slots_give(s, slot);
	return big;
}

/* A wish for more than there is at all is one for all there is. */
static size_t possible(const struct slots *s, size_t cap, size_t extra)
{
	size_t most = s->credit > cap ? s->credit - cap : 0;

	return extra < most ? extra : most;
}

struct slot *slots_grow_with(
	struct slots *s, struct slot *slot, size_t want, size_t extra, bool reserved)
{
	size_t more;

	slots_check_thread(s);
	if (slot->owner != SLOT_FETCHER)
		misuse("a slot owned by the %s cannot grow", slots_owner_name(slot->owner));
	if (want <= slot->cap)
		return slots_borrow(s, slot, extra, reserved) ? slot : NULL;
	if (want > s->big.size || (!slot->big && !s->big.nfree))
		return NULL;
	want = grains(want);
	if (want > s->big.size)
		want = s->big.size;
	extra = possible(s, want, extra);
	extra = extra > slot->extra ? extra : slot->extra;
	more = want - (slot->big ? slot->cap : 0) + extra - slot->extra;
	if (!lend(s, more, reserved))
		return NULL;
	if (!slot->big)
		slot = move_to_big(s, slot, want);
	slot->cap = want;
	slot->extra = extra;
	slots_cool_big(s, slot, want);
	return slot;
}

bool slots_borrow(struct slots *s, struct slot *slot, size_t extra, bool reserved)
{
	slots_check_thread(s);
	extra = possible(s, slot->big ? slot->cap : 0, extra);
	if (extra <= slot->extra)
		return true;
	if (!lend(s, extra - slot->extra, reserved))
		return false;
	slot->extra = extra;
	return true;
}

void slots_pass(struct slot *slot, enum slot_owner from, enum slot_owner to)
{
	if (slot->owner != from || from == SLOT_FREE || to == SLOT_FREE)
		misuse("%s slot %u was to pass from %s to %s, but its owner is %s",
			slot->big ? "big" : "small", slot->index, slots_owner_name(from),
			slots_owner_name(to), slots_owner_name(slot->owner));
	slots_check_len(slot);
	slot->owner = to;
	slot->since_ms = clock_ms();
}

void slots_give(struct slots *s, struct slot *slot)
{
	slots_check_thread(s);
	if (slot->owner == SLOT_FREE)
		misuse("%s slot %u was given back twice", slot->big ? "big" : "small", slot->index);
	slots_note_touched(s, slot);
	struct shelf *shelf = slot->big ? &s->big : &s->small;
	s->lent -= slot->extra;
	slot->extra = 0;
	if (slot->big) {
		s->lent -= slot->cap;
		slots_rest_big(s, slot);
	} else if (s->small_used > s->small_credit) {
		slots_cool(s, slot);
	}
	slot->owner = SLOT_FREE;
	slot->user = NULL;
	slot->since_ms = clock_ms();
	shelf_give(shelf, slot);
	if (!slot->big)
		s->free_used += slot->touched;
	while (s->free_used + s->big_warm > s->warm && slots_cool_coldest(s))
		;
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
