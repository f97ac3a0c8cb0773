#ifndef SRC_SCAN_INTERNAL_H
#define SRC_SCAN_INTERNAL_H

#include <pthread.h>

#include "base/bell.h"
#include "checkpoint.h"
#include "net/link_stats.h"
#include "net/path.h"
#include "net/port_range.h"
#include "net/rst_guard.h"
#include "out/metadata.h"
#include "out/status.h"
#include "out/textfile.h"
#include "out/writer.h"
#include "rx/receiver.h"
#include "scan.h"
#include "targets/targets.h"
#include "targets/window.h"
#include "tx/adapt.h"
#include "tx/sender.h"

/* Shared by scan.c and scan_*.c only. Everything that scales with threads is an array. */

enum {
	SCAN_TX_MAX = SENDER_RECEIVERS_MAX,
	SCAN_RX_MAX = SENDER_RECEIVERS_MAX,
	FAMILY_V4 = 0,
	FAMILY_V6 = 1,
	FAMILY_COUNT,
	SCAN_MTU_MAX = 1500, /* frames are built for it, also on loopback */
};

struct scan;

struct scan_tx {
	struct scan *scan;
	struct attempts *attempts;
	struct link *links[FAMILY_COUNT];
	struct tx_backend *backends[FAMILY_COUNT]; /* the same twice when one serves both */
	struct sender_path paths[FAMILY_COUNT];
	struct ring *others_reqs[SCAN_RX_MAX * SCAN_TX_MAX]; /* borrowed, of the other senders */
	struct sender *sender;
	struct ring *control;
	struct ring *reports; /* to main */
	struct bell bell;     /* receivers ring it */
	struct delivery syns; /* written by the sender, read by main */
	struct counters counters;
	pthread_t thread;
	bool is_running;
};

struct scan_rx {
	struct scan *scan;
	struct capture *captures[RECEIVER_CAPTURES_MAX];
	size_t n_captures;
	uint32_t max_sessions; /* its share */
	struct receiver *receiver;
	struct ring *control;
	struct ring *reports; /* to main */
	struct ring *results, *free_results;
	struct counters counters;
	struct delivery delivery; /* of first data: written by the receiver, read by main */
	struct delivery contacts; /* of SYNs */
	struct delivery said;     /* of data */
	pthread_t thread;
	bool is_running;
};

/* Threads wait here until all of them exist. */
enum scan_gate_state { GATE_CLOSED, GATE_GO, GATE_GO_HOME };
struct scan_gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	enum scan_gate_state state;
};

struct scan {
	const struct scan_config *config;
	const struct targets_spec *spec;
	struct sig_set *set;
	struct sig_planner *planner;
	struct targets *targets;
	struct writer *writer;
	struct counters out_counters, main_counters;
	struct net_path paths[FAMILY_COUNT];
	bool has_path[FAMILY_COUNT];
	struct port_range ports;
	struct cookie_params cookie;
	struct rst_guard *guard;
	struct capture_dump *dump; /* --pcap */
	uint8_t n_alias_lengths, alias_lengths[PREFIX_LENGTHS_MAX];
	struct limiter packets, bytes; /* of all senders */
	struct adapt adapt;
	struct link_stats *link_stats;
	struct scan_gate gate;
	size_t n_tx, n_rx;
	struct scan_tx tx[SCAN_TX_MAX];
	struct scan_rx rx[SCAN_RX_MAX];
	struct ring *reqs[SCAN_RX_MAX][SCAN_TX_MAX];  /* receiver to sender */
	struct ring *notes[SCAN_TX_MAX][SCAN_RX_MAX]; /* sender to receiver */
	pthread_t out_thread;
	bool is_out_running;
	int out_err;
	int64_t start_mono_ns, start_wall_ns;
	/* scan_checkpoint.c */
	const struct checkpoint *resume; /* NULL: the scan begins */
	const char *options_text;        /* for the checkpoint */
	struct window recorded;          /* what resume says is recorded */
	struct scan_keeper *keeper;      /* NULL: no --checkpoint */
	/* scan_status.c */
	const char *config_json;
	struct textfile *status_file, *metadata_file, *metrics_file;
	char *text; /* METADATA_TEXT_MAX bytes */
	struct status_run run;
	struct status_sample before;
	int64_t shown_ns;
	bool has_line; /* the cursor stands behind a status line */
};

