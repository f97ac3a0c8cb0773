/* checkpoint: the text of a checkpoint file. Main thread. Lines of "key value", ended by a digest of all
 * before it, so that a file that was cut off or edited is refused and never half believed. */
#include "checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "targets/item.h"

enum { VERSION = 1, HEX_LEN = 2 * HASH_DIGEST_LEN };
enum { FILE_MAX = 64 << 20, RECORDED_TEXT_MAX = IPADDR_STRLEN + 10 };

/* ---- writing ---- */

static void format_hex(const uint8_t digest[HASH_DIGEST_LEN], char out[HEX_LEN + 1])
{
	for (size_t i = 0; i < HASH_DIGEST_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void digest_of(const char *text, size_t len, char out[HEX_LEN + 1])
{
	uint8_t digest[HASH_DIGEST_LEN];
	struct hash_digest_state state;
	hash_digest_init(&state);
	hash_digest_update(&state, text, len);
	hash_digest_final(&state, digest);
	format_hex(digest, out);
}

static void put_recorded(const struct checkpoint *c, FILE *f)
{
	char addr[IPADDR_STRLEN];
	fprintf(f, "recorded %zu\n", c->n_recorded);
	for (size_t i = 0; i < c->n_recorded; i++) {
		const struct target *target = &c->recorded[i];
		bool is_v4 = ipaddr_is_v4(&target->addr);
		ipaddr_format(&target->addr, addr);
		fprintf(f, is_v4 ? "%s:%u\n" : "[%s]:%u\n", addr, target->port);
	}
}

int checkpoint_format(const struct checkpoint *c, char **text, size_t *len)
{
	char hex[HEX_LEN + 1];
	*text = NULL;
	FILE *f = open_memstream(text, len);
	if (!f)
		return -ENOMEM;
	fprintf(f, "# synspect checkpoint: \"synspect scan --resume FILE\" goes on from here\n");
	fprintf(f, "version %d\nseed %" PRIu64 "\nshards %u\nshard %u\n", VERSION, c->seed,
	    c->n_shards, c->shard);
	format_hex(c->digest, hex);
	fprintf(f, "targets %s\ncomplete %d\nslices %zu\n", hex, c->is_complete, c->n_slices);
	for (size_t i = 0; i < c->n_slices; i++)
		fprintf(f, "next %" PRIu64 "\n", c->index[i]);
	fprintf(f, "operands %zu\n", c->operands.n);
	for (size_t i = 0; i < c->operands.n; i++)
		fprintf(f, "%zu %s\n", strlen(c->operands.v[i]), c->operands.v[i]);
	fprintf(f, "options %zu\n%s\n", strlen(c->options), c->options);
	put_recorded(c, f);
	if (fflush(f) != 0 || ferror(f)) {
		fclose(f);
		free(*text);
		return -ENOMEM;
	}
	digest_of(*text, *len, hex);
	fprintf(f, "end %s\n", hex);
	if (fclose(f) != 0) {
		free(*text);
		return -ENOMEM;
	}
	return 0;
}

/* ---- reading ---- */

struct scanner {
	const char *path;
	const char *p, *end;
	struct diag *diag;
};

static int refuse(struct scanner *s)
{
	return diag_set(s->diag, -EINVAL,
	    "%s: is no checkpoint of synspect, or was cut off or changed: it cannot be resumed",
	    s->path);
}

/* "key NUMBER": the number, ended by the byte stop. */
static int take_number(struct scanner *s, const char *key, char stop, uint64_t max, uint64_t *out)
{
	size_t len = strlen(key);
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, key, len) != 0)
		return refuse(s);
	const char *p = s->p + len;
	uint64_t n = 0;
	const char *first = p;
	for (; p < s->end && *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return refuse(s);
		n = n * 10 + digit;
	}
	if (p == first || p == s->end || *p != stop || n > max)
		return refuse(s);
	s->p = p + 1;
	*out = n;
	return 0;
}

