/* libcurl.c - libcurl, loaded by the first call of it.
 *
 * It brings twenty libraries of its own, half of all that there were (TLS, LDAP, Kerberos, SSH,
 * RTMP...), and mapping and relocating them is most of what starting a process takes. Who parses,
 * verifies or asks does not fetch: such a process starts in half the time, and what reads hostile
 * pages has none of that in its memory. So skitter is not linked against libcurl; the functions it
 * uses are here under their own names, and everybody else includes <curl/curl.h> as ever.
 *
 * Thread: any.
 */
#define CURL_DISABLE_TYPECHECK /* defined here, not called */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/err.h"
#include "crawler/http.h"

#define SONAME "libcurl.so.4" /* since 2006 */

#define FUNCTIONS(X)                \
	X(curl_easy_cleanup)        \
	X(curl_easy_getinfo)        \
	X(curl_easy_init)           \
	X(curl_easy_perform)        \
	X(curl_easy_setopt)         \
	X(curl_easy_strerror)       \
	X(curl_getdate)             \
	X(curl_global_cleanup)      \
	X(curl_global_init)         \
	X(curl_global_init_mem)     \
	X(curl_multi_add_handle)    \
	X(curl_multi_cleanup)       \
	X(curl_multi_info_read)     \
	X(curl_multi_init)          \
	X(curl_multi_remove_handle) \
	X(curl_multi_setopt)        \
	X(curl_multi_socket_action) \
	X(curl_share_cleanup)       \
	X(curl_share_init)          \
	X(curl_share_setopt)        \
	X(curl_slist_append)        \
	X(curl_slist_free_all)      \
	X(curl_url)                 \
	X(curl_url_cleanup)         \
	X(curl_url_set)             \
	X(curl_version_info)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#undef curl_share_setopt

static struct {
#define X(name) __typeof__(name) *name;
	FUNCTIONS(X)
#undef X
} lib;

static atomic_bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fail(void)
{
	fprintf(stderr, "skitter: %s\nIt is in Debian's package libcurl4.\n", dlerror());
	exit(EXIT_INTERNAL);
}

static void load(void)
{
	static const struct {
		const char *name;
		void *place; /* of a pointer to a function */
	} all[] = {
#define X(name) {#name, &lib.name},
		FUNCTIONS(X)
#undef X
	};
	void *so = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!so)
		fail();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!(*(void **)all[i].place = dlsym(so, all[i].name)))
			fail();
	atomic_store_explicit(&loaded, true, memory_order_release);
}

static inline void need(void)
{
	if (!atomic_load_explicit(&loaded, memory_order_acquire))
		(void)pthread_once(&once, load);
}

void http_load(void)
{
	need();
}

#define REAL(name) (need(), lib.name)

/* What varies is one argument: a pointer, a long or a curl_off_t, and all travel alike. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
	"an argument of any type can be passed on as a pointer");
#define PASS_ON(name, handle, option)                   \
	do {                                            \
		va_list args;                           \
		void *arg;                              \
		va_start(args, option);                 \
		arg = va_arg(args, void *);             \
		va_end(args);                           \
		return REAL(name)(handle, option, arg); \
	} while (0)

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	PASS_ON(curl_easy_setopt, easy, option);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	PASS_ON(curl_easy_getinfo, easy, info);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
	PASS_ON(curl_multi_setopt, multi, option);
}

CURLSHcode curl_share_setopt(CURLSH *share, CURLSHoption option, ...)
{
	PASS_ON(curl_share_setopt, share, option);
}

CURL *curl_easy_init(void)
{
	return REAL(curl_easy_init)();
}

void curl_easy_cleanup(CURL *easy)
{
	REAL(curl_easy_cleanup)(easy);
}

CURLcode curl_easy_perform(CURL *easy)
{
	return REAL(curl_easy_perform)(easy);
}

const char *curl_easy_strerror(CURLcode code)
{
	return REAL(curl_easy_strerror)(code);
}

time_t curl_getdate(const char *text, const time_t *unused)
{
	return REAL(curl_getdate)(text, unused);
}

CURLcode curl_global_init(long flags)
{
	return REAL(curl_global_init)(flags);
}

CURLcode curl_global_init_mem(long flags, curl_malloc_callback take, curl_free_callback give,
	curl_realloc_callback more, curl_strdup_callback copy, curl_calloc_callback zeroed)
{
	return REAL(curl_global_init_mem)(flags, take, give, more, copy, zeroed);
}

void curl_global_cleanup(void)
{
	REAL(curl_global_cleanup)();
}

CURLM *curl_multi_init(void)
{
	return REAL(curl_multi_init)();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
	return REAL(curl_multi_cleanup)(multi);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	return REAL(curl_multi_add_handle)(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	return REAL(curl_multi_remove_handle)(multi, easy);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
	return REAL(curl_multi_info_read)(multi, left);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int bits, int *running)
{
	return REAL(curl_multi_socket_action)(multi, fd, bits, running);
}

CURLSH *curl_share_init(void)
{
	return REAL(curl_share_init)();
}

CURLSHcode curl_share_cleanup(CURLSH *share)
{
	return REAL(curl_share_cleanup)(share);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
	return REAL(curl_slist_append)(list, text);
}

void curl_slist_free_all(struct curl_slist *list)
{
	REAL(curl_slist_free_all)(list);
}

CURLU *curl_url(void)
{
	return REAL(curl_url)();
}

void curl_url_cleanup(CURLU *url)
{
	REAL(curl_url_cleanup)(url);
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned flags)
{
	return REAL(curl_url_set)(url, part, text, flags);
}

curl_version_info_data *curl_version_info(CURLversion version)
{
	return REAL(curl_version_info)(version);
}
