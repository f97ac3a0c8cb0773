/* lines: splits a list into lines, in constant memory. One owning thread. Refuses lines over 64 KiB,
 * NUL bytes and UTF-16, each with its place; a UTF-8 byte order mark is skipped. */
#include "targets/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "targets/quick.h"

enum { BUF_CAP = 4 * LINES_MAX_LEN };

int lines_open(struct lines *lines, const char *path, struct diag *diag)
{
	memset(lines, 0, sizeof(*lines));
	int err = reader_open(&lines->reader, path, diag);
	if (err)
		return err;
	lines->buf = calloc(1, BUF_CAP + QUICK_SLACK);
	if (!lines->buf) {
		reader_close(&lines->reader);
		return diag_set(diag, -ENOMEM, "%s: no memory", path);
	}
	return 0;
}

/* Tells UTF-16 and UTF-32 from text, once there are two bytes, and skips the mark of UTF-8. */
static int look_at_start(struct lines *lines, struct diag *diag)
{
	const unsigned char *p = (const unsigned char *)lines->buf;
	lines->is_started = true;
	if (lines->len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return diag_set(diag, -EINVAL,
		    "%s:1:1: this is UTF-16: convert it with iconv -f UTF-16 -t UTF-8",
		    lines->reader.name);
	if (lines->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		lines->off = 3;
	return 0;
}

static int fill(struct lines *lines, bool can_wait, struct diag *diag)
{
	memmove(lines->buf, lines->buf + lines->off, lines->len - lines->off);
	lines->len -= lines->off;
	lines->off = 0;
	long n = reader_read(&lines->reader, (uint8_t *)lines->buf + lines->len,
	    BUF_CAP - lines->len, can_wait, diag);
	if (n < 0)
		return (int)n;
	lines->is_eof = n == 0;
	lines->len += (size_t)n;
	lines->has_nul = memchr(lines->buf, '\0', lines->len) != NULL;
	lines->has_hash = memchr(lines->buf, '#', lines->len) != NULL;
	if (!lines->is_started &&
	    (lines->len >= 3 || lines->is_eof || (signed char)lines->buf[0] > 0))
		return look_at_start(lines, diag);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Cuts the comment and the blanks around. A '#' begins a comment wherever it stands. */
static void trim(struct lines *lines, const char **text, size_t *len)
{
	const char *start = *text, *end = start + *len;
	const char *hash = lines->has_hash ? memchr(start, '#', *len) : NULL;
	if (hash)
		end = hash;
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	lines->column = (size_t)(start - *text);
	*text = start;
	*len = (size_t)(end - start);
}

/* The next line with its end cut off: 1, 0 at the end, or an error. */
static int next_raw(
    struct lines *lines, bool can_wait, const char **text, size_t *len, struct diag *diag)
{
	for (;;) {
		const char *p = lines->buf + lines->off;
		size_t n = lines->len - lines->off;
		const char *newline = n > 0 ? memchr(p, '\n', n) : NULL;
		bool is_last = !newline && lines->is_eof;
		if (newline || (is_last && n > 0)) {
			size_t line_len = newline ? (size_t)(newline - p) : n;
			lines->off += line_len + (newline ? 1 : 0);
			if (lines->is_skipping) {
				lines->is_skipping = false;
				continue;
			}
			lines->line_no++;
			if (line_len <= LINES_MAX_LEN) {
				*text = p;
				*len = line_len;
				return 1;
			}
		} else if (is_last) {
			return 0;
		} else if (n > LINES_MAX_LEN) {
			lines->off = lines->len;
			if (lines->is_skipping)
				continue;
			lines->is_skipping = true;
			lines->line_no++;
		} else {
			int err = fill(lines, can_wait, diag);
			if (err)
				return err;
			continue;
		}
		return diag_set(diag, -EILSEQ,
		    "%s:%" PRIu64 ":1: line of more than %d bytes: one target a line",
		    lines->reader.name, lines->line_no, LINES_MAX_LEN);
	}
}

int lines_next(
    struct lines *lines, bool can_wait, const char **text, size_t *len, struct diag *diag)
{
	for (;;) {
		int got = next_raw(lines, can_wait, text, len, diag);
		if (got <= 0)
			return got;
		const char *nul = lines->has_nul ? memchr(*text, '\0', *len) : NULL;
		if (nul)
			return diag_set(diag, -EILSEQ,
			    "%s:%" PRIu64 ":%zu: a NUL byte: this is not a text file",
			    lines->reader.name, lines->line_no, (size_t)(nul - *text) + 1);
		trim(lines, text, len);
		if (*len > 0)
			return 1;
	}
}

void lines_close(struct lines *lines)
{
	reader_close(&lines->reader);
	free(lines->buf);
	lines->buf = NULL;
}
