#ifndef OUT_SINK_H
#define OUT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* Where records go: a file, a pipe or a terminal, plain or zstd. Takes whole lines, decides when
 * they leave, and keeps the promise that whatever happens the output ends with a whole record (zstd:
 * with a whole frame). Opaque; one thread after sink_open. */
struct sink;

struct sink_options {
	const char *path; /* NULL or "-": standard output */
	bool is_zstd;
	int level;      /* zstd level */
	bool is_resume; /* go on after what the file holds, else begin anew */
};

enum {
	SINK_FRAME_MAX = 4 * 1024 * 1024, /* bytes of lines in one zstd frame */
	SINK_BUFFER_LEN = 256 * 1024,     /* bytes of plain lines kept back */
};
/* Longest time that a line is kept back: its frame is ended, or the buffer written, then. Less than
 * the second that is promised, because the writer looks at the clock between records. */
#define SINK_DELAY_NS INT64_C(500000000)

/* Opens the output; nothing in it is changed yet. A directory is refused, and so is compressed output
 * to a terminal. Returns 0, -errno or -EINVAL/-EISDIR/-ENOMEM with diag. The caller owns *out. */
int sink_open(const struct sink_options *options, struct diag *diag, struct sink **out)
    __attribute__((warn_unused_result));

/* Makes the output ready: empties a regular file that we opened by name, or, to resume, cuts what
 * follows its last whole line or frame. preamble (may be NULL) is put first in a new zstd output, in
 * a skippable frame. *is_new tells whether the output begins here (then a CSV header belongs first).
 * Returns 0 or a negative errno with diag. */
int sink_begin(struct sink *sink, const char *preamble, bool *is_new, struct diag *diag)
    __attribute__((warn_unused_result));

/* Takes len bytes: whole lines, at most SINK_BUFFER_LEN. now_ns: CLOCK_MONOTONIC. Blocks while a pipe
 * is full. Returns 0, or a negative errno with diag; the output is then cut back to its last whole
 * record (regular files), and every later call returns the same error. */
int sink_write(struct sink *sink, const char *lines, size_t len, int64_t now_ns, struct diag *diag)
    __attribute__((warn_unused_result));

/* Lets go of lines that were kept back for SINK_DELAY_NS. Call at least a few times a second. */
int sink_poll(struct sink *sink, int64_t now_ns, struct diag *diag)
    __attribute__((warn_unused_result));

/* Lets go of all lines; with is_sync, a regular file is on disk when this returns 0. */
int sink_flush(struct sink *sink, bool is_sync, struct diag *diag)
    __attribute__((warn_unused_result));

/* Lines come faster than they can be compressed (or no longer): later frames are compressed less. */
void sink_set_hurry(struct sink *sink, bool hurry);

/* Bytes written to the file so far, after compression. */
uint64_t sink_get_written(const struct sink *sink);

/* Closes; what was not flushed is lost. NULL is fine. */
void sink_close(struct sink *sink);

#endif
