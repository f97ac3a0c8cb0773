/* cmd/check: could a scan start here, and how would it leave? One line a fact; probes no target. Main
 * thread. Every fact is looked at even when one before it failed, so that one run shows all that is
 * to be done. */
#include "cmd/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/spec.h"
#include "net/privileges.h"
#include "out/geo.h"
#include "scan_net.h"
#include "targets/targets.h"
#include "tx/backend.h"

struct check {
	const struct scan_config *config;
	struct targets *targets; /* NULL: none named */
	struct net_path paths[2];
	bool has_path[2]; /* IPv4, IPv6 */
	struct port_range ports;
	bool has_ports;
	unsigned n_failed;
};

enum { V4, V6 };

static void __attribute__((format(printf, 3, 4)))
say_ok(const char *family, const char *what, const char *fmt, ...)
{
	va_list ap;
	printf("ok    %-4s  %-12s  ", family, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void say_failed(
    struct check *check, const char *family, const char *what, const struct diag *diag)
{
	printf("FAIL  %-4s  %-12s  %s\n", family, what, diag->text);
	check->n_failed++;
}

static const char *kind_name(enum iface_kind kind)
{
	switch (kind) {
	case IFACE_ETHERNET:
		return "Ethernet";
	case IFACE_LOOPBACK:
		return "loopback";
	case IFACE_RAW_IP:
		return "no link header";
	case IFACE_KIND_COUNT:
		break;
	}
	return "";
}

/* ---- targets ---- */

static void check_targets(struct check *check)
{
	const struct scan_config *c = check->config;
	struct targets_spec spec;
	struct diag diag = {""};
	uint64_t n;
	if (c->targets.n == 0 && c->targets_files.n == 0)
		return;
	cmd_make_targets_spec(c, &spec);
	if (!spec.ports)
		spec.ports = "80"; /* which ports does not matter here */
	if (targets_create(&spec, &diag, &check->targets)) {
		check->targets = NULL;
		say_failed(check, "", "targets", &diag);
	} else if (!targets_count_addresses(check->targets, &n)) {
		say_ok("", "targets", "read while the scan runs");
	} else if (n == 0) {
		diag_set(&diag, 0,
		    "none is left: every target is excluded: see synspect targets --explain ADDR, or "
		    "--allow-reserved");
		say_failed(check, "", "targets", &diag);
	} else {
		say_ok("", "targets", "%" PRIu64 " address%s", n, n == 1 ? "" : "es");
	}
}

/* ---- paths ---- */

static void say_route(const struct net_path *p, const char *family, const struct ipaddr *dst)
{
	char dst_text[IPADDR_STRLEN], hop_text[IPADDR_STRLEN], mac[MAC_STRLEN];
	hop_idx_t hop = net_path_next_hop(p, dst);
	ipaddr_format(dst, dst_text);
	if (p->iface.kind != IFACE_ETHERNET) {
		say_ok(family, "route", "%s by %s", dst_text, p->iface.name);
		return;
	}
	if (hop == PATH_HOP_ONLINK || hop == PATH_HOP_NONE) {
		say_ok(family, "route", "%s is on the link of %s", dst_text, p->iface.name);
		return;
	}
	ipaddr_format(&p->hops[hop].addr, hop_text);
	mac_format(p->hops[hop].mac, mac);
	if (p->table)
		say_ok(family, "route", "%s by %s, gateway %s", dst_text, p->iface.name, hop_text);
	else
		say_ok(family, "route", "%s by %s, gateway as given", dst_text, p->iface.name);
	say_ok(family, "gateway MAC", "%s", mac);
}

static void say_path(const struct net_path *p, const struct ipaddr *dst)
{
	const char *family = p->is_v4 ? "IPv4" : "IPv6";
	char lo[IPADDR_STRLEN], hi[IPADDR_STRLEN], mac[MAC_STRLEN];
	mac_format(p->iface.mac, mac);
	say_ok(family, "interface", "%s, %s, MTU %u%s%s", p->iface.name, kind_name(p->iface.kind),
	    p->iface.mtu, p->iface.kind == IFACE_ETHERNET ? ", MAC " : "",
	    p->iface.kind == IFACE_ETHERNET ? mac : "");
	say_route(p, family, dst);
	ipaddr_format(&p->source_lo, lo);
	ipaddr_format(&p->source_hi, hi);
	bool is_range = !ipaddr_equal(&p->source_lo, &p->source_hi);
	say_ok(family, "source", "%s%s%s%s", lo, is_range ? "-" : "", is_range ? hi : "",
	    p->is_source_owned ? ""
			       : ", not an address of this host: ARP and NDP are answered for it");
}

/* Without targets both families are looked at, and one of them is enough. */
static void check_paths(struct check *check)
{
	struct diag diags[2] = {{""}, {""}};
	bool is_guess[2] = {false, false}, is_wanted[2];
	for (int f = V4; f <= V6; f++) {
		is_wanted[f] = !check->targets || targets_has_family(check->targets, f == V4);
		if (!is_wanted[f])
			continue;
		struct ipaddr dst;
		check->has_path[f] = scan_net_find_path(check->config, check->targets, f == V4,
					 &check->paths[f], &dst, &is_guess[f], &diags[f]) == 0;
		if (check->has_path[f])
			say_path(&check->paths[f], &dst);
	}
	for (int f = V4; f <= V6; f++) {
		const char *family = f == V4 ? "IPv4" : "IPv6";
		if (!is_wanted[f] || check->has_path[f])
			continue;
		if (is_guess[f] && check->has_path[V6 - f])
			printf("none  %-4s  %-12s  %s\n", family, "route", diags[f].text);
		else
			say_failed(check, family, "route", &diags[f]);
	}
}

static void check_backend(struct check *check, int f)
{
	const struct net_path *p = &check->paths[f];
	struct tx_config config = {.interface = p->iface.name,
	    .ifindex = p->iface.ifindex,
	    .is_raw_ip = p->iface.kind == IFACE_RAW_IP};
	struct tx_backend *backend;
	struct diag diag = {""};
	if (!check->has_path[f] || p->iface.kind == IFACE_LOOPBACK)
		return;
	if (f == V6 && check->has_path[V4] && check->paths[V4].iface.ifindex == p->iface.ifindex)
		return;
	if (tx_open_best(&config, &diag, &backend)) {
		say_failed(check, "", "sending", &diag);
		return;
	}
	say_ok("", "sending", "%s by %s", p->iface.name, backend->name);
	tx_close(backend);
}

/* ---- what the host allows ---- */

static void check_ports(struct check *check)
{
	struct diag diag = {""};
	check->has_ports = scan_net_choose_ports(check->config, &check->ports, &diag) == 0;
	if (check->has_ports)
		say_ok("", "source ports", "%u-%u", check->ports.lo, check->ports.hi);
	else
		say_failed(check, "", "source ports", &diag);
}

/* Makes the table for a moment. */
static void check_guard(struct check *check)
{
	const struct net_path *v4 = check->has_path[V4] ? &check->paths[V4] : NULL;
	const struct net_path *v6 = check->has_path[V6] ? &check->paths[V6] : NULL;
	struct rst_guard *guard = NULL;
	struct diag diag = {""}, why_seen = {""};
	if (check->config->no_rst_guard) {
		say_ok("", "RST guard", "off, as asked for");
		return;
	}
	if (!check->has_ports || (!v4 && !v6))
		return; /* nothing to guard: that is said above */
	if (scan_net_open_guard(check->config, v4, v6, &check->ports, &guard, &why_seen, &diag)) {
		say_failed(check, "", "RST guard", &diag);
		return;
	}
	if (guard && why_seen.text[0])
		say_ok("", "RST guard", "drops RSTs only, the kernel sees every answer too: %s",
		    why_seen.text);
	else if (guard)
		say_ok("", "RST guard", "answers end at the interface, and RSTs are dropped");
	else
		say_ok("", "RST guard", "not needed: the source is no address of this host");
	rst_guard_close(guard);
}

static void check_privileges(struct check *check)
{
	struct diag diag = {""};
	bool needs_guard = false;
	for (int f = V4; f <= V6; f++)
		needs_guard |=
		    check->has_path[f] && scan_net_needs_guard(check->config, &check->paths[f]);
	if (privileges_check(needs_guard, &diag))
		say_failed(check, "", "privileges", &diag);
	else
		say_ok("", "privileges", "CAP_NET_RAW%s", needs_guard ? ", CAP_NET_ADMIN" : "");
}

static void check_databases(struct check *check)
{
	const struct strlist *files = &check->config->geoip;
	for (size_t i = 0; i < files->n; i++) {
		const char *path = files->v[i];
		struct geo *geo = NULL;
		struct diag diag = {""};
		if (geo_open(&path, 1, &diag, &geo)) {
			say_failed(check, "", "database", &diag);
			continue;
		}
		struct geo_database db = geo_get_database(geo, 0);
		time_t built = (time_t)db.build_epoch;
		struct tm tm;
		char date[16] = "";
		if (gmtime_r(&built, &tm))
			strftime(date, sizeof(date), "%Y-%m-%d", &tm);
		say_ok("", "database", "%s: %s of %s", db.path, db.type, date);
		geo_close(geo);
	}
}

int cmd_check(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	static struct check check; /* two paths are large for the stack */
	(void)operands;            /* the same strings as config->targets */
	check = (struct check){.config = config};
	check_targets(&check);
	check_paths(&check);
	check_ports(&check);
	check_guard(&check);
	check_privileges(&check);
	check_backend(&check, V4);
	check_backend(&check, V6);
	check_databases(&check);
	targets_destroy(check.targets);
	if (fflush(stdout) != 0) {
		diag_set(diag, -errno, "cannot write to standard output: %s", strerror(errno));
		return CMD_EXIT_FAILED;
	}
	if (check.n_failed == 0)
		return CMD_EXIT_COMPLETE;
	diag_set(diag, -EIO, "a scan could not start: %u of the checks failed", check.n_failed);
	return CMD_EXIT_FAILED;
}
