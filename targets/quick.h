#ifndef TARGETS_QUICK_H
#define TARGETS_QUICK_H

#include <stdint.h>

#include "base/u128.h"
#include "targets/lines.h"

/* The plainest lines of a list, fast: ADDRESS, IPv4:PORT and [IPv6]:PORT, nothing before or behind. What
 * it takes, item_parse() takes with the same meaning; everything else is left to lines_next(). */
struct quick_line {
	struct u128 addr;
	uint16_t port; /* 0: none is named */
};

enum { QUICK_SLACK = 64 }; /* readable bytes behind the text, of any value */

/* Takes up to n of the lines that come next in the buffer. Returns how many; 0: ask lines_next(). */
size_t quick_lines(struct lines *lines, struct quick_line *out, size_t n);

/* One line at text, of at most len bytes; QUICK_SLACK bytes behind these are readable, and there is no
 * NUL among them all. Returns its length with the line end, or 0 when it is no plain line or does not
 * end in time. */
size_t quick_parse(const char *text, size_t len, struct quick_line *out);

#endif
