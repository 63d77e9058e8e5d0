#include "workers/stack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workers/instrument.h"
#include "workers/misuse.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define GUARD_PAGES_MAX 16000
#define CANARY		UINT64_C(0x736b697474657221)
#define CANARIES	8

/* -1: not found out yet. */
static atomic_int best = -1;
static atomic_size_t guard_pages; /* of the process, STACK_GUARD_PAGE only */

static size_t page_size(void)
{
	static atomic_size_t size;

	if (!size)
		size = (size_t)sysconf(_SC_PAGESIZE);
	return size;
}

static char *map_or_die(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (p == MAP_FAILED)
		exhausted("no memory for a coroutine's stack of %zu KiB: %s; lower --concurrency, "
			  "or raise the memory limit of the system or container",
			len / 1024, strerror(errno));
	/* One touched page must not become a huge one. */
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

/* Emulators accept any madvise and do nothing: so look whether the kernel refuses
 * to write there. */
static enum stack_guard find_best(void)
{
	size_t page = page_size();
	char *p = map_or_die(page);
	bool works = !madvise(p, page, MADV_GUARD_INSTALL) &&
		     syscall(SYS_getrandom, p, (size_t)1, 1u /* GRND_NONBLOCK */) == -1 &&
		     errno == EFAULT;

	munmap(p, page);
	return works ? STACK_GUARD_LIGHT : STACK_GUARD_PAGE;
}

void stack_guard_at_best(enum stack_guard guard)
{
	enum stack_guard b = find_best();

	best = guard > b ? (int)guard : (int)b;
}

static uint64_t *canaries(const struct stack *st)
{
	return (uint64_t *)(uintptr_t)st->low - CANARIES;
}

static void guard_canary(struct stack *st)
{
	uint64_t *c = canaries(st);

	st->guard = STACK_GUARD_CANARY;
	for (int i = 0; i < CANARIES; i++)
		c[i] = CANARY;
}

static void guard(struct stack *st)
{
	size_t page = page_size();
	char *g = st->low - page;

	if (best < 0)
		best = (int)find_best();
	st->guard = (enum stack_guard)(int)best;
	if (st->guard == STACK_GUARD_LIGHT && !madvise(g, page, MADV_GUARD_INSTALL))
		return;
	if (st->guard != STACK_GUARD_CANARY) {
		st->guard = STACK_GUARD_PAGE;
		if (atomic_fetch_add(&guard_pages, 1) < GUARD_PAGES_MAX &&
			!mprotect(g, page, PROT_NONE))
			return;
		atomic_fetch_sub(&guard_pages, 1);
	}
	guard_canary(st);
}

bool stack_overrun(const struct stack *st)
{
	const uint64_t *c;

	if (st->guard != STACK_GUARD_CANARY)
		return false;
	c = canaries(st);
	for (int i = 0; i < CANARIES; i++)
		if (c[i] != CANARY)
			return true;
	return false;
}

static struct stack stack_map(size_t size)
{
	struct stack st = {.size = size};
	size_t page = page_size();

	st.low = map_or_die(size + page) + page;
	guard(&st);
	st.valgrind_id = instrument_stack_mapped(st.low, st.size);
	return st;
}

static void stack_unmap(struct stack *st)
{
	size_t page = page_size();

	instrument_stack_unmapped(st->low, st->size, st->valgrind_id);
	if (st->guard == STACK_GUARD_PAGE)
		atomic_fetch_sub(&guard_pages, 1);
	munmap(st->low - page, st->size + page);
}

static void empty(struct stacks *s)
{
	while (s->nwarm)
		stack_unmap(&s->warm[--s->nwarm]);
	while (s->ncold)
		stack_unmap(&s->cold[--s->ncold]);
}

void stacks_init(struct stacks *s, size_t size)
{
	s->nwarm = s->ncold = s->taken = 0;
	stacks_set_size(s, size);
}

void stacks_release(struct stacks *s)
{
	empty(s);
}

void stacks_set_size(struct stacks *s, size_t size)
{
	size_t page = page_size();

	empty(s);
	if (size < 16384)
		size = 16384;
	s->size = (size + page - 1) / page * page;
}

struct stack stack_take(struct stacks *s)
{
	s->taken++;
	if (s->nwarm)
		return s->warm[--s->nwarm];
	if (s->ncold)
		return s->cold[--s->ncold];
	return stack_map(s->size);
}

void stack_give(struct stacks *s, struct stack st)
{
	s->taken--;
	/* Frames that were left by a switch, not by a return, are still poisoned. */
	instrument_stack_clean(st.low, st.size);
	if (st.size != s->size) {
		stack_unmap(&st);
	} else if (s->nwarm < STACKS_WARM) {
		s->warm[s->nwarm++] = st;
	} else if (s->ncold < STACKS_COLD) {
		madvise(st.low, st.size, MADV_DONTNEED);
		s->cold[s->ncold++] = st;
	} else {
		stack_unmap(&st);
	}
}
