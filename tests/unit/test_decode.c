/* Claims about wire/decode: golden packets (tests/vectors/packets, built by scapy) read as stated;
 * every truncation and every corrupted byte is classified, without a read out of bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guard.h"
#include "tests/unit/packet_vectors.h"
#include "tests/unit/rng.h"

static struct guard guard;

/* ---- fields ---- */

static void print_hex(char *out, size_t size, const uint8_t *bytes, size_t len, const char *sep)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < len && n + 4 < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%02x", i ? sep : "", bytes[i]);
}

static bool print_segment(const struct segment *s, const char *key, char *out, size_t size)
{
	const struct {
		const char *key;
		uint32_t value;
	} numbers[] = {{"lport", s->flow.lport}, {"rport", s->flow.rport}, {"seq", s->seq},
	    {"ack", s->ack}, {"tsval", s->tsval}, {"tsecr", s->tsecr}, {"window", s->window},
	    {"mss", s->mss}, {"flags", s->flags}, {"ttl", s->ttl}, {"wscale", s->wscale},
	    {"options_len", s->options_len}, {"payload_len", s->payload_len}};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			snprintf(out, size, "%u", numbers[i].value);
			return true;
		}
	}
	if (strcmp(key, "laddr") == 0)
		ipaddr_format(&s->flow.laddr, out);
	else if (strcmp(key, "raddr") == 0)
		ipaddr_format(&s->flow.raddr, out);
	else if (strcmp(key, "payload") == 0)
		print_hex(out, size, s->payload, s->payload_len, "");
	else
		return false;
	return true;
}

static bool print_icmp(const struct icmp_error *e, const char *key, char *out, size_t size)
{
	const struct {
		const char *key;
		uint32_t value;
	} numbers[] = {{"lport", e->flow.lport}, {"rport", e->flow.rport}, {"seq", e->seq},
	    {"type", e->type}, {"code", e->code}, {"is_v6", e->is_v6}, {"mtu", e->mtu}};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			snprintf(out, size, "%u", numbers[i].value);
			return true;
		}
	}
	bool is_local = strcmp(key, "laddr") == 0;
	ipaddr_format(is_local ? &e->flow.laddr : &e->flow.raddr, out);
	return is_local || strcmp(key, "raddr") == 0;
}

static bool print_neighbour(const struct neighbour_msg *m, const char *key, char *out, size_t size)
{
	if (strcmp(key, "addr") == 0)
		ipaddr_format(&m->addr, out);
	else if (strcmp(key, "from") == 0)
		ipaddr_format(&m->from, out);
	else if (strcmp(key, "mac") == 0)
		print_hex(out, size, m->mac, 6, ":");
	else if (strcmp(key, "is_request") == 0)
		snprintf(out, size, "%d", m->is_request);
	else
		return false;
	return true;
}

static bool print_field(const struct packet *p, const char *key, char *out, size_t size)
{
	switch (p->kind) {
	case PACKET_TCP:
		return print_segment(&p->segment, key, out, size);
	case PACKET_ICMP_ERROR:
		return print_icmp(&p->icmp, key, out, size);
	case PACKET_NEIGHBOUR:
		return print_neighbour(&p->neighbour, key, out, size);
	case PACKET_FRAGMENT:
	case PACKET_BAD_CHECKSUM:
	case PACKET_MALFORMED:
	case PACKET_OTHER:
	case PACKET_KIND_COUNT:
		break;
	}
	return false;
}

static struct packet decode(const struct vector *v, const uint8_t *bytes, size_t len)
{
	struct packet packet;
	memset(&packet, 0xa5, sizeof(packet)); /* what is not filled shows */
	wire_decode(v->link, guard_put(&guard, bytes, len), len, &packet);
	return packet;
}

static void test_golden_packets_read_as_stated(void **state)
{
	(void)state;
	assert_in_range(n_vectors, 60, VECTORS_MAX);
	bool is_kind_met[PACKET_KIND_COUNT] = {false};
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		struct packet packet = decode(v, v->bytes, v->len);
		if (packet.kind != v->kind)
			fail_msg("%s: kind %d, not %d", v->name, packet.kind, v->kind);
		is_kind_met[v->kind] = true;
		assert_true(v->n_keys > 0 || v->kind > PACKET_NEIGHBOUR);
		for (size_t k = 0; k < v->n_keys; k++) {
			char got[64] = "";
			if (!print_field(&packet, v->keys[k].key, got, sizeof(got)))
				fail_msg("%s: unknown key %s", v->name, v->keys[k].key);
			if (strcmp(got, v->keys[k].value) != 0)
				fail_msg("%s: %s is %s, not %s", v->name, v->keys[k].key, got,
				    v->keys[k].value);
		}
	}
	for (int k = 0; k < PACKET_KIND_COUNT; k++)
		assert_true(is_kind_met[k]);
}

/* ---- damage ---- */

