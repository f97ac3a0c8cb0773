#ifndef ENGINE_FRAGMENTS_H
#define ENGINE_FRAGMENTS_H

#include <stdbool.h>

#include "wire/segment.h"

/* Puts datagrams together that were cut on their way to us. Bounded: FRAGMENTS_SLOTS datagrams at a
 * time, FRAGMENTS_PER_HOST of one host, FRAGMENT_WHOLE_MAX bytes and FRAGMENT_LIFE_NS each; when all are
 * taken, the oldest gives way. Who may send fragments at all is for the caller to decide. Opaque; one
 * thread; sized once. */
struct fragments;

enum {
	FRAGMENTS_SLOTS = 64,
	FRAGMENTS_PER_HOST = 4,
	FRAGMENT_WHOLE_MAX = 9216, /* our window and the longest headers fit */
};

enum fragment_fate {
	FRAGMENT_KEPT,    /* more are missing */
	FRAGMENT_WHOLE,   /* the datagram is complete */
	FRAGMENT_REFUSED, /* too long, or at odds with what came before: the datagram is given up */
	FRAGMENT_FATE_COUNT,
};

/* Returns 0 or -ENOMEM; the caller owns *out. */
int fragments_create(struct fragments **out) __attribute__((warn_unused_result));
void fragments_destroy(struct fragments *fragments);

/* Have other pieces of this one's datagram come? O(FRAGMENTS_SLOTS). */
bool fragments_has(const struct fragments *fragments, const struct fragment *piece);

/* Takes a piece in. With FRAGMENT_WHOLE *whole is the datagram as one fragment at offset 0; its bytes
 * are borrowed until the next call. IPv6: pieces that overlap give up the datagram and all of its that
 * are still to come (RFC 5722 section 4), exact repetitions are ignored (RFC 8200 section 4.5). IPv4:
 * the same, but for overlaps whose bytes agree. O(FRAGMENTS_SLOTS + length). */
enum fragment_fate fragments_add(struct fragments *fragments, const struct fragment *piece,
    int64_t now_ns, struct fragment *whole);

#endif
