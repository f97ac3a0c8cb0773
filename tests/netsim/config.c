/* config: "key = value" lines -> struct sim_config. Main thread, before the first packet. Refuses
 * unknown keys and numbers outside their range, naming the line. */
#include "tests/netsim/config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/netsim/mix.h"

static const char *const behaviour_names[BEHAVIOUR_COUNT] = {
    [BEHAVIOUR_FILTERED] = "filtered",
    [BEHAVIOUR_CLOSED] = "closed",
    [BEHAVIOUR_PROHIBITED] = "prohibited",
    [BEHAVIOUR_SERVICE] = "service",
    [BEHAVIOUR_SILENT] = "silent",
    [BEHAVIOUR_NO_ACK] = "no_ack",
    [BEHAVIOUR_RESET] = "reset",
    [BEHAVIOUR_CLOSE] = "close",
    [BEHAVIOUR_ZERO_WINDOW] = "zero_window",
    [BEHAVIOUR_UNREACHABLE] = "unreachable",
    [BEHAVIOUR_UNKNOWN] = "unknown",
    [BEHAVIOUR_DRIP] = "drip",
    [BEHAVIOUR_DATA_RESET] = "data_reset",
    [BEHAVIOUR_HYPERACK] = "hyperacktive",
    [BEHAVIOUR_SYNPROXY] = "synproxy",
    [BEHAVIOUR_TARPIT] = "tarpit",
};

const char *behaviour_name(enum behaviour behaviour)
{
	return behaviour_names[behaviour];
}

enum key_type { KEY_PERCENT, KEY_U32, KEY_RANGE, KEY_BOOL, KEY_PORTS, KEY_ADDR };