/* len bytes and a line end, as an owned string. */
static int take_text(struct scanner *s, size_t len, char **out)
{
	if ((size_t)(s->end - s->p) < len + 1 || s->p[len] != '\n' || memchr(s->p, 0, len))
		return refuse(s);
	*out = strndup(s->p, len);
	if (!*out)
		return diag_set(s->diag, -ENOMEM, "%s: out of memory", s->path);
	s->p += len + 1;
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_digest(struct scanner *s, const char *key, uint8_t out[HASH_DIGEST_LEN])
{
	size_t len = strlen(key);
	if ((size_t)(s->end - s->p) < len + HEX_LEN + 1 || memcmp(s->p, key, len) != 0)
		return refuse(s);
	s->p += len;
	for (size_t i = 0; i < HASH_DIGEST_LEN; i++) {
		int hi = hex_digit(s->p[2 * i]), lo = hex_digit(s->p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return refuse(s);
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	if (s->p[HEX_LEN] != '\n')
		return refuse(s);
	s->p += HEX_LEN + 1;
	return 0;
}

static int take_operands(struct scanner *s, struct checkpoint *out)
{
	uint64_t n, len;
	int err = take_number(s, "operands ", '\n', (uint64_t)(s->end - s->p), &n);
	if (err)
		return err;
	out->operands.v = calloc((size_t)n + 1, sizeof(char *));
	if (!out->operands.v)
		return diag_set(s->diag, -ENOMEM, "%s: out of memory", s->path);
	for (uint64_t i = 0; i < n && !err; i++) {
		err = take_number(s, "", ' ', FILE_MAX, &len);
		if (!err)
			err = take_text(s, (size_t)len, &out->operands.v[i]);
		out->operands.n += !err;
	}
	return err;
}

static int take_recorded(struct scanner *s, struct checkpoint *out)
{
	uint64_t n;
	int err = take_number(s, "recorded ", '\n', (uint64_t)(s->end - s->p), &n);
	if (err)
		return err;
	out->recorded = calloc((size_t)n + 1, sizeof(*out->recorded));
	if (!out->recorded)
		return diag_set(s->diag, -ENOMEM, "%s: out of memory", s->path);
	for (uint64_t i = 0; i < n; i++) {
		struct item item;
		const char *newline = memchr(s->p, '\n', (size_t)(s->end - s->p));
		size_t len = newline ? (size_t)(newline - s->p) : 0;
		if (len == 0 || len > RECORDED_TEXT_MAX ||
		    item_parse(s->p, len, &item, NULL, NULL) || item.kind != ITEM_RANGE ||
		    item.port == 0)
			return refuse(s);
		out->recorded[i] =
		    (struct target){.addr = u128_to_addr(item.range.lo), .port = item.port};
		s->p = newline + 1;
	}
	out->n_recorded = (size_t)n;
	return 0;
}

/* Which scan, and where it stands. */
static int take_head(struct scanner *s, struct checkpoint *out)
{
	uint64_t n = 0, n_shards = 0, shard = 0, is_complete = 0;
	const char *newline = memchr(s->p, '\n', (size_t)(s->end - s->p));
	if (!newline || s->p[0] != '#')
		return refuse(s);
	s->p = newline + 1;
	int err = take_number(s, "version ", '\n', UINT64_MAX, &n);
	if (!err && n != VERSION)
		return diag_set(s->diag, -EINVAL,
		    "%s: was written by another version of synspect (format %" PRIu64
		    ", not %d): resume with that one",
		    s->path, n, VERSION);
	if (!err)
		err = take_number(s, "seed ", '\n', UINT64_MAX, &out->seed);
	if (!err)
		err = take_number(s, "shards ", '\n', 65535, &n_shards);
	if (!err)
		err = take_number(s, "shard ", '\n', 65535, &shard);
	if (!err)
		err = take_digest(s, "targets ", out->digest);
	if (!err)
		err = take_number(s, "complete ", '\n', 1, &is_complete);
	if (!err)
		err = take_number(s, "slices ", '\n', CHECKPOINT_SLICES_MAX, &n);
	out->n_shards = (uint32_t)n_shards;
	out->shard = (uint32_t)shard;
	out->is_complete = is_complete;
	for (out->n_slices = 0; !err && out->n_slices < n; out->n_slices++)
		err = take_number(s, "next ", '\n', UINT64_MAX, &out->index[out->n_slices]);
	return !err && out->n_slices == 0 ? refuse(s) : err;
}

/* Cuts the last line off and holds what is before it against it. */
static int check_end(struct scanner *s)
{
	static const char key[] = "end ";
	size_t len = sizeof(key) - 1 + HEX_LEN + 1;
	char hex[HEX_LEN + 1];
	if ((size_t)(s->end - s->p) < len)
		return refuse(s);
	const char *last = s->end - len;
	digest_of(s->p, (size_t)(last - s->p), hex);
	if (memcmp(last, key, sizeof(key) - 1) != 0 ||
	    memcmp(last + sizeof(key) - 1, hex, HEX_LEN) != 0 || s->end[-1] != '\n')
		return refuse(s);
	s->end = last;
	return 0;
}

int checkpoint_parse(
    const char *path, const char *text, size_t len, struct checkpoint *out, struct diag *diag)
{
	struct scanner s = {path, text, text + len, diag};
	uint64_t n = 0;
	memset(out, 0, sizeof(*out));
	int err = check_end(&s);
	if (!err)
		err = take_head(&s, out);
	if (!err)
		err = take_operands(&s, out);
	if (!err)
		err = take_number(&s, "options ", '\n', FILE_MAX, &n);
	if (!err)
		err = take_text(&s, (size_t)n, &out->options);
	if (!err)
		err = take_recorded(&s, out);
	if (!err && s.p != s.end)
		err = refuse(&s);
	if (err)
		checkpoint_fini(out);
	return err;
}

int checkpoint_read(const char *path, struct checkpoint *out, struct diag *diag)
{
	struct stat st;
	FILE *f = fopen(path, "rbe");
	if (!f)
		return diag_set(
		    diag, -errno, "%s: cannot open the checkpoint: %s", path, strerror(errno));
	int err = fstat(fileno(f), &st) < 0 ? -errno : 0;
	if (!err && (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX))
		err = -EINVAL;
	char *text = err ? NULL : malloc((size_t)st.st_size + 1);
	size_t len = text ? fread(text, 1, (size_t)st.st_size + 1, f) : 0;
	if (!err && (!text || ferror(f)))
		err = text ? -EIO : -ENOMEM;
	fclose(f);
	if (err == -EINVAL)
		diag_set(diag, err, "%s: is no checkpoint of synspect", path);
	else if (err)
		diag_set(diag, err, "%s: cannot read the checkpoint: %s", path, strerror(-err));
	else
		err = checkpoint_parse(path, text, len, out, diag);
	free(text);
	return err;
}

void checkpoint_fini(struct checkpoint *c)
{
	for (size_t i = 0; i < c->operands.n; i++)
		free(c->operands.v[i]);
	free(c->operands.v);
	free(c->options);
	free(c->recorded);
	memset(c, 0, sizeof(*c));
}
