/* truth: who is who. Pure: seed, configuration, address and port decide; no state, any thread.
 * Refuses nothing. The order of the questions is the contract: prefixes, then hosts, then ports. */
#include "tests/netsim/truth.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tests/netsim/mix.h"

/* One number for each question, so that the answers are independent of each other. */
enum purpose {
	ASK_HOST = 1,
	ASK_PREFIX,
	ASK_CLASS,
	ASK_TRAITS,
	ASK_ENDPOINT,
	ASK_ANSWER,
	ASK_REFUSAL,
	ASK_BEHAVIOUR,
	ASK_ASSIGNED,
	ASK_SERVICE,
	ASK_HYPER_SERVICE,
	ASK_HYPER_PORT,
	ASK_SHUN_KIND,
};

static uint8_t pick_service(const struct sim_config *cfg, uint64_t h)
{
	uint32_t at = mix_below(mix_add(h, ASK_SERVICE), cfg->service_total);
	unsigned i = 0;
	while (at >= cfg->service_weight[i])
		at -= cfg->service_weight[i++];
	return (uint8_t)i;
}

/* The service of a port: the assigned protocol's, mostly, else any; by weight. */
static uint8_t pick_service_at(const struct sim_config *cfg, uint64_t h, uint16_t port)
{
	uint32_t total = 0;
	if (mix_hits(mix_add(h, ASK_ASSIGNED), cfg->assigned_ppm))
		for (unsigned i = 0; i < SERVICE_COUNT; i++)
			total += service_get(i)->port == port ? cfg->service_weight[i] : 0;
	if (total == 0)
		return pick_service(cfg, h);
	uint32_t at = mix_below(mix_add(h, ASK_SERVICE), total);
	for (unsigned i = 0;; i++) {
		if (service_get(i)->port != port)
			continue;
		if (at < cfg->service_weight[i])
			return (uint8_t)i;
		at -= cfg->service_weight[i];
	}
}

/* A server that speaks first, or one that accepts in silence: what a shunning host shows once. */
static void play_shun(const struct sim_config *cfg, uint64_t h, struct truth *out)
{
	out->traits |= TRAIT_SHUN;
	out->behaviour = BEHAVIOUR_SILENT;
	if (mix_hits(mix_add(h, ASK_SHUN_KIND), PPM_ALL / 2)) {
		uint8_t service = pick_service(cfg, h);
		for (unsigned i = 0; i < SERVICE_COUNT;
		     i++, service = (uint8_t)((service + 1u) % SERVICE_COUNT))
			if (service_get(service)->greeting_len && cfg->service_weight[service])
				break;
		if (service_get(service)->greeting_len) {
			out->behaviour = BEHAVIOUR_SERVICE;
			out->service = service;
		}
	}
}

/* Does the whole prefix around the address answer? Sets the truth when it does. */
static bool play_prefix(
    const struct sim_config *cfg, const struct target *target, struct truth *out)
{
	bool is_v4 = ipaddr_is_v4(&target->addr);
	struct ipaddr prefix = target->addr;
	memset(prefix.b + (is_v4 ? 15 : 8), 0, is_v4 ? 1 : 8);
	uint64_t h = mix_addr(cfg->seed, ASK_PREFIX, &prefix);
	if (!mix_hits(h, is_v4 ? cfg->dense_ppm : cfg->aliased_ppm))
		return false;
	out->is_dense = is_v4;
	out->is_aliased = !is_v4;
	if (config_has_port(cfg->prefix_ports, target->port)) {
		out->behaviour = BEHAVIOUR_SERVICE;
		out->service = pick_service_at(cfg, mix_add(h, target->port), target->port);
	} else {
		out->behaviour = BEHAVIOUR_CLOSED;
	}
	return true;
}

/* Is the host of a kind that is the same on every port? Sets the truth when it is. */
static bool play_host(const struct sim_config *cfg, const struct target *target, struct truth *out)
{
	uint32_t at = mix_below(mix_add(out->host, ASK_CLASS), PPM_ALL);
	if (at < cfg->hyperacktive_ppm) {
		out->behaviour = BEHAVIOUR_HYPERACK;
		out->is_hyperacktive = true;
		uint64_t h = mix_add(out->host, ASK_HYPER_PORT);
		if (mix_hits(
			mix_add(out->host, ASK_HYPER_SERVICE), cfg->hyperacktive_service_ppm) &&
		    cfg->hyper_ports[mix_below(h, cfg->n_hyper_ports)] == target->port) {
			out->behaviour = BEHAVIOUR_SERVICE;
			out->service = pick_service_at(cfg, out->endpoint, target->port);
		}
		return true;
	}
	at -= cfg->hyperacktive_ppm;
	if (at < cfg->pseudo_ppm) {
		out->behaviour = BEHAVIOUR_SERVICE;
		out->service = pick_service(cfg, out->host);
		out->is_pseudo = true;
		return true;
	}
	at -= cfg->pseudo_ppm;
	if (at < cfg->synproxy_ppm) {
		out->behaviour = BEHAVIOUR_SYNPROXY;
		out->is_decoy = true;
		return true;
	}
	at -= cfg->synproxy_ppm;
	if (at < cfg->tarpit_ppm) {
		out->behaviour = BEHAVIOUR_TARPIT;
		out->is_hyperacktive = true;
		return true;
	}
	at -= cfg->tarpit_ppm;
	if (at < cfg->shun_ppm && config_has_port(cfg->ports, target->port)) {
		play_shun(cfg, out->endpoint, out);
		return true;
	}
	return false;
}

