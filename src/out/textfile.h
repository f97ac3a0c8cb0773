#ifndef OUT_TEXTFILE_H
#define OUT_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

struct diag;

/* A small file beside the output that others read while we run: metadata, metrics, status. Opaque;
 * one thread. */
struct textfile;

/* Opens (or creates) path for writing; nothing is written yet, so that a wrong name is found before
 * the scan. Returns 0, -errno or -ENOMEM with diag. The caller owns *out. */
int textfile_open(const char *path, struct diag *diag, struct textfile **out)
    __attribute__((warn_unused_result));
void textfile_close(struct textfile *file);

/* Replaces the contents: a reader sees the old or the new text, never a part (a new file is written
 * beside it, brought to disk with is_sync, and renamed). Where that is not possible, because privileges
 * have been dropped since, or path is a pipe or a device, the text is written in place. Returns 0 or a
 * negative errno with diag. */
int textfile_replace(struct textfile *file, const char *bytes, size_t len, bool is_sync,
    struct diag *diag) __attribute__((warn_unused_result));

/* The same for a file that must never be seen in half, without having been opened: written beside path,
 * brought to disk, renamed, the folder brought to disk. Never in place. */
int textfile_swap(const char *path, const char *bytes, size_t len, struct diag *diag)
    __attribute__((warn_unused_result));

/* Adds to the end. */
int textfile_append(struct textfile *file, const char *bytes, size_t len, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
