/* Claims about wire/neigh: ARP and Neighbor Discovery frames as the RFCs draw them, and readable by
 * our own decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guard.h"
#include "wire/decode.h"
#include "wire/neigh.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 2};

static struct ipaddr us(bool is_v4)
{
	return is_v4 ? ipaddr_from_v4(0x0a090807) : ipaddr_from_u64(UINT64_C(0xfd00) << 48, 9);
}

static struct ipaddr peer(bool is_v4)
{
	return is_v4 ? ipaddr_from_v4(0xc0000207)
		     : ipaddr_from_u64(UINT64_C(0x20010db800000000), UINT64_C(0x1122334455667788));
}

static void test_arp_frames_byte_by_byte(void **state)
{
	(void)state;
	static const uint8_t request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1,
	    0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 9, 8, 7, 0, 0, 0, 0, 0,
	    0, 192, 0, 2, 7};
	static const uint8_t reply[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1,
	    0x08, 0x00, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 9, 8, 7, 2, 0, 0, 0, 0, 2, 192, 0, 2, 7};
	struct guard guard = guard_create();
	uint8_t *frame = guard.end - NEIGH_FRAME_MAX;
	struct ipaddr laddr = us(true), raddr = peer(true);
	memset(frame, 0xee, NEIGH_FRAME_MAX);
	assert_int_equal(neigh_build_request(our_mac, &laddr, &raddr, frame), sizeof(request));
	assert_memory_equal(frame, request, sizeof(request));
	memset(frame, 0xee, NEIGH_FRAME_MAX);
	assert_int_equal(
	    neigh_build_reply(our_mac, &laddr, peer_mac, &raddr, frame), sizeof(reply));
	assert_memory_equal(frame, reply, sizeof(reply));
}

static void test_solicitation_goes_to_the_solicited_node_group(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	uint8_t *frame = guard.end - NEIGH_FRAME_MAX;
	struct ipaddr laddr = us(false), raddr = peer(false);
	memset(frame, 0xee, NEIGH_FRAME_MAX);
	assert_int_equal(neigh_build_request(our_mac, &laddr, &raddr, frame), 86);
	/* RFC 2464 section 7: 33:33 and the group's last four bytes; RFC 4291 section 2.7.1. */
	static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0x66, 0x77, 0x88};
	static const uint8_t group[16] = {
	    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x66, 0x77, 0x88};
	assert_memory_equal(frame, group_mac, 6);
	assert_memory_equal(frame + 14 + 24, group, 16);
	assert_int_equal(frame[14 + 7], 255);
	assert_int_equal(frame[54], 135);
}

static void check_reads_back(const uint8_t *frame, size_t len, bool is_request, bool is_v4)
{
	struct packet packet;
	struct ipaddr laddr = us(is_v4), raddr = peer(is_v4);
	wire_decode(LINK_ETHERNET, frame, len, &packet);
	assert_int_equal(packet.kind, PACKET_NEIGHBOUR);
	const struct neighbour_msg *m = &packet.neighbour;
	assert_int_equal(m->is_request, is_request);
	assert_memory_equal(m->mac, our_mac, 6);
	assert_true(ipaddr_equal(&m->addr, is_request ? &raddr : &laddr));
	if (is_request)
		assert_true(ipaddr_equal(&m->from, &laddr));
}

static void test_frames_read_back_with_good_checksums(void **state)
{
	(void)state;
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		struct ipaddr laddr = us(is_v4), raddr = peer(is_v4);
		uint8_t frame[NEIGH_FRAME_MAX];
		size_t len = neigh_build_request(our_mac, &laddr, &raddr, frame);
		check_reads_back(frame, len, true, is_v4);
		len = neigh_build_reply(our_mac, &laddr, peer_mac, &raddr, frame);
		check_reads_back(frame, len, false, is_v4);
		assert_memory_equal(frame, peer_mac, 6);
		assert_memory_equal(frame + 6, our_mac, 6);
	}
}

static void test_advertisement_is_solicited_and_overrides(void **state)
{
	(void)state;
	struct ipaddr laddr = us(false), raddr = peer(false);
	uint8_t frame[NEIGH_FRAME_MAX];
	assert_int_equal(neigh_build_reply(our_mac, &laddr, peer_mac, &raddr, frame), 86);
	assert_int_equal(frame[54], 136);
	assert_int_equal(frame[58], 0x60);
	assert_memory_equal(frame + 14 + 8, laddr.b, 16);
	assert_memory_equal(frame + 14 + 24, raddr.b, 16);
	assert_memory_equal(frame + 62, laddr.b, 16);
	static const uint8_t option[8] = {2, 1, 2, 0, 0, 0, 0, 1};
	assert_memory_equal(frame + 78, option, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arp_frames_byte_by_byte),
	    cmocka_unit_test(test_solicitation_goes_to_the_solicited_node_group),
	    cmocka_unit_test(test_frames_read_back_with_good_checksums),
	    cmocka_unit_test(test_advertisement_is_solicited_and_overrides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
