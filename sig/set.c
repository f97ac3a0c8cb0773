/* set: builds a sig_set from the built-in text and from directories, and answers questions about
 * its probes. Runs at start, one thread; the only file of sig/ that opens files. It refuses files
 * over 1 MiB and what is not a regular file. */
#include "sig/model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "sig/check.h"

enum { FILE_LEN_MAX = 1024 * 1024, PATH_LEN = 4096, CONTACT_LEN_MAX = 256 };

static int add_text(struct sig_set *set, const char *name, const char *text, size_t len,
    const char *contact, struct diag *diag, const char **protocol_name)
{
	struct sig_protocol *protocol = NULL;
	int rc = sig_parse(set, name, text, len, contact, diag, &protocol);
	if (rc)
		return rc;
	sig_set_link(set, protocol);
	if (protocol_name)
		*protocol_name = protocol->name;
	return 0;
}

/* Reads a whole file. *out is malloc'ed. */
static int read_all(const char *path, struct diag *diag, char **out, size_t *len)
{
	struct stat st;
	int rc = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return diag_set(diag, -errno, "%s: %s", path, strerror(errno));
	char *text = NULL;
	size_t n = 0;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = diag_set(diag, -EINVAL, "%s: not a regular file", path);
		goto out;
	}
	if (st.st_size > FILE_LEN_MAX) {
		rc = diag_set(
		    diag, -EFBIG, "%s: a signature file has at most %d bytes", path, FILE_LEN_MAX);
		goto out;
	}
	text = malloc(FILE_LEN_MAX);
	if (!text) {
		rc = -ENOMEM;
		goto out;
	}
	for (;;) {
		ssize_t got = read(fd, text + n, FILE_LEN_MAX - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			rc = diag_set(diag, -errno, "%s: %s", path, strerror(errno));
		if (got <= 0)
			break;
		n += (size_t)got;
	}
out:
	close(fd);
	if (rc) {
		free(text);
		return rc;
	}
	*out = text;
	*len = n;
	return 0;
}

int sig_set_add_file(struct sig_set *set, const char *path, const char *contact, struct diag *diag,
    const char **protocol)
{
	char *text = NULL;
	size_t len = 0;
	int rc = read_all(path, diag, &text, &len);
	if (rc)
		return rc;
	rc = add_text(set, path, text, len, contact, diag, protocol);
	free(text);
	return rc;
}

static int is_sig_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".sig") == 0;
}

int sig_set_add_dir(struct sig_set *set, const char *dir, const char *contact, struct diag *diag)
{
	struct dirent **entries = NULL;
	int rc = 0;
	int n = scandir(dir, &entries, is_sig_file, alphasort);
	if (n < 0)
		return diag_set(diag, -errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		char path[PATH_LEN];
		int len = snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (rc == 0 && (len < 0 || (size_t)len >= sizeof(path)))
			rc = diag_set(diag, -ENAMETOOLONG, "%s: the name is too long", dir);
		rc = rc ? rc : sig_set_add_file(set, path, contact, diag, NULL);
		free(entries[i]);
	}
	free(entries);
	if (rc == 0 && n == 0)
		return diag_set(diag, -ENOENT, "%s: there is no *.sig file in it", dir);
	return rc;
}

static int check_contact(const char *contact, struct diag *diag)
{
	size_t len = contact ? strlen(contact) : 0;
	if (len > CONTACT_LEN_MAX)
		return diag_set(diag, -EINVAL, "contact: at most %d bytes", CONTACT_LEN_MAX);
	for (size_t i = 0; i < len; i++) {
		if (contact[i] < 0x20 || contact[i] > 0x7e)
			return diag_set(diag, -EINVAL, "contact: only printable ASCII can be sent");
	}
	return 0;
}

int sig_set_open(const char *contact, struct diag *diag, struct sig_set **out)
{
	int rc = check_contact(contact, diag);
	if (rc)
		return rc;
	struct sig_set *set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	for (const struct sig_builtin_file *file = sig_builtin_files; file->name && !rc; file++)
		rc = add_text(set, file->name, file->text, file->len, contact, diag, NULL);
	if (rc) {
		sig_set_destroy(set);
		return rc;
	}
	*out = set;
	return 0;
}

int sig_set_create(const char *const *dirs, size_t n_dirs, const char *contact, struct diag *diag,
    struct sig_set **out)
{
	struct sig_set *set = NULL;
	int rc = sig_set_open(contact, diag, &set);
	for (size_t i = 0; i < n_dirs && !rc; i++)
		rc = sig_set_add_dir(set, dirs[i], contact, diag);
	rc = rc ? rc : sig_compile(set, diag);
	if (rc == -ENOMEM)
		diag_set(diag, rc, "signatures: out of memory");
	if (rc) {
		sig_set_destroy(set);
		return rc;
	}
	*out = set;
	return 0;
}

void sig_set_destroy(struct sig_set *set)
{
	if (!set)
		return;
	for (struct pattern_list *node = set->patterns; node; node = node->next)
		pattern_destroy(node->pattern);
	arena_fini(&set->arena);
	free(set);
}

size_t sig_set_probe_count(const struct sig_set *set)
{
	return set->n_probes;
}

const struct sig_probe *sig_set_get_probe(const struct sig_set *set, uint16_t id)
{
	return id < set->n_probes ? set->probes[id] : NULL;
}

const struct sig_probe *sig_set_find_probe(const struct sig_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_probes; i++) {
		if (strcmp(set->probes[i]->name, name) == 0)
			return set->probes[i];
	}
	return NULL;
}

const struct sig_probe *sig_set_find_probe_bytes(
    const struct sig_set *set, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; len && i < set->n_probes; i++) {
		if (set->probes[i]->len == len && memcmp(set->probes[i]->bytes, bytes, len) == 0)
			return set->probes[i];
	}
	return NULL;
}
