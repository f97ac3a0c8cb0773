#ifndef TARGETS_READER_H
#define TARGETS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "targets/decoder.h"

/* Bytes of a list: a file, a pipe or stdin; plain, gzip or zstd, told apart by their first bytes. Never
 * blocks when asked not to. One owning thread. */
struct reader {
	int fd;
	const char *name; /* for messages; borrowed */
	bool is_stdin;
	bool is_regular; /* a file that can be read again */
	bool is_sniffed; /* the first bytes have told the compression */
	bool is_eof;     /* of fd */
	bool is_complete;
	struct decoder decoder; /* state NULL: plain */
	uint8_t *in;
	size_t in_off, in_len;
};

/* Opens path; "-" is stdin, called "stdin" in messages. A named pipe is opened without waiting for its
 * writer. Returns 0, or a negative errno with diag. */
int reader_open(struct reader *r, const char *path, struct diag *diag)
    __attribute__((warn_unused_result));

/* Up to cap bytes to buf. Returns how many; 0 at the end; -EAGAIN when nothing is there yet and
 * can_wait is false; -EBADMSG for damaged or cut compression; another negative errno; diag then says
 * what. */
long reader_read(struct reader *r, uint8_t *buf, size_t cap, bool can_wait, struct diag *diag)
    __attribute__((warn_unused_result));

void reader_close(struct reader *r);

#endif