#define AT(member) offsetof(struct sim_config, member)
static const struct {
	const char *name;
	enum key_type type;
	size_t at;
	uint32_t max; /* KEY_U32, KEY_RANGE */
	const char *help;
} keys[] = {
    {"answer", KEY_PERCENT, AT(answer_ppm), 0, "targets of ordinary hosts that answer a SYN"},
    {"closed", KEY_PERCENT, AT(closed_ppm), 0, "of the others: RST"},
    {"prohibited", KEY_PERCENT, AT(prohibited_ppm), 0, "of the others: ICMP prohibited"},
    {"ports", KEY_PORTS, AT(ports), 0, "where ordinary hosts may answer"},
    {"assigned", KEY_PERCENT, AT(assigned_ppm), 0, "services that sit on their assigned port"},
    {"host.hyperacktive", KEY_PERCENT, AT(hyperacktive_ppm), 0, "addresses that acknowledge all"},
    {"host.hyperacktive_service", KEY_PERCENT, AT(hyperacktive_service_ppm), 0,
	"of those: a real service on one of hyperacktive.ports"},
    {"host.pseudo", KEY_PERCENT, AT(pseudo_ppm), 0, "addresses with one answer on every port"},
    {"host.synproxy", KEY_PERCENT, AT(synproxy_ppm), 0,
	"addresses: window 0, no options, all ports"},
    {"host.tarpit", KEY_PERCENT, AT(tarpit_ppm), 0, "addresses: tiny window on all ports"},
    {"host.shun", KEY_PERCENT, AT(shun_ppm), 0, "addresses mute after their first connection"},
    {"prefix.aliased", KEY_PERCENT, AT(aliased_ppm), 0, "IPv6 /64s where every address answers"},
    {"prefix.dense", KEY_PERCENT, AT(dense_ppm), 0, "IPv4 /24s where every address answers"},
    {"prefix.ports", KEY_PORTS, AT(prefix_ports), 0, "on these ports (the others: RST)"},
    {"trait.slow", KEY_PERCENT, AT(slow_ppm), 0, "hosts whose servers think for a while"},
    {"trait.slow_synack", KEY_PERCENT, AT(slow_synack_ppm), 0, "hosts whose SYN-ACK comes late"},
    {"trait.lossy", KEY_PERCENT, AT(lossy_ppm), 0, "hosts behind a lossy link of their own"},
    {"trait.reorder", KEY_PERCENT, AT(reorder_ppm), 0, "hosts whose data arrives back to front"},
    {"trait.duplicate", KEY_PERCENT, AT(duplicate_ppm), 0, "hosts that send all segments twice"},
    {"trait.small_mss", KEY_PERCENT, AT(small_mss_ppm), 0,
	"hosts behind a path of 128-byte segments"},
    {"trait.garble", KEY_PERCENT, AT(garble_ppm), 0,
	"hosts whose data also comes spoilt, with a wrong checksum"},
    {"trait.exthdr", KEY_PERCENT, AT(exthdr_ppm), 0,
	"hosts behind IP options, IPv6 extension headers"},
    {"trait.synack_data", KEY_PERCENT, AT(synack_data_ppm), 0,
	"servers that greet on the SYN-ACK already"},
    {"trait.keepalive", KEY_PERCENT, AT(keepalive_ppm), 0, "hosts that send keep-alives at once"},
    {"trait.hostile", KEY_PERCENT, AT(hostile_ppm), 0,
	"hosts that add resets, data and ACKs out of the window"},
    {"trait.overlap", KEY_PERCENT, AT(overlap_ppm), 0, "hosts whose segments overlap"},
    {"trait.fragment", KEY_PERCENT, AT(fragment_ppm), 0, "hosts whose data comes in IP fragments"},
    {"trait.halt", KEY_PERCENT, AT(halt_ppm), 0, "hosts that pause in mid-answer, before the PSH"},
    {"slow_ms", KEY_RANGE, AT(slow), 600000, "how long slow servers think"},
    {"slow_synack_ms", KEY_RANGE, AT(slow_synack), 600000, "how late slow SYN-ACKs are"},
    {"lossy_loss", KEY_PERCENT, AT(lossy_loss_ppm), 0, "loss each way of lossy hosts"},
    {"loss_in", KEY_PERCENT, AT(loss_in_ppm), 0, "packets lost on the way to the hosts"},
    {"loss_out", KEY_PERCENT, AT(loss_out_ppm), 0, "packets lost on the way back"},
    {"rtt", KEY_RANGE, AT(rtt), 60000, "round-trip time in ms, one value a host"},
    {"synack_retries", KEY_U32, AT(synack_retries), 16, "SYN-ACK retransmissions (0: stateless)"},
    {"data_retries", KEY_U32, AT(data_retries), 16, "data retransmissions"},
    {"rto_ms", KEY_U32, AT(rto_ms), 60000, "first retransmission timeout; doubles"},
    {"idle_ms", KEY_U32, AT(idle_ms), 3600000, "connections idle for so long are forgotten"},
    {"drip_ms", KEY_U32, AT(drip_ms), 60000, "pause between the bytes of a drip"},
    {"max_flows", KEY_U32, AT(max_flows), 1 << 24, "connections kept at most"},
    {"serves", KEY_U32, AT(serves_per_s), 1000000,
	"requests a second that all servers together answer (0: any number)"},
    {"backlog", KEY_U32, AT(backlog), 1 << 24,
	"requests that wait for them; what does not fit is reset"},
    {"verify_checksums", KEY_BOOL, AT(is_verifying), 0, "drop what a host would drop"},
    {"gateway", KEY_ADDR, AT(gateway4), 0, "our IPv4 address on the link"},
    {"gateway6", KEY_ADDR, AT(gateway6), 0, "our IPv6 address on the link"},
    {"on_link", KEY_BOOL, AT(is_on_link), 0, "answer ARP and NDP for every address"},
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

void config_print_keys(FILE *out)
{
	static const char *const type_names[] = {
	    [KEY_PERCENT] = "PERCENT",
	    [KEY_U32] = "N",
	    [KEY_RANGE] = "MS[-MS]",
	    [KEY_BOOL] = "yes|no",
	    [KEY_PORTS] = "PORTS",
	    [KEY_ADDR] = "ADDRESS",
	};
	for (size_t i = 0; i < N_KEYS; i++)
		fprintf(out, "  %-26s = %-8s %s\n", keys[i].name, type_names[keys[i].type],
		    keys[i].help);
	fprintf(out, "  %-26s = %-8s %s\n", "loss", "PERCENT", "loss_in and loss_out at once");
	fprintf(out, "  %-26s = %-8s %s\n", "hyperacktive.ports", "P,P,...",
	    "see host.hyperacktive_service");
	fprintf(out, "  %-26s = %-8s %s\n", "probes", "P,P,...",
	    "what the scanner sends, of wait http tls newlines own: decides expected outcomes");
	fprintf(out, "  %-26s = %-8s %s\n", "behaviour.NAME", "WEIGHT",
	    "among answering ordinary targets:");
	for (int i = BEHAVIOUR_SERVICE; i < BEHAVIOUR_HYPERACK; i++)
		fprintf(out, "%s%s", i == BEHAVIOUR_SERVICE ? "      " : " ", behaviour_names[i]);
	fprintf(out, "\n  %-26s = %-8s %s\n", "service.PROTOCOL", "WEIGHT", "among services:");
	const char *last = "";
	fputs("     ", out);
	for (unsigned i = 0; i < SERVICE_COUNT; i++) {
		const char *protocol = service_get(i)->protocol;
		if (strcmp(protocol, last) != 0)
			fprintf(out, " %s", protocol);
		last = protocol;
	}
	fputc('\n', out);
	fprintf(out, "  %-26s = %-8s %s\n", "preset", "NAME",
	    "paper dense mixed lossy-1 lossy-5 lossy-20");
}

static void set_ports(uint8_t *ports, uint32_t lo, uint32_t hi)
{
	for (uint32_t p = lo; p <= hi; p++)
		ports[p >> 3] |= (uint8_t)(1 << (p & 7));
}

void config_init(struct sim_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	set_ports(cfg->ports, 1, 32767);
	set_ports(cfg->prefix_ports, 80, 80);
	set_ports(cfg->prefix_ports, 443, 443);
	cfg->assigned_ppm = PPM_ALL;
	cfg->hyper_ports[0] = 80;
	cfg->n_hyper_ports = 1;
	cfg->slow = (struct range_ms){300, 1500};
	cfg->slow_synack = (struct range_ms){200, 900};
	cfg->lossy_loss_ppm = 100000;
	cfg->synack_retries = 4;
	cfg->data_retries = 5;
	cfg->rto_ms = 1000;
	cfg->idle_ms = 60000;
	cfg->drip_ms = 200;
	cfg->max_flows = 1 << 20;
	cfg->backlog = 512;
	cfg->is_verifying = true;
	cfg->gateway4 = ipaddr_from_v4(0xc0000201);
	cfg->gateway6 = ipaddr_from_u64(UINT64_C(0xfe80000000000000), 1);
	cfg->probes = WAKE_WAIT | WAKE_HTTP | WAKE_TLS | WAKE_OWN;
}

/* "12.5" as parts per million of 100; exact to four decimals. */
static int read_percent(const char *text, uint32_t *out)
{
	char *end;
	double v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= 100))
		return -EINVAL;
	*out = (uint32_t)lround(v * (PPM_ALL / 100));
	return 0;
}

