/* report_page.c - the frame of a page, its style and script, and how values look in it. */
#include "storage/report_page.h"

#include <openssl/evp.h>
#include <string.h>

#include "config/text.h"

/* The compiler runs in the root of the source tree, so these are the files beside us. */
__asm__(".pushsection .rodata\n"
	"report_css:\n"
	".incbin \"storage/report.css\"\n"
	".byte 0\n"
	"report_js:\n"
	".incbin \"storage/report.js\"\n"
	".byte 0\n"
	".popsection\n");
extern const char report_css[], report_js[];

void page_add(struct page_out *p, const char *html)
{
	buf_add_str(p->out, html);
}

void page_addf(struct page_out *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(p->out, fmt, ap);
	va_end(ap);
}

void page_text(struct page_out *p, const char *text)
{
	if (text)
		text_html(p->out, text, strlen(text));
}

void page_number(struct page_out *p, double n)
{
	text_number(p->out, n < 0 ? 0 : (unsigned long long)(n + 0.5));
}

void page_bytes(struct page_out *p, double n)
{
	text_bytes(p->out, n < 0 ? 0 : (unsigned long long)(n + 0.5));
}

void page_url(struct page_out *p, const char *url)
{
	size_t len = p->origin ? strlen(p->origin) : 0;
	const char *shown = url;

	if (!url)
		return;
	if (len && !strncmp(url, p->origin, len) && url[len] == '/')
		shown = url + len;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
		page_add(p, "<bdi class=u>");
		page_text(p, url);
		page_add(p, "</bdi>");
		return;
	}
	page_add(p, "<a class=u rel=\"noreferrer noopener nofollow\" href=\"");
	page_text(p, url);
	page_add(p, "\"><bdi>");
	page_text(p, shown);
	page_add(p, "</bdi></a>");
}

/* 'sha256-...' of what stands between the tags. */
static void add_digest(struct page_out *p, const char *text)
{
	unsigned char digest[EVP_MAX_MD_SIZE], base64[EVP_MAX_MD_SIZE * 2];
	unsigned len = 0;

	EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL);
	EVP_EncodeBlock(base64, digest, (int)len);
	page_addf(p, "'sha256-%s'", (const char *)base64);
}

void page_begin(struct page_out *p, const char *title)
{
	page_add(p, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "base-uri 'none'; form-action 'none'; style-src ");
	add_digest(p, report_css);
	page_add(p, "; script-src ");
	add_digest(p, report_js);
	page_add(p, "\">\n<meta name=referrer content=no-referrer>\n"
		    "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=color-scheme content=\"light dark\">\n"
		    "<meta name=robots content=\"noindex, nofollow\">\n<title>");
	page_text(p, title);
	page_add(p, "</title>\n<style>");
	page_add(p, report_css);
	page_add(p, "</style>\n</head>\n<body>\n");
}

void page_end(struct page_out *p, const char *version)
{
	page_add(p, "<footer><p>Made by skitter ");
	page_text(p, version);
	page_add(p, " from <bdi class=u>");
	page_text(p, p->r->file);
	page_add(p, "</bdi> on ");
	report_add_time(p->out, p->r->made_ms);
	page_add(p, " UTC. All times are UTC. This file asks nobody for anything.</p></footer>\n"
		    "<script>");
	page_add(p, report_js);
	page_add(p, "</script>\n</body>\n</html>\n");
}
