#ifndef TARGETS_STREAM_H
#define TARGETS_STREAM_H

#include "targets/prefix_set.h"
#include "targets/targets.h"

/* Targets read while they are probed: arguments, then files, in their order, in constant memory. */
struct stream;

/* What the beginning of the input looks like. */
enum stream_look {
	STREAM_LOOKS_PLAIN, /* single addresses, pairs and names */
	STREAM_HAS_RANGES,  /* prefixes or ranges among them */
	STREAM_LOOK_COUNT,
};

/* Reads the arguments and the first 256 KiB of each file that can be read again. *has_pipe: some cannot.
 * Returns 0; or an error with diag for the first wrong line. Main thread. */
int stream_look_ahead(const struct targets_spec *spec, bool *has_pipe, enum stream_look *out,
    struct diag *diag) __attribute__((warn_unused_result));

/* Opens nothing but the ports and the first file. is_mixed: a line that stands for several targets is
 * permuted in itself. Borrows targets, whose spec, iid and counters are ready. Takes excluded
 * (normalized). Returns 0 or an error with diag. */
int stream_create(struct targets *targets, struct prefix_set *excluded, bool is_mixed,
    struct diag *diag, struct stream **out) __attribute__((warn_unused_result));
void stream_destroy(struct stream *stream);

/* targets_iter_next() of a stream: any thread, one at a time gets on. is_filtered: the caller leaves out
 * what is excluded, by exclusions newer than those of stream_create(). */
size_t stream_next(
    struct stream *stream, struct targets_iter *it, bool is_filtered, struct target *out, size_t n);

/* Everything before position counts as yielded. */
void stream_skip_to(struct stream *stream, uint64_t position);

/* As targets_poll_fd() and targets_error(). */
int stream_poll_fd(struct stream *stream);
const char *stream_error(const struct stream *stream);

/* What identifies the input: names, and of regular files size, first and last 64 KiB. Returns 0 or an
 * error with diag. */
struct hash_digest_state;
int stream_digest(const struct targets_spec *spec, struct hash_digest_state *state,
    struct diag *diag) __attribute__((warn_unused_result));

#endif
