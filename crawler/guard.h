/* guard.h - which addresses a crawl may talk to (against SSRF).
 *
 * Pages choose the URLs that are fetched, so a page could make skitter talk to the
 * machine it runs on or to the network behind it. Refused unless --allow-private:
 * loopback, private (RFC 1918, RFC 4193), link-local (cloud metadata lives there),
 * shared 100.64/10 (RFC 6598), unspecified, multicast, broadcast, benchmarking and
 * documentation nets, and IPv4 inside IPv6 (::ffff:, 64:ff9b::, 2002::) by what is
 * inside. The host:port of a seed is the user's own word and is allowed.
 * Asked at connect time, after DNS, for every hop.
 */
#ifndef SKITTER_CRAWLER_GUARD_H
#define SKITTER_CRAWLER_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Whether the address is on the public internet. */
bool guard_is_public(const struct sockaddr *addr);

/* Parses "127.0.0.1" or "::1" (brackets allowed) into *out with port; false if it is no IP. */
bool guard_parse(const char *text, uint16_t port, struct sockaddr_storage *out);
/* Writes the address without its port; out holds 64 bytes. */
void guard_print(const struct sockaddr *addr, char *out);

#endif