static int read_weight(const char *text, uint32_t *out)
{
	char *end;
	double v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= 10000))
		return -EINVAL;
	*out = (uint32_t)lround(v * 1000);
	return 0;
}

/* Digits up to max; *end stops behind them. */
static int read_u32(const char *text, uint32_t max, const char **end, uint32_t *out)
{
	char *stop;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	unsigned long v = strtoul(text, &stop, 10);
	if (errno || v > max)
		return -EINVAL;
	*end = stop;
	*out = (uint32_t)v;
	return 0;
}

static int read_range(const char *text, uint32_t max, struct range_ms *out)
{
	const char *end;
	struct range_ms r;
	if (read_u32(text, max, &end, &r.lo) < 0)
		return -EINVAL;
	r.hi = r.lo;
	if (*end == '-' && read_u32(end + 1, max, &end, &r.hi) < 0)
		return -EINVAL;
	if (*end || r.hi < r.lo)
		return -EINVAL;
	*out = r;
	return 0;
}

static int read_ports(const char *text, uint8_t *ports)
{
	uint8_t made[CONFIG_PORTS_LEN] = {0};
	while (*text) {
		uint32_t lo, hi;
		if (read_u32(text, 65535, &text, &lo) < 0)
			return -EINVAL;
		hi = lo;
		if (*text == '-' && read_u32(text + 1, 65535, &text, &hi) < 0)
			return -EINVAL;
		if (hi < lo || lo == 0 || (*text && *text != ','))
			return -EINVAL;
		set_ports(made, lo, hi);
		if (*text == ',')
			text++;
	}
	memcpy(ports, made, sizeof(made));
	return 0;
}

