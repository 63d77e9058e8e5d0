/* slots_pages.c - which slots have memory: pages exist once they were written, and stay with a free
 * slot for its next body, within what the credits allow.
 */
#include <string.h>
#include <unistd.h>

#include "workers/misuse.h"
#include "workers/shm.h"
#include "workers/slots_private.h"

#define FIT_LOOK 64 /* free slots looked at for a body, the last used first */

/* ---- pages of free big slots --------------------------------------------------------------- */

void slots_cool_big(struct slots *s, struct slot *slot, size_t keep)
{
	if (slot->touched <= keep)
		return;
	shm_punch(s->fd, slot->offset + keep, slot->offset + slot->touched);
	slot->touched = keep;
}

/* What is lent and what is warm fit the credit together: the longest unused go first. */
void slots_fit_warm(struct slots *s)
{
	for (size_t i = 0; i < s->big.nfree && s->lent + s->big_warm > s->credit; i++) {
		s->big_warm -= s->big.free[i]->touched;
		slots_cool_big(s, s->big.free[i], 0);
	}
}

/* All that was in it goes, but for what may stay warm: big ones have half of that. */
void slots_rest_big(struct slots *s, struct slot *slot)
{
	size_t left = slots_credit_left(s), most = left < s->warm / 2 ? left : s->warm / 2;

	/* The fetcher may have written more than the length it settled for. */
	if (slot->touched < slot->cap)
		slot->touched = slot->cap;
	slots_cool_big(s, slot, most > s->big_warm ? (most - s->big_warm) / GRAIN * GRAIN : 0);
	s->big_warm += slot->touched;
	slot->cap = 0;
}

void slots_set_credit(struct slots *s, size_t bytes)
{
	slots_check_thread(s);
	s->credit = bytes;
	slots_fit_warm(s);
}

void slots_set_small_credit(struct slots *s, size_t bytes)
{
	slots_check_thread(s);
	s->small_credit = bytes;
}

void slots_set_warm(struct slots *s, size_t bytes)
{
	slots_check_thread(s);
	s->warm = bytes;
}

void slots_reserve(struct slots *s, size_t bytes)
{
	slots_check_thread(s);
	s->reserved = bytes;
}

/* ---- pages of small slots ------------------------------------------------------------------ */

void slots_cool(struct slots *s, struct slot *slot)
{
	if (!slot->touched)
		return;
	shm_punch(s->fd, slot->offset, slot->offset + slot->cap);
	s->small_used -= slot->touched;
	if (slot->owner == SLOT_FREE)
		s->free_used -= slot->touched;
	slot->touched = 0;
}

/* The free slot that was unused for longest, of those that have pages. False: none has. */
bool slots_cool_coldest(struct slots *s)
{
	struct shelf *shelf = &s->small;

	if (shelf->cold == shelf->nfree)
		return false;
	slots_cool(s, shelf->free[shelf->cold++]);
	return true;
}

/* Gives back pages of slots that hold nothing (but of `except`), the longest unused first, until
 * no more than `most` bytes are in use. */
static void reclaim(struct slots *s, size_t most, const struct slot *except)
{
	while (s->small_used > most && slots_cool_coldest(s))
		;
	for (size_t i = 0; i < s->small.n && s->small_used > most; i++) {
		struct slot *slot = &s->small.slots[i];
		if (slot->owner == SLOT_FETCHER && !slot->len && slot != except)
			slots_cool(s, slot);
	}
}

/* Whether there is credit for `more` bytes, by giving back what nobody needs if need be: an
 * eighth more of it than that, or the next one would have to look again. */
static bool small_fits(struct slots *s, size_t more, const struct slot *except)
{
	if (s->small_used + more > s->small_credit)
		reclaim(s, s->small_credit > more ? (s->small_credit - more) / 8 * 7 : 0, except);
	return s->small_used + more <= s->small_credit;
}

size_t slots_small_left(struct slots *s)
{
	slots_check_thread(s);
	(void)small_fits(s, s->small.size, NULL);
	return s->small_credit > s->small_used ? s->small_credit - s->small_used : 0;
}

bool slots_touch(struct slots *s, struct slot *slot, size_t end)
{
	size_t more;

	if (slot->big || end <= slot->touched)
		return true;
	more = shm_page_round(end) - slot->touched;
	if (!small_fits(s, more, slot))
		return false;
	slot->touched += more;
	s->small_used += more;
	return true;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* What was written without slots_touch counts from now on. */
void slots_note_touched(struct slots *s, struct slot *slot)
{
	slots_check_len(slot);
	if (!slot->big && slot->touched < slot->len) {
		s->small_used += shm_page_round(slot->len) - slot->touched;
		slot->touched = shm_page_round(slot->len);
	}
}

bool slots_write(struct slots *s, struct slot *slot, const char *data, size_t n)
{
	size_t end = slot->len + n;
	size_t warm = slot->touched > slot->len ? slot->touched - slot->len : 0;
	ssize_t rest = 0;

	if (n > slot->cap - slot->len)
		misuse("%zu bytes more for a slot that holds %zu of %zu", n, slot->len, slot->cap);
	if (!slots_touch(s, slot, end))
		return false;
	if (warm > n)
		warm = n;
	memcpy(slot->data + slot->len, data, warm);
	/* A page that is not there yet would be cleared first, were we to copy: the kernel need
	 * not, for what it copies itself. */
	if (n > warm)
		rest = pwrite(
			s->fd, data + warm, n - warm, (off_t)(slot->offset + slot->len + warm));
	warm += rest > 0 ? (size_t)rest : 0;
	memcpy(slot->data + slot->len + warm, data + warm, n - warm);
	if (slot->touched < end)
		slot->touched = shm_page_round(end);
	slot->len = end;
	return true;
}

/* ---- a slot that has the pages already ----------------------------------------------------- */

/* Bytes of pages that would not be used, or, worse, would have to be added. */
static size_t misfit(const struct slot *slot, size_t want)
{
	return slot->touched > want ? slot->touched - want : (want - slot->touched) * 2;
}

size_t slots_best(const struct shelf *shelf, const struct slot *own, size_t want)
{
	size_t warm = shelf->nfree - shelf->cold, look = warm < FIT_LOOK ? warm : FIT_LOOK;
	size_t best = SLOTS_NONE, least;

	want = shm_page_round(want);
	least = own ? misfit(own, want) : SIZE_MAX;
	for (size_t i = shelf->nfree; i > shelf->nfree - look; i--) {
		size_t n = misfit(shelf->free[i - 1], want);
		if (n >= least)
			continue;
		least = n;
		best = i - 1;
		if (shelf->free[best]->touched >= want && n <= want / 4)
			break;
	}
	if (shelf->cold && misfit(shelf->free[shelf->cold - 1], want) < least)
		best = shelf->cold - 1;
	return best;
}
