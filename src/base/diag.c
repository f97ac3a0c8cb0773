/* diag: the text of one error, for people. Pure. */
#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int diag_set(struct diag *diag, int err, const char *fmt, ...)
{
	if (diag) {
		int saved = errno;
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(diag->text, sizeof(diag->text), fmt, ap);
		va_end(ap);
		errno = saved;
	}
	return err;
}
