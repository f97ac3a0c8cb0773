/* sink: the output file. Writer thread. Refuses to leave half a record: after a failed write a
 * regular file is cut back to the last whole line or frame. Only this file writes records to a file
 * descriptor. SIGPIPE must be ignored by the process: a closed pipe is an error like any other. */
#include "out/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dassert.h"
#include "base/diag.h"
#include "out/zstd_stream.h"

struct sink {
	char *name; /* for people */
	int fd;
	bool is_stdout;
	bool is_regular;
	bool is_resume;
	struct zstd_stream *zstd; /* NULL: plain */
	char *buf;                /* lines kept back, of zstd those not compressed yet */
	size_t buf_len;
	int64_t oldest_ns; /* when the oldest line kept back came; valid when there is one */
	off_t end;         /* regular file: end of the last whole record or frame */
	uint64_t n_written;
	int err; /* sticky */
};

static int fail(struct sink *sink, int err, const char *what, struct diag *diag)
{
	const char *advice = err == -ENOSPC || err == -EDQUOT ? ": free some space"
			     : err == -EPIPE                  ? ": the reader has gone"
							      : "";
	sink->err = err;
	return diag_set(diag, err, "%s: %s: %s%s", sink->name, what, strerror(-err), advice);
}

static int check_kind(struct sink *sink, struct diag *diag)
{
	struct stat st;
	if (fstat(sink->fd, &st) < 0)
		return fail(sink, -errno, "cannot examine the output", diag);
	if (S_ISDIR(st.st_mode))
		return diag_set(diag, -EISDIR, "%s: is a directory: name a file", sink->name);
	sink->is_regular = S_ISREG(st.st_mode);
	if (sink->zstd && isatty(sink->fd))
		return diag_set(diag, -EINVAL,
		    "%s: will not write compressed records to a terminal: use -o FILE or a pipe",
		    sink->name);
	if (sink->is_resume && !sink->is_regular)
		return diag_set(diag, -EINVAL,
		    "%s: only a regular file can be resumed: name it with -o", sink->name);
	return 0;
}

static int open_fd(struct sink *sink, const char *path, struct diag *diag)
{
	if (sink->is_stdout) {
		sink->fd = STDOUT_FILENO;
		return 0;
	}
	/* Not truncated here: a run that fails before its first record destroys nothing. Read access
	 * only to resume: a named pipe that we could read ourselves would never lose its last reader. */
	sink->fd = open(path, (sink->is_resume ? O_RDWR : O_WRONLY) | O_CREAT | O_CLOEXEC, 0666);
	if (sink->fd < 0)
		return diag_set(diag, -errno, "%s: cannot open for writing: %s%s", path,
		    strerror(errno), errno == EISDIR ? ": name a file" : "");
	return 0;
}

int sink_open(const struct sink_options *options, struct diag *diag, struct sink **out)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	if (!sink)
		return diag_set(diag, -ENOMEM, "output: not enough memory");
	sink->fd = -1;
	sink->is_stdout = !options->path || strcmp(options->path, "-") == 0;
	sink->is_resume = options->is_resume;
	sink->name = strdup(sink->is_stdout ? "standard output" : options->path);
	sink->buf = malloc(SINK_BUFFER_LEN);
	int err = 0;
	if (options->is_zstd)
		err = zstd_stream_create(
		    options->level, SINK_FRAME_MAX + SINK_BUFFER_LEN, &sink->zstd);
	if (err == -EINVAL)
		diag_set(diag, err, "--zstd=%d: levels are %d to %d", options->level,
		    ZSTD_STREAM_LEVEL_MIN, ZSTD_STREAM_LEVEL_MAX);
	else if (err || !sink->name || !sink->buf)
		err = diag_set(diag, -ENOMEM, "output: not enough memory");
	if (!err)
		err = open_fd(sink, options->path, diag);
	if (!err)
		err = check_kind(sink, diag);
	if (err) {
		sink_close(sink);
		return err;
	}
	*out = sink;
	return 0;
}

