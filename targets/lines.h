#ifndef TARGETS_LINES_H
#define TARGETS_LINES_H

#include "targets/reader.h"

/* The lines of a list that say something: comments, blank lines, CR and surrounding blanks are gone. One
 * owning thread. */
struct lines {
	struct reader reader;
	char *buf;
	size_t off, len;  /* unread bytes of buf */
	uint64_t line_no; /* of the line returned last, from 1 */
	size_t column;    /* offset of its first byte in the line */
	bool is_eof;
	bool has_nul; /* somewhere in buf: saves looking in each line */
	bool has_hash;
	bool is_started;  /* the byte order mark has been looked at */
	bool is_skipping; /* inside a line that is too long */
};

enum { LINES_MAX_LEN = 64 * 1024 };

/* Opens path as reader_open() does. */
int lines_open(struct lines *lines, const char *path, struct diag *diag)
    __attribute__((warn_unused_result));

/* The next line that is not empty: *text and *len borrow until the next call. Returns 1; 0 at the end;
 * -EAGAIN as reader_read(); -EILSEQ for a line that cannot be text (NUL, too long), diag says where,
 * and the next call goes on behind it; another negative errno when the file is at its end for us. */
int lines_next(struct lines *lines, bool can_wait, const char **text, size_t *len,
    struct diag *diag) __attribute__((warn_unused_result));

void lines_close(struct lines *lines);

#endif
