/* digest.h - what a stored body is by its digests, for `verify`: bytes in, SHA-256 out.
 *
 * Runs in the parser process, as the bytes are a server's, or damaged. Nothing is kept.
 */
#ifndef SKITTER_PAGE_DIGEST_H
#define SKITTER_PAGE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest_task {
	const void *body;
	size_t len;
	const char *coding; /* what the server put on: NULL or "" = nothing */
	bool packed; /* by skitter itself, zstd: taken off first, without the bounds on bombs */
	uint64_t max_decoded;
};

struct digest_answer {
	uint32_t packed_ok; /* skitter's own zstd came off; 1 where there is none */
	uint32_t result;    /* enum inflate_what, of the server's coding */
	uint64_t wire_len, decoded_len;
	uint8_t wire[32], decoded[32]; /* SHA-256 of the body as received, and decoded */
};

struct digester;

/* Before the sandbox closes: libcrypto reads files. */
struct digester *digester_open(void);
void digester_close(struct digester *d);
void digester_read(struct digester *d, const struct digest_task *task, struct digest_answer *out);

#endif
