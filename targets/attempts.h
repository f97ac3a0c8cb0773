#ifndef TARGETS_ATTEMPTS_H
#define TARGETS_ATTEMPTS_H

#include "targets/targets.h"
#include "targets/window.h"

/* First attempts and those that trail them: which target to send a SYN to next. A sender thread owns one
 * (of its slice). Pure: time comes in as an argument, nothing is allocated after creation, nothing
 * blocks.
 *
 * A later attempt is a second cursor over the same order, delayed; targets that have answered are
 * skipped. Silent targets cost no memory: when the order cannot be walked again (a stream), a ring holds
 * what is still to be repeated, and first attempts wait while it is full.
 *
 * First attempts of a time in which packets got lost can be given out once more, in a set: the same SYN, so
 * the number of the attempt stays 0. */
struct attempts;

struct attempts_config {
	uint32_t n_attempts; /* 1..16 SYNs per silent target; 0 counts as 1 */
	int64_t delay_ns;    /* from one attempt to the next, >= 0 */
	uint32_t slice;      /* as targets_iter_init() */
	uint32_t n_slices;
	size_t
	    answered_cap; /* answers remembered at once, 0: 2^18 (8 MiB), or 2^15 (1 MiB, touched as
	                     needed) to go back alone; when more come within the delay the oldest are
	                     forgotten: a SYN too many, no harm */
	size_t ring_cap;  /* streams with several attempts: targets waiting to be repeated, 0: 2^20
	                        (18 MiB); rate_pps * delay * (n_attempts - 1) never slows */
	bool
	    goes_back; /* attempts_go_back() is going to be called, if the order can be walked again */
	const struct window *recorded; /* window_key() of targets that an earlier part of the scan
	                                  has a record of: not given out. Borrowed; NULL: none */
};

/* Borrows targets. Returns 0 and an owned object, or -EINVAL, -ENOMEM with diag. */
int attempts_create(struct targets *targets, const struct attempts_config *config,
    struct diag *diag, struct attempts **out) __attribute__((warn_unused_result));

/* NULL is accepted. */
void attempts_destroy(struct attempts *attempts);

/* Writes up to n attempts to send now; due repetitions come before first attempts: those counted as n_first
 * (attempts_get_counters()) are the last of them. They count as sent at
 * now_ns (monotonic, never decreasing): ask for no more than go out at once. Returns how many; when 0,
 * attempts_status() says why. */
size_t attempts_next(struct attempts *attempts, int64_t now_ns, struct attempt *out, size_t n);

/* TARGETS_OK: call again at once (bounded work was done). TARGETS_WAIT: nothing is due: wait until
 * attempts_next_due_ns(), or for the stream. TARGETS_END: every attempt of every target was given out.
 * TARGETS_ERROR: the stream failed and all that was due after that is out; see targets_error(). */
enum targets_status attempts_status(const struct attempts *attempts);

/* When the next repetition falls due, INT64_MAX when none is pending. While a stream is waiting for
 * input it is to be asked at least every 10 ms besides. */
int64_t attempts_next_due_ns(const struct attempts *attempts);

/* target answered: no further attempt. O(1). */
void attempts_note_answered(struct attempts *attempts, const struct target *target);

/* Has target answered, as far as is remembered? False when nobody is going to be asked again. */
bool attempts_has_answered(const struct attempts *attempts, const struct target *target);

/* Begins to fetch the memory that attempts_note_answered() will need. */
void attempts_prefetch_answered(const struct attempts *attempts, const struct target *target);

/* What went out at from_ns or later may be lost: attempts_go_back() will say, and attempts_save() does not
 * pass it before. */
void attempts_hold(struct attempts *attempts, int64_t from_ns);

/* What went out between the two times (monotonic, as now_ns of attempts_next()) was lost in part: whoever
 * has not answered gets the same SYN again. Once at most: what was gone back to already is left out. Of a
 * stream nothing happens. from_ns == to_ns: nothing was lost after all. */
void attempts_go_back(struct attempts *attempts, int64_t from_ns, int64_t to_ns);

/* The position before which every attempt of every target has been given out: resuming there loses
 * none. */
void attempts_save(const struct attempts *attempts, struct targets_position *out);

/* Targets at or behind the position of attempts_save() were first given out at this time or later
 * (now_ns of attempts_next(); INT64_MIN before its first call): what was recorded before it belongs to
 * targets before the position. */
int64_t attempts_get_since_ns(const struct attempts *attempts);

/* Puts freshly created attempts to position, as targets_iter_restore(). */
int attempts_restore(struct attempts *attempts, const struct targets_position *position,
    struct diag *diag) __attribute__((warn_unused_result));

struct attempts_counters {
	uint64_t n_first;    /* first attempts given out */
	uint64_t n_repeated; /* later ones */
	uint64_t n_back;     /* first attempts given out again */
	uint64_t n_spared;   /* of either, skipped because the target had answered */
	uint64_t n_recorded; /* first ones skipped, because config.recorded has the target */
};
void attempts_get_counters(const struct attempts *attempts, struct attempts_counters *out);

#endif
