/* recall: verdicts on answers that came a moment ago. Receiver thread; sized once, touched as used. An answer
 * has one place, by a hash that need not be keyed: who makes collisions has his answers named in full, as
 * before. It takes a place only when it comes a second time, so that answers that never come again
 * (most) leave those of others alone, and cost one hash. */
#include "engine/recall.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_BITS = 6, SLOTS = 1 << SLOT_BITS, ANSWER_MAX = 1024 };

struct slot {
	uint64_t last; /* hash of what came here last and was not kept */
	uint64_t hash; /* this and all below: of the answer that is kept */
	uint16_t len;  /* 0: none is */
	bool is_server_first;
	const struct sig_probe *probe;
	struct sig_verdict verdict;
	uint8_t bytes[ANSWER_MAX];
};

struct recall {
	struct slot slots[SLOTS];
};

int recall_create(struct recall **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void recall_destroy(struct recall *recall)
{
	free(recall);
}

/* Two chains, so that a multiplication need not wait for the one before it. */
static uint64_t hash_of(const struct sig_input *input)
{
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	const uint8_t *p = input->bytes;
	uint64_t a = input->len * odd + input->is_server_first;
	uint64_t b = (uint64_t)(uintptr_t)input->probe;
	uint64_t word[2] = {0, 0};
	size_t left = input->len;
	for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
		memcpy(word, p, sizeof(word));
		a = ((a ^ word[0]) * odd) ^ a >> 29;
		b = ((b ^ word[1]) * odd) ^ b >> 29;
	}
	memset(word, 0, sizeof(word));
	memcpy(word, p, left);
	a = (a ^ word[0]) * odd;
	b = (b ^ word[1]) * odd;
	return (a ^ b >> 32) * odd;
}

static bool is_same(const struct slot *slot, uint64_t hash, const struct sig_input *input)
{
	return slot->hash == hash && slot->len == input->len && slot->probe == input->probe &&
	       slot->is_server_first == input->is_server_first &&
	       memcmp(slot->bytes, input->bytes, input->len) == 0;
}

/* Captures end with a nameless one; what is behind it is nobody's. */
static void copy_verdict(struct sig_verdict *to, const struct sig_verdict *from)
{
	size_t n = 0;
	while (n < SIG_CAPTURES_MAX && from->captures[n].name)
		n++;
	size_t len = n < SIG_CAPTURES_MAX ? offsetof(struct sig_verdict, captures) +
						(n + 1) * sizeof(struct sig_capture)
					  : sizeof(*from);
	memcpy(to, from, len);
}

static void keep(struct slot *slot, uint64_t hash, const struct sig_input *input,
    const struct sig_verdict *verdict)
{
	slot->hash = hash;
	slot->len = (uint16_t)input->len;
	slot->probe = input->probe;
	slot->is_server_first = input->is_server_first;
	memcpy(slot->bytes, input->bytes, input->len);
	copy_verdict(&slot->verdict, verdict);
}

void recall_match(struct recall *recall, const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input, struct sig_verdict *out)
{
	if (input->len == 0 || input->len > ANSWER_MAX) {
		sig_match(set, scratch, input, out);
		return;
	}
	uint64_t hash = hash_of(input);
	struct slot *slot = &recall->slots[hash >> (64 - SLOT_BITS)];
	if (is_same(slot, hash, input)) {
		copy_verdict(out, &slot->verdict);
		return;
	}
	sig_match(set, scratch, input, out);
	if (slot->last == hash)
		keep(slot, hash, input, out);
	slot->last = hash;
}
