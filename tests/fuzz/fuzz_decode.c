/* fuzz_decode: a captured frame. The first byte chooses the link type. Whatever comes, what is handed on
 * lies inside the frame and keeps the promises of wire/segment.h. */
#include <assert.h>
#include <stdbool.h>

#include "tests/fuzz/fuzz.h"
#include "wire/decode.h"

/* Reads every byte, so that one out of bounds is seen. */
static unsigned sum_bytes(const uint8_t *bytes, size_t len)
{
	unsigned sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += bytes[i];
	return sum;
}

static bool is_inside(const uint8_t *part, size_t part_len, const uint8_t *frame, size_t len)
{
	return part_len == 0 || (part >= frame && part + part_len <= frame + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return 0;
	struct packet packet;
	const uint8_t *frame = bytes + 1;
	size_t frame_len = len - 1;
	wire_decode(bytes[0] % LINK_TYPE_COUNT, frame, frame_len, &packet);
	assert(packet.kind < PACKET_KIND_COUNT);
	if (packet.kind == PACKET_TCP) {
		const struct segment *s = &packet.segment;
		assert(is_inside(s->options, s->options_len, frame, frame_len));
		assert(is_inside(s->payload, s->payload_len, frame, frame_len));
		assert(s->options_len <= 40 && s->wscale <= 14);
		assert(ipaddr_is_v4(&s->flow.laddr) == ipaddr_is_v4(&s->flow.raddr));
		volatile unsigned sink = sum_bytes(s->options, s->options_len);
		sink += sum_bytes(s->payload, s->payload_len);
		(void)sink;
	}
	return 0;
}
