/* recall: verdicts on answers that came a moment ago. Receiver thread; sized once, touched as used. What came
 * once costs a hash, what came more often is found by its bytes (base/repeats.h). */
#include "engine/recall.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/repeats.h"

enum { ANSWER_BITS = 6, ANSWER_MAX = 1024 };

struct recall {
	struct repeats *verdicts;
};

int recall_create(struct recall **out)
{
	struct recall *recall = calloc(1, sizeof(*recall));
	if (!recall)
		return -ENOMEM;
	int err =
	    repeats_create(ANSWER_BITS, ANSWER_MAX, sizeof(struct sig_verdict), &recall->verdicts);
	if (err) {
		free(recall);
		return err;
	}
	*out = recall;
	return 0;
}

void recall_destroy(struct recall *recall)
{
	if (!recall)
		return;
	repeats_destroy(recall->verdicts);
	free(recall);
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

void recall_match(struct recall *recall, const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input, struct sig_verdict *out)
{
	struct repeats_key key = {.bytes = input->bytes,
	    .len = input->len,
	    .tags = {(uintptr_t)input->probe, input->is_server_first}};
	bool is_known;
	struct sig_verdict *kept = repeats_find(recall->verdicts, &key, &is_known);
	if (is_known) {
		copy_verdict(out, kept);
		return;
	}
	sig_match(set, scratch, input, out);
	if (kept)
		copy_verdict(kept, out);
}
