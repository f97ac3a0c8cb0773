#ifndef TESTS_UNIT_PACKET_VECTORS_H
#define TESTS_UNIT_PACKET_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "wire/decode.h"

/* The golden packets of tests/vectors/packets: frames, and what decoding must find in them. */

enum { VECTORS_MAX = 128, VECTOR_KEYS_MAX = 24 };

struct vector {
	char name[256]; /* of the file */
	enum link_type link;
	enum packet_kind kind;
	size_t n_keys;
	struct {
		char key[16], value[64];
	} keys[VECTOR_KEYS_MAX];
	size_t len;
	uint8_t bytes[512];
};

extern struct vector vectors[VECTORS_MAX];
extern size_t n_vectors;

/* Reads all of them; fails the test program on anything odd. */
void vectors_read(void);

/* Where the IP header begins. */
size_t vector_ip_offset(const struct vector *vector);

#endif
