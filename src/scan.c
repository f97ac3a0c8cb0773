/* scan: starts and joins the threads, waits for signals, shows how it goes. Main thread. */
#include "autoconfig.h" /* pthread_tryjoin_np */

#include "scan.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/privileges.h"
#include "scan_internal.h"

enum {
	LOSS_LIMIT_PERCENT = 1, /* of what was received: exit status 4 beyond it */
	SESSIONS_HIGH_PERCENT = 90,
};
#define POLL_NS (100 * NS_PER_MS)

bool scan_is_congested(void *ctx)
{
	const struct scan *scan = ctx;
	for (size_t i = 0; i < scan->n_rx; i++) {
		const struct scan_rx *rx = &scan->rx[i];
		uint64_t n_open = counters_get(&rx->counters, COUNTER_sessions_open);
		if (n_open * 100 > (uint64_t)rx->max_sessions * SESSIONS_HIGH_PERCENT)
			return true;
		if (ring_get_level(rx->results) * 2 > ring_get_capacity(rx->results))
			return true;
		for (size_t t = 0; t < scan->n_tx; t++) {
			const struct ring *req = scan->reqs[i][t];
			if (ring_get_level(req) * 2 > ring_get_capacity(req))
				return true;
		}
	}
	return false;
}

/* ---- threads ---- */

/* Senders, receivers and the writer wait for each other: none begins before all are there. */
static void open_gate(struct scan_gate *gate, enum scan_gate_state state)
{
	pthread_mutex_lock(&gate->lock);
	gate->state = state;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->lock);
}

/* A thread names itself (prctl): to name another takes a file in /proc, which the filter forbids.
 * False: there is nothing to do after all. */
static bool begin(struct scan *scan, const char *name)
{
	struct scan_gate *gate = &scan->gate;
	pthread_setname_np(pthread_self(), name);
	pthread_mutex_lock(&gate->lock);
	while (gate->state == GATE_CLOSED)
		pthread_cond_wait(&gate->moved, &gate->lock);
	bool is_go = gate->state == GATE_GO;
	pthread_mutex_unlock(&gate->lock);
	return is_go;
}

static void *run_sender(void *arg)
{
	struct scan_tx *tx = arg;
	if (begin(tx->scan, "syn-tx"))
		sender_run(tx->sender);
	return NULL;
}

static void *run_receiver(void *arg)
{
	struct scan_rx *rx = arg;
	if (begin(rx->scan, "syn-rx"))
		receiver_run(rx->receiver);
	return NULL;
}

static void *run_writer(void *arg)
{
	struct scan *scan = arg;
	struct writer_port ports[SCAN_RX_MAX];
	if (!begin(scan, "syn-out"))
		return NULL;
	for (size_t i = 0; i < scan->n_rx; i++)
		ports[i] = (struct writer_port){scan->rx[i].results, scan->rx[i].free_results};
	scan->out_err = writer_run(scan->writer, ports, scan->n_rx);
	return NULL;
}

static int start(pthread_t *thread, void *(*body)(void *), void *arg, bool *is_running)
{
	int err = pthread_create(thread, NULL, body, arg);
	if (err)
		return -err;
	*is_running = true;
	return 0;
}

static void join(pthread_t thread, bool *is_running)
{
	if (*is_running)
		pthread_join(thread, NULL);
	*is_running = false;
}

static void join_threads(struct scan *scan)
{
	join(scan->out_thread, &scan->is_out_running);
	for (size_t i = 0; i < scan->n_rx; i++)
		join(scan->rx[i].thread, &scan->rx[i].is_running);
	for (size_t i = 0; i < scan->n_tx; i++)
		join(scan->tx[i].thread, &scan->tx[i].is_running);
}

static int start_threads(struct scan *scan, struct diag *diag)
{
	int err = start(&scan->out_thread, run_writer, scan, &scan->is_out_running);
	size_t n = 0;
	for (size_t i = 0; i < scan->n_rx && !err; i++, n++) {
		struct scan_rx *rx = &scan->rx[i];
		rx->scan = scan;
		err = start(&rx->thread, run_receiver, rx, &rx->is_running);
	}
	for (size_t i = 0; i < scan->n_tx && !err; i++, n++) {
		struct scan_tx *tx = &scan->tx[i];
		tx->scan = scan;
		err = start(&tx->thread, run_sender, tx, &tx->is_running);
	}
	open_gate(&scan->gate, err ? GATE_GO_HOME : GATE_GO);
	if (!err)
		return 0;
	join_threads(scan);
	return diag_set(diag, err,
	    "cannot start thread %zu of %zu: %s: raise the limit of processes (ulimit -u), or give "
	    "a smaller --threads",
	    n + 1, scan->n_rx + scan->n_tx + 1, strerror(-err));
}

static void send_control(struct ring *ring, enum control_kind kind)
{
	struct control control = {.kind = (uint8_t)kind};
	/* A full ring holds the same message already. */
	(void)!ring_push(ring, &control, sizeof(control));
}

static void stop_senders(struct scan *scan)
{
	for (size_t i = 0; i < scan->n_tx; i++)
		send_control(scan->tx[i].control, CONTROL_STOP);
}

static void abort_all(struct scan *scan)
{
	for (size_t i = 0; i < scan->n_tx; i++)
		send_control(scan->tx[i].control, CONTROL_ABORT);
	for (size_t i = 0; i < scan->n_rx; i++)
		send_control(scan->rx[i].control, CONTROL_ABORT);
}

