#include "storage/pack.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "config/link_json.h"
#include "config/log.h"
#include "config/mem.h"
#include "storage/pieces.h"
#include "workers/thread.h"

#define PACK_LEVEL 1 /* zstd */
/* log2 of the places in its table of what was seen. Level 1 alone takes 15 for what is shorter than
 * 16 KiB and 14 for what is longer than 128: as much as the nearest cache holds four times, and
 * cold, as other work has been done since the last page. */
#define PACK_HASH  13
#define PACK_LEAST 128 /* bytes below which compressing is not tried */
#define PACK_BIG   ((size_t)1 << 20)
#define PACK_ROOM  ((size_t)128 << 10) /* kept for what most pages become */

/* The contexts one caller needs for one item. */
struct packer {
	struct packer *next;
	ZSTD_CCtx *zstd;
	EVP_MD_CTX *md;
	uint8_t room[PACK_ROOM];
};

struct packers {
	bool store_bodies;
	EVP_MD *sha256; /* fetched once: a lookup per digest costs more than a small digest */
	struct lock lock;
	struct packer *idle;
};

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

static ZSTD_CCtx *open_zstd(void)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	if (!zstd ||
		ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, PACK_LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, PACK_HASH)))
		abort(); /* out of memory, as in mem.h */
	return zstd;
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
		p->zstd = open_zstd();
		p->md = EVP_MD_CTX_new();
		if (!p->md)
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

/* Memory for what is made, and of it what was used: so that it is not kept, and given back by
 * another thread, at the size it might have had. */
static void *room_take(struct packer *p, size_t cap)
{
	return cap <= PACK_ROOM ? p->room : mem_alloc(cap);
}

static void *room_keep(struct packer *p, void *room, size_t len)
{
	if (room == p->room)
		return len ? mem_dup(room, len) : NULL;
	if (len)
		return room;
	free(room);
	return NULL;
}

/* NULL where compressing does not pay: less than 1/16 saved, or less than half of a big one, since
 * there is room for a copy of half its size (slots.h: extra). */
static void *compress(struct packer *p, const void *data, size_t len, size_t *out_len)
{
	size_t cap = len > PACK_BIG ? len / 2 : ZSTD_compressBound(len), got;
	void *out;

	if (len < PACK_LEAST)
		return NULL;
	out = room_take(p, cap);
	got = ZSTD_compress2(p->zstd, out, cap, data, len);
	*out_len = ZSTD_isError(got) || got > len - len / 16 ? 0 : got;
	return room_keep(p, out, *out_len);
}

/* NULL where it is not made of the body, or of too many pieces. */
static void *cut(struct packer *p, const struct store_item *item, const char *text, size_t len,
	size_t *out_len)
{
	size_t cap = len / 3;
	void *out;

	if (len < PACK_LEAST)
		return NULL;
	out = room_take(p, cap);
	*out_len = pieces_write(item->body, item->body_len, text, len, out, cap);
	return room_keep(p, out, *out_len);
}

static void pack_body_and_text(struct packers *ps, struct packer *p, struct store_item *item)
{
	struct store_packed *out = item->packed;
	const struct facts *f = item->facts;
	const char *text = f ? facts_text(f, f->text) : "";
	size_t len = f ? f->text.len : 0;

	if (ps->store_bodies && is_identity(item)) {
		out->body = compress(p, item->body, item->body_len, &out->body_len);
		if (item->status)
			out->text = cut(p, item, text, len, &out->text_len);
	}
	if (!out->text)
		out->text = compress(p, text, len, &out->text_len);
}

/* ---- links ---- */

static void add_facts(struct link_json *j, const struct facts *f, bool *redirect)
{
	const struct facts_link *links = facts_links(f);

	for (uint32_t i = 0; i < f->nlinks; i++) {
		struct facts_found link = facts_found(f, &links[i]);

		link_json_add(j, &link);
		*redirect |= link.kind == LINK_REDIRECT;
	}
}

/* What a parser sealed goes to the database as it came; links of other facts are made JSON here. */
static void pack_links(struct store_item *item)
{
	struct store_packed *out = item->packed;
	const struct facts *f = item->facts;
	const char *redirect = item->redirect;
	struct link_json j;
	bool seen_redirect = false;

	if (f && f->flags & FACTS_SEALED && f->nfound) {
		out->links = facts_text(f, f->link_json);
		out->links_len = f->link_json.len;
		out->nlinks = f->nfound;
		return;
	}
	link_json_begin(&j, &out->made_links, item->url, item->url ? strlen(item->url) : 0);
	if (f)
		add_facts(&j, f, &seen_redirect);
	/* The target of a redirect is a link too, also where no parser ran. */
	if (redirect && *redirect && !seen_redirect)
		link_json_add(&j, &(struct facts_found){.url = redirect,
					  .url_len = strlen(redirect),
					  .kind = LINK_REDIRECT});
	link_json_end(&j);
	out->links = out->made_links.data;
	out->links_len = out->made_links.len;
	out->nlinks = (uint32_t)j.n;
}

/* ---- the item ---- */

void pack_begin(struct store *st, struct store_item *item)
{
	item->packed = mem_zalloc(sizeof(*item->packed));
	item->packed->store = st;
	item->packed->item = item;
	buf_init(&item->packed->made_links);
}

/* The crawl has gone by what facts_check found good; texts that are none cost the page its facts.
 */
static void check_texts(struct store_item *item)
{
	struct err err;

	if (!item->facts || facts_check_texts(item->facts, &err) == 0)
		return;
	log_warn("a parser's answer was refused: %s", err.text);
	item->facts = NULL;
	if (!item->error)
		item->error = "parser_answer";
}

void pack_item(struct packers *ps, struct store_item *item)
{
	struct store_packed *out = item->packed;
	struct packer *p;

	out->done = true;
	if (!item->url_id)
		return;
	check_texts(item);
	p = packer_take(ps);
	pack_digests(ps, p, item);
	pack_body_and_text(ps, p, item);
	packer_give(ps, p);
	pack_links(item);
}

void pack_free(struct store_item *item)
{
	if (!item->packed)
		return;
	buf_release(&item->packed->made_links);
	free(item->packed->body);
	free(item->packed->text);
	free(item->packed);
	item->packed = NULL;
}
