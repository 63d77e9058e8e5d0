#include "storage/pack.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

#include "config/mem.h"
#include "config/text.h"
#include "workers/thread.h"

#define PACK_LEVEL 1   /* zstd */
#define PACK_LEAST 128 /* bytes below which compressing is not tried */

/* The contexts one caller needs for one item. */
struct packer {
	struct packer *next;
	ZSTD_CCtx *zstd;
	EVP_MD_CTX *md;
};

struct packers {
	bool store_bodies;
	EVP_MD *sha256; /* fetched once: a lookup per digest costs more than a small digest */
	struct lock lock;
	struct packer *idle;
};

static uint64_t thread_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct packers *packers_open(bool store_bodies)
{
	struct packers *ps = mem_zalloc(sizeof(*ps));

	ps->store_bodies = store_bodies;
	ps->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!ps->sha256)
		abort(); /* libcrypto without SHA-256 is a broken installation */
	lock_init(&ps->lock);
	return ps;
}

void packers_close(struct packers *ps)
{
	struct packer *p;

	if (!ps)
		return;
	while ((p = ps->idle)) {
		ps->idle = p->next;
		ZSTD_freeCCtx(p->zstd);
		EVP_MD_CTX_free(p->md);
		free(p);
	}
	EVP_MD_free(ps->sha256);
	lock_release(&ps->lock);
	free(ps);
}

static struct packer *packer_take(struct packers *ps)
{
	struct packer *p;

	lock_enter(&ps->lock);
	p = ps->idle;
	if (p)
		ps->idle = p->next;
	lock_leave(&ps->lock);
	if (!p) {
		p = mem_zalloc(sizeof(*p));
		p->zstd = ZSTD_createCCtx();
		p->md = EVP_MD_CTX_new();
		if (!p->zstd || !p->md)
			abort(); /* out of memory, as in mem.h */
	}
	return p;
}

static void packer_give(struct packers *ps, struct packer *p)
{
	lock_enter(&ps->lock);
	p->next = ps->idle;
	ps->idle = p;
	lock_leave(&ps->lock);
}

/* ---- digests ---- */

static bool is_identity(const struct store_item *item)
{
	return !item->coding || !*item->coding || strcmp(item->coding, "identity") == 0;
}

static void pack_digests(struct packers *ps, struct packer *p, struct store_item *item)
{
	struct store_packed *out = item->packed;
	unsigned int len;

	if (!item->status)
		return; /* no answer, no body */
	if (EVP_DigestInit_ex2(p->md, ps->sha256, NULL) != 1 ||
		EVP_DigestUpdate(p->md, item->body, item->body_len) != 1 ||
		EVP_DigestFinal_ex(p->md, out->wire, &len) != 1)
		abort();
	out->has_digests = true;
	if (item->facts && item->facts->flags & FACTS_DIGEST) {
		memcpy(out->digest, item->facts->digest, 32);
		out->has_digest = true;
	} else if (is_identity(item)) {
		memcpy(out->digest, out->wire, 32);
		out->has_digest = true;
	}
	out->same_digest = out->has_digest && memcmp(out->digest, out->wire, 32) == 0;
}

/* ---- zstd ---- */

/* NULL where compressing does not pay (less than 1/16 saved). */
static void *compress(struct packer *p, const void *data, size_t len, size_t *out_len)
{
	size_t cap = ZSTD_compressBound(len), got;
	void *out;

	if (len < PACK_LEAST)
		return NULL;
	out = mem_alloc(cap);
	got = ZSTD_compressCCtx(p->zstd, out, cap, data, len, PACK_LEVEL);
	if (ZSTD_isError(got) || got > len - len / 16) {
		free(out);
		return NULL;
	}
	*out_len = got;
	return out;
}

/* ---- links ---- */

/* Length of "scheme://authority" of a serialised http(s) URL; 0 for others. */
static size_t origin_len(const char *url)
{
	const char *host, *slash;

	if (!url)
		return 0;
	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return 0;
	slash = strchr(host, '/');
	return slash && slash > host ? (size_t)(slash - url) : 0;
}

static void add_link(struct buf *out, bool first, const char *url, size_t url_len,
	const char *origin, size_t origin_n, const char *kind)
{
	buf_add_str(out, first ? "[[" : ",[");
	if (origin_n && url_len > origin_n && url[origin_n] == '/' &&
		memcmp(url, origin, origin_n) == 0)
		text_json(out, url + origin_n, url_len - origin_n);
	else
		text_json(out, url, url_len);
	buf_add(out, ",\"", 2);
	buf_add_str(out, kind);
	buf_add_ch(out, '"');
}

static void add_words(
	struct buf *out, const char *text, size_t text_len, const char *rel, size_t rel_len)
{
	if (text_len || rel_len) {
		buf_add_ch(out, ',');
		if (text_len)
			text_json(out, text, text_len);
		else
			buf_add(out, "null", 4);
	}
	if (rel_len) {
		buf_add_ch(out, ',');
		text_json(out, rel, rel_len);
	}
	buf_add_ch(out, ']');
}

uint32_t pack_links(struct buf *out, const struct facts *f, const char *url, const char *redirect)
{
	const struct facts_link *links = f ? facts_links(f) : NULL;
	size_t origin = origin_len(url);
	uint32_t n = f ? f->nlinks : 0, count = 0;
	bool seen_redirect = false;

	if (n)
		buf_grow(out, (size_t)n * 64);
	for (uint32_t i = 0; i < n; i++) {
		const struct facts_link *l = &links[i];
		add_link(out, !count++, facts_text(f, l->url), l->url.len, url, origin,
			facts_kind_name(l->kind));
		add_words(out, facts_text(f, l->text), l->text.len, facts_text(f, l->rel),
			l->rel.len);
		seen_redirect |= l->kind == LINK_REDIRECT;
	}
	/* The target of a redirect is a link too, also where no parser ran. */
	if (redirect && *redirect && !seen_redirect) {
		add_link(out, !count++, redirect, strlen(redirect), url, origin,
			facts_kind_name(LINK_REDIRECT));
		add_words(out, "", 0, "", 0);
	}
	if (count)
		buf_add_ch(out, ']');
	return count;
}

/* ---- the item ---- */

void pack_begin(struct store *st, struct store_item *item)
{
	item->packed = mem_zalloc(sizeof(*item->packed));
	item->packed->store = st;
	item->packed->item = item;
	buf_init(&item->packed->links);
}

void pack_item(struct packers *ps, struct store_item *item)
{
	struct store_packed *out = item->packed;
	const struct facts *f = item->facts;
	struct packer *p;
	uint64_t start = thread_ns();

	out->done = true;
	if (!item->url_id)
		return;
	p = packer_take(ps);
	pack_digests(ps, p, item);
	if (ps->store_bodies && is_identity(item))
		out->body = compress(p, item->body, item->body_len, &out->body_len);
	if (f && f->text.len)
		out->text = compress(p, facts_text(f, f->text), f->text.len, &out->text_len);
	packer_give(ps, p);
	out->nlinks = pack_links(&out->links, f, item->url, item->redirect);
	out->cpu_ns = thread_ns() - start;
}

void pack_free(struct store_item *item)
{
	if (!item->packed)
		return;
	buf_release(&item->packed->links);
	free(item->packed->body);
	free(item->packed->text);
	free(item->packed);
	item->packed = NULL;
}
