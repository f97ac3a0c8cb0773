/* reader: opens lists and undoes their compression. One owning thread; the only place of targets/ that
 * reads files. O_NONBLOCK is never set on what we were given (stdin shares it with the shell): a poll
 * with no patience before each read does the same. */
#include "targets/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_CAP = 256 * 1024 };

int reader_open(struct reader *r, const char *path, struct diag *diag)
{
	memset(r, 0, sizeof(*r));
	r->is_stdin = strcmp(path, "-") == 0;
	r->name = r->is_stdin ? "stdin" : path;
	r->fd = r->is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0)
		return diag_set(diag, -errno, "%s: cannot open: %s", r->name, strerror(errno));
	struct stat st;
	int err = 0;
	if (fstat(r->fd, &st) < 0)
		err = diag_set(diag, -errno, "%s: %s", r->name, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		err = diag_set(diag, -EISDIR, "%s: is a directory: name the files in it", r->name);
	r->is_regular = !err && S_ISREG(st.st_mode);
	r->in = err ? NULL : malloc(IN_CAP);
	if (!err && !r->in)
		err = diag_set(diag, -ENOMEM, "%s: no memory", r->name);
	if (err)
		reader_close(r);
	return err;
}

/* More bytes into in, whose rest moves to the front. */
static int fill(struct reader *r, bool can_wait, struct diag *diag)
{
	memmove(r->in, r->in + r->in_off, r->in_len - r->in_off);
	r->in_len -= r->in_off;
	r->in_off = 0;
	if (!r->is_regular) {
		struct pollfd pfd = {.fd = r->fd, .events = POLLIN};
		int n = poll(&pfd, 1, can_wait ? -1 : 0);
		if (n == 0 || (n < 0 && errno == EINTR))
			return -EAGAIN;
	}
	ssize_t n = read(r->fd, r->in + r->in_len, IN_CAP - r->in_len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n < 0)
		return diag_set(diag, -errno, "%s: cannot read: %s", r->name, strerror(errno));
	r->is_eof = n == 0;
	r->in_len += (size_t)n;
	return 0;
}

static int choose_decoder(struct reader *r, struct diag *diag)
{
	static const uint8_t gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	int err = 0;
	if (r->in_len >= 2 && memcmp(r->in, gzip_magic, 2) == 0)
		err = gunzip_create(&r->decoder);
	else if (r->in_len >= 4 && memcmp(r->in, zstd_magic, 4) == 0)
		err = unzstd_create(&r->decoder);
	r->is_sniffed = true;
	return err ? diag_set(diag, err, "%s: no memory to decompress", r->name) : 0;
}

/* Decodes from the buffer until something comes out. 0: it needs more input. */
static long decode(struct reader *r, uint8_t *buf, size_t cap, struct diag *diag)
{
	for (;;) {
		size_t n_in = r->in_len - r->in_off, n_out = cap;
		bool has_input = n_in > 0;
		int err = r->decoder.step(
		    r->decoder.state, r->in + r->in_off, &n_in, buf, &n_out, &r->is_complete);
		r->in_off += err ? 0 : n_in;
		bool is_stuck = has_input && n_in == 0 && n_out == 0;
		if (err == -ENOMEM)
			return diag_set(diag, err, "%s: no memory to decompress", r->name);
		if (err || is_stuck)
			return diag_set(diag, -EBADMSG, "%s: damaged %s data: make the file again",
			    r->name, r->decoder.name);
		if (n_out > 0 || !has_input)
			return (long)n_out;
	}
}

long reader_read(struct reader *r, uint8_t *buf, size_t cap, bool can_wait, struct diag *diag)
{
	while (!r->is_sniffed) {
		if (r->in_len >= 4 || r->is_eof) {
			int err = choose_decoder(r, diag);
			if (err)
				return err;
			break;
		}
		int err = fill(r, can_wait, diag);
		if (err == -EAGAIN && can_wait)
			continue;
		/* Anything but gzip and zstd shows in its first byte: a short first line of a
		 * pipe need not wait for four. */
		if (err == -EAGAIN && r->in_len > 0 && r->in[0] != 0x1f && r->in[0] != 0x28)
			r->is_sniffed = true;
		else if (err)
			return err;
	}
	for (;;) {
		if (r->decoder.state) {
			long n = decode(r, buf, cap, diag);
			if (n != 0)
				return n;
		} else if (r->in_off < r->in_len) {
			size_t n = r->in_len - r->in_off < cap ? r->in_len - r->in_off : cap;
			memcpy(buf, r->in + r->in_off, n);
			r->in_off += n;
			return (long)n;
		}
		if (r->is_eof && r->decoder.state && !r->is_complete)
			return diag_set(diag, -EBADMSG,
			    "%s: the %s data ends too early: the file is cut off", r->name,
			    r->decoder.name);
		if (r->is_eof)
			return 0;
		int err = fill(r, can_wait, diag);
		if (err && !(err == -EAGAIN && can_wait))
			return err;
	}
}

void reader_close(struct reader *r)
{
	if (r->decoder.state)
		r->decoder.destroy(r->decoder.state);
	if (r->fd >= 0 && !r->is_stdin)
		close(r->fd);
	free(r->in);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}
