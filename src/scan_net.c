/* scan_net: the network part of opening a scan, and of checking whether it could be opened. Main
 * thread; owns nothing. */
#include "scan_net.h"

#include <errno.h>
#include <string.h>

#include "net/port_owner.h"

enum { N_LOOKED_AT = 64, N_TRIED = 8 };

static int find_path_to(const struct scan_config *config, const struct ipaddr *dst,
    struct net_path *out, struct diag *diag)
{
	bool is_v4 = ipaddr_is_v4(dst);
	struct net_path_wish wish = {
	    .is_v4 = is_v4,
	    .dst = *dst,
	    .interface = config->interface,
	    .gateway_mac = config->has_gateway_mac ? config->gateway_mac : NULL,
	    .source_mac = config->has_source_mac ? config->source_mac : NULL,
	};
	if (config->has_source_ip && ipaddr_is_v4(&config->source_ip_lo) == is_v4) {
		wish.has_source = true;
		wish.source_lo = config->source_ip_lo;
		wish.source_hi = config->source_ip_hi;
	}
	return net_path_create(&wish, out, diag);
}

/* Is this an error of one destination, which another one may not have? */
static bool is_of_destination(int err)
{
	return err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EACCES || err == -EINVAL ||
	       err == -EDESTADDRREQ;
}

/* Tries other targets of the family, in the order of the scan. Returns 0 or -ENETUNREACH. */
static int find_path_to_others(const struct scan_config *config, struct targets *targets,
    bool is_v4, struct net_path *out, struct ipaddr *dst)
{
	struct target some[N_LOOKED_AT];
	struct targets_iter it;
	int n_tried = 0;
	targets_iter_init(&it, targets, 0, 1);
	size_t n = targets_iter_next(&it, some, N_LOOKED_AT);
	for (size_t i = 0; i < n && n_tried < N_TRIED; i++) {
		if (ipaddr_is_v4(&some[i].addr) != is_v4 || ipaddr_equal(&some[i].addr, dst))
			continue;
		n_tried++;
		if (find_path_to(config, &some[i].addr, out, NULL) == 0) {
			*dst = some[i].addr;
			return 0;
		}
	}
	return -ENETUNREACH;
}

int scan_net_find_path(const struct scan_config *config, struct targets *targets, bool is_v4,
    struct net_path *out, struct ipaddr *dst, bool *is_guess, struct diag *diag)
{
	struct target first;
	*is_guess = !targets || !targets_first(targets, is_v4, &first);
	/* Documentation space (RFC 5737, RFC 3849): nobody has a route of its own to it. */
	if (*is_guess)
		*dst = is_v4 ? ipaddr_from_v4(0xc0000201)
			     : ipaddr_from_u64(UINT64_C(0x20010db800000000), 1);
	else
		*dst = first.addr;
	int err = find_path_to(config, dst, out, diag);
	/* No default route: targets may still be on a link of ours. */
	if (err == -ENETUNREACH && *is_guess &&
	    net_path_find_onlink(config->interface, is_v4, dst) == 0) {
		struct diag of_link = {""};
		if (find_path_to(config, dst, out, &of_link) == 0) {
			diag->text[0] = '\0';
			return 0;
		}
	}
	if (!is_of_destination(err) || *is_guess || targets_is_stream(targets) ||
	    find_path_to_others(config, targets, is_v4, out, dst))
		return err;
	diag->text[0] = '\0';
	return 0;
}

int scan_net_choose_ports(
    const struct scan_config *config, struct port_range *out, struct diag *diag)
{
	if (!config->source_port_lo)
		return port_range_default(out, diag);
	*out = (struct port_range){config->source_port_lo, config->source_port_hi};
	return 0;
}

bool scan_net_needs_guard(const struct scan_config *config, const struct net_path *path)
{
	return path->is_source_owned && !config->no_rst_guard;
}

/* Where nobody else can own the answers, they end at the interfaces of these paths; else
 * why_seen says why not. */
static void stop_answers(struct rst_guard *guard, const struct net_path *const *paths,
    const struct rst_guard_range *ranges, size_t n, const struct port_range *ports,
    struct diag *why_seen)
{
	const char *links[RST_GUARD_MAX_LINKS];
	size_t n_links = 0;
	for (size_t i = 0; i < n; i++) {
		if (paths[i]->has_unowned_source) {
			diag_set(why_seen, 0, "some of the source addresses are not this host's");
			return;
		}
		if (n_links == 0 || strcmp(links[0], paths[i]->iface.name) != 0)
			links[n_links++] = paths[i]->iface.name;
	}
	if (port_owner_find(ranges, n, ports, why_seen) == 0 &&
	    rst_guard_stop_answers(guard, links, n_links, why_seen) == 0)
		why_seen->text[0] = '\0';
}

int scan_net_open_guard(const struct scan_config *config, const struct net_path *v4,
    const struct net_path *v6, const struct port_range *ports, struct rst_guard **out,
    struct diag *why_seen, struct diag *diag)
{
	const struct net_path *const families[] = {v4, v6};
	const struct net_path *paths[RST_GUARD_MAX_RANGES];
	struct rst_guard_range ranges[RST_GUARD_MAX_RANGES];
	size_t n = 0;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct net_path *path = families[i];
		if (!path || !scan_net_needs_guard(config, path))
			continue;
		paths[n] = path;
		ranges[n++] = (struct rst_guard_range){path->source_lo, path->source_hi};
	}
	*out = NULL;
	if (n == 0)
		return 0;
	int err = rst_guard_open(ranges, n, ports, out, diag);
	if (!err)
		stop_answers(*out, paths, ranges, n, ports, why_seen);
	return err;
}