static void check_bounds(const struct packet *p, size_t len)
{
	assert_in_range(p->kind, 0, PACKET_KIND_COUNT - 1);
	if (p->kind != PACKET_TCP)
		return;
	const struct segment *s = &p->segment;
	assert_true(s->options >= guard.end - len && s->options + s->options_len <= guard.end);
	assert_true(s->payload >= guard.end - len && s->payload + s->payload_len <= guard.end);
	assert_in_range(s->options_len, 0, 40);
	assert_in_range(s->wscale, 0, 14);
}

/* Bytes of the packet that its length field counts. */
static size_t ip_end(const struct vector *v)
{
	const uint8_t *ip = v->bytes + vector_ip_offset(v);
	size_t len =
	    ip[0] >> 4 == 6 ? 40 + ((size_t)ip[4] << 8) + ip[5] : ((size_t)ip[2] << 8) + ip[3];
	return vector_ip_offset(v) + len;
}

static void test_every_truncation_is_classified(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		bool is_sound = v->kind == PACKET_TCP || v->kind == PACKET_ICMP_ERROR;
		for (size_t len = 0; len < v->len; len++) {
			struct packet packet = decode(v, v->bytes, len);
			check_bounds(&packet, len);
			/* Cut short of its length, a packet is malformed; cut in the padding, whole. */
			if (is_sound && len < ip_end(v))
				assert_int_equal(packet.kind, PACKET_MALFORMED);
			else if (is_sound)
				assert_int_equal(packet.kind, v->kind);
		}
	}
}

/* Does a checksum guard this byte of a TCP packet? Only lengths, addresses and what is above them. */
static bool is_guarded(const struct vector *v, size_t at)
{
	size_t ip = vector_ip_offset(v);
	if (v->kind != PACKET_TCP || at < ip || at >= ip_end(v))
		return false;
	if (v->bytes[ip] >> 4 == 4)
		return strncmp(v->name, "partial", 7) != 0 || at < ip + 20;
	/* No header checksum in IPv6, and extension headers are not summed. */
	return v->bytes[ip + 6] == 6 && at >= ip + 8 && strncmp(v->name, "partial", 7) != 0;
}

static void test_every_corrupted_byte_is_classified_and_no_guarded_one_believed(void **state)
{
	(void)state;
	size_t n_guarded = 0;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		uint8_t bytes[sizeof(v->bytes)];
		memcpy(bytes, v->bytes, v->len);
		for (size_t at = 0; at < v->len; at++) {
			for (unsigned value = 0; value < 256; value++) {
				if (value == v->bytes[at])
					continue;
				bytes[at] = (uint8_t)value;
				struct packet packet = decode(v, bytes, v->len);
				check_bounds(&packet, v->len);
				if (!is_guarded(v, at))
					continue;
				n_guarded++;
				if (packet.kind == PACKET_TCP)
					fail_msg(
					    "%s: byte %zu as %02x is believed", v->name, at, value);
			}
			bytes[at] = v->bytes[at];
		}
	}
	assert_true(n_guarded > 100000);
}

static void test_random_damage_stays_in_bounds(void **state)
{
	(void)state;
	struct rng rng = {70};
	for (int i = 0; i < 500000; i++) {
		const struct vector *v = &vectors[rng_below(&rng, (uint32_t)n_vectors)];
		uint8_t bytes[sizeof(v->bytes)];
		memcpy(bytes, v->bytes, v->len);
		uint32_t n = 1 + rng_below(&rng, 6);
		while (n--)
			bytes[rng_below(&rng, (uint32_t)v->len)] = (uint8_t)rng_next(&rng);
		size_t len = rng_below(&rng, 4) ? v->len : rng_below(&rng, (uint32_t)v->len + 1);
		struct packet packet = decode(v, bytes, len);
		check_bounds(&packet, len);
	}
}

static void test_the_partial_checksum_rule_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		if (strncmp(v->name, "partial", 7) != 0)
			continue;
		size_t at = v->bytes[14] >> 4 == 4 ? 50 : 70;
		uint8_t bytes[sizeof(v->bytes)];
		unsigned n_taken = 0;
		memcpy(bytes, v->bytes, v->len);
		for (unsigned field = 0; field < 65536; field++) {
			bytes[at] = (uint8_t)(field >> 8);
			bytes[at + 1] = (uint8_t)field;
			n_taken += decode(v, bytes, v->len).kind == PACKET_TCP;
		}
		/* The right checksum, and the half-made one. */
		assert_int_equal(n_taken, 2);
	}
}

int main(void)
{
	guard = guard_create();
	vectors_read();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden_packets_read_as_stated),
	    cmocka_unit_test(test_every_truncation_is_classified),
	    cmocka_unit_test(test_every_corrupted_byte_is_classified_and_no_guarded_one_believed),
	    cmocka_unit_test(test_random_damage_stays_in_bounds),
	    cmocka_unit_test(test_the_partial_checksum_rule_is_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
