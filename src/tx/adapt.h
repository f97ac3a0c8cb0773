#ifndef TX_ADAPT_H
#define TX_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#include "tx/far_loss.h"
#include "tx/late.h"
#include "tx/syn_loss.h"

/* How fast to send, given what got lost, between two rates: begins slowly and grows by a factor until
 * something is lost, falls to what got through, comes back to near what was too much and feels its way
 * from there. Pure: counters and times in, a rate out. One thread. */

struct adapt {
	double min_pps, max_pps;
	double pps;       /* allowed now */
	bool is_starting; /* nothing was ever lost */
	int64_t start_ns;
	bool has_syns;   /* answers of SYNs are reported */
	double sent_pps; /* smoothed over a second */
	double good_pps; /* the most that was sent for long without a loss */
	double bad_pps;  /* what was too much last, as far as is known; not while it is starting */
	double cut_pps;  /* allowed after the last cut */
	int64_t cut_ns;  /* when that was */
	int64_t settle_ns; /* from a cut to counters that show it */
	int64_t settled_ns;
	/* The last cut for a loss beyond this host: is it shown that it helped? */
	struct adapt_trial {
		bool is_open;
		bool is_of_syns;    /* told by syn_loss */
		double part;        /* that was lost */
		double yield;       /* as far_loss_finding */
		double got_pps;     /* what got through, as the loss explains it */
		unsigned n_refuted; /* cuts in a row that changed nothing */
		double before_pps;  /* allowed before the first of them */
		bool was_starting;
	} trial;
	int64_t busy_ns; /* the allowed rate was used last */
	int64_t good_ns; /* what was sent before got through, as far as can be told */
	/* A time in which more may have been lost than anybody noticed. It begins with the first cut of an
	 * episode, grows with the others, and ends when the rate is shown to be one that gets through: then
	 * what was sent in it may be sent again. from_ns == to_ns: it had nothing to do with the rate. */
	struct adapt_doubt {
		bool is_open;
		int64_t from_ns, to_ns; /* monotonic */
	} doubt;
	uint64_t n_slowdowns;
	uint64_t n_far;    /* of them, for losses beyond this host */
	uint64_t n_late;   /* and for servers that fell behind */
	uint64_t n_undone; /* of both, found to have nothing to do with the rate */
	double lowest_pps; /* that a loss ever brought about */
	struct adapt_sample {
		int64_t at_ns; /* monotonic */
		uint64_t n_sent, n_received;
		uint64_t
		    n_target_syns; /* of n_sent: first SYNs and later attempts, not what sessions send */
		uint64_t n_rx_lost;   /* came to this host and were not received */
		uint64_t n_tx_lost;   /* were sent and did not leave it */
		uint64_t n_answered;  /* targets */
		uint64_t n_gone_back; /* SYNs sent again, because the first was sent in a doubt */
	} last;
	struct far_loss far;
	struct syn_loss syns;
	struct late late;
};

/* Starts at a modest rate, or at max_pps when that is less. 0 < min_pps <= max_pps. */
void adapt_init(struct adapt *adapt, double min_pps, double max_pps, int64_t now_ns);

/* What answers show: of first data; of first SYNs, with how many were sent (n_first, and n_again others); of
 * answers to data, as late_find. NULL: nothing, as far as that goes. */
struct adapt_reports {
	const struct delivery_report *data, *syns, *syns_sent, *said;
};

/* Looks at the totals since the start, which only grow, and at what answers show; a few times a second.
 * Returns the rate to send at from now on. */
double adapt_step(
    struct adapt *adapt, const struct adapt_sample *now, const struct adapt_reports *answers);

#endif
