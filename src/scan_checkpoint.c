/* scan_checkpoint: asks the threads where the scan stands and keeps that in a file. Main thread.
 *
 * A position may be kept when whoever answered before it is on record, on disk. So it goes down the pipe
 * like everything else: every sender reports a position (CONTROL_WHERE); after the cooldown every
 * receiver is told to report when the targets that have answered by then have their records
 * (CONTROL_MARK); then the writer brings the records to disk (a ticket); then the file is replaced. What
 * is recorded ahead of the position is listed in the file, so that a resumed scan skips it. A position
 * that never gets to the end of this pipe is never written; while none does, the list goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "out/recent.h"
#include "scan_internal.h"

#define ASK_NS   (1 * NS_PER_SEC)
#define SLACK_NS (100 * NS_PER_MS) /* for packets and records that are between two threads */
#define LIST_NS                                                                                    \
	(1500 * NS_PER_MS) /* without a new position: what is recorded is listed all the same */

/* Positions that wait for the cooldown, and that are remembered behind it: ASK_NS apart, or a part of the
 * cooldown when that is long. */
enum { SAMPLES = 64 };

/* One position of every sender. */
struct sample {
	uint64_t index[SCAN_TX_MAX];
	int64_t since_ns;
	int64_t at_ns; /* when the last SYN before it had gone */
};

struct scan_keeper {
	struct checkpoint checkpoint; /* strings borrowed */
	struct target *recorded;      /* RECENT_MAX: this run's, then those of runs before it */
	const char *path;
	int64_t ask_every_ns, asked_ns;
	bool is_asking, is_stale; /* stale: the answers may be too late for a doubt */
	size_t n_reports;
	struct sample asked; /* being put together */

	struct sample samples[SAMPLES];
	size_t n_samples;
	struct sample past[SAMPLES]; /* what was heard, oldest first */
	size_t n_past;

	bool is_marking;
	size_t n_marked;       /* receivers that have reported */
	struct sample marking; /* waits for its records */
	struct sample marked;  /* the last whose records were handed to the writer */

	bool is_syncing;
	uint64_t ticket;
	int64_t ticket_ns;
	struct sample syncing;
	bool is_broken; /* the last try to write the file failed: warned */
};

/* ---- resuming ---- */

/* The indices of the record for our senders: its own when there are as many, else all go on from the
 * lowest, which repeats a little and loses nothing. */
static uint64_t index_for(const struct checkpoint *c, size_t slice, size_t n_slices, bool is_stream)
{
	uint64_t lowest = c->index[0];
	for (size_t i = 1; i < c->n_slices; i++)
		lowest = c->index[i] < lowest ? c->index[i] : lowest;
	return n_slices == c->n_slices && !is_stream ? c->index[slice] : lowest;
}

int scan_open_resume(struct scan *scan, struct diag *diag)
{
	const struct checkpoint *c = scan->resume;
	if (!c)
		return 0;
	window_init(&scan->recorded, c->n_recorded ? c->n_recorded : 1);
	for (size_t i = 0; i < c->n_recorded; i++) {
		const struct target *target = &c->recorded[i];
		if (!window_add(&scan->recorded, window_key(&target->addr, target->port)))
			return diag_set(diag, -ENOMEM, "out of memory");
	}
	return 0;
}

int scan_resume_slice(struct scan *scan, size_t slice, struct attempts *attempts, struct diag *diag)
{
	const struct checkpoint *c = scan->resume;
	struct targets_position position;
	struct diag why = {{0}};
	if (!c)
		return 0;
	position =
	    (struct targets_position){.seed = c->seed, .n_shards = c->n_shards, .shard = c->shard};
	position.index = index_for(c, slice, scan->n_tx, targets_is_stream(scan->targets));
	memcpy(position.digest, c->digest, sizeof(position.digest));
	int err = attempts_restore(attempts, &position, &why);
	if (err)
		diag_set(diag, -EINVAL, "--resume %s: %s", scan->config->resume_file, why.text);
	return err ? -EINVAL : 0;
}

