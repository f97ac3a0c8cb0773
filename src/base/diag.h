#ifndef BASE_DIAG_H
#define BASE_DIAG_H

/* What went wrong, for people: filled once, where the fact is known ("targets.txt:12:3: /33 is not
 * an IPv4 prefix length: use 0 to 32"), printed once, by main. No allocation; long text is cut. */
struct diag {
	char text[512];
};

/* Sets the text (printf). diag may be NULL, then nothing happens. Keeps errno. Returns err, so that
 * a caller can write: return diag_set(diag, -EINVAL, "...", ...); */
int diag_set(struct diag *diag, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
