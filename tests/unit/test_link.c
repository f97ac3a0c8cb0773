/* Claims about tx/link and wire/patch together: what patch_packet makes of a template equals the
 * packet that libnet builds whole, byte for byte. Works in a network namespace of its own, without
 * any way out, and sends nothing; skips (77) where such a namespace cannot be had. */
#include "autoconfig.h" /* unshare */

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/guard.h"
#include "tests/unit/rng.h"
#include "tx/link.h"

enum { MTU = 1500, PAYLOAD_MAX = 1024, FRAME_MAX = 1280 };

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 9, 8, 7, 6, 5};
static struct guard guard;
static uint8_t payload[PAYLOAD_MAX];

static struct link *open_link(bool is_v4, bool is_ethernet, enum link_syn_style style)
{
	struct diag diag = {{0}};
	struct link_config config = {.is_v4 = is_v4,
	    .type = is_ethernet ? LINK_ETHERNET : LINK_RAW_IP,
	    .laddr =
		is_v4 ? ipaddr_from_v4(0x0a000001) : ipaddr_from_u64(UINT64_C(0xfd00) << 48, 1),
	    .mtu = MTU,
	    .style = style};
	struct link *link;
	memcpy(config.source_mac, our_mac, 6);
	if (link_create(&config, &diag, &link) < 0)
		fail_msg("%s", diag.text);
	return link;
}

static void random_patch(struct rng *rng, bool is_v4, struct flow *flow, struct patch *p)
{
	*flow = (struct flow){.laddr = is_v4 ? ipaddr_from_v4((uint32_t)rng_next(rng))
					     : ipaddr_from_u64(rng_next(rng), rng_next(rng)),
	    .raddr = is_v4 ? ipaddr_from_v4((uint32_t)rng_next(rng))
			   : ipaddr_from_u64(rng_next(rng), rng_next(rng)),
	    .lport = (uint16_t)rng_next(rng),
	    .rport = (uint16_t)rng_next(rng)};
	*p = (struct patch){.flow = flow,
	    .seq = (uint32_t)rng_next(rng),
	    .ack = (uint32_t)rng_next(rng),
	    .tsval = (uint32_t)rng_next(rng),
	    .tsecr = (uint32_t)rng_next(rng),
	    .window = (uint16_t)rng_next(rng),
	    .ip_id = (uint16_t)rng_next(rng),
	    .flags = (uint8_t)(rng_next(rng) & 0x3f)};
}

static void compare(struct link *link, const struct patch *p, bool is_syn, bool has_ts)
{
	uint8_t want[FRAME_MAX];
	const struct template *tmpl = is_syn ? link_get_syn(link) : link_get_segment(link, has_ts);
	int len = link_build_oracle(link, p, is_syn, has_ts, want, sizeof(want));
	assert_in_range(len, 40, FRAME_MAX);
	uint8_t *frame = guard.end - len;
	assert_int_equal(patch_packet(tmpl, p, frame), len);
	for (int i = 0; i < len; i++)
		if (frame[i] != want[i])
			fail_msg("byte %d of %d: ours is %02x, libnet's %02x", i, len, frame[i],
			    want[i]);
}

static void check_link(bool is_v4, bool is_ethernet, enum link_syn_style style)
{
	struct link *link = open_link(is_v4, is_ethernet, style);
	struct rng rng = {100};
	for (uint32_t i = 0; i < 300; i++) {
		struct flow flow;
		struct patch p;
		random_patch(&rng, is_v4, &flow, &p);
		p.dst_mac = is_ethernet ? peer_mac : NULL;
		compare(link, &p, true, false);
		p.payload = payload;
		p.payload_len = (uint16_t)(i < 40 ? i : rng_below(&rng, PAYLOAD_MAX + 1));
		compare(link, &p, false, false);
		compare(link, &p, false, true);
	}
	link_destroy(link);
}

