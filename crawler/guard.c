#include "crawler/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Special-purpose blocks (IANA registry, RFC 6890 and updates) that are not globally reachable. */
static const struct {
	uint32_t net;
	unsigned bits;
} private4[] = {
	{0x00000000, 8},  /* 0.0.0.0/8 this host */
	{0x0a000000, 8},  /* 10/8 */
	{0x64400000, 10}, /* 100.64/10 shared */
	{0x7f000000, 8},  /* 127/8 loopback */
	{0xa9fe0000, 16}, /* 169.254/16 link-local, metadata */
	{0xac100000, 12}, /* 172.16/12 */
	{0xc0000000, 24}, /* 192.0.0/24 protocol assignments */
	{0xc0000200, 24}, /* 192.0.2/24 documentation */
	{0xc0a80000, 16}, /* 192.168/16 */
	{0xc6120000, 15}, /* 198.18/15 benchmarking */
	{0xc6336400, 24}, /* 198.51.100/24 documentation */
	{0xcb007100, 24}, /* 203.0.113/24 documentation */
	{0xe0000000, 4},  /* multicast */
	{0xf0000000, 4},  /* reserved, broadcast */
};

static bool public4(uint32_t ip)
{
	for (size_t i = 0; i < sizeof(private4) / sizeof(*private4); i++)
		if ((ip ^ private4[i].net) >> (32 - private4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const uint8_t *a)
{
	static const uint8_t zero[16];
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!memcmp(a, mapped, 12) || !memcmp(a, nat64, 12) || !memcmp(a, zero, 12))
		return public4(be32(a + 12)); /* ::a.b.c.d covers :: and ::1 as 0/8 */
	if (a[0] == 0x20 && a[1] == 0x02)
		return public4(be32(a + 2)); /* 6to4 */
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02)
		return false; /* 2001::/23: Teredo, ORCHID, protocol assignments */
	if (be32(a) == 0x20010db8)
		return false;	      /* documentation */
	return (a[0] & 0xe0) == 0x20; /* 2000::/3 is all there is of global unicast */
}

bool guard_is_public(const struct sockaddr *addr)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (addr->sa_family) {
	case AF_INET: memcpy(&in4, addr, sizeof(in4)); return public4(ntohl(in4.sin_addr.s_addr));
	case AF_INET6: memcpy(&in6, addr, sizeof(in6)); return public6(in6.sin6_addr.s6_addr);
	default: return false;
	}
}

bool guard_parse(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	char bare[64];
	size_t len = strlen(text);

	memset(out, 0, sizeof(*out));
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(bare))
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, bare, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return true;
	}
	return false;
}

void guard_print(const struct sockaddr *addr, char *out)
{
	const void *a =
		addr->sa_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)(const void *)addr)
				  ->sin6_addr
			: (const void *)&((const struct sockaddr_in *)(const void *)addr)->sin_addr;

	if ((addr->sa_family != AF_INET && addr->sa_family != AF_INET6) ||
		!inet_ntop(addr->sa_family, a, out, 64))
		snprintf(out, 64, "?");
}
