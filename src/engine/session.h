#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "base/memo.h"
#include "base/pool.h"
#include "base/wheel.h"
#include "engine/conn_table.h"
#include "engine/ended.h"
#include "engine/engine.h"
#include "engine/fragments.h"
#include "engine/middlebox.h"
#include "engine/recall.h"
#include "engine/seen.h"

/* Inside the engine only: what engine.c, the session_*.c and the tests of hosts and prefixes share. */

enum session_kind {
	SESSION_TARGET,     /* a target that answered: ends with exactly one record */
	SESSION_HOST_TEST,  /* one connection to a random port of a suspicious host */
	SESSION_PREFIX,     /* one SYN to a random address of a prefix under test */
	SESSION_KIND_COUNT, /* a session that is free */
};

/* What a finished session's record waits for. */
enum session_wait {
	WAIT_NONE,
	WAIT_VERDICT,  /* its host is being tested */
	WAIT_ROOM,     /* its host is to be tested when there is room */
	WAIT_SIBLINGS, /* other sessions of the host may yet make it suspicious */
	WAIT_PREFIX,   /* its prefix is being tested */
	SESSION_WAIT_COUNT,
};

/* Bytes of TCP options that a session has room for: what today's systems answer. Longer ones take a place in
 * a pool. */
enum { SESSION_OPTIONS_MAX = 20 };

/* What ended connections of a target have shown. */
struct session_evidence {
	int64_t synack_wall_ns;
	int32_t rtt_us;  /* -1: unknown */
	uint16_t window; /* this and the next are of the first SYN-ACK */
	uint8_t ttl;
	uint8_t n_probes_sent; /* connections that carried data */
	uint8_t unreachable_code;
	uint8_t outcome : 6; /* enum outcome, of the connections without data so far */
	bool has_outcome : 1;
	bool is_decoy : 1;
	uint8_t tcp_options_len;
	bool has_long_options; /* they are in the engine's pool, at long_options */
	union {
		uint8_t tcp_options[SESSION_OPTIONS_MAX];
		uint32_t long_options;
	};
};

struct session {
	struct wheel_entry timer; /* first: pool memory of free sessions is overwritten here */
	struct flow flow;         /* of the current connection */
	uint8_t kind : 2;         /* enum session_kind */
	uint8_t wait : 3;         /* enum session_wait; WAIT_NONE: it is not finished */
	bool is_in_table : 1;
	bool is_running : 1; /* a target's, counted by its host, and not finished */
	bool mark : 1;       /* engine.mark when it was opened */
	uint8_t n_starved;   /* segments refused for want of a result */
	uint8_t step;        /* index into plan */
	uint8_t sub_prefix;
	uint16_t first_lport;
	uint16_t probe_id;      /* of the current connection */
	conn_time_t suspect_at; /* when a silent acknowledged probe makes the host suspicious */
	union {
		const struct sig_plan *plan; /* SESSION_TARGET */
		struct prefix *prefix;       /* SESSION_PREFIX */
	};
	struct host *host; /* NULL: hosts are not judged, or none could be had */
	union {
		struct conn conn;                       /* until it is complete */
		struct {                                /* after it; zero at first */
			struct session **pprev_waiting; /* list of its host or prefix */
			struct session *next_waiting;
			struct session *held_prev, *held_next; /* of the engine, oldest first */
			int64_t hold_until, room_until;        /* 0: not waited yet */
		} parked;
	};
	struct result *collecting; /* data of the current connection */
	struct result *kept;       /* unnamed data of an earlier one */
	struct session_evidence evidence;
};

_Static_assert(sizeof(struct session) <= 272, "the price of an open session");

struct engine {
	struct engine_config config;
	const struct sig_set *set;
	const struct sig_planner *planner;
	struct sig_scratch *scratch;
	struct recall *recall; /* verdicts of a moment ago */
	struct memo cookies;   /* hashes of first attempts */
	const struct engine_ops *ops;
	void *ctx;
	struct counters *counters;
	struct pool *sessions;
	struct pool *long_options; /* of SYN-ACKs: those that a session has no room for */
	struct conn_table *conns;
	struct ended *ended; /* connections reset a moment ago */
	struct seen *seen;
	struct host_table *hosts;
	struct prefix_table *prefixes;
	struct fragments *fragments; /* of hosts that we talk with */
	struct fragments *strangers; /* of others: a flood of theirs costs only each other */
	struct wheel wheel;
	struct session *held_first, *held_last; /* those whose wait may be cut short */
	size_t held_weight;
	uint16_t test_probe_id; /* what test connections send */
	int64_t stray_window_ns;
	unsigned n_stray_resets;
	bool is_aborting;
	bool is_ending;  /* no target will answer for the first time any more */
	bool mark;       /* changes with each engine_mark() */
	size_t n_marked; /* sessions of targets opened before the last one */
	size_t n_target; /* sessions of targets */
};

/* When the session's host becomes suspicious, monotonic ns; 0: it does not. While it is connected. */
static inline int64_t session_get_suspect_ns(const struct session *session)
{
	return session->suspect_at
		   ? conn_time_get_ns(session->suspect_at, session->conn.data_sent_ns)
		   : 0;
}

