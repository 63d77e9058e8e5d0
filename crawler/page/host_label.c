/* host_label.c - what makes a label valid: UTS #46 section 4.1, the joiner rules of
 * RFC 5892 (A.1, A.2) and the bidi rule of RFC 5893 (2). */
#include "crawler/page/host_idna.h"

/* ZERO WIDTH NON-JOINER between letters that would join (L or D, transparent ones
 * skipped, before it; R or D behind it). */
static bool breaks_join(const uint32_t *cp, size_t n, size_t at)
{
	size_t i = at, k = at + 1;
	int before, after;

	while (i > 0 && uc_joining_type(cp[i - 1]) == UC_JOINING_TYPE_T)
		i--;
	while (k < n && uc_joining_type(cp[k]) == UC_JOINING_TYPE_T)
		k++;
	if (i == 0 || k == n)
		return false;
	before = uc_joining_type(cp[i - 1]);
	after = uc_joining_type(cp[k]);
	return (before == UC_JOINING_TYPE_L || before == UC_JOINING_TYPE_D) &&
	       (after == UC_JOINING_TYPE_R || after == UC_JOINING_TYPE_D);
}

static bool joiners_ok(const uint32_t *cp, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (cp[i] != 0x200c && cp[i] != 0x200d)
			continue;
		if (i > 0 && idna_is_virama(cp[i - 1]))
			continue;
		if (cp[i] == 0x200d || !breaks_join(cp, n, i))
			return false;
	}
	return true;
}

bool idna_label_ok(const uint32_t *cp, size_t n)
{
	/* Hyphens are not checked, but a label that still looks encoded is refused. */
	if (n >= 4 && cp[0] == 'x' && cp[1] == 'n' && cp[2] == '-' && cp[3] == '-')
		return false;
	if (n > 0 && idna_is_mark(cp[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!idna_is_valid(cp[i]))
			return false;
	return joiners_ok(cp, n);
}

/* ---- bidi ---- */

#define BIT(class) (1u << (class))

static unsigned bidi(uint32_t c)
{
	return BIT(idna_bidi_class(c));
}

static bool label_bidi_ok(const uint32_t *cp, size_t n)
{
	const unsigned l = BIT(UC_BIDI_L), r = BIT(UC_BIDI_R) | BIT(UC_BIDI_AL);
	const unsigned en = BIT(UC_BIDI_EN), an = BIT(UC_BIDI_AN), nsm = BIT(UC_BIDI_NSM);
	const unsigned both = en | BIT(UC_BIDI_ES) | BIT(UC_BIDI_CS) | BIT(UC_BIDI_ET) |
			      BIT(UC_BIDI_ON) | BIT(UC_BIDI_BN) | nsm;
	unsigned first, seen = 0;
	bool rtl;

	if (n == 0)
		return true;
	first = bidi(cp[0]);
	if (!(first & (l | r)))
		return false;
	rtl = (first & r) != 0;
	for (size_t i = 0; i < n; i++)
		seen |= bidi(cp[i]);
	while (n > 1 && (bidi(cp[n - 1]) & nsm))
		n--;
	if (!rtl)
		return !(seen & ~(both | l)) && (bidi(cp[n - 1]) & (l | en));
	return !(seen & ~(both | r | an)) && (bidi(cp[n - 1]) & (r | en | an)) &&
	       !((seen & en) && (seen & an));
}

bool idna_bidi_ok(const uint32_t *cp, size_t n)
{
	const unsigned rtl = BIT(UC_BIDI_R) | BIT(UC_BIDI_AL) | BIT(UC_BIDI_AN);
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++)
		seen |= bidi(cp[i]);
	if (!(seen & rtl))
		return true;
	for (size_t start = 0, i = 0; i <= n; i++) {
		if (i < n && cp[i] != '.')
			continue;
		if (!label_bidi_ok(cp + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}
