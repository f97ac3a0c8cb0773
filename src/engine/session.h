#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "base/pool.h"
#include "base/wheel.h"
#include "engine/conn_table.h"
#include "engine/engine.h"
#include "engine/middlebox.h"
#include "engine/seen.h"

/* Inside the engine only: what engine.c, session.c and host_test.c share. */

enum session_kind {
	SESSION_TARGET,    /* a target that answered: ends with exactly one record */
	SESSION_HOST_TEST, /* one connection to a random port of a suspicious host */
	SESSION_PREFIX,    /* one SYN to a random address of a prefix under test */
	SESSION_KIND_COUNT,
};

/* What ended connections of a target have shown. */
struct session_evidence {
	uint8_t n_conns;       /* connections that reached ESTABLISHED */
	uint8_t n_probes_sent; /* of them, how many carried data */
	uint8_t outcome;       /* enum outcome, of the connections without data so far */
	bool has_outcome;
	bool is_decoy;
	uint8_t unreachable_code;
	uint8_t ttl;
	uint8_t tcp_options_len;
	uint16_t window;
	uint8_t tcp_options[RESULT_TCP_OPTIONS_MAX];
	int64_t synack_wall_ns;
	int64_t rtt_ns;
};

struct session {
	struct wheel_entry timer; /* first: pool memory of free sessions is overwritten here */
	struct flow flow;         /* of the current connection */
	uint8_t kind;             /* enum session_kind */
	uint8_t step;             /* index into plan */
	bool is_waiting;          /* finished, but the host's verdict is not in yet */
	bool is_in_table;
	struct conn conn;
	const struct sig_plan *plan;
	uint16_t probe_id;     /* of the current connection */
	struct host *host;     /* NULL: hosts are not judged, or none could be had */
	struct prefix *prefix; /* SESSION_PREFIX */
	uint8_t sub_prefix;
	struct session *next_waiting;
	struct session **pprev_open; /* list of all sessions, for abort */
	struct session *next_open;
	int64_t suspect_at;        /* when a silent acknowledged probe makes the host suspicious */
	struct result *collecting; /* data of the current connection */
	struct result *kept;       /* unnamed data of an earlier one */
	struct session_evidence evidence;
};

_Static_assert(sizeof(struct session) <= 512, "the price of an open session");

struct engine {
	struct engine_config config;
	const struct sig_set *set;
	const struct sig_planner *planner;
	struct sig_scratch *scratch;
	const struct engine_ops *ops;
	void *ctx;
	struct counters *counters;
	struct pool *sessions;
	struct conn_table *conns;
	struct seen *seen;
	struct host_table *hosts;
	struct prefix_table *prefixes;
	struct wheel wheel;
	struct session *open;   /* all sessions */
	uint16_t test_probe_id; /* what test connections send */
	int64_t stray_window_ns;
	unsigned n_stray_resets;
	bool is_aborting;
};

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

/* The host's verdict is in (or there is none to wait for): writes the record, frees the session. */
void session_emit(struct engine *engine, struct session *session);

/* Sends a segment that belongs to no session (a RST to a stray). */
void session_send_stray(
    struct engine *engine, const struct flow *flow, uint32_t seq, uint8_t flags);

/* ---- host_test.c ---- */

/* A target of the host answered: counts its ports. */
void host_test_note_port(struct engine *engine, struct session *session);

/* Must this finished session wait for a verdict? Starts the test when it is time for it. */
bool host_test_must_wait(
    struct engine *engine, struct session *session, bool is_silent, int64_t now_ns);

/* Makes the host of a session suspicious now. */
void host_test_suspect(struct engine *engine, struct session *session, int64_t now_ns);

/* A test connection's data was acknowledged. */
void host_test_note_acked(struct session *test, int64_t now_ns);

/* A test connection ended; the last one of a host brings the verdict. */
void host_test_note_end(struct engine *engine, struct session *test);

/* Takes a waiting session off its host's list (abort only). O(sessions of the host that wait). */
void host_test_forget_waiting(struct session *session);

/* May an unanswered test SYN be repeated? Only when random ports of the host answer at all. */
bool host_test_may_retry(const struct session *test);

/* ---- prefix_test.c ---- */

/* A target answered: counts its /24, or tests its IPv6 prefixes when they are new. */
void prefix_test_note(struct engine *engine, const struct session *session, int64_t now_ns);

/* Is the session's address in a prefix that answers everywhere, as far as is known now? */
bool prefix_test_is_aliased(const struct engine *engine, const struct session *session);

/* A SYN to a prefix was answered, or was not. */
void prefix_test_note_end(
    struct engine *engine, struct prefix *prefix, uint8_t sub, bool is_answered, int64_t now_ns);

#endif