uint64_t scan_count_done(const struct scan *scan)
{
	const struct checkpoint *c = scan->resume;
	uint64_t n = 0;
	if (!c)
		return 0;
	for (size_t i = 0; i < scan->n_tx; i++) {
		uint64_t first = c->shard + (uint64_t)c->n_shards * i;
		uint64_t index = index_for(c, i, scan->n_tx, false);
		if (index > first)
			n += (index - first - 1) / ((uint64_t)c->n_shards * scan->n_tx) + 1;
	}
	return n;
}

/* ---- keeping ---- */

int scan_open_keeper(struct scan *scan, struct diag *diag)
{
	const struct scan_config *config = scan->config;
	if (!config->checkpoint_file || config->dry_run)
		return 0;
	struct scan_keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return diag_set(diag, -ENOMEM, "out of memory");
	scan->keeper = k;
	k->recorded = malloc(RECENT_MAX * sizeof(*k->recorded));
	if (!k->recorded)
		return diag_set(diag, -ENOMEM, "out of memory");
	k->path = config->checkpoint_file;
	int64_t part_ns = config->cooldown_ns / (SAMPLES / 2);
	k->ask_every_ns = part_ns > ASK_NS ? part_ns : ASK_NS;
	k->checkpoint = (struct checkpoint){
	    .seed = scan->spec->seed,
	    .n_shards = scan->spec->n_shards ? scan->spec->n_shards : 1,
	    .shard = scan->spec->shard,
	    .operands = config->targets,
	    .options = (char *)(uintptr_t)scan->options_text,
	    .n_slices = targets_is_stream(scan->targets) ? 1 : scan->n_tx,
	};
	targets_digest(scan->targets, k->checkpoint.digest);
	return 0;
}

void scan_close_keeper(struct scan *scan)
{
	if (scan->keeper)
		free(scan->keeper->recorded);
	free(scan->keeper);
	window_fini(&scan->recorded);
}

static uint64_t get_lowest(const struct sample *sample, size_t n_tx)
{
	uint64_t lowest = sample->index[0];
	for (size_t i = 1; i < n_tx; i++)
		lowest = sample->index[i] < lowest ? sample->index[i] : lowest;
	return lowest;
}

static int write_file(
    struct scan_keeper *k, const struct sample *sample, size_t n_tx, struct diag *diag)
{
	struct checkpoint *c = &k->checkpoint;
	char *text;
	size_t len;
	memcpy(c->index, sample->index, sizeof(sample->index));
	if (c->n_slices == 1)
		c->index[0] = get_lowest(sample, n_tx);
	if (checkpoint_format(c, &text, &len))
		return diag_set(diag, -ENOMEM, "%s: out of memory", k->path);
	int err = textfile_swap(k->path, text, len, diag);
	free(text);
	return err;
}

/* The same in mid-scan, where a failure is no reason to stop: the last file stands. */
static void update_file(struct scan_keeper *k, const struct sample *sample, size_t n_tx)
{
	struct diag diag = {{0}};
	bool was_broken = k->is_broken;
	k->is_broken = write_file(k, sample, n_tx, &diag) != 0;
	if (k->is_broken && !was_broken)
		log_warn("checkpoint: %s: an older one stays", diag.text);
	else if (was_broken && !k->is_broken)
		log_warn("checkpoint: %s can be written again", k->path);
}

static void look_where_we_are(const struct scan *scan, struct sample *out)
{
	struct targets_position position;
	*out = (struct sample){.since_ns = INT64_MAX};
	for (size_t i = 0; i < scan->n_tx; i++) {
		attempts_save(scan->tx[i].attempts, &position);
		int64_t since_ns = attempts_get_since_ns(scan->tx[i].attempts);
		out->index[i] = position.index;
		out->since_ns = since_ns < out->since_ns ? since_ns : out->since_ns;
	}
}

static bool is_before(const struct sample *sample, uint64_t index, size_t n_tx)
{
	for (size_t i = 0; i < n_tx; i++)
		if (sample->index[i] > index)
			return false;
	return true;
}

