/* packet_vectors: reads the golden packets; see the header. */
#include "tests/unit/packet_vectors.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct vector vectors[VECTORS_MAX];
size_t n_vectors;

static enum packet_kind kind_of(const char *word)
{
	static const char *const names[PACKET_KIND_COUNT] = {[PACKET_TCP] = "tcp",
	    [PACKET_ICMP_ERROR] = "icmp",
	    [PACKET_NEIGHBOUR] = "neighbour",
	    [PACKET_FRAGMENT] = "fragment",
	    [PACKET_BAD_CHECKSUM] = "bad_checksum",
	    [PACKET_MALFORMED] = "malformed",
	    [PACKET_OTHER] = "other"};
	for (int i = 0; i < PACKET_KIND_COUNT; i++)
		if (strcmp(names[i], word) == 0)
			return (enum packet_kind)i;
	fail_msg("unknown kind %s", word);
	return PACKET_KIND_COUNT;
}

static void read_hex(struct vector *v, const char *line)
{
	unsigned byte;
	int n;
	while (sscanf(line, " %2x%n", &byte, &n) == 1) {
		assert_true(v->len < sizeof(v->bytes));
		v->bytes[v->len++] = (uint8_t)byte;
		line += n;
	}
}

static void read_vector(const char *dir, const char *name)
{
	char path[600], line[256], key[16], value[64];
	assert_true(n_vectors < VECTORS_MAX);
	struct vector *v = &vectors[n_vectors++];
	bool is_hex = false;
	snprintf(v->name, sizeof(v->name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (is_hex) {
			read_hex(v, line);
			continue;
		}
		int n = sscanf(line, "%15s %63s", key, value);
		is_hex = n == 1 && strcmp(key, "hex") == 0;
		if (is_hex)
			continue;
		assert_int_equal(n, 2);
		if (strcmp(key, "link") == 0) {
			v->link = strcmp(value, "raw") == 0 ? LINK_RAW_IP : LINK_ETHERNET;
		} else if (strcmp(key, "kind") == 0) {
			v->kind = kind_of(value);
		} else {
			assert_true(v->n_keys < VECTOR_KEYS_MAX);
			snprintf(v->keys[v->n_keys].key, sizeof(key), "%s", key);
			snprintf(v->keys[v->n_keys++].value, sizeof(value), "%s", value);
		}
	}
	fclose(f);
	assert_true(is_hex && v->len > 0);
}

void vectors_read(void)
{
	static const char dir[] = SRCDIR "/tests/vectors/packets";
	DIR *d = opendir(dir);
	struct dirent *entry;
	assert_non_null(d);
	while ((entry = readdir(d)))
		if (strstr(entry->d_name, ".hex"))
			read_vector(dir, entry->d_name);
	closedir(d);
}

size_t vector_ip_offset(const struct vector *v)
{
	if (v->link == LINK_RAW_IP)
		return 0;
	return v->bytes[12] == 0x81 ? 18 : v->bytes[12] == 0x88 ? 22 : 14;
}
