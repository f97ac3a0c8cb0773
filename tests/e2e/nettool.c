/* nettool: drives src/net for tests/e2e/test_net.py. Each command prints one JSON object, or the
 * diag's text on stderr and exits 1. Not installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/path.h"
#include "net/port_owner.h"
#include "net/port_range.h"
#include "net/rst_guard.h"

static int usage(void)
{
	fputs(
	    "usage: nettool path [-i IFACE] [-S LO-HI] [-G MAC] [-M MAC] DST [ASK...]\n"
	    "       nettool ports\n"
	    "       nettool guard [-i IFACE[,IFACE]] PORT-PORT LO-HI [LO-HI]\n"
	    "           holds until stdin ends; -i: answers end there, if nobody else can own them\n",
	    stderr);
	return 2;
}

static int fail(const struct diag *diag)
{
	fprintf(stderr, "%s\n", diag->text);
	return 1;
}

static struct ipaddr addr_or_die(const char *text, size_t len)
{
	struct ipaddr a;
	if (ipaddr_parse(text, len, &a))
		exit(usage());
	return a;
}

/* "A-B" or "A". */
static void range_or_die(const char *text, struct ipaddr *lo, struct ipaddr *hi)
{
	const char *dash = strchr(text, '-');
	*lo = addr_or_die(text, dash ? (size_t)(dash - text) : strlen(text));
	*hi = dash ? addr_or_die(dash + 1, strlen(dash + 1)) : *lo;
}

static const uint8_t *mac_or_die(const char *text, uint8_t mac[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		mac + 5) != 6)
		exit(usage());
	return mac;
}

static void print_hop(const struct net_path *p, const char *dst)
{
	struct ipaddr a = addr_or_die(dst, strlen(dst));
	hop_idx_t hop = net_path_next_hop(p, &a);
	char text[IPADDR_STRLEN], mac[MAC_STRLEN];
	if (hop == PATH_HOP_ONLINK) {
		printf("\"onlink\"");
	} else if (hop == PATH_HOP_NONE) {
		printf("\"none\"");
	} else {
		ipaddr_format(&p->hops[hop].addr, text);
		mac_format(p->hops[hop].mac, mac);
		printf("[\"%s\", \"%s\"]", text, mac);
	}
}

static int cmd_path(int argc, char **argv)
{
	static const char *const kinds[IFACE_KIND_COUNT] = {"ethernet", "loopback", "raw_ip"};
	static struct net_path p;
	struct net_path_wish wish = {0};
	uint8_t gateway_mac[6], source_mac[6];
	struct diag diag;
	int i = 0;
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		char *value = argv[i + 1];
		switch (argv[i][1]) {
		case 'i':
			wish.interface = value;
			break;
		case 'S':
			wish.has_source = true;
			range_or_die(value, &wish.source_lo, &wish.source_hi);
			break;
		case 'G':
			wish.gateway_mac = mac_or_die(value, gateway_mac);
			break;
		case 'M':
			wish.source_mac = mac_or_die(value, source_mac);
			break;
		default:
			return usage();
		}
	}
	if (i >= argc)
		return usage();
	wish.dst = addr_or_die(argv[i], strlen(argv[i]));
	wish.is_v4 = ipaddr_is_v4(&wish.dst);
	if (net_path_create(&wish, &p, &diag))
		return fail(&diag);
	char mac[MAC_STRLEN], lo[IPADDR_STRLEN], hi[IPADDR_STRLEN];
	mac_format(p.iface.mac, mac);
	ipaddr_format(&p.source_lo, lo);
	ipaddr_format(&p.source_hi, hi);
	printf("{\"iface\": \"%s\", \"kind\": \"%s\", \"mtu\": %u, \"mac\": \"%s\", "
	       "\"source\": [\"%s\", \"%s\"], \"owned\": %s, \"unowned\": %s, \"truncated\": %s, "
	       "\"hops\": [",
	    p.iface.name, kinds[p.iface.kind], p.iface.mtu, mac, lo, hi,
	    p.is_source_owned ? "true" : "false", p.has_unowned_source ? "true" : "false",
	    p.is_truncated ? "true" : "false");
	for (int k = i; k < argc; k++) {
		printf("%s", k > i ? ", " : "");
		print_hop(&p, argv[k]);
	}
	printf("]}\n");
	return 0;
}

static int cmd_ports(void)
{
	struct port_range range;
	struct diag diag;
	if (port_range_default(&range, &diag))
		return fail(&diag);
	printf("{\"lo\": %u, \"hi\": %u}\n", range.lo, range.hi);
	return 0;
}

/* As a scan does: where somebody else may own the answers, the output chain alone. */
static void stop_answers(struct rst_guard *guard, const struct rst_guard_range *ranges,
    size_t n_ranges, const struct port_range *ports, char *names, struct diag *why)
{
	const char *links[RST_GUARD_MAX_LINKS];
	size_t n = 0;
	for (char *name = strtok(names, ","); name && n < RST_GUARD_MAX_LINKS;
	     name = strtok(NULL, ","))
		links[n++] = name;
	if (port_owner_find(ranges, n_ranges, ports, why) == 0 &&
	    rst_guard_stop_answers(guard, links, n, why) == 0)
		why->text[0] = '\0';
}

static int cmd_guard(int argc, char **argv)
{
	struct rst_guard_range ranges[RST_GUARD_MAX_RANGES];
	struct port_range ports;
	struct rst_guard *guard;
	struct diag diag, why = {""};
	char *links = NULL;
	if (argc >= 2 && strcmp(argv[0], "-i") == 0) {
		links = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc < 2 || argc - 1 > RST_GUARD_MAX_RANGES ||
	    sscanf(argv[0], "%hu-%hu", &ports.lo, &ports.hi) != 2)
		return usage();
	for (int i = 1; i < argc; i++)
		range_or_die(argv[i], &ranges[i - 1].lo, &ranges[i - 1].hi);
	if (rst_guard_open(ranges, (size_t)(argc - 1), &ports, &guard, &diag))
		return fail(&diag);
	if (links)
		stop_answers(guard, ranges, (size_t)(argc - 1), &ports, links, &why);
	printf("{\"table\": \"%s\", \"why\": \"%s\"}\n", rst_guard_name(guard), why.text);
	fflush(stdout);
	char byte;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	rst_guard_close(guard);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "path") == 0)
		return cmd_path(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "ports") == 0)
		return cmd_ports();
	if (argc >= 2 && strcmp(argv[1], "guard") == 0)
		return cmd_guard(argc - 2, argv + 2);
	return usage();
}
