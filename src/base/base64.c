/* base64: bytes from text (RFC 4648 section 4). Pure. */
#include "base/base64.h"

#include <errno.h>

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ptrdiff_t base64_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size)
{
	size_t n = 0;
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n_digits = text_len;
	for (int i = 0; i < 2 && n_digits > 0 && text_len % 4 == 0 && text[n_digits - 1] == '=';
	     i++)
		n_digits--;
	if (n_digits % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < n_digits; i++) {
		int digit = digit_of(text[i]);
		if (digit < 0)
			return -EINVAL;
		bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		if (n == out_size)
			return -ENOSPC;
		n_bits -= 8;
		out[n++] = (uint8_t)(bits >> n_bits);
	}
	return bits & ((1U << n_bits) - 1) ? -EINVAL : (ptrdiff_t)n;
}
