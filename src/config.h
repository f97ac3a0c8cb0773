#ifndef SRC_CONFIG_H
#define SRC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* Everything the user chose: filled by options.c from options.def (one row a member), const after
 * that. Borrowed by everyone for the whole run; modules copy the few fields they need. Strings are
 * owned by the struct and NULL when not given. Durations are nanoseconds. */

enum order { ORDER_AUTO, ORDER_RANDOM, ORDER_LIST, ORDER_COUNT };
enum syn_options { SYN_OPT_LINUX, SYN_OPT_WINDOWS, SYN_OPT_MSS, SYN_OPT_NONE, SYN_OPT_COUNT };
enum format { FORMAT_JSONL, FORMAT_CSV, FORMAT_LZR, FORMAT_ZGRAB, FORMAT_COUNT };
enum only { ONLY_ALL, ONLY_DATA, ONLY_IDENTIFIED, ONLY_COUNT };
enum status_mode { STATUS_AUTO, STATUS_LINE, STATUS_JSON, STATUS_OFF, STATUS_COUNT };
enum tx_kind { TX_AUTO, TX_XDP, TX_PACKET, TX_LIBNET, TX_KIND_COUNT };

/* A list of strings given by a repeatable option, in the order given. */
struct strlist {
	char **v;
	size_t n;
};

struct scan_config {
	/* targets */
	struct strlist targets;       /* TARGET arguments */
	struct strlist targets_files; /* -t; "-" is stdin */
	char *ports;                  /* -p, text */
	struct strlist excludes;      /* -x */
	struct strlist exclude_files; /* -X */
	bool allow_reserved;
	bool no_exclude; /* more than 2^24 addresses without an exclude file */
	enum order order;
	char *v6_iid; /* --v6-iid, text */
	uint64_t seed;
	bool has_seed;
	uint32_t n_shards;      /* --shards, 1..65535 */
	uint32_t shard;         /* --shard, 0..n_shards-1 */
	uint64_t max_targets;   /* 0: all */
	uint64_t max_results;   /* 0: all */
	int64_t max_runtime_ns; /* 0: no end */

	/* what `synspect targets` prints */
	bool count;
	bool json;
	char *explain; /* --explain ADDR, text */

	/* network */
	char *interface;
	struct ipaddr source_ip_lo, source_ip_hi; /* --source-ip A[-B] */
	bool has_source_ip;
	uint16_t source_port_lo, source_port_hi; /* 0: choose outside ip_local_port_range */
	uint8_t gateway_mac[6];
	bool has_gateway_mac;
	uint8_t source_mac[6];
	bool has_source_mac;
	bool no_rst_guard;

	/* sending */
	double rate_pps;     /* --rate; every packet counts */
	double min_rate_pps; /* --min-rate; 0: see scan_rate.c */
	bool adaptive;       /* on by default: given, it overrules no_adaptive */
	bool no_adaptive;
	double bandwidth_bps; /* --bandwidth, 0: not limited */
	uint32_t attempts;
	int64_t attempt_delay_ns;
	enum syn_options syn_options;
	enum tx_kind tx;
	uint32_t n_threads; /* 0: from the cores */

	/* answers */
	char *probes; /* --probes, text, default "auto" */
	bool all_probes;
	int64_t timeout_ns;
	uint32_t retransmits;
	int64_t cooldown_ns;
	uint32_t hyperack;
	uint32_t hyperack_threshold;
	bool skip_hyperacktive;
	char *alias_lengths; /* --alias-lengths, text */
	uint32_t max_sessions;
	struct strlist signature_dirs; /* --signatures DIR */
	char *contact;

	/* output */
	char *output_file; /* NULL: stdout */
	bool zstd;         /* --zstd, or .zst suffix */
	int zstd_level;
	enum format format;
	char *fields;
	enum only only;
	struct strlist geoip;
	enum status_mode status;
	char *status_file;
	char *metadata_file;
	char *metrics_file;
	char *pcap_file;
	char *checkpoint_file;
	char *resume_file;

	/* the process */
	bool dry_run;
	bool quiet;
	uint32_t verbose;
	char *user; /* --user: run as, after the sockets are open */
	bool no_seccomp;
};

#endif
