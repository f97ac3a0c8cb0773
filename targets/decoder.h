#ifndef TARGETS_DECODER_H
#define TARGETS_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Undoes a compression, a piece at a time, in constant memory. gunzip.c and unzstd.c make them. */
struct decoder {
	void *state;
	/* Reads from in and writes to out; *in_len and *out_len come as sizes and leave as what was
	 * used. *is_complete tells whether the input could rightly end here. Returns 0, or -EBADMSG for
	 * damaged input, or -ENOMEM. */
	int (*step)(void *state, const uint8_t *in, size_t *in_len, uint8_t *out, size_t *out_len,
	    bool *is_complete);
	void (*destroy)(void *state);
	const char *name; /* "gzip" */
};

/* gzip, members one after the other (RFC 1952). Returns 0 or -ENOMEM. */
int gunzip_create(struct decoder *out) __attribute__((warn_unused_result));

/* zstd, frames one after the other (RFC 8878). Returns 0 or -ENOMEM. */
int unzstd_create(struct decoder *out) __attribute__((warn_unused_result));

#endif