void sink_close(struct sink *sink)
{
	if (!sink)
		return;
	if (sink->fd >= 0 && !sink->is_stdout)
		close(sink->fd);
	zstd_stream_destroy(sink->zstd);
	free(sink->buf);
	free(sink->name);
	free(sink);
}

void sink_set_hurry(struct sink *sink, bool hurry)
{
	if (sink->zstd)
		zstd_stream_set_hurry(sink->zstd, hurry);
}

uint64_t sink_get_written(const struct sink *sink)
{
	return sink->n_written;
}

/* Writes all of it. On failure *n_done tells how much got in. */
static int write_all(struct sink *sink, const void *bytes, size_t len, size_t *n_done)
{
	size_t done = 0;
	int err = 0;
	while (done < len && !err) {
		ssize_t n = write(sink->fd, (const uint8_t *)bytes + done, len - done);
		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) { /* somebody made the pipe non-blocking */
			struct pollfd p = {.fd = sink->fd, .events = POLLOUT};
			if (poll(&p, 1, -1) < 0 && errno != EINTR)
				err = -errno;
		} else if (n < 0 && errno != EINTR) {
			err = -errno;
		} else if (n == 0) {
			err = -EIO;
		}
	}
	sink->n_written += done;
	*n_done = done;
	return err;
}

/* Writes a piece that can be cut between lines (has_lines) or not at all (a frame). */
static int write_piece(
    struct sink *sink, const void *bytes, size_t len, bool has_lines, struct diag *diag)
{
	size_t done = 0;
	int err = write_all(sink, bytes, len, &done);
	if (!err) {
		sink->end += (off_t)len;
		return 0;
	}
	fail(sink, err, "cannot write", diag);
	if (sink->is_regular) {
		size_t keep = has_lines ? done : 0;
		while (keep > 0 && ((const char *)bytes)[keep - 1] != '\n')
			keep--;
		sink->end += (off_t)keep;
		/* If even this fails, the torn end stays; readers of lines and frames see it as such. */
		if (ftruncate(sink->fd, sink->end) == 0)
			sink->n_written -= done - keep;
	}
	return err;
}

/* Compresses what has gathered: in large pieces, which costs a fifth less than line by line. */
static int feed(struct sink *sink)
{
	size_t len = sink->buf_len;
	sink->buf_len = 0;
	return len > 0 ? zstd_stream_add(sink->zstd, sink->buf, len) : 0;
}

/* Lets go of what is kept back. */
static int release(struct sink *sink, struct diag *diag)
{
	if (sink->err)
		return diag_set(diag, sink->err, "%s: the output has failed", sink->name);
	if (!sink->zstd) {
		size_t len = sink->buf_len;
		sink->buf_len = 0;
		return write_piece(sink, sink->buf, len, true, diag);
	}
	const uint8_t *frame = NULL;
	size_t len;
	int err = feed(sink);
	if (!err)
		err = zstd_stream_end(sink->zstd, &frame, &len);
	if (err)
		return fail(sink, err, "cannot compress", diag);
	return write_piece(sink, frame, len, false, diag);
}

static size_t count_kept(const struct sink *sink)
{
	return sink->buf_len + (sink->zstd ? zstd_stream_get_pending(sink->zstd) : 0);
}

int sink_write(struct sink *sink, const char *lines, size_t len, int64_t now_ns, struct diag *diag)
{
	assert(len <= SINK_BUFFER_LEN);
	if (sink->err)
		return diag_set(diag, sink->err, "%s: the output has failed", sink->name);
	size_t limit = sink->zstd ? SINK_FRAME_MAX : SINK_BUFFER_LEN;
	int err = 0;
	if (count_kept(sink) + len > limit)
		err = release(sink, diag);
	if (err || len == 0)
		return err;
	if (count_kept(sink) == 0)
		sink->oldest_ns = now_ns;
	if (sink->buf_len + len > SINK_BUFFER_LEN) /* then it is zstd's */
		err = feed(sink);
	if (err)
		return fail(sink, err, "cannot compress", diag);
	memcpy(sink->buf + sink->buf_len, lines, len);
	sink->buf_len += len;
	return sink_poll(sink, now_ns, diag);
}

