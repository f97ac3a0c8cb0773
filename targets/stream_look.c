/* stream_look: what can be known of a stream before it is read: whether it is a plain list, whether its
 * beginning is right, and what identifies it. Main thread. */
#include "targets/stream.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "targets/lines.h"
#include "targets/load.h"

enum { LOOK_BYTES = 256 * 1024, DIGEST_BYTES = 64 * 1024 };

/* Of one argument or line. */
static int look_at(const struct load_place *place, enum stream_look *look, struct diag *diag)
{
	struct item item;
	struct diag why;
	size_t column = 0;
	char where[256];
	int err = item_parse(place->text, place->len, &item, &column, &why);
	if (err) {
		struct load_place at = *place;
		at.column += column;
		load_format_place(&at, where, sizeof(where));
		return diag_set(diag, err, "%s: %s", where, why.text);
	}
	if (item.kind == ITEM_RANGE && !u128_eq(item.range.lo, item.range.hi))
		*look = STREAM_HAS_RANGES;
	return 0;
}

static int look_into(const char *path, bool *has_pipe, enum stream_look *look, struct diag *diag)
{
	struct stat st;
	/* Standard input is looked at only while it is read: what is taken from it is gone. */
	if (strcmp(path, "-") == 0 ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
		*has_pipe = true;
		return 0;
	}
	struct lines lines;
	int err = lines_open(&lines, path, diag);
	if (err)
		return err;
	size_t n_bytes = 0;
	while (n_bytes < LOOK_BYTES) {
		struct load_place place = {.file = lines.reader.name};
		err = lines_next(&lines, true, &place.text, &place.len, diag);
		if (err <= 0)
			break;
		place.line_no = lines.line_no;
		place.column = lines.column;
		n_bytes += place.len + 1;
		err = look_at(&place, look, diag);
		if (err)
			break;
	}
	lines_close(&lines);
	return err < 0 ? err : 0;
}

int stream_look_ahead(
    const struct targets_spec *spec, bool *has_pipe, enum stream_look *out, struct diag *diag)
{
	int err = 0;
	*has_pipe = false;
	*out = STREAM_LOOKS_PLAIN;
	for (size_t i = 0; i < spec->n_targets && !err; i++) {
		struct load_place place = {
		    .text = spec->targets[i], .len = strlen(spec->targets[i])};
		err = look_at(&place, out, diag);
	}
	for (size_t i = 0; i < spec->n_files && !err; i++)
		err = look_into(spec->files[i], has_pipe, out, diag);
	return err;
}

static void digest_bytes(struct hash_digest_state *state, const void *bytes, size_t len)
{
	uint64_t n = htole64(len);
	hash_digest_update(state, &n, sizeof(n));
	hash_digest_update(state, bytes, len);
}

static int digest_file(const char *path, struct hash_digest_state *state, struct diag *diag)
{
	struct reader r;
	struct stat st;
	digest_bytes(state, path, strlen(path));
	/* A pipe that is opened and closed again loses what its writer has to say. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	int err = reader_open(&r, path, diag);
	if (err)
		return err;
	uint8_t *buf = malloc(DIGEST_BYTES);
	if (!buf)
		err = diag_set(diag, -ENOMEM, "%s: no memory", path);
	if (!err && r.is_regular && fstat(r.fd, &st) == 0) {
		uint64_t size = htole64((uint64_t)st.st_size);
		off_t last = st.st_size > DIGEST_BYTES ? st.st_size - DIGEST_BYTES : 0;
		digest_bytes(state, &size, sizeof(size));
		for (int part = 0; part < 2; part++) {
			ssize_t n = pread(r.fd, buf, DIGEST_BYTES, part == 0 ? 0 : last);
			digest_bytes(state, buf, n > 0 ? (size_t)n : 0);
		}
	}
	free(buf);
	reader_close(&r);
	return err;
}

int stream_digest(
    const struct targets_spec *spec, struct hash_digest_state *state, struct diag *diag)
{
	int err = 0;
	digest_bytes(state, spec->ports ? spec->ports : "", spec->ports ? strlen(spec->ports) : 0);
	digest_bytes(
	    state, spec->v6_iid ? spec->v6_iid : "", spec->v6_iid ? strlen(spec->v6_iid) : 0);
	for (size_t i = 0; i < spec->n_targets; i++)
		digest_bytes(state, spec->targets[i], strlen(spec->targets[i]));
	for (size_t i = 0; i < spec->n_files && !err; i++) {
		if (strcmp(spec->files[i], "-") == 0)
			digest_bytes(state, "-", 1);
		else
			err = digest_file(spec->files[i], state, diag);
	}
	return err;
}