/* Since when whoever is recorded may lie ahead of the position. Another number of senders, or a stream,
 * goes on from the lowest index: then it is since the last moment at which no sender was beyond that. */
static int64_t since_of(const struct scan_keeper *k, const struct sample *sample, size_t n_tx)
{
	int64_t since_ns = sample->since_ns;
	if (n_tx > 1) {
		uint64_t lowest = get_lowest(sample, n_tx);
		size_t i = k->n_past;
		while (i > 0 && !is_before(&k->past[i - 1], lowest, n_tx))
			i--;
		int64_t past_ns = i > 0 ? k->past[i - 1].since_ns : INT64_MIN;
		since_ns = past_ns < since_ns ? past_ns : since_ns;
	}
	return since_ns < INT64_MIN + SLACK_NS ? INT64_MIN : since_ns - SLACK_NS;
}

static void remember(struct scan_keeper *k, const struct sample *sample)
{
	if (k->n_past == SAMPLES)
		memmove(k->past, k->past + 1, --k->n_past * sizeof(k->past[0]));
	k->past[k->n_past++] = *sample;
}

static void add_recorded(struct scan_keeper *k, const struct target *targets, size_t n)
{
	struct checkpoint *c = &k->checkpoint;
	size_t room = RECENT_MAX - c->n_recorded;
	n = n < room ? n : room;
	if (n > 0)
		memcpy(k->recorded + c->n_recorded, targets, n * sizeof(*targets));
	c->n_recorded += n;
}

/* What is recorded ahead of the position: this run's records since then, and what was known before,
 * which the position may not have reached yet. */
static void take_recorded(struct scan *scan, struct scan_keeper *k)
{
	size_t n;
	const struct target *recorded = writer_get_recorded(scan->writer, &n);
	k->checkpoint.recorded = k->recorded;
	k->checkpoint.n_recorded = 0;
	/* With --all-probes a target has many records: one does not mean that it is done. */
	if (!scan->config->all_probes)
		add_recorded(k, recorded, n);
	if (scan->resume)
		add_recorded(k, scan->resume->recorded, scan->resume->n_recorded);
}

int scan_begin_checkpoints(struct scan *scan, struct diag *diag)
{
	struct scan_keeper *k = scan->keeper;
	struct sample now;
	if (!k)
		return 0;
	look_where_we_are(scan, &now);
	k->marked = k->syncing = now;
	k->ticket_ns = clock_mono_ns();
	take_recorded(scan, k);
	return write_file(k, &now, scan->n_tx, diag);
}

static void ask_senders(struct scan *scan, struct scan_keeper *k, int64_t now_ns)
{
	struct control control = {.kind = CONTROL_WHERE};
	if (k->is_asking || now_ns - k->asked_ns < k->ask_every_ns || k->n_samples == SAMPLES)
		return;
	k->is_asking = true;
	k->asked_ns = now_ns;
	k->n_reports = 0;
	k->asked = (struct sample){.since_ns = INT64_MAX};
	/* One question is under way at a time: the ring has room. */
	for (size_t i = 0; i < scan->n_tx; i++)
		if (!ring_push(scan->tx[i].control, &control, sizeof(control)))
			abort();
}

static void hear_senders(struct scan *scan, struct scan_keeper *k)
{
	struct report report;
	for (size_t i = 0; i < scan->n_tx; i++) {
		if (!ring_pop(scan->tx[i].reports, &report, sizeof(report)))
			continue;
		k->asked.index[i] = report.index;
		if (report.since_ns < k->asked.since_ns)
			k->asked.since_ns = report.since_ns;
		if (report.at_ns > k->asked.at_ns)
			k->asked.at_ns = report.at_ns;
		k->n_reports++;
	}
	if (!k->is_asking || k->n_reports < scan->n_tx)
		return;
	k->is_asking = false;
	if (!k->is_stale) {
		k->samples[k->n_samples++] = k->asked;
		remember(k, &k->asked);
	}
	k->is_stale = false;
}