/* ---- the main thread's watch ---- */

struct watch {
	struct scan *scan;
	enum scan_end end;
	int n_signals;
	bool is_stopping;
	bool is_aborted;
};

static void stop(struct watch *w, enum scan_end end)
{
	if (w->is_stopping)
		return;
	w->is_stopping = true;
	w->end = end;
	stop_senders(w->scan);
}

static void on_signal(struct watch *w, int sig)
{
	if (sig == SIGHUP) {
		struct diag diag = {{0}};
		if (targets_reload_exclusions(w->scan->targets, &diag))
			log_warn("%s: the exclusions in force stay", diag.text);
		else
			log_info("exclude files read again");
		return;
	}
	w->n_signals++;
	if (w->n_signals == 1) {
		stop(w, SCAN_INTERRUPTED);
		w->end = SCAN_INTERRUPTED;
		scan_status_newline(w->scan);
		log_warn("interrupted: waiting for open connections, once more ends at once");
	} else {
		w->is_aborted = true;
		abort_all(w->scan);
	}
}

static void check_output(struct watch *w, struct diag *diag)
{
	switch (writer_get_state(w->scan->writer, diag)) {
	case WRITER_OK:
		break;
	case WRITER_ENOUGH:
		stop(w, SCAN_STOPPED);
		break;
	case WRITER_FAILED:
		if (w->end != SCAN_FAILED)
			abort_all(w->scan);
		w->is_stopping = true;
		w->end = SCAN_FAILED;
		break;
	}
}

static bool is_anyone_running(const struct scan *scan)
{
	/* The writer returns last: it has waited for every receiver, and those for the senders'
	 * last word. */
	return pthread_tryjoin_np(scan->out_thread, NULL) == EBUSY;
}

static void watch_threads(struct watch *w, const sigset_t *signals, struct diag *diag)
{
	struct scan *scan = w->scan;
	int64_t max_ns = scan->config->max_runtime_ns;
	struct timespec poll = {.tv_nsec = POLL_NS};
	while (is_anyone_running(scan)) {
		int sig = sigtimedwait(signals, NULL, &poll);
		if (sig > 0)
			on_signal(w, sig);
		int64_t now_ns = clock_mono_ns();
		if (max_ns && now_ns - scan->start_mono_ns >= max_ns)
			stop(w, SCAN_STOPPED);
		check_output(w, diag);
		scan_checkpoint_tick(scan, now_ns);
		scan_rate_tick(scan, now_ns);
		scan_status_tick(scan, now_ns);
	}
	scan->is_out_running = false;
}

/* Everything is open: from here on the process needs no privilege. Files that are created later are
 * status and metadata; names are looked up later in streamed targets and in exclude files that are
 * read again. */
static int give_up_privileges(const struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	const struct privileges_wish wish = {
	    .user = c->user,
	    .writes_files =
		c->status_file || c->metadata_file || c->metrics_file || c->checkpoint_file,
	    .resolves_names = targets_is_stream(scan->targets) || c->exclude_files.n > 0,
	    .is_unconfined = c->no_seccomp,
	};
	return privileges_drop(&wish, diag);
}

enum scan_end scan_run(struct scan *scan, struct diag *diag)
{
	struct watch w = {.scan = scan, .end = SCAN_COMPLETE};
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	/* Blocked in every thread: only sigtimedwait() below sees them. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	scan->start_mono_ns = clock_mono_ns();
	scan->start_wall_ns = clock_wall_ns();
	int err = scan_begin_output(scan, diag);
	if (!err)
		err = give_up_privileges(scan, diag);
	if (!err)
		err = scan_begin_checkpoints(scan, diag);
	scan_begin_rate(scan);
	if (!err)
		err = start_threads(scan, diag);
	if (err) {
		if (!diag->text[0])
			diag_set(diag, err, "cannot start: %s", strerror(-err));
		return SCAN_FAILED;
	}
	watch_threads(&w, &signals, diag);
	join_threads(scan);
	for (size_t i = 0; i < scan->n_rx; i++) {
		const char *error = receiver_error(scan->rx[i].receiver);
		if (error && w.end != SCAN_FAILED) {
			diag_set(diag, -EIO, "%s", error);
			w.end = SCAN_FAILED;
		}
	}
	check_output(&w, diag);
	scan_end_checkpoints(scan, w.end, w.is_aborted || w.end == SCAN_FAILED);
	scan_rate_tick(scan, clock_mono_ns());
	scan_status_end(scan, w.end, scan_exit_status(scan, w.end), diag);
	return w.end;
}

static bool has_loss(const struct scan *scan)
{
	uint64_t drops = 0, received = 0;
	for (size_t i = 0; i < scan->n_rx; i++) {
		drops += counters_get(&scan->rx[i].counters, COUNTER_kernel_drops);
		received += counters_get(&scan->rx[i].counters, COUNTER_packets_received);
	}
	return drops * 100 > (drops + received) * LOSS_LIMIT_PERCENT;
}

int scan_exit_status(const struct scan *scan, enum scan_end end)
{
	switch (end) {
	case SCAN_FAILED:
		return 1;
	case SCAN_INTERRUPTED:
		return 3;
	case SCAN_COMPLETE:
	case SCAN_STOPPED:
		break;
	}
	return has_loss(scan) ? 4 : 0;
}