/* Outside aliased prefixes an IPv6 host has an address that somebody chose: an interface identifier
 * below 2^32, or one made of a MAC (RFC 4291 appendix A). A random one meets nobody. */
static bool is_nobody(const struct ipaddr *addr)
{
	if (ipaddr_is_v4(addr) || (addr->b[11] == 0xff && addr->b[12] == 0xfe))
		return false;
	return addr->b[8] || addr->b[9] || addr->b[10] || addr->b[11];
}

static void play_port(const struct sim_config *cfg, const struct target *target, struct truth *out)
{
	uint64_t h = out->endpoint;
	if (!config_has_port(cfg->ports, target->port) ||
	    !mix_hits(mix_add(h, ASK_ANSWER), cfg->answer_ppm)) {
		uint32_t at = mix_below(mix_add(h, ASK_REFUSAL), PPM_ALL);
		if (at < cfg->closed_ppm)
			out->behaviour = BEHAVIOUR_CLOSED;
		else if (at < cfg->closed_ppm + cfg->prohibited_ppm)
			out->behaviour = BEHAVIOUR_PROHIBITED;
		else
			out->behaviour = BEHAVIOUR_FILTERED;
		return;
	}
	uint32_t at = mix_below(mix_add(h, ASK_BEHAVIOUR), cfg->behaviour_total);
	unsigned i = 0;
	while (at >= cfg->behaviour_weight[i])
		at -= cfg->behaviour_weight[i++];
	out->behaviour = (uint8_t)i;
	if (i == BEHAVIOUR_SERVICE || i == BEHAVIOUR_DATA_RESET)
		out->service = pick_service_at(cfg, h, target->port);
}

static uint16_t get_traits(const struct sim_config *cfg, uint64_t host)
{
	const uint32_t shares[] = {cfg->slow_ppm, cfg->slow_synack_ppm, cfg->lossy_ppm,
	    cfg->reorder_ppm, cfg->duplicate_ppm, cfg->small_mss_ppm, cfg->garble_ppm,
	    cfg->exthdr_ppm, cfg->synack_data_ppm, cfg->keepalive_ppm, cfg->hostile_ppm,
	    cfg->overlap_ppm, 0 /* TRAIT_SHUN */, cfg->fragment_ppm, cfg->halt_ppm};
	uint16_t traits = 0;
	uint64_t h = mix_add(host, ASK_TRAITS);
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (shares[i] && mix_hits(mix_add(h, i), shares[i]))
			traits |= (uint16_t)(1u << i);
	return traits;
}

void truth_get(const struct sim_config *cfg, const struct target *target, struct truth *out)
{
	memset(out, 0, sizeof(*out));
	out->service = SERVICE_NONE;
	out->host = mix_addr(cfg->seed, ASK_HOST, &target->addr);
	out->endpoint = mix_add(mix_add(out->host, ASK_ENDPOINT), target->port);
	if (ipaddr_equal(&target->addr, &cfg->gateway4) ||
	    ipaddr_equal(&target->addr, &cfg->gateway6) || target->port == 0) {
		out->behaviour = BEHAVIOUR_FILTERED;
		return;
	}
	out->traits = get_traits(cfg, out->host);
	if (play_prefix(cfg, target, out))
		return;
	if (is_nobody(&target->addr)) {
		out->behaviour = BEHAVIOUR_FILTERED;
		return;
	}
	if (play_host(cfg, target, out))
		return;
	play_port(cfg, target, out);
}

uint32_t truth_range_ms(const struct range_ms *range, uint64_t host, uint64_t purpose)
{
	return range->lo + mix_below(mix_add(host, 1000 + purpose), range->hi - range->lo + 1);
}

static const char *service_outcome(
    const struct sim_config *cfg, const struct target *target, const struct service *service)
{
	if (service->greeting_len)
		return "identified";
	uint32_t sent = cfg->probes & ~(uint32_t)(WAKE_WAIT | WAKE_OWN);
	/* a scanner asks an assigned port in its protocol's own words */
	if (target->port == service->port)
		sent |= cfg->probes & WAKE_OWN;
	if ((service->wakes & sent) || (sent && service->other_len))
		return "identified";
	if (sent == 0)
		return "silent";
	if (service->flags & OTHER_RESET)
		return "reset";
	return service->flags & OTHER_CLOSE ? "closed" : "silent";
}

