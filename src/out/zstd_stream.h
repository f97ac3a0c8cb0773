#ifndef OUT_ZSTD_STREAM_H
#define OUT_ZSTD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compression into independent frames (RFC 8878): each can be read without the others, so that a file
 * of whole frames is valid wherever it ends. Opaque; one thread. */
struct zstd_stream;

enum { ZSTD_STREAM_LEVEL_MIN = -7, ZSTD_STREAM_LEVEL_HURRY = -2, ZSTD_STREAM_LEVEL_MAX = 19 };

/* Makes a compressor. level: ZSTD_STREAM_LEVEL_MIN to _MAX, 0 is zstd's default. frame_len: bytes that a
 * frame usually has at most: memory for it is taken now. Returns 0, -EINVAL, -ENOMEM or -EIO; the
 * caller owns *out. */
int zstd_stream_create(int level, size_t frame_len, struct zstd_stream **out)
    __attribute__((warn_unused_result));
void zstd_stream_destroy(struct zstd_stream *stream);

/* From the next frame on: hurry compresses at ZSTD_STREAM_LEVEL_HURRY instead of a higher level, in two
 * thirds of the time of level 1 and to 1.4 times its size. */
void zstd_stream_set_hurry(struct zstd_stream *stream, bool hurry);

/* Compresses len bytes into the frame under way (begins one if there is none). The frame is kept in
 * memory, which grows if it must. Returns 0, -ENOMEM, or -EIO when zstd fails. */
int zstd_stream_add(struct zstd_stream *stream, const void *bytes, size_t len)
    __attribute__((warn_unused_result));

/* Bytes added to the frame under way, before compression; 0: there is none. */
size_t zstd_stream_get_pending(const struct zstd_stream *stream);

/* Ends the frame under way (with a checksum) and lends it: *frame and *len are valid until the next
 * call. *len is 0 when there was none. Returns 0, -ENOMEM or -EIO. */
int zstd_stream_end(struct zstd_stream *stream, const uint8_t **frame, size_t *len)
    __attribute__((warn_unused_result));

enum { ZSTD_SKIPPABLE_HEADER_LEN = 8 };

/* Writes the header of a skippable frame (RFC 8878 section 3.1.2) for len bytes of anything: readers
 * of zstd step over them. */
void zstd_stream_make_skippable_header(uint8_t header[ZSTD_SKIPPABLE_HEADER_LEN], uint32_t len);

/* Length of the longest beginning of len bytes that consists of whole frames: what of a file can be
 * kept when something was cut off or torn at its end. The contents of frames are not decompressed.
 * O(len). */
size_t zstd_stream_find_intact(const uint8_t *bytes, size_t len);

#endif