int sink_poll(struct sink *sink, int64_t now_ns, struct diag *diag)
{
	if (sink->err || count_kept(sink) == 0 || now_ns - sink->oldest_ns < SINK_DELAY_NS)
		return sink->err;
	return release(sink, diag);
}

int sink_flush(struct sink *sink, bool is_sync, struct diag *diag)
{
	int err = release(sink, diag);
	if (!err && is_sync && sink->is_regular && fsync(sink->fd) < 0)
		err = fail(sink, -errno, "cannot bring the output to disk", diag);
	return err;
}

/* Where the last whole line ends. */
static size_t find_last_line(const uint8_t *bytes, size_t len)
{
	while (len > 0 && bytes[len - 1] != '\n')
		len--;
	return len;
}

/* Cuts a file to be resumed after its last whole line or frame; *end is its new length. */
static int repair(struct sink *sink, off_t size, off_t *end, struct diag *diag)
{
	size_t len = (size_t)size;
	if ((off_t)len != size)
		return fail(sink, -EFBIG, "cannot resume", diag);
	*end = 0;
	if (len == 0)
		return 0;
	const uint8_t *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED, sink->fd, 0);
	if (bytes == MAP_FAILED)
		return fail(sink, -errno, "cannot read what is to be resumed", diag);
	*end =
	    (off_t)(sink->zstd ? zstd_stream_find_intact(bytes, len) : find_last_line(bytes, len));
	munmap((void *)(uintptr_t)bytes, len);
	if (*end == 0) {
		sink->err = -EINVAL;
		return diag_set(diag, -EINVAL, "%s: holds no %s: not an output that can be resumed",
		    sink->name, sink->zstd ? "zstd frame" : "whole line");
	}
	if (*end < size && ftruncate(sink->fd, *end) < 0)
		return fail(sink, -errno, "cannot cut off its torn end", diag);
	return 0;
}

/* Where our output begins in a regular file. */
static int find_start(struct sink *sink, struct diag *diag)
{
	struct stat st;
	if (fstat(sink->fd, &st) < 0)
		return fail(sink, -errno, "cannot examine the output", diag);
	if (sink->is_resume) {
		int err = repair(sink, st.st_size, &sink->end, diag);
		if (!err && lseek(sink->fd, sink->end, SEEK_SET) < 0)
			err = fail(sink, -errno, "cannot seek", diag);
		return err;
	}
	if (sink->is_stdout) { /* the shell opened it: ">" left it empty, ">>" wants it kept */
		int flags = fcntl(sink->fd, F_GETFL);
		off_t at =
		    flags >= 0 && (flags & O_APPEND) ? st.st_size : lseek(sink->fd, 0, SEEK_CUR);
		sink->end = at < 0 ? st.st_size : at;
		return 0;
	}
	if (ftruncate(sink->fd, 0) < 0)
		return fail(sink, -errno, "cannot empty the file", diag);
	sink->end = 0;
	return 0;
}

int sink_begin(struct sink *sink, const char *preamble, bool *is_new, struct diag *diag)
{
	int err = sink->is_regular ? find_start(sink, diag) : 0;
	if (err)
		return err;
	*is_new = sink->end == 0;
	if (!*is_new || !sink->zstd || !preamble)
		return 0;
	size_t len = strlen(preamble);
	uint8_t *frame = malloc(ZSTD_SKIPPABLE_HEADER_LEN + len);
	if (!frame || len > UINT32_MAX) {
		free(frame);
		return fail(sink, -ENOMEM, "cannot write its beginning", diag);
	}
	zstd_stream_make_skippable_header(frame, (uint32_t)len);
	memcpy(frame + ZSTD_SKIPPABLE_HEADER_LEN, preamble, len);
	err = write_piece(sink, frame, ZSTD_SKIPPABLE_HEADER_LEN + len, false, diag);
	free(frame);
	return err;
}
