#ifndef TARGETS_TARGETS_H
#define TARGETS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/flow.h"
#include "base/hash.h"

/* WHOM to probe: prefixes, ranges and lists times ports, plus ip:port pairs, minus exclusions, seen as
 * indices 0..N-1 in an order that can be entered anywhere, split and resumed. What the text means is
 * in synspect-targets(5). */

enum targets_order {
	TARGETS_ORDER_AUTO,   /* random; a plain list streams in its own order */
	TARGETS_ORDER_RANDOM, /* a keyed permutation of the index; lists are loaded */
	TARGETS_ORDER_LIST,   /* the input's order; files stream in constant memory */
	TARGETS_ORDER_COUNT,
};

/* What the user asked for. All strings are borrowed and must outlive the targets. */
struct targets_spec {
	char *const *targets; /* TARGET arguments */
	size_t n_targets;
	char *const *files; /* lists of targets; "-" is stdin */
	size_t n_files;
	const char *ports;     /* for targets that name no port, or NULL */
	char *const *excludes; /* address, prefix or range each */
	size_t n_excludes;
	char *const *exclude_files;
	size_t n_exclude_files;
	bool allow_reserved; /* lift the built-in exclusion (special.def) */
	bool no_exclude;     /* more than 2^24 addresses without an exclude file are meant */
	enum targets_order order;
	const char *v6_iid; /* interface identifiers to try in IPv6 prefixes, or NULL */
	uint64_t seed;
	uint32_t n_shards;    /* 1..65535; 0 counts as 1 */
	uint32_t shard;       /* 0..n_shards-1 */
	uint64_t max_targets; /* of the whole scan, before it is split into shards; 0: no limit */
};

struct targets;

/* Builds the set: reads files, resolves names, may take seconds for a hundred million lines. A name that
 * does not resolve is a warning on stderr, a wrong line an error that says where. Main thread. Returns
 * 0 and owned targets; -EINVAL for text that is wrong, -ENOMEM, -E2BIG for a space that needs
 * max_targets or an exclude file, or the error of a file; diag then has the sentence. A set in which
 * nothing is left to probe is not an error. */
int targets_create(const struct targets_spec *spec, struct diag *diag, struct targets **out)
    __attribute__((warn_unused_result));

/* No iterator may be in use. NULL is accepted. */
void targets_destroy(struct targets *targets);

/* How many targets this shard has. Returns false when that is unknown: a stream. Any thread. */
bool targets_count(const struct targets *targets, uint64_t *out);

/* Distinct addresses of the whole set, 2^64-1 when more; false for a stream. */
bool targets_count_addresses(const struct targets *targets, uint64_t *out);

/* Does it read its input while it runs? Then it cannot be entered at an index without reading up to
 * there, and iterators that are copied share one place in the input. */
bool targets_is_stream(const struct targets *targets);

/* Does every stretch of the order have its fair share of every part of the set? Not in list order. */
bool targets_is_random(const struct targets *targets);

/* Identifies set, order and options that decide which target stands at which index; not seed and
 * shard. Of a stream: the names of its files, and for regular files their size, first and last
 * 64 KiB. */
void targets_digest(const struct targets *targets, uint8_t out[HASH_DIGEST_LEN]);

/* Are there targets of this family? A stream cannot know and says true. */
bool targets_has_family(const struct targets *targets, bool is_v4);

/* One target of the family, to look up a route with. false when there is none or, for a stream, when
 * none is known. */
bool targets_first(const struct targets *targets, bool is_v4, struct target *out);

/* Reads the exclude files again and makes the result binding for every running iterator from its next
 * call on. What was left out when a set was numbered, and is not named any more, is read again and
 * numbered behind everything else (an iterator that has ended finds it when it is asked once more);
 * where that cannot be, a warning says so. Main thread; iterators run on. Returns 0; or what targets_create() returns
 * for a bad file, with the old exclusions in force. */
int targets_reload_exclusions(struct targets *targets, struct diag *diag)
    __attribute__((warn_unused_result));

/* Has a reload excluded addr since the targets were created? Any thread. */
bool targets_is_excluded(struct targets *targets, const struct ipaddr *addr);

/* Input that was skipped, for the summary. Any thread. */
struct targets_counters {
	uint64_t n_bad_lines;  /* of streams */
	uint64_t n_unresolved; /* host names without an address */
	uint64_t n_duplicates; /* of streams: targets that had been there before */
	uint64_t n_excluded;   /* of streams, and since a reload: targets skipped */
};
void targets_get_counters(const struct targets *targets, struct targets_counters *out);

/* Would asked (text: an address or a host name, with a port or without) be probed, and which line
 * decides? Writes a sentence for each address to text, between line ends, reading the files again. Main thread. Returns 0 when it would be probed, 1 when not, or a negative errno with diag. */
int targets_explain(const struct targets *targets, const char *asked, struct diag *diag, char *text,
    size_t cap) __attribute__((warn_unused_result));

/* ---- Iterators ---------------------------------------------------------------------------------- */

enum targets_status {
	TARGETS_OK,    /* more may come */
	TARGETS_WAIT,  /* a stream has nothing yet: call again, at the latest in 10 ms */
	TARGETS_END,   /* exhausted */
	TARGETS_ERROR, /* a stream failed; what was yielded before stands; see targets_error() */
};

/* A place in the order. A value: owned by one thread, needs no fini; of a set it may be copied, the copy
 * goes its own way. Borrows the targets. */
struct targets_iter {
	struct targets *targets;
	uint64_t pos;  /* position of the next target in the scan's order */
	uint64_t end;  /* positions end here */
	uint64_t step; /* between two positions of this slice */
	enum targets_status status;
};

/* The start of slice (0..n_slices-1) of this shard: slices are disjoint and complete, for several sender
 * threads. Of a stream they share one place in the input (whoever asks gets the next block). */
void targets_iter_init(
    struct targets_iter *it, struct targets *targets, uint32_t slice, uint32_t n_slices);

/* Writes up to n targets to out, never blocks, never allocates for sets. Returns how many; when fewer
 * than n, it->status says why (TARGETS_OK: bounded work was done, call again). About 20 ns a target. */
size_t targets_iter_next(struct targets_iter *it, struct target *out, size_t n);

/* The sentence of TARGETS_ERROR. Borrowed from targets. */
const char *targets_error(const struct targets *targets);

/* A descriptor to poll for input while a stream says TARGETS_WAIT; -1 when there is none. */
int targets_poll_fd(const struct targets *targets);

/* ---- Position: where to resume ------------------------------------------------------------------- */

/* Everything before index (of this shard) has been yielded. */
struct targets_position {
	uint64_t seed;
	uint64_t index;
	uint32_t n_shards;
	uint32_t shard;
	uint8_t digest[HASH_DIGEST_LEN];
};

/* The position of an iterator. With several slices the position of the scan is that with the lowest
 * index. */
void targets_iter_save(const struct targets_iter *it, struct targets_position *out);

/* Puts a freshly initialized iterator to position, in O(1); a stream reads its input up to there.
 * Returns 0; -ESTALE with diag when position belongs to another set, seed or shard. */
int targets_iter_restore(struct targets_iter *it, const struct targets_position *position,
    struct diag *diag) __attribute__((warn_unused_result));

#endif
