#ifndef RX_RECEIVER_H
#define RX_RECEIVER_H

#include "base/bell.h"
#include "base/ring.h"
#include "engine/engine.h"
#include "rx/capture.h"

/* A receiver thread, owner of some of the hosts: captures, decodes, drives one engine, and is the rim that the engine's
 * messages leave by. Opaque. */
struct receiver;

enum { RECEIVER_CAPTURES_MAX = 2, RECEIVER_SENDERS_MAX = 16, RECEIVER_ANY_SENDER = 0xffff };

struct receiver_config {
	struct engine_config engine;
	const struct sig_set *set;         /* borrowed */
	const struct sig_planner *planner; /* borrowed */
	size_t n_captures; /* one, or one a family when they leave by two interfaces */
	struct capture *captures[RECEIVER_CAPTURES_MAX]; /* borrowed; this thread's while it runs */
	struct ring *control;                            /* struct control from main */
	struct ring *reports;                            /* struct report to main */
	size_t n_senders;
	size_t
	    home_sender; /* sends all of this receiver's segments; RECEIVER_ANY_SENDER: by address */
	struct ring *reqs[RECEIVER_SENDERS_MAX];  /* struct tx_req to each sender */
	struct bell *bells[RECEIVER_SENDERS_MAX]; /* each sender's: it may nap */
	struct ring *notes[RECEIVER_SENDERS_MAX]; /* struct rx_note from each sender */
	struct ring *results;                     /* struct result * to the writer */
	struct ring *free_results;                /* struct result * back from the writer */
	size_t n_results;      /* how many short results this receiver owns, >= 64 */
	size_t n_long_results; /* and how many long ones */
	int64_t cooldown_ns;
	/* May an address that is no target be asked (tests of prefixes)? */
	bool (*may_probe)(void *ctx, const struct ipaddr *addr);
	void *may_probe_ctx;
	/* Source addresses that the host does not own: ARP and NDP for them are answered. */
	bool answers_neighbours;
	struct capture_dump *dump; /* gets every packet; NULL: nobody asked */
	struct counters *counters;
};

/* Allocates the results and makes the engine. Returns 0 or a negative errno. */
int receiver_create(const struct receiver_config *config, struct receiver **out)
    __attribute__((warn_unused_result));
void receiver_destroy(struct receiver *receiver);

/* The engine, for what it found; after the thread has ended. Borrowed. */
const struct engine *receiver_get_engine(const struct receiver *receiver);

/* Runs until the senders are done, the cooldown is over and every session has ended (or
 * CONTROL_ABORT). Sends TX_REQ_END and the end marker last. Thread function body. */
void receiver_run(struct receiver *receiver);

/* After the thread was joined: why it stopped early, or NULL. */
const char *receiver_error(const struct receiver *receiver);

#endif
