/* http_tls.c - TLS: whom to trust, and sessions to take up again.
 *
 * libcurl keeps five sessions per handle, or eight for all that share: nothing, for a crawl of
 * thousands of hosts. So they are kept here, the newest of each origin, in the form they have on
 * the wire (about 2 KB; as OpenSSL holds them they would be five times that).
 *
 * The trusted certificates come from one file: only then does libcurl parse them once and not for
 * every connection (CURLOPT_CA_CACHE_TIMEOUT; a folder beside it, Debian's default, turns that
 * off).
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/http_private.h"

#define SESSIONS_MAX 8192

struct tls_session {
	struct tls_session *next; /* the one kept after it */
	uint32_t host;		  /* id; 0 = a newer one took its place */
	size_t len;
	unsigned char der[];
};

struct http_tls {
	const char *ca_file;	       /* NULL = libcurl's own default */
	struct tls_session **by_host;  /* by host id */
	size_t nhosts;		       /* room in by_host */
	struct tls_session *old, *new; /* in the order they were kept */
	size_t n;		       /* in that list */
};

/* What a connection's context leads to: the sessions, and whose they are. */
static int tls_index = -1, host_index = -1;

/* ---- the sessions kept ---- */

static struct tls_session **place_of(struct http_tls *t, uint32_t host)
{
	if (host >= t->nhosts) {
		size_t n = (size_t)host * 2 + 64;
		t->by_host = mem_realloc(t->by_host, n * sizeof(struct tls_session *));
		memset(t->by_host + t->nhosts, 0, (n - t->nhosts) * sizeof(struct tls_session *));
		t->nhosts = n;
	}
	return &t->by_host[host];
}

static void drop_oldest(struct http_tls *t)
{
	struct tls_session *s = t->old;

	t->old = s->next;
	if (!t->old)
		t->new = NULL;
	if (s->host)
		t->by_host[s->host] = NULL;
	t->n--;
	free(s);
}

static void keep_session(struct http_tls *t, uint32_t host, SSL_SESSION *session)
{
	int len = i2d_SSL_SESSION(session, NULL);
	struct tls_session *s, **place = place_of(t, host);
	unsigned char *p;

	if (len <= 0)
		return;
	s = mem_alloc(sizeof(*s) + (size_t)len);
	*s = (struct tls_session){.host = host, .len = (size_t)len};
	p = s->der;
	i2d_SSL_SESSION(session, &p);
	if (*place)
		(*place)->host = 0;
	*place = s;
	if (t->new)
		t->new->next = s;
	else
		t->old = s;
	t->new = s;
	if (++t->n > SESSIONS_MAX)
		drop_oldest(t);
}

/* ---- callbacks of OpenSSL, inside libcurl's turn ---- */

/* By its id: a connection may outlive the host. */
static uint32_t host_of(const SSL_CTX *ctx)
{
	return (uint32_t)(uintptr_t)SSL_CTX_get_ex_data(ctx, host_index);
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);

	if (SSL_SESSION_is_resumable(session))
		keep_session(SSL_CTX_get_ex_data(ctx, tls_index), host_of(ctx), session);
	return 0; /* no reference was kept */
}

/* The one moment between the making of a connection's SSL and its first message. */
static void on_info(const SSL *ssl, int where, int ret)
{
	SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
	struct http_tls *t = SSL_CTX_get_ex_data(ctx, tls_index);
	uint32_t host = host_of(ctx);
	const struct tls_session *s;
	const unsigned char *p;
	SSL_SESSION *session;

	(void)ret;
	if (!(where & SSL_CB_HANDSHAKE_START) || SSL_get_session(ssl) || host >= t->nhosts)
		return;
	s = t->by_host[host];
	p = s ? s->der : NULL;
	session = s ? d2i_SSL_SESSION(NULL, &p, (long)s->len) : NULL;
	if (!session)
		return;
	SSL_set_session((SSL *)(uintptr_t)ssl, session);
	SSL_SESSION_free(session);
}

static CURLcode on_context(CURL *easy, void *context, void *arg)
{
	struct exchange *x = arg;
	SSL_CTX *ctx = context;

	(void)easy;
	SSL_CTX_set_ex_data(ctx, tls_index, x->http->tls);
	SSL_CTX_set_ex_data(ctx, host_index, (void *)(uintptr_t)x->f->host->id);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	SSL_CTX_set_info_callback(ctx, on_info);
	return CURLE_OK;
}

/* ---- opening ---- */

/* Said now, not by every connection later. */
static int check_ca_file(const char *path, struct err *err)
{
	X509_STORE *store = X509_STORE_new();
	bool good = store && X509_STORE_load_file(store, path);

	X509_STORE_free(store);
	ERR_clear_error();
	if (good)
		return 0;
	return err_set(err, EXIT_USAGE,
		"--ca-file %s: it cannot be read, or holds no certificate in PEM form", path);
}

int http_tls_open(struct http *h, struct err *err)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	h->tls = mem_zalloc(sizeof(*h->tls));
	h->tls->ca_file = h->set->ca_file;
	if (h->set->ca_file && check_ca_file(h->set->ca_file, err) < 0)
		return -1;
	if (!h->set->ca_file && v->cainfo && access(v->cainfo, R_OK) == 0)
		h->tls->ca_file = v->cainfo;
	if (tls_index < 0) {
		tls_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
		host_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	}
	return 0;
}

void http_tls_close(struct http *h)
{
	if (!h->tls)
		return;
	while (h->tls->old)
		drop_oldest(h->tls);
	free(h->tls->by_host);
	free(h->tls);
}

void http_tls_set(struct exchange *x)
{
	const struct http *h = x->http;
	const char *trusted = h->set->insecure ? NULL : h->tls->ca_file;

	if (h->set->insecure) {
		curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (h->set->insecure || trusted) {
		curl_easy_setopt(x->easy, CURLOPT_CAINFO, trusted);
		curl_easy_setopt(x->easy, CURLOPT_CAPATH, NULL);
	}
	if (h->tls_proxy) /* its sessions are not those of the host behind it */
		return;
	curl_easy_setopt(x->easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
	curl_easy_setopt(x->easy, CURLOPT_SSL_CTX_DATA, x);
}