/* The valve of the generator: is anything downstream nearly full? Sender threads. */
bool scan_is_congested(void *ctx);

/* Is a target that was sent to while packets got lost sent to again? */
bool scan_goes_back(const struct scan *scan);

/* ---- scan_checkpoint.c ---- */

/* Prepares for --resume; after the targets are open. */
int scan_open_resume(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
/* Puts the fresh generator of a sender to its place. -EINVAL with diag when the set is another one. */
int scan_resume_slice(struct scan *scan, size_t slice, struct attempts *attempts, struct diag *diag)
    __attribute__((warn_unused_result));
/* Targets that are done before this run; not for streams. */
uint64_t scan_count_done(const struct scan *scan);

/* Prepares for --checkpoint; after the senders are open. */
int scan_open_keeper(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
void scan_close_keeper(struct scan *scan);

/* The first checkpoint, with the privileges that all others will have, before the threads start. */
int scan_begin_checkpoints(struct scan *scan, struct diag *diag)
    __attribute__((warn_unused_result));
/* What was sent lately may have to be sent again: positions that are under way are given up. */
void scan_checkpoint_doubt(struct scan *scan);
/* Moves checkpoints on; a few times a second. Never waits for a thread. */
void scan_checkpoint_tick(struct scan *scan, int64_t now_ns);
/* The last one, after all threads have ended. is_aborted: sessions were broken off. */
void scan_end_checkpoints(struct scan *scan, enum scan_end end, bool is_aborted);
/* What the SYN looks like, and the largest packet that a path takes from us. */
enum link_syn_style scan_syn_style(enum syn_options options);
uint16_t scan_path_mtu(const struct net_path *path);

/* ---- scan_rate.c ---- */

/* The lowest rate that --adaptive goes down to, unless told: so much of --rate, at most so many. */
#define SCAN_MIN_RATE_PART 0.01
#define SCAN_MIN_RATE_MAX  1000.0

/* Prepares for --adaptive; after the routes are known. */
int scan_open_rate(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
/* The first packet is about to go. */
void scan_begin_rate(struct scan *scan);
/* Counts drops and slows or speeds the senders; ten times a second. */
void scan_rate_tick(struct scan *scan, int64_t now_ns);
void scan_close_rate(struct scan *scan);

/* ---- scan_tx.c ---- */

/* Opens the ways out of every sender. Fewer senders remain (n_tx) when the user insists on AF_XDP and
 * the interface has fewer queues. */
int scan_open_links(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
/* Makes sender i, whose links and rings are there. */
int scan_open_sender(struct scan *scan, size_t i, struct diag *diag)
    __attribute__((warn_unused_result));
void scan_close_sender(struct scan_tx *tx);

/* ---- scan_rx.c ---- */

/* Opens the captures of every receiver and shares the packets among them; when the kernel cannot, one
 * receiver remains (n_rx), and a warning says why. */
int scan_open_captures(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
/* Makes receiver i, whose captures and rings are there. */
int scan_open_receiver(struct scan *scan, size_t i) __attribute__((warn_unused_result));
void scan_close_receiver(struct scan_rx *rx);

/* ---- scan_status.c ---- */

/* Prepares the output and describes the run where that was asked for. Before the threads start. */
int scan_begin_output(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));

/* Shows how it goes, when it is time to. Main thread, a few times a second. */
void scan_status_tick(struct scan *scan, int64_t now_ns);

/* Opens the files of --status-file, --metadata-file and --metrics-file. */
int scan_open_files(struct scan *scan, struct diag *diag) __attribute__((warn_unused_result));
void scan_close_files(struct scan *scan);

/* Leaves the status line, before something else is printed. */
void scan_status_newline(struct scan *scan);

/* The summary, the last status and the metadata, after all threads have ended. */
void scan_status_end(
    struct scan *scan, enum scan_end end, int exit_status, const struct diag *diag);

/* ---- scan_lists.c: put callbacks of metadata_list; ctx is the scan ---- */

void scan_put_hosts(struct text *t, void *ctx);
void scan_put_prefixes(struct text *t, void *ctx);

#endif
