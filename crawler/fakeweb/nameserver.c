/* nameserver.c - the hosts' names (RFC 1035): an address for those there are, "no such
 * name" with the zone's SOA (RFC 2308) for all others. UDP and TCP.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "config/mem.h"
#include "crawler/fakeweb/serve.h"

#define HEAD	     12
#define NAME_MAX_B   256
#define ANSWER_MAX   1024
#define QUESTION_MAX 1500
#define NO_SUCH_TTL  60

enum { TYPE_A = 1, TYPE_SOA = 6, TYPE_AAAA = 28 };
enum { FLAG_RESPONSE = 0x80, FLAG_OURS = 0x04, FLAG_CUT = 0x02, FLAG_WANT = 0x01 };
enum { RCODE_FORMAT = 1, RCODE_NO_SUCH = 3, RCODE_NOT_DONE = 4 };

/* The name as text; where it ends, or 0: it is none. */
static size_t read_name(const unsigned char *q, size_t len, char *name)
{
	size_t at = HEAD, n = 0;

	while (at < len && q[at]) {
		size_t label = q[at++];
		if (label > 63 || at + label > len || n + label + 1 >= NAME_MAX_B)
			return 0;
		memcpy(name + n, q + at, label);
		n += label;
		name[n++] = '.';
		at += label;
	}
	name[n ? n - 1 : 0] = '\0';
	return at < len ? at + 1 : 0;
}

static unsigned char *put16(unsigned char *p, unsigned v)
{
	*p++ = (unsigned char)(v >> 8);
	*p++ = (unsigned char)v;
	return p;
}

