/* log: one line a message on stderr. Any thread: one write(2) a line, so lines do not mix. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level max_level = LOG_WARN;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_print(enum log_level level, const char *fmt, ...)
{
	if (level > max_level)
		return;
	int saved = errno;
	char line[1024];
	size_t n = (size_t)snprintf(line, sizeof(line), "synspect: ");
	va_list ap;
	va_start(ap, fmt);
	int m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (m > 0) {
		n += (size_t)m;
		if (n > sizeof(line) - 2)
			n = sizeof(line) - 2;
		line[n++] = '\n';
		/* Nothing can be done when stderr is closed. */
		if (write(STDERR_FILENO, line, n) < 0)
			n = 0;
	}
	errno = saved;
}