static int read_hyper_ports(const char *text, struct sim_config *cfg)
{
	uint32_t n = 0;
	while (*text) {
		uint32_t port;
		if (n == CONFIG_HYPER_PORTS_MAX || read_u32(text, 65535, &text, &port) < 0 ||
		    port == 0 || (*text && *text != ','))
			return -EINVAL;
		cfg->hyper_ports[n++] = (uint16_t)port;
		if (*text == ',')
			text++;
	}
	if (n == 0)
		return -EINVAL;
	cfg->n_hyper_ports = n;
	return 0;
}

static int read_probes(const char *text, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {{"wait", WAKE_WAIT}, {"http", WAKE_HTTP}, {"tls", WAKE_TLS},
	    {"newlines", WAKE_NEWLINES}, {"own", WAKE_OWN}};
	uint32_t bits = 0;
	while (*text) {
		size_t len = strcspn(text, ","), i;
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == len && memcmp(names[i].name, text, len) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return -EINVAL;
		bits |= names[i].bit;
		text += len + (text[len] == ',');
	}
	*out = bits;
	return 0;
}

static int set_behaviour(struct sim_config *cfg, const char *name, const char *value)
{
	for (int i = BEHAVIOUR_SERVICE; i < BEHAVIOUR_HYPERACK; i++)
		if (strcmp(name, behaviour_names[i]) == 0)
			return read_weight(value, &cfg->behaviour_weight[i]);
	return -ENOENT;
}

/* A protocol's weight is shared by its rows. */
static int set_service(struct sim_config *cfg, const char *name, const char *value)
{
	uint32_t weight, n = 0;
	for (unsigned i = 0; i < SERVICE_COUNT; i++)
		n += strcmp(name, service_get(i)->protocol) == 0;
	if (n == 0)
		return -ENOENT;
	if (read_weight(value, &weight) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < SERVICE_COUNT; i++)
		if (strcmp(name, service_get(i)->protocol) == 0)
			cfg->service_weight[i] = weight / n;
	return 0;
}

static int set_table_key(struct sim_config *cfg, const char *key, const char *value)
{
	size_t i = 0;
	while (i < N_KEYS && strcmp(keys[i].name, key) != 0)
		i++;
	if (i == N_KEYS)
		return -ENOENT;
	void *at = (char *)cfg + keys[i].at;
	const char *end;
	switch (keys[i].type) {
	case KEY_PERCENT:
		return read_percent(value, at);
	case KEY_U32:
		return read_u32(value, keys[i].max, &end, at) < 0 || *end ? -EINVAL : 0;
	case KEY_RANGE:
		return read_range(value, keys[i].max, at);
	case KEY_BOOL:
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return -EINVAL;
		*(bool *)at = value[0] == 'y';
		return 0;
	case KEY_PORTS:
		return read_ports(value, at);
	case KEY_ADDR:
		return ipaddr_parse(value, strlen(value), at);
	}
	return -EINVAL;
}

static int set_key(struct sim_config *cfg, const char *key, const char *value, struct diag *diag)
{
	if (strcmp(key, "preset") == 0)
		return config_preset(cfg, value, diag);
	if (strcmp(key, "loss") == 0) {
		if (read_percent(value, &cfg->loss_in_ppm) < 0)
			return -EINVAL;
		cfg->loss_out_ppm = cfg->loss_in_ppm;
		return 0;
	}
	if (strcmp(key, "hyperacktive.ports") == 0)
		return read_hyper_ports(value, cfg);
	if (strcmp(key, "probes") == 0)
		return read_probes(value, &cfg->probes);
	if (strncmp(key, "behaviour.", 10) == 0)
		return set_behaviour(cfg, key + 10, value);
	if (strncmp(key, "service.", 8) == 0)
		return set_service(cfg, key + 8, value);
	return set_table_key(cfg, key, value);
}

