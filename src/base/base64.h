#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Decodes base64 (RFC 4648 section 4, padding optional) of text_len characters into out, which has
 * room for out_size bytes. Returns the number of bytes, -EINVAL when it is not base64 (blanks are
 * refused, and so are trailing bits that are not zero), or -ENOSPC. Pure, O(text_len). */
ptrdiff_t base64_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size)
    __attribute__((warn_unused_result));

#endif