const char *truth_outcome(
    const struct sim_config *cfg, const struct target *target, const struct truth *truth)
{
	switch ((enum behaviour)truth->behaviour) {
	case BEHAVIOUR_FILTERED:
	case BEHAVIOUR_CLOSED:
	case BEHAVIOUR_PROHIBITED:
	case BEHAVIOUR_COUNT:
		return "-";
	case BEHAVIOUR_SERVICE:
	case BEHAVIOUR_DATA_RESET:
		return service_outcome(cfg, target, service_get(truth->service));
	case BEHAVIOUR_SILENT:
	case BEHAVIOUR_HYPERACK:
	case BEHAVIOUR_TARPIT:
		return "silent";
	case BEHAVIOUR_NO_ACK:
		return "no_ack";
	case BEHAVIOUR_RESET:
		return "reset";
	case BEHAVIOUR_CLOSE:
		return "closed";
	case BEHAVIOUR_ZERO_WINDOW:
	case BEHAVIOUR_SYNPROXY:
		return "zero_window";
	case BEHAVIOUR_UNREACHABLE:
		return "unreachable";
	case BEHAVIOUR_UNKNOWN:
	case BEHAVIOUR_DRIP:
		return "unidentified";
	}
	return "-";
}

static void print_names(
    FILE *out, const char *key, unsigned bits, const char *const *names, unsigned n)
{
	fprintf(out, ",\"%s\":[", key);
	const char *comma = "";
	for (unsigned i = 0; i < n; i++) {
		if (!(bits >> i & 1) || !names[i])
			continue;
		fprintf(out, "%s\"%s\"", comma, names[i]);
		comma = ",";
	}
	fputc(']', out);
}

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

void truth_print(FILE *out, const struct sim_config *cfg, const struct target *target)
{
	static const char *const trait_names[] = {"slow", "slow_synack", "lossy", "reorder",
	    "duplicate", "small_mss", "garble", "exthdr", "synack_data", "keepalive", "hostile",
	    "overlap", "shun", "fragment", "halt"};
	static const char *const wake_names[] = {
	    "http", "tls", "newlines", "text", "binary", "own", "wait"};
	struct truth t;
	char text[IPADDR_STRLEN];
	truth_get(cfg, target, &t);
	ipaddr_format(&target->addr, text);
	fprintf(out, "{\"ip\":\"%s\",\"port\":%u,\"behaviour\":\"%s\",\"outcome\":\"%s\"", text,
	    target->port, behaviour_name((enum behaviour)t.behaviour),
	    truth_outcome(cfg, target, &t));
	if (t.service != SERVICE_NONE) {
		const struct service *s = service_get(t.service);
		unsigned wakes = s->wakes | (s->greeting_len ? (unsigned)WAKE_WAIT : 0);
		fprintf(out, ",\"protocol\":\"%s\",\"service\":\"%s\",\"assigned_port\":%u",
		    s->protocol, s->id, s->port);
		print_names(out, "wakes", wakes, wake_names, 7);
	}
	print_names(
	    out, "traits", t.traits, trait_names, sizeof(trait_names) / sizeof(trait_names[0]));
	/* a pseudo-service host acknowledges data on every port: both labels are then right */
	fprintf(out,
	    ",\"hyperacktive\":%s,\"acks_all_ports\":%s,\"pseudo_service\":%s,\"decoy\":%s,"
	    "\"aliased\":%s,\"highly_responsive\":%s}\n",
	    json_bool(t.is_hyperacktive), json_bool(t.is_hyperacktive || t.is_pseudo),
	    json_bool(t.is_pseudo), json_bool(t.is_decoy), json_bool(t.is_aliased),
	    json_bool(t.is_dense));
}

/* "192.0.2.1,80", "192.0.2.1:80", "2001:db8::1,80", "[2001:db8::1]:80" */
static int parse_line(char *line, struct target *out)
{
	char *end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = 0;
	char *sep = strrchr(line, ',');
	if (!sep)
		sep = strrchr(line, ':');
	if (!sep)
		return -EINVAL;
	size_t len = (size_t)(sep - line);
	if (len >= 2 && line[0] == '[' && line[len - 1] == ']') {
		line++;
		len -= 2;
	}
	unsigned port = 0;
	int used = 0;
	if (sscanf(sep + 1, "%5u%n", &port, &used) != 1 || sep[1 + used] || port < 1 ||
	    port > 65535)
		return -EINVAL;
	out->port = (uint16_t)port;
	return ipaddr_parse(line, len, &out->addr);
}

int truth_stream(FILE *in, FILE *out, const struct sim_config *cfg, struct diag *diag)
{
	char line[256];
	for (unsigned long n = 1; fgets(line, sizeof(line), in); n++) {
		struct target target;
		if (line[0] == '\n' || line[0] == '#')
			continue;
		if (parse_line(line, &target) < 0)
			return diag_set(diag, -EINVAL, "stdin:%lu: \"%s\" is not ip,port", n, line);
		truth_print(out, cfg, &target);
	}
	return 0;
}
