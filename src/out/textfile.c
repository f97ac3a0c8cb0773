/* textfile: small files that are rewritten or extended while the scan runs. Main thread. Refuses to
 * let a reader see half a text where the file system allows. Source: rename(2). */
#include "out/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

struct textfile {
	char *path;
	char *temporary; /* path and ".tmp", in the same folder */
	int fd;          /* of what path names now */
	bool is_regular;
};

static int fail(const struct textfile *file, const char *what, struct diag *diag)
{
	int err = -errno;
	return diag_set(diag, err, "%s: %s: %s", file->path, what, strerror(-err));
}

int textfile_open(const char *path, struct diag *diag, struct textfile **out)
{
	struct textfile *file = calloc(1, sizeof(*file));
	size_t len = strlen(path);
	if (file) {
		file->fd = -1;
		file->path = strdup(path);
		file->temporary = malloc(len + sizeof(".tmp"));
	}
	if (!file || !file->path || !file->temporary) {
		textfile_close(file);
		return diag_set(diag, -ENOMEM, "%s: not enough memory", path);
	}
	memcpy(file->temporary, path, len);
	memcpy(file->temporary + len, ".tmp", sizeof(".tmp"));
	struct stat st;
	file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int err = 0;
	if (file->fd < 0)
		err = fail(file, "cannot open for writing", diag);
	else if (fstat(file->fd, &st) < 0)
		err = fail(file, "cannot examine", diag);
	if (err) {
		textfile_close(file);
		return err;
	}
	file->is_regular = S_ISREG(st.st_mode);
	*out = file;
	return 0;
}

void textfile_close(struct textfile *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->temporary);
	free(file);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The new text beside the old one, then in its place. */
static int replace_by_rename(struct textfile *file, const char *bytes, size_t len, bool is_sync)
{
	int fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	int err = write_all(fd, bytes, len);
	if (!err && is_sync && fsync(fd) < 0)
		err = -errno;
	if (!err && rename(file->temporary, file->path) < 0)
		err = -errno;
	if (err) {
		close(fd);
		unlink(file->temporary);
		return err;
	}
	close(file->fd);
	file->fd = fd;
	return 0;
}

static int replace_in_place(struct textfile *file, const char *bytes, size_t len, bool is_sync)
{
	if (file->is_regular && (lseek(file->fd, 0, SEEK_SET) < 0 || ftruncate(file->fd, 0) < 0))
		return -errno;
	int err = write_all(file->fd, bytes, len);
	if (!err && file->is_regular && is_sync && fsync(file->fd) < 0)
		err = -errno;
	return err;
}

/* Errors that say: not here, or not any more. A full disk is none of them: the old text stays. */
static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM || err == -EROFS || err == -ENOENT ||
	       err == -ENOSYS || err == -EISDIR || err == -ELOOP || err == -EBUSY;
}

int textfile_replace(
    struct textfile *file, const char *bytes, size_t len, bool is_sync, struct diag *diag)
{
	int err = -EPERM;
	if (file->is_regular)
		err = replace_by_rename(file, bytes, len, is_sync);
	if (is_refusal(err))
		err = replace_in_place(file, bytes, len, is_sync);
	if (err) {
		errno = -err;
		return fail(file, "cannot write", diag);
	}
	return 0;
}

/* A new name is safe only when the folder is on disk. */
static int sync_folder(const char *path)
{
	char folder[4096] = ".";
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(len ? len : 1), path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a folder, and say EINVAL. */
	int err = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
	close(fd);
	return err;
}

int textfile_swap(const char *path, const char *bytes, size_t len, struct diag *diag)
{
	char temporary[4096];
	int n = snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	int err = n < 0 || (size_t)n >= sizeof(temporary) ? -ENAMETOOLONG : 0;
	int fd = -1;
	if (!err)
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (!err && fd < 0)
		err = -errno;
	if (!err)
		err = write_all(fd, bytes, len);
	if (!err && fsync(fd) < 0)
		err = -errno;
	if (fd >= 0 && close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err && fd >= 0)
		unlink(temporary);
	if (!err)
		err = sync_folder(path);
	return err ? diag_set(diag, err, "%s: cannot be replaced: %s", path, strerror(-err)) : 0;
}

int textfile_append(struct textfile *file, const char *bytes, size_t len, struct diag *diag)
{
	if (file->is_regular && lseek(file->fd, 0, SEEK_END) < 0)
		return fail(file, "cannot seek", diag);
	int err = write_all(file->fd, bytes, len);
	if (err) {
		errno = -err;
		return fail(file, "cannot write", diag);
	}
	return 0;
}