/* Cuts white space at both ends, in place. */
static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = 0;
	return text;
}

int config_set_line(struct sim_config *cfg, const char *line, const char *where, struct diag *diag)
{
	char buf[1024];
	size_t len = strcspn(line, "#\n");
	if (len >= sizeof(buf))
		return diag_set(
		    diag, -EINVAL, "%s: line longer than %zu bytes", where, sizeof(buf));
	memcpy(buf, line, len);
	buf[len] = 0;
	char *key = trim(buf);
	if (!*key)
		return 0;
	char *equals = strchr(key, '=');
	if (!equals)
		return diag_set(diag, -EINVAL, "%s: \"%s\" is not key = value", where, key);
	*equals = 0;
	key = trim(key);
	char *value = trim(equals + 1);
	struct diag inner = {{0}};
	int err = set_key(cfg, key, value, &inner);
	if (err == -ENOENT)
		return diag_set(diag, -EINVAL, "%s: no key \"%s\": see netsim --help", where, key);
	if (err < 0)
		return diag_set(diag, -EINVAL, "%s: %s: \"%s\" is not a value for it%s%s", where,
		    key, value, inner.text[0] ? ": " : "", inner.text);
	return 0;
}

int config_read(struct sim_config *cfg, const char *path, struct diag *diag)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return diag_set(diag, -errno, "%s: %s", path, strerror(errno));
	char line[1024], where[300];
	int err = 0;
	for (unsigned n = 1; err == 0 && fgets(line, sizeof(line), f); n++) {
		snprintf(where, sizeof(where), "%.256s:%u", path, n);
		err = config_set_line(cfg, line, where, diag);
	}
	fclose(f);
	return err;
}

int config_preset(struct sim_config *cfg, const char *name, struct diag *diag)
{
	const char *text = preset_text(name);
	if (!text)
		return diag_set(diag, -EINVAL,
		    "no preset \"%s\": take paper, dense, mixed, lossy-1, lossy-5 or lossy-20",
		    name);
	int err = 0;
	while (*text && err == 0) {
		err = config_set_line(cfg, text, name, diag);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return err;
}

int config_finish(struct sim_config *cfg, struct diag *diag)
{
	cfg->behaviour_total = 0;
	cfg->service_total = 0;
	for (int i = 0; i < BEHAVIOUR_COUNT; i++)
		cfg->behaviour_total += cfg->behaviour_weight[i];
	for (int i = 0; i < SERVICE_COUNT; i++)
		cfg->service_total += cfg->service_weight[i];
	uint64_t hosts = (uint64_t)cfg->hyperacktive_ppm + cfg->pseudo_ppm + cfg->synproxy_ppm +
			 cfg->tarpit_ppm + cfg->shun_ppm;
	if (hosts > PPM_ALL)
		return diag_set(diag, -EINVAL, "the shares host.* add up to more than 100 %%");
	if ((uint64_t)cfg->closed_ppm + cfg->prohibited_ppm > PPM_ALL)
		return diag_set(diag, -EINVAL, "closed and prohibited add up to more than 100 %%");
	if (cfg->answer_ppm && cfg->behaviour_total == 0)
		return diag_set(diag, -EINVAL, "targets answer but no behaviour.* has a weight");
	if (cfg->service_total == 0)
		return diag_set(
		    diag, -EINVAL, "no service.* has a weight: at least service.http = 1");
	if (cfg->rto_ms == 0 || cfg->drip_ms == 0 || cfg->idle_ms == 0)
		return diag_set(diag, -EINVAL, "rto_ms, drip_ms and idle_ms must be above 0");
	cfg->is_finished = true;
	return 0;
}
