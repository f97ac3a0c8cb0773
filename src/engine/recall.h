#ifndef ENGINE_RECALL_H
#define ENGINE_RECALL_H

#include <stdbool.h>

#include "sig/sig.h"

/* Verdicts on answers that came more than once: many servers say the same, byte for byte, and what is
 * recalled need not be named again. A verdict is a pure function of the bytes, the probe and who spoke
 * first; all of them are compared, so that a verdict is never another answer's. Bounded memory (64 answers
 * of at most 1024 bytes), touched as used. One thread, one sig_set. Opaque. */
struct recall;

/* Returns 0 or -ENOMEM; the caller owns *out. */
int recall_create(struct recall **out) __attribute__((warn_unused_result));
void recall_destroy(struct recall *recall);

/* What sig_match() gives; from memory when the same input came twice before. input->port is not looked at,
 * as it is no reason. O(length). */
void recall_match(struct recall *recall, const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input, struct sig_verdict *out);

#endif