/* ---- session.c ---- */

/* Opens the session of a target whose SYN-ACK is s. Does nothing when the tables are full: the
 * SYN-ACK will come again. */
void session_open_target(struct engine *engine, const struct segment *s, uint32_t iss,
    int64_t sent_ns, int64_t now_ns, int64_t wall_ns);

/* Opens a test connection to port of host. False: no room. */
bool session_open_test(struct engine *engine, struct host *host, uint16_t port, int64_t now_ns);

/* Sends a SYN to addr in sub-prefix sub of prefix. False: no room. */
bool session_open_prefix(struct engine *engine, struct prefix *prefix, uint8_t sub,
    const struct ipaddr *addr, int64_t now_ns);

/* Feeds one event to the session's connection and carries out what it decides. The session may be
 * gone afterwards. */
void session_step(
    struct engine *engine, struct session *session, const struct event *event, int64_t now_ns);

/* The session's timer fired. */
void session_timer(struct engine *engine, struct session *session, int64_t now_ns);

/* Frees a session of any kind, without a record. */
void session_free(struct engine *engine, struct session *session);

/* Takes the session's flow out of the table: what still comes on it is a stray. */
void session_leave_table(struct engine *engine, struct session *session);

/* Opens the connection of the current step, on a source port of its own. False: no room. */
bool session_connect(struct engine *engine, struct session *session, int64_t now_ns);

/* Names what the current connection has collected, unless that is done: no byte is named twice. */
void session_match(struct engine *engine, struct session *session);

/* Tells the senders that the flow's target has answered: no further SYN. */
void session_tell_answered(struct engine *engine, const struct flow *flow);

/* Sends a segment that belongs to no session (a RST to a stray). */
void session_send_stray(
    struct engine *engine, const struct flow *flow, uint32_t seq, uint8_t flags);

/* ---- session_end.c ---- */

/* The current connection ended: takes down what it showed, and opens the next, or finishes. The
 * session may be gone afterwards. */
void session_conn_ended(
    struct engine *engine, struct session *session, enum conn_end end, int64_t now_ns);

/* A SYN to a prefix was answered or not; the session is gone afterwards. */
void session_end_prefix(
    struct engine *engine, struct session *session, bool is_answered, int64_t now_ns);

/* Did the finished session acknowledge our data and say nothing? */
bool session_is_silent(const struct session *session);

/* Nothing is left to wait for: writes the record, frees the session. */
void session_emit(struct engine *engine, struct session *session);

/* ---- session_wait.c ---- */

/* A finished session: parks it while its record must wait, else writes it. */
void session_settle(struct engine *engine, struct session *session, int64_t now_ns);

/* Settles all sessions of a host's or prefix's list, which has its verdict now. */
void session_settle_all(struct engine *engine, struct session **list, int64_t now_ns);

/* Settles all held ones again, after engine->is_ending was set. */
void session_settle_held(struct engine *engine, int64_t now_ns);

/* Writes the record that was held longest, to make room. False: none is held. */
bool session_release_held(struct engine *engine);

/* Takes a parked session off all lists; harmless for others. */
void session_unpark(struct engine *engine, struct session *session);

/* ---- host_test.c ---- */

/* A target of the host answered: counts its ports. */
void host_test_note_port(struct engine *engine, struct session *session);

/* What a finished session's host needs before the record can be written. */
enum host_need {
	HOST_NEEDS_NOTHING, /* it is judged, or cannot be */
	HOST_NEEDS_VERDICT, /* its test is under way */
	HOST_NEEDS_ROOM,    /* it is to be tested, but the tables are full */
	HOST_UNSUSPICIOUS,  /* as far as is known now */
};

/* Asks for the verdict on the host of a finished session; starts the test when it is time for it. */
enum host_need host_test_ask(struct engine *engine, struct session *session, int64_t now_ns);

/* Makes the host of a session suspicious now. */
void host_test_suspect(struct engine *engine, struct session *session, int64_t now_ns);

/* A test connection's data was acknowledged. */
void host_test_note_acked(struct session *test, int64_t now_ns);

/* A test connection ended; the last one of a host brings the verdict. */
void host_test_note_end(struct engine *engine, struct session *test, int64_t now_ns);

/* May an unanswered test SYN be repeated? Only when random ports of the host answer at all. */
bool host_test_may_retry(const struct session *test);

/* ---- prefix_test.c ---- */

/* A target answered: counts its /24, or tests its IPv6 prefixes when they are new. */
void prefix_test_note(struct engine *engine, const struct session *session, int64_t now_ns);

/* The prefix of the session's address that is under test, or NULL. */
struct prefix *prefix_test_pending(const struct engine *engine, const struct session *session);

/* Is the session's address in a prefix that answers everywhere, as far as is known now? */
bool prefix_test_is_aliased(const struct engine *engine, const struct session *session);

/* A SYN to a prefix was answered, or was not. */
void prefix_test_note_end(
    struct engine *engine, struct prefix *prefix, uint8_t sub, bool is_answered, int64_t now_ns);

#endif
