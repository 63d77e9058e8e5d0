/* dns_tcp.c - asking the servers of --dns by TCP (RFC 7766), for answers too long for UDP.
 *
 * Blocks, within limits; runs in a helper thread. The C library writes the question and
 * reads the answer.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/dns_private.h"

#define PATIENCE_S   5 /* for each step */
#define QUESTION_MAX 512
#define ANSWER_MAX   65535

static int dial(const char *server)
{
	const struct timeval patience = {PATIENCE_S, 0};
	struct sockaddr_storage sa;
	int len = sizeof(sa), fd;

	if (evutil_parse_sockaddr_port(server, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	if (sa.ss_family == AF_INET && !((struct sockaddr_in *)&sa)->sin_port)
		((struct sockaddr_in *)&sa)->sin_port = htons(NS_DEFAULTPORT);
	if (sa.ss_family == AF_INET6 && !((struct sockaddr_in6 *)&sa)->sin6_port)
		((struct sockaddr_in6 *)&sa)->sin6_port = htons(NS_DEFAULTPORT);
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* connect too */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sa, (socklen_t)len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool read_all(int fd, unsigned char *p, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, p, len, 0);
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Bytes of the answer, or 0. */
static size_t exchange(int fd, const char *name, int type, unsigned char *answer)
{
	unsigned char q[2 + QUESTION_MAX];
	int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, q + 2, QUESTION_MAX);
	size_t len;

	if (n <= 0)
		return 0;
	q[0] = (unsigned char)(n >> 8);
	q[1] = (unsigned char)n;
	if (send(fd, q, (size_t)n + 2, MSG_NOSIGNAL) != n + 2 || !read_all(fd, answer, 2))
		return 0;
	len = (size_t)answer[0] << 8 | answer[1];
	/* A stray answer to another question is not ours. */
	return read_all(fd, answer, len) && len > 2 && !memcmp(answer, q + 2, 2) ? len : 0;
}

static void take_addresses(struct dns_name *n, int type, const unsigned char *answer, size_t len)
{
	size_t size = type == ns_t_aaaa ? 16 : 4;
	char text[64];
	ns_msg msg;
	ns_rr rr;

	if (ns_initparse(answer, (int)len, &msg) < 0)
		return;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) < 0 || (int)ns_rr_type(rr) != type ||
			ns_rr_rdlen(rr) != size)
			continue;
		inet_ntop(size == 16 ? AF_INET6 : AF_INET, ns_rr_rdata(rr), text, sizeof(text));
		dns_add_address(&n->found, text);
		if (n->ttl_s < 0 || ns_rr_ttl(rr) < (uint32_t)n->ttl_s)
			n->ttl_s = ns_rr_ttl(rr) < INT32_MAX ? (int)ns_rr_ttl(rr) : INT32_MAX;
	}
}

/* Both kinds of addresses by one connection. */
static void ask_server(struct dns_name *n, const char *server, unsigned char *answer)
{
	int fd = dial(server);
	size_t len;

	if (fd < 0)
		return;
	len = exchange(fd, n->text, ns_t_a, answer);
	take_addresses(n, ns_t_a, answer, len);
	if (len && n->dns->ipv6) {
		len = exchange(fd, n->text, ns_t_aaaa, answer);
		take_addresses(n, ns_t_aaaa, answer, len);
	}
	close(fd);
}

void dns_ask_tcp(void *arg)
{
	struct dns_name *n = arg;
	const struct strlist *servers = &n->dns->set->dns;
	unsigned char *answer = mem_alloc(ANSWER_MAX + 1);

	for (size_t i = 0; i < servers->n && !n->found.len; i++)
		ask_server(n, servers->v[i], answer);
	free(answer);
	door_put(n->dns->door, &n->item);
}
