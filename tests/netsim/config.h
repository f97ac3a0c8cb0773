#ifndef NETSIM_CONFIG_H
#define NETSIM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "tests/netsim/services.h"

/* What one (address, port) does. */
enum behaviour {
	BEHAVIOUR_FILTERED,    /* says nothing */
	BEHAVIOUR_CLOSED,      /* RST to a SYN */
	BEHAVIOUR_PROHIBITED,  /* ICMP "administratively prohibited" to a SYN */
	BEHAVIOUR_SERVICE,     /* a real server from services.def */
	BEHAVIOUR_SILENT,      /* accepts and acknowledges, says nothing */
	BEHAVIOUR_NO_ACK,      /* SYN-ACK, then never acknowledges anything */
	BEHAVIOUR_RESET,       /* RST right after the handshake */
	BEHAVIOUR_CLOSE,       /* FIN without data */
	BEHAVIOUR_ZERO_WINDOW, /* SYN-ACK with options and window 0 that never opens */
	BEHAVIOUR_UNREACHABLE, /* SYN-ACK, then ICMP "administratively prohibited" */
	BEHAVIOUR_UNKNOWN,     /* answers data with bytes of no protocol */
	BEHAVIOUR_DRIP,        /* says one byte at a time, for ever in a client's eyes */
	BEHAVIOUR_DATA_RESET,  /* a real server that answers and resets in the same breath */
	BEHAVIOUR_HYPERACK,    /* middlebox: SYN-ACK on all ports, acknowledges all data (host) */
	BEHAVIOUR_SYNPROXY,    /* SYN-ACK with window 0 and no options, on all ports (host) */
	BEHAVIOUR_TARPIT,      /* tiny window, acknowledges what fits, on all ports (host) */
	BEHAVIOUR_COUNT,
};

/* Lower-case name: "filtered", "hyperacktive" ... */
const char *behaviour_name(enum behaviour behaviour);

enum { CONFIG_HYPER_PORTS_MAX = 16, CONFIG_PORTS_LEN = 65536 / 8 };

struct range_ms {
	uint32_t lo;
	uint32_t hi;
};

/* Everything that decides the population and the path. Shares are parts per million. Immutable after
 * config_finish(). */
struct sim_config {
	uint64_t seed;
	/* targets of ordinary hosts */
	uint32_t answer_ppm;
	uint32_t closed_ppm;
	uint32_t prohibited_ppm;
	uint8_t ports[CONFIG_PORTS_LEN]; /* bitmap: where ordinary hosts may answer */
	uint32_t behaviour_weight[BEHAVIOUR_COUNT];
	uint32_t service_weight[SERVICE_COUNT];
	uint32_t assigned_ppm; /* on a protocol's assigned port: how often it is that protocol */
	/* hosts */
	uint32_t hyperacktive_ppm;
	uint32_t hyperacktive_service_ppm; /* of those: a real service on one of hyper_ports */
	uint32_t pseudo_ppm;
	uint32_t synproxy_ppm;
	uint32_t tarpit_ppm;
	uint32_t shun_ppm;
	uint16_t hyper_ports[CONFIG_HYPER_PORTS_MAX];
	uint32_t n_hyper_ports;
	/* prefixes */
	uint32_t aliased_ppm; /* of IPv6 /64s */
	uint32_t dense_ppm;   /* of IPv4 /24s */
	uint8_t prefix_ports[CONFIG_PORTS_LEN];
	/* traits of hosts */
	uint32_t slow_ppm;
	uint32_t slow_synack_ppm;
	uint32_t lossy_ppm;
	uint32_t reorder_ppm;
	uint32_t duplicate_ppm;
	uint32_t small_mss_ppm;
	uint32_t garble_ppm;
	uint32_t exthdr_ppm;
	uint32_t synack_data_ppm;
	uint32_t keepalive_ppm;
	uint32_t hostile_ppm;
	uint32_t overlap_ppm;
	uint32_t fragment_ppm;
	uint32_t halt_ppm;
	struct range_ms slow;
	struct range_ms slow_synack;
	uint32_t lossy_loss_ppm;
	/* path */
	uint32_t loss_in_ppm;
	uint32_t loss_out_ppm;
	struct range_ms rtt;
	uint32_t synack_retries;
	uint32_t data_retries;
	uint32_t rto_ms;
	uint32_t idle_ms;
	uint32_t drip_ms;
	uint32_t max_flows;
	uint32_t serves_per_s; /* by all servers together; 0: whatever comes, at once */
	uint32_t backlog;      /* requests that wait for them at most */
	bool is_verifying;
	/* link */
	struct ipaddr gateway4;
	struct ipaddr gateway6;
	bool is_on_link;
	/* what the scanner is assumed to send, for the expected outcome: WAKE_* */
	uint32_t probes;
	/* made by config_finish(): sums of weights */
	uint32_t behaviour_total;
	uint32_t service_total;
	bool is_finished;
};

/* Defaults: nobody answers, everything else as a quiet network is. */
void config_init(struct sim_config *cfg);

/* One "key = value" line (comments after #, blank lines allowed). where: for messages, for example
 * "mix.conf:12". Returns 0 or -EINVAL with diag. */
int config_set_line(struct sim_config *cfg, const char *line, const char *where, struct diag *diag)
    __attribute__((warn_unused_result));

/* Reads a file of such lines. Returns 0, -EINVAL or -errno with diag. */
int config_read(struct sim_config *cfg, const char *path, struct diag *diag)
    __attribute__((warn_unused_result));

/* Applies a preset: paper, dense, mixed, lossy-1, lossy-5, lossy-20. -EINVAL when there is none. */
int config_preset(struct sim_config *cfg, const char *name, struct diag *diag)
    __attribute__((warn_unused_result));

/* Checks the whole and makes the sums. Call once, after the last change. */
int config_finish(struct sim_config *cfg, struct diag *diag) __attribute__((warn_unused_result));

/* Prints every key with its meaning. */
void config_print_keys(FILE *out);

static inline bool config_has_port(const uint8_t *ports, uint16_t port)
{
	return ports[port >> 3] >> (port & 7) & 1;
}

/* Text of a preset, or NULL; presets.c. */
const char *preset_text(const char *name);

#endif