static unsigned char *put32(unsigned char *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/* An answer about the name of the question (a pointer to byte 12). */
static unsigned char *put_address(unsigned char *p, unsigned type, uint32_t ttl, uint32_t address)
{
	static const unsigned char loopback6[16] = {[15] = 1};

	p = put32(put16(put16(put16(p, 0xc00c), type), 1), ttl);
	if (type == TYPE_A)
		return put32(put16(p, 4), address);
	memcpy(put16(p, 16), loopback6, 16);
	return p + 18;
}

static unsigned char *put_zone(unsigned char *p, const char *zone)
{
	while (*zone) {
		size_t n = strcspn(zone, ".");
		*p++ = (unsigned char)n;
		memcpy(p, zone, n);
		p += n;
		zone += n + (zone[n] == '.');
	}
	*p++ = 0;
	return p;
}

/* How long the name may be thought not to exist. */
static unsigned char *put_soa(unsigned char *p, const char *zone)
{
	p = put_zone(p, zone);
	p = put32(put16(put16(p, TYPE_SOA), 1), NO_SUCH_TTL);
	p = put16(p, 2 + 5 * 4);
	*p++ = 0; /* of the server and of who runs it there are no names */
	*p++ = 0;
	return put32(put32(put32(put32(put32(p, 1), 3600), 600), 86400), NO_SUCH_TTL);
}

static bool is_in_zone(const struct fake_server *s, const char *name)
{
	size_t len = strlen(name), zone = s->g->zone_len;

	return len >= zone && !strcasecmp(name + len - zone, s->o->zone) &&
	       (len == zone || name[len - zone - 1] == '.');
}

struct question {
	char name[NAME_MAX_B];
	size_t end; /* of the name, in the message */
	unsigned type;
};

/* The code to answer with: 0, or why it cannot be answered. */
static unsigned read_question(const unsigned char *q, size_t len, struct question *out)
{
	if (q[2] & 0x78)
		return RCODE_NOT_DONE; /* no query */
	if (q[4] || q[5] != 1)
		return RCODE_FORMAT;
	out->end = read_name(q, len, out->name);
	if (!out->end || out->end + 4 > len)
		return RCODE_FORMAT;
	out->type = (unsigned)q[out->end] << 8 | q[out->end + 1];
	return 0;
}

/* What is known of the name, behind the question at p; counts and flags go into the head. */
static unsigned char *put_answer(
	struct fake_server *s, const struct question *q, unsigned char *head, unsigned char *p)
{
	uint32_t host = 0;
	bool is_zone = !strcasecmp(q->name, s->o->zone);
	bool there = fake_host_named(s->g, q->name, strlen(q->name), &host) &&
		     fake_temper(s->g, host) != FAKE_UNKNOWN;

	if (!there && !is_zone) {
		head[3] = RCODE_NO_SUCH;
		atomic_fetch_add(&s->tally->unknown_names, 1);
	}
	if (there && (q->type == TYPE_A || (q->type == TYPE_AAAA && s->o->ipv6))) {
		head[7] = 1;
		return put_address(p, q->type, (uint32_t)s->o->ttl, fake_address(s->g, host));
	}
	if (!is_in_zone(s, q->name))
		return p;
	head[9] = 1;
	return put_soa(p, s->o->zone);
}

size_t fake_name_answer(struct fake_server *s, const unsigned char *q, size_t len,
	unsigned char *out, size_t cap, bool tcp)
{
	unsigned char *p = out + HEAD;
	struct question question;

	if (len < HEAD || q[2] & FLAG_RESPONSE || cap < ANSWER_MAX)
		return 0;
	memset(out, 0, HEAD);
	memcpy(out, q, 2);
	out[2] = (unsigned char)(FLAG_RESPONSE | FLAG_OURS | (q[2] & FLAG_WANT));
	out[3] = (unsigned char)read_question(q, len, &question);
	if (out[3])
		return HEAD;
	atomic_fetch_add(tcp ? &s->tally->tcp_questions : &s->tally->questions, 1);
	memcpy(p, q + HEAD, question.end + 4 - HEAD);
	p += question.end + 4 - HEAD;
	out[5] = 1;
	if (s->o->truncate && !tcp)
		out[2] |= FLAG_CUT;
	else
		p = put_answer(s, &question, out, p);
	return (size_t)(p - out);
}

/* ---- UDP ---- */

void fake_names_read(int fd, short what, void *server)
{
	unsigned char question[QUESTION_MAX], answer[ANSWER_MAX];
	struct sockaddr_storage from;
	socklen_t from_len;
	ssize_t n;

	(void)what;
	for (;;) {
		size_t len;
		from_len = sizeof(from);
		n = recvfrom(
			fd, question, sizeof(question), 0, (struct sockaddr *)&from, &from_len);
		if (n < 0)
			return;
		len = fake_name_answer(server, question, (size_t)n, answer, sizeof(answer), false);
		if (len)
			sendto(fd, answer, len, 0, (struct sockaddr *)&from, from_len);
	}
}

/* ---- TCP: each message behind its length ---- */

struct fake_asker {
	struct fake_asker *next, **link;
	struct fake_server *s;
	struct bufferevent *bev;
};

static void asker_close(struct fake_asker *k)
{
	bufferevent_free(k->bev);
	*k->link = k->next;
	if (k->next)
		k->next->link = k->link;
	free(k);
}

static void on_message(struct bufferevent *bev, void *arg)
{
	struct fake_asker *k = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	unsigned char question[2 + QUESTION_MAX], answer[2 + ANSWER_MAX];

	while (evbuffer_get_length(in) >= 2) {
		size_t len;
		evbuffer_copyout(in, question, 2);
		len = (size_t)question[0] << 8 | question[1];
		if (len > QUESTION_MAX) {
			asker_close(k);
			return;
		}
		if (evbuffer_get_length(in) < 2 + len)
			return;
		evbuffer_remove(in, question, 2 + len);
		len = fake_name_answer(k->s, question + 2, len, answer + 2, ANSWER_MAX, true);
		put16(answer, (unsigned)len);
		bufferevent_write(bev, answer, 2 + len);
	}
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what;
	asker_close(arg);
}

void fake_names_accept(int listener, short what, void *server)
{
	const struct timeval idle = {10, 0};
	struct fake_server *s = server;
	struct fake_asker *k;
	int fd;

	(void)what;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		k = mem_zalloc(sizeof(*k));
		k->s = s;
		k->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
		k->next = s->askers;
		k->link = &s->askers;
		if (k->next)
			k->next->link = &k->next;
		s->askers = k;
		bufferevent_setcb(k->bev, on_message, NULL, on_end, k);
		bufferevent_set_timeouts(k->bev, &idle, &idle);
		bufferevent_enable(k->bev, EV_READ | EV_WRITE);
	}
}

void fake_names_close(struct fake_server *s)
{
	while (s->askers)
		asker_close(s->askers);
}