/* The newest sample whose cooldown is over goes on; the ones before it are of no use any more. */
static void mark_receivers(struct scan *scan, struct scan_keeper *k, int64_t now_ns)
{
	int64_t wait_ns = scan->config->cooldown_ns + SLACK_NS;
	size_t n_due = 0;
	while (n_due < k->n_samples && k->samples[n_due].at_ns + wait_ns <= now_ns)
		n_due++;
	if (k->is_marking || n_due == 0)
		return;
	k->marking = k->samples[n_due - 1];
	k->n_samples -= n_due;
	memmove(k->samples, k->samples + n_due, k->n_samples * sizeof(k->samples[0]));
	k->is_marking = true;
	k->n_marked = 0;
	struct control control = {.at_ns = now_ns, .kind = CONTROL_MARK};
	for (size_t i = 0; i < scan->n_rx; i++)
		if (!ring_push(scan->rx[i].control, &control, sizeof(control)))
			abort();
}

static void hear_receivers(struct scan *scan, struct scan_keeper *k)
{
	struct report report;
	for (size_t i = 0; i < scan->n_rx; i++)
		k->n_marked += ring_pop(scan->rx[i].reports, &report, sizeof(report));
	if (!k->is_marking || k->n_marked < scan->n_rx)
		return;
	k->is_marking = false;
	k->marked = k->marking;
}

static void serve_ticket(struct scan *scan, struct scan_keeper *k, int64_t now_ns)
{
	if (k->is_syncing && writer_get_synced(scan->writer) >= k->ticket) {
		take_recorded(scan, k);
		update_file(k, &k->syncing, scan->n_tx);
		k->is_syncing = false;
	}
	bool is_new = memcmp(&k->marked, &k->syncing, sizeof(k->marked)) != 0;
	if (k->is_syncing || (!is_new && now_ns - k->ticket_ns < LIST_NS))
		return;
	k->syncing = k->marked;
	k->is_syncing = true;
	k->ticket_ns = now_ns;
	k->ticket = writer_request_sync(scan->writer, since_of(k, &k->syncing, scan->n_tx));
}

void scan_checkpoint_doubt(struct scan *scan)
{
	struct scan_keeper *k = scan->keeper;
	if (!k)
		return;
	k->n_samples = 0;
	/* A sender may have said where it stands before it hears that this may come again. */
	k->is_stale = k->is_asking;
}

void scan_checkpoint_tick(struct scan *scan, int64_t now_ns)
{
	struct scan_keeper *k = scan->keeper;
	if (!k)
		return;
	hear_senders(scan, k);
	ask_senders(scan, k, now_ns);
	hear_receivers(scan, k);
	mark_receivers(scan, k, now_ns);
	serve_ticket(scan, k, now_ns);
}

/* Did every session end by itself, and every result find its place? */
static bool is_all_recorded(const struct scan *scan, bool is_aborted)
{
	static struct writer_summary written;
	writer_get_summary(scan->writer, &written);
	return !is_aborted && written.n_beyond == 0 && written.by_outcome[OUTCOME_ABORTED] == 0;
}

void scan_end_checkpoints(struct scan *scan, enum scan_end end, bool is_aborted)
{
	struct scan_keeper *k = scan->keeper;
	struct sample now;
	if (!k)
		return;
	if (scan->out_err) {
		log_warn(
		    "%s holds the position before the output failed: mend that, then: synspect scan "
		    "--resume %s",
		    k->path, k->path);
		return;
	}
	hear_receivers(scan, k);
	if (is_all_recorded(scan, is_aborted))
		look_where_we_are(scan, &now);
	else
		now = k->marked;
	k->checkpoint.is_complete = end == SCAN_COMPLETE && !is_aborted;
	for (size_t i = 0; i < scan->n_tx; i++)
		if (attempts_status(scan->tx[i].attempts) != TARGETS_END)
			k->checkpoint.is_complete = false;
	writer_list_recorded(scan->writer, since_of(k, &now, scan->n_tx));
	take_recorded(scan, k);
	update_file(k, &now, scan->n_tx);
	if (!k->is_broken && !k->checkpoint.is_complete)
		log_warn("to go on from here: synspect scan --resume %s", k->path);
}