static void test_every_packet_equals_libnets(void **state)
{
	(void)state;
	struct rng rng = {101};
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)rng_next(&rng);
	for (int is_v4 = 0; is_v4 < 2; is_v4++)
		for (int is_ethernet = 0; is_ethernet < 2; is_ethernet++)
			for (int style = LINK_SYN_LINUX; style <= LINK_SYN_NONE; style++)
				check_link(is_v4, is_ethernet, (enum link_syn_style)style);
}

static void test_syn_options_are_those_of_the_style(void **state)
{
	(void)state;
	static const struct {
		enum link_syn_style style;
		uint8_t wscale;
		bool has_mss, has_ts, has_sack;
	} rows[] = {{LINK_SYN_LINUX, 7, true, true, true}, {LINK_SYN_WINDOWS, 8, true, false, true},
	    {LINK_SYN_MSS, 0, true, false, false}, {LINK_SYN_NONE, 0, false, false, false}};
	for (size_t i = 0; i < 4; i++)
		for (int is_v4 = 0; is_v4 < 2; is_v4++) {
			struct link *link = open_link(is_v4, true, rows[i].style);
			struct flow flow;
			struct patch p;
			struct packet packet;
			struct rng rng = {102};
			uint8_t frame[FRAME_MAX];
			random_patch(&rng, is_v4, &flow, &p);
			p.dst_mac = peer_mac;
			size_t len = patch_packet(link_get_syn(link), &p, frame);
			wire_decode(LINK_ETHERNET, frame, len, &packet);
			assert_int_equal(packet.kind, PACKET_TCP);
			const struct segment *s = &packet.segment;
			assert_int_equal(s->wscale, rows[i].wscale);
			assert_int_equal(link_wscale(rows[i].style), rows[i].wscale);
			assert_int_equal(s->has_ts, rows[i].has_ts);
			/* MTU 1500 less 40 or 60 bytes of headers. */
			assert_int_equal(s->mss, rows[i].has_mss ? (is_v4 ? 1460 : 1440) : 0);
			bool has_sack = false;
			for (size_t k = 0; k + 1 < s->options_len; k++)
				has_sack |= s->options[k] == 4 && s->options[k + 1] == 2;
			assert_int_equal(has_sack, rows[i].has_sack);
			assert_int_equal(s->options_len % 4, 0);
			link_destroy(link);
		}
}

/* A packet socket would be given every packet of the host, and cost the receiver of a scan its time. */
static void test_templates_need_no_socket(void **state)
{
	(void)state;
	struct link *link = open_link(true, true, LINK_SYN_LINUX);
	FILE *f = fopen("/proc/thread-self/net/packet", "re");
	char line[256];
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f)); /* the headings */
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
	struct link_injector config = {.is_v4 = true, .interface = "lo"};
	struct tx_backend *backend = NULL;
	struct diag diag;
	assert_int_equal(link_open_injector(&config, &diag, &backend), 0);
	f = fopen("/proc/thread-self/net/packet", "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(fgets(line, sizeof(line), f)); /* so a socket would have shown */
	fclose(f);
	tx_close(backend);
	link_destroy(link);
}

static void test_unknown_interface_is_named(void **state)
{
	(void)state;
	struct diag diag = {{0}};
	struct link_injector config = {.is_v4 = true, .interface = "nosuch0"};
	struct tx_backend *backend = NULL;
	assert_int_equal(link_open_injector(&config, &diag, &backend), -EIO);
	assert_null(backend);
	assert_non_null(strstr(diag.text, "nosuch0: "));
	assert_null(strchr(diag.text, '\n'));
	link_destroy(NULL);
}

/* A namespace of our own with its loopback up. */
static bool enter_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool is_up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	if (fd >= 0)
		close(fd);
	return is_up;
}

int main(void)
{
	if (!enter_namespace()) {
		printf("SKIP: needs a network namespace (run as root, or allow unprivileged user "
		       "namespaces): %s\n",
		    strerror(errno));
		return 77;
	}
	guard = guard_create();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_packet_equals_libnets),
	    cmocka_unit_test(test_syn_options_are_those_of_the_style),
	    cmocka_unit_test(test_templates_need_no_socket),
	    cmocka_unit_test(test_unknown_interface_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
