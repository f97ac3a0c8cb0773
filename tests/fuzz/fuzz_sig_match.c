/* fuzz_sig_match: a server's first bytes, against the shipped signatures. The first two bytes choose
 * what had been sent. The verdict keeps sig.h's promises, is the same twice, and one that calls itself
 * settled stands whatever follows. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sig/sig.h"
#include "tests/fuzz/fuzz.h"

static struct sig_set *set;
static struct sig_scratch *scratch;

static void make_set(void)
{
	if (set)
		return;
	if (sig_set_create(NULL, 0, NULL, NULL, &set) < 0 || sig_scratch_create(set, &scratch) < 0)
		abort();
}

static void check_verdict(const struct sig_verdict *verdict)
{
	assert(verdict->confidence >= 0 && verdict->confidence <= 1);
	assert(!verdict->protocol || verdict->rule);
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++)
		assert(verdict->captures[i].len <= SIG_CAPTURE_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	make_set();
	if (len < 2)
		return 0;
	struct sig_input input = {.bytes = bytes + 2,
	    .len = len - 2 > 4096 ? 4096 : len - 2,
	    .probe = sig_set_get_probe(set, (uint16_t)(bytes[0] % (sig_set_probe_count(set) + 1))),
	    .is_server_first = bytes[1] & 1,
	    .port = (uint16_t)(bytes[1] << 4)};
	/* Captures behind the last one are not written: here they are zeros. */
	struct sig_verdict whole = {0};
	struct sig_verdict again = {0};
	struct sig_verdict part = {0};
	sig_match(set, scratch, &input, &whole);
	check_verdict(&whole);
	sig_match(set, scratch, &input, &again);
	assert(memcmp(&whole, &again, sizeof(whole)) == 0);
	size_t full_len = input.len;
	input.len = full_len / 2;
	sig_match(set, scratch, &input, &part);
	check_verdict(&part);
	assert(!part.is_settled || memcmp(&part, &whole, sizeof(whole)) == 0);
	return 0;
}
