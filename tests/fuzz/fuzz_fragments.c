/* fuzz_fragments: pieces of a few datagrams in any order. Six bytes are a piece: whose (host, number,
 * family), offset, length, flags, filling. What is handed on as whole was said by pieces of that
 * datagram, each byte of it, and pieces that disagree are never mixed. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/fragments.h"
#include "tests/fuzz/fuzz.h"

enum { KEYS = 64, PIECE_LEN = 6 };

/* Which fillings each datagram's bytes were ever given. */
static uint8_t said[KEYS][FRAGMENT_WHOLE_MAX];

static void check(const struct fragment *whole, unsigned key)
{
	assert(whole->off == 0 && whole->is_last && whole->len > 0);
	assert(whole->len <= FRAGMENT_WHOLE_MAX && whole->id == (key & 7));
	for (unsigned i = 0; i < whole->len; i++)
		assert(said[key][i] >> (whole->bytes[i] & 7) & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t payload[UINT16_MAX];
	struct fragments *fragments;
	if (fragments_create(&fragments))
		return 0;
	memset(said, 0, sizeof(said));
	int64_t now_ns = 0;
	for (; len >= PIECE_LEN; bytes += PIECE_LEN, len -= PIECE_LEN) {
		unsigned key = bytes[0] % KEYS, host = key >> 3 & 3;
		bool is_v4 = key & 32;
		unsigned off = (unsigned)(bytes[1] | (bytes[5] & 0x18) << 5) * 8;
		unsigned piece_len = (bytes[2] & 63u) * 8 + (bytes[4] & 1 ? bytes[2] >> 6 : 0);
		if (piece_len == 0 || off + piece_len > UINT16_MAX)
			continue;
		uint8_t fill = bytes[3] & 7;
		memset(payload, fill, piece_len);
		struct fragment piece = {
		    .src = is_v4 ? ipaddr_from_v4(1 + host) : ipaddr_from_u64(1, host),
		    .dst = is_v4 ? ipaddr_from_v4(9) : ipaddr_from_u64(2, 9),
		    .id = key & 7,
		    .proto = 6,
		    .off = (uint16_t)off,
		    .is_last = bytes[4] & 1,
		    .len = (uint16_t)piece_len,
		    .bytes = payload,
		};
		now_ns += bytes[5] & 0x80 ? (int64_t)(bytes[4] >> 1) * NS_PER_SEC / 16 : 1;
		for (unsigned i = off; i < off + piece_len && i < FRAGMENT_WHOLE_MAX; i++)
			said[key][i] = (uint8_t)(said[key][i] | 1u << fill);
		struct fragment whole;
		enum fragment_fate fate = fragments_add(fragments, &piece, now_ns, &whole);
		assert(fate < FRAGMENT_FATE_COUNT);
		if (fate == FRAGMENT_WHOLE)
			check(&whole, key);
	}
	fragments_destroy(fragments);
	return 0;
}
