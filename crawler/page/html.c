#include "crawler/page/html.h"

#include <stdlib.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"

static void on_tag(void *arg, const struct html_tag *tag)
{
	html_tag(arg, tag);
}

static void on_text(void *arg, const char *s, size_t len)
{
	html_chars(arg, s, len);
}

static const char *on_data(void *arg, const char *p, const char *end)
{
	return html_quick(arg, p, end);
}

static void on_doctype(void *arg, const struct html_doctype *d)
{
	struct html *h = arg;

	/* Anywhere else it means nothing. */
	if (h->mode == MODE_INITIAL && !h->doctype_seen)
		h->quirks = html_is_quirky(d);
	h->doctype_seen = true;
}

static const struct tokenizer_sink sink = {
	.tag = on_tag, .text = on_text, .doctype = on_doctype, .data = on_data};
/* For who wants to see every tag. */
static const struct tokenizer_sink watched = {
	.tag = on_tag, .text = on_text, .doctype = on_doctype};

/* All buffers of a struct html, for what is done to each. */
static void each_buf(struct html *h, void (*fn)(struct buf *))
{
	struct buf *all[] = {&h->hold, &h->text.out, &h->anchor, &h->title, &h->description,
		&h->lang, &h->headings, &h->base, &h->url_hold, &h->base_hold, &h->scratch};

	for (size_t i = 0; i < MEM_COUNT(all); i++)
		fn(all[i]);
}

struct html *html_open(void)
{
	struct html *h = mem_zalloc(sizeof(*h));

	tokenizer_init(&h->tok, &sink, h);
	html_stack_init(&h->stack);
	each_buf(h, buf_init);
	url_parser_init(&h->parser);
	return h;
}

void html_free(struct html *h)
{
	if (!h)
		return;
	tokenizer_release(&h->tok);
	html_stack_release(&h->stack);
	each_buf(h, buf_release);
	url_parser_release(&h->parser);
	free(h->templates);
	free(h->formats);
	free(h->links);
	free(h);
}

void html_begin(struct html *h, const struct html_opts *opts, struct facts_writer *out)
{
	tokenizer_begin(&h->tok);
	html_stack_clear(&h->stack);
	each_buf(h, buf_reset);
	html_text_begin(&h->text, opts->max_text);
	h->mode = MODE_INITIAL;
	h->ntemplates = h->nformats = 0;
	h->cut_short = false;
	h->anchor_link = SIZE_MAX;
	h->fostering = false;
	h->quirks = true;
	h->doctype_seen = h->head_seen = h->form_open = false;
	h->frameset_ok = true;
	h->hidden = 0;
	h->nlinks = h->body_links = 0;
	h->body_background = h->anchor_open = h->heading_open = false;
	h->title_open = h->have_title = h->have_description = h->have_lang = h->have_base = false;
	h->out = out;
	h->encode = opts->encode;
	h->encode_arg = opts->encode_arg;
	h->watch = opts->watch;
	h->watch_arg = opts->watch_arg;
	h->tok.sink = h->watch ? &watched : &sink;
	url_copy(&h->url, opts->url, &h->url_hold);
}

void html_feed(struct html *h, const char *utf8, size_t len)
{
	tokenizer_feed(&h->tok, utf8, len);
}

void html_end(struct html *h)
{
	tokenizer_end(&h->tok);
	html_title_end(h);
	html_anchor_close(h);
	/* What is still open ends here; headings hear of it. */
	html_pop_to(h, 0);
	html_resolve(h);
}
