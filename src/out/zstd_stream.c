/* zstd_stream: the only writer of zstd. Owner's thread. A frame is handed out only when it is whole;
 * when to end one is the caller's business. Source: RFC 8878; zstd.h, advanced compression API. */
#include "out/zstd_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Of the fastest levels. Lines of JSON repeat each other's keys: their hash table fits the first cache,
 * which takes a quarter off the time and adds nothing to the size. */
enum { FAST_LEVEL = 1, FAST_HASH_LOG = 12 };

struct zstd_stream {
	ZSTD_CCtx *cctx;
	int level;
	bool is_hurried; /* wanted */
	bool is_set_up;  /* the parameters are those of is_hurried */
	size_t n_pending;
	uint8_t *out;
	size_t out_len;
	size_t out_cap;
};

/* Between frames only. 0 stands for zstd's default, here as there. */
static int set_level(struct zstd_stream *stream)
{
	int level = stream->level == 0 ? ZSTD_CLEVEL_DEFAULT : stream->level;
	if (stream->is_hurried && level > ZSTD_STREAM_LEVEL_HURRY)
		level = ZSTD_STREAM_LEVEL_HURRY;
	int hash_log = level <= FAST_LEVEL ? FAST_HASH_LOG : 0; /* 0: what the level says */
	if (ZSTD_isError(ZSTD_CCtx_setParameter(stream->cctx, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(stream->cctx, ZSTD_c_hashLog, hash_log)))
		return -EIO;
	stream->is_set_up = true;
	return 0;
}

/* Has everything allocated now that frames of so many bytes need, so that nothing is while running. */
static int reserve(struct zstd_stream *stream, size_t frame_len)
{
	stream->out_cap = ZSTD_compressBound(frame_len) + ZSTD_CStreamOutSize();
	stream->out = malloc(stream->out_cap);
	if (!stream->out)
		return -ENOMEM;
	for (int hurry = 1; hurry >= 0; hurry--) {
		ZSTD_inBuffer in = {"", 1, 0};
		ZSTD_outBuffer out = {stream->out, stream->out_cap, 0};
		stream->is_hurried = hurry;
		int err = set_level(stream);
		if (!err &&
		    ZSTD_isError(ZSTD_compressStream2(stream->cctx, &out, &in, ZSTD_e_continue)))
			err = -ENOMEM;
		if (err)
			return err;
		ZSTD_CCtx_reset(stream->cctx, ZSTD_reset_session_only);
	}
	return 0;
}

int zstd_stream_create(int level, size_t frame_len, struct zstd_stream **out)
{
	if (level < ZSTD_STREAM_LEVEL_MIN || level > ZSTD_STREAM_LEVEL_MAX)
		return -EINVAL;
	struct zstd_stream *stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->cctx = ZSTD_createCCtx();
	if (!stream->cctx) {
		free(stream);
		return -ENOMEM;
	}
	stream->level = level;
	int err = ZSTD_isError(ZSTD_CCtx_setParameter(stream->cctx, ZSTD_c_checksumFlag, 1))
		      ? -EIO
		      : reserve(stream, frame_len);
	if (err) {
		zstd_stream_destroy(stream);
		return err;
	}
	*out = stream;
	return 0;
}

void zstd_stream_destroy(struct zstd_stream *stream)
{
	if (!stream)
		return;
	ZSTD_freeCCtx(stream->cctx);
	free(stream->out);
	free(stream);
}

static int compress(struct zstd_stream *stream, ZSTD_inBuffer *in, ZSTD_EndDirective directive)
{
	for (;;) {
		if (stream->out_cap - stream->out_len < ZSTD_CStreamOutSize()) {
			size_t cap = stream->out_cap * 2 + ZSTD_CStreamOutSize();
			uint8_t *bigger = realloc(stream->out, cap);
			if (!bigger)
				return -ENOMEM;
			stream->out = bigger;
			stream->out_cap = cap;
		}
		ZSTD_outBuffer out = {stream->out, stream->out_cap, stream->out_len};
		size_t left = ZSTD_compressStream2(stream->cctx, &out, in, directive);
		if (ZSTD_isError(left))
			return -EIO;
		stream->out_len = out.pos;
		if (directive == ZSTD_e_end ? left == 0 : in->pos == in->size)
			return 0;
	}
}

int zstd_stream_add(struct zstd_stream *stream, const void *bytes, size_t len)
{
	if (stream->n_pending == 0) {
		stream->out_len = 0;
		if (!stream->is_set_up && set_level(stream))
			return -EIO;
	}
	ZSTD_inBuffer in = {bytes, len, 0};
	stream->n_pending += len;
	return compress(stream, &in, ZSTD_e_continue);
}

void zstd_stream_set_hurry(struct zstd_stream *stream, bool hurry)
{
	if (stream->is_hurried != hurry)
		stream->is_set_up = false;
	stream->is_hurried = hurry;
}

size_t zstd_stream_get_pending(const struct zstd_stream *stream)
{
	return stream->n_pending;
}

int zstd_stream_end(struct zstd_stream *stream, const uint8_t **frame, size_t *len)
{
	*len = 0;
	if (stream->n_pending == 0)
		return 0;
	ZSTD_inBuffer nothing = {NULL, 0, 0};
	int err = compress(stream, &nothing, ZSTD_e_end);
	if (err)
		return err;
	stream->n_pending = 0;
	*frame = stream->out;
	*len = stream->out_len;
	return 0;
}

void zstd_stream_make_skippable_header(uint8_t header[ZSTD_SKIPPABLE_HEADER_LEN], uint32_t len)
{
	uint32_t magic = ZSTD_MAGIC_SKIPPABLE_START;
	for (unsigned i = 0; i < 4; i++) {
		header[i] = (uint8_t)(magic >> (8 * i));
		header[4 + i] = (uint8_t)(len >> (8 * i));
	}
}

size_t zstd_stream_find_intact(const uint8_t *bytes, size_t len)
{
	size_t intact = 0;
	while (intact < len) {
		size_t n = ZSTD_findFrameCompressedSize(bytes + intact, len - intact);
		if (ZSTD_isError(n) || n == 0 || n > len - intact)
			break;
		intact += n;
	}
	return intact;
}
