/* Claims about engine/fsm: what every state does with every event, as scripts (see fsm_script.h).
 * The last test checks that no pair of state and event, and no kind of segment, was left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/fsm.h"
#include "tests/unit/fsm_script.h"

struct row {
	const char *claim;
	struct fsm_setup setup;
	const char *script;
};

static void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_message("           %s\n", rows[i].claim);
		fsm_script_run_wrapped(&rows[i].setup, rows[i].script);
	}
}

#define RUN(rows) run_rows(rows, sizeof(rows) / sizeof((rows)[0]))

/* Ways into a state. Times are counted from the start; the first retransmission timer is 1 s. */
#define SYN_SENT   "open > S 0\n"
#define ESTAB      "seg SA 0 1 > A 1 1 0+10\n"
#define ESTAB_WAIT "seg SA 0 1 > A 1 1\n"
#define CLOSED     ESTAB "abort > RA 1 1; END aborted\n"
#define PROBE      .setup = {.data_len = 10}
#define PROBE_LATE .setup = {.data_len = 10, .ack_delay_ms = 40}

static void test_syn_sent(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"a SYN goes out once", PROBE, SYN_SENT "open > -\n"},
	    {"the SYN is repeated twice, then patience ends", PROBE,
		SYN_SENT "deadline 1000\n+999 timer > -\n+1 timer > S 0\ndeadline 3000\n"
			 "+1999 timer > -\n+1 timer > S 0\ndeadline 5000\n+1999 timer > -\n"
			 "+1 timer > END no_synack\ndeadline -\n"},
	    {"with long patience the last SYN has its time, too",
		{.data_len = 10, .timeout_ms = 20000},
		SYN_SENT "+1000 timer > S 0\n+2000 timer > S 0\ndeadline 7000\n"
			 "+4000 timer > END no_synack\n"},
	    {"with short patience there is no third", {.data_len = 10, .timeout_ms = 2000},
		SYN_SENT "+1000 timer > S 0\ndeadline 2000\n+1000 timer > END no_synack\n"},
	    {"a SYN is repeated as often as data, twice as slowly each time",
		{.data_len = 10, .n_retransmits = 3, .timeout_ms = 20000},
		SYN_SENT "+1000 timer > S 0\n+2000 timer > S 0\n+4000 timer > S 0\n"
			 "+8000 timer > END no_synack\n"},
	    {"SYN-ACK: data rides on the ACK, without PSH", PROBE, SYN_SENT ESTAB},
	    {"first contact: the SYN-ACK comes first", PROBE, ESTAB},
	    {"nothing to send: a bare ACK", {.data_len = 0}, SYN_SENT ESTAB_WAIT},
	    {"listen first: a bare ACK", {.data_len = 10, .wait_ms = 300}, SYN_SENT ESTAB_WAIT},
	    {"window 0 ends it", PROBE, "seg SA 0 1 w0 > RA 1 1; END zero_window\n"},
	    {"window 0 ends it though data came along", PROBE,
		"seg SA 0 1 \"hi\" w0 > RA 1 1; END zero_window\n"},
	    {"data on the SYN-ACK is taken and acknowledged", PROBE,
		"seg SA 0 1 \"hello\" > D 0+5; A 1 6 0+10\n"},
	    {"data and FIN on the SYN-ACK", PROBE,
		"seg SAF 0 1 \"hello\" > D 0+5; A 1 6 0+10; RA 11 7; END fin\n"},
	    {"FIN on the SYN-ACK", PROBE, "seg SAF 0 1 > A 1 1 0+10; RA 1 2; END fin\n"},
	    {"a full buffer on the SYN-ACK", PROBE,
		"seg SA 0 1 x5000 > D 0+4096; A 1 4097 0+10; RA 11 4097; END full\n"},
	    {"SYN-ACK of another connection: RST, and patience goes on", PROBE,
		SYN_SENT "seg SA 0 5 > R 5\nseg SA 0 0 > R 0\nseg SA 0 2 > R 2\n"
			 "deadline 1000\n" ESTAB},
	    {"ACK, data, FIN of another connection: RST", PROBE,
		SYN_SENT "seg A 7 9 > R 9\nseg A 7 9 \"x\" > R 9\nseg AF 7 9 > R 9\n"
			 "seg AF 7 9 \"x\" > R 9\nseg SAF 7 9 > R 9\n"
			 "seg SAF 7 9 \"x\" > R 9\nseg SA 7 9 \"x\" > R 9\n"},
	    {"RST that acknowledges our SYN: refused", PROBE,
		SYN_SENT "seg RA 0 1 > END refused\n"},
	    {"RST with all its friends: refused", PROBE, SYN_SENT "seg SRAF 0 1 > END refused\n"},
	    {"RST with data: refused", PROBE, SYN_SENT "seg RA 0 1 \"no\" > END refused\n"},
	    {"RST with SYN: refused", PROBE, SYN_SENT "seg SRA 0 1 > END refused\n"},
	    {"RST that acknowledges something else is ignored", PROBE,
		SYN_SENT "seg RA 0 0 > -\nseg RA 0 2 > -\nseg SRA 0 7 > -\nseg RAF 0 7 > -\n"
			 "seg RA 0 7 \"x\" > -\nseg SRAF 0 7 \"x\" > -\n"
			 "seg SRA 0 7 \"x\" > -\nseg RAF 0 7 \"x\" > -\n"},
	    {"what acknowledges nothing is ignored", PROBE,
		SYN_SENT
		"seg 0 0 1 > -\nseg S 0 1 > -\nseg R 0 1 > -\nseg SR 0 1 > -\nseg F 0 1 > -\n"
		"seg SF 0 1 > -\nseg RF 0 1 > -\nseg SRF 0 1 > -\nseg 0 0 1 \"x\" > -\n"
		"seg S 0 1 \"x\" > -\nseg R 0 1 \"x\" > -\nseg SR 0 1 \"x\" > -\n"
		"seg F 0 1 \"x\" > -\nseg SF 0 1 \"x\" > -\nseg RF 0 1 \"x\" > -\n"
		"seg SRF 0 1 \"x\" > -\n"},
	    {"an ACK of our SYN without SYN is ignored", PROBE,
		SYN_SENT "seg A 0 1 > -\nseg A 0 1 \"x\" > -\nseg FA 0 1 > -\n"
			 "seg FA 0 1 \"x\" > -\n"},
	    {"the matcher has nothing to say yet", PROBE, SYN_SENT "settled > -\nmore > -\n"},
	    {"unreachable ends it", PROBE, SYN_SENT "unreach > END unreachable\n"},
	    {"a narrow path does not matter to a SYN", PROBE, SYN_SENT "mtu 600 > -\n" ESTAB},
	    {"abort says nothing to a peer that never answered", PROBE,
		SYN_SENT "abort > END aborted\ndeadline -\n"},
	};
	RUN(rows);
}

static void test_established_segments(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"the first ACK of our data is news, once", PROBE,
		ESTAB "seg A 1 11 > ACKED\nseg A 1 11 > -\n"},
	    {"a part of it is news too", PROBE, ESTAB "seg A 1 5 > ACKED\nseg A 1 11 > -\n"},
	    {"an old ACK, an ACK of nothing we sent (RFC 5961 challenge): nothing", PROBE,
		ESTAB "seg A 1 1 > -\nseg A 1 0 > -\nseg A 1 -5 > -\ndeadline 1000\n"},
	    {"an ACK of what was never sent is asked about, its data is not taken (RFC 5961 5.2)",
		PROBE,
		ESTAB "seg A 1 12 > A 11 1\nseg PA 1 9999 \"lie\" > A 11 1\n"
		      "seg PA 1 -70000 \"lie\" > A 11 1\nseg FA 1 12 > A 11 1\n"
		      "seg A 1 12 > A 11 1\nseg A 1 12 > -\nseg PA 1 12 \"lie\" > -\n"
		      "seg PA 1 11 \"true\" > ACKED; D 0+4\n"},
	    {"in-order data is delivered; the matcher decides who speaks next", PROBE,
		ESTAB "seg A 1 11 \"hello\" > ACKED; D 0+5\nmore > A 11 6\nsettled > RA 11 6; END "
		      "settled\n"},
	    {"data that acknowledges nothing new: the server spoke first", PROBE,
		ESTAB "seg PA 1 1 \"hello\" > D 0+5\nmore > A 11 6\n"},
	    {"old data is acknowledged again, not delivered again", PROBE,
		ESTAB "seg A 1 11 \"hello\" > ACKED; D 0+5\nmore > A 11 6\nseg A 1 11 \"hello\" > "
		      "A 11 6\nseg A 3 11 \"abc\" > A 11 6\n"},
	    {"half old, half new: the new half is delivered", PROBE,
		ESTAB "seg A 1 11 \"hello\" > ACKED; D 0+5\nseg A 3 11 \"LLOWOR\" > D 5+3\n"},
	    {"data that starts before the connection: the rest is delivered", PROBE,
		ESTAB "seg A -2 11 \"abcdef\" > ACKED; D 0+3\n"},
	    {"data ahead is kept and asked for", PROBE,
		ESTAB "seg A 6 11 \"world\" > ACKED; D 5+5; A 11 1\n"
		      "seg A 1 11 \"hello\" > D 0+5\nmore > A 11 11\n"},
	    {"data beyond what is kept is cut", PROBE,
		ESTAB "seg A 1 11 x4095 > ACKED; D 0+4095\n"
		      "seg A 4096 11 \"xyz\" > D 4095+1; RA 11 4097; END full\n"},
	    {"data far beyond is not kept", PROBE,
		ESTAB "seg A 4097 11 \"x\" > ACKED; A 11 1\nseg A 99999 11 \"x\" > A 11 1\n"
		      "seg A 2000000000 11 \"x\" > A 11 1\n"},
	    {"FIN without data", PROBE, ESTAB "seg FA 1 11 > ACKED; RA 11 2; END fin\n"},
	    {"FIN of a peer that saw none of our data", PROBE,
		ESTAB "seg FA 1 1 > RA 1 2; END fin\n"},
	    {"FIN with data", PROBE,
		ESTAB "seg FPA 1 11 \"bye\" > ACKED; D 0+3; RA 11 5; END fin\n"},
	    {"FIN ahead of its data waits for it", PROBE,
		ESTAB "seg FA 4 11 > ACKED\nseg A 1 11 \"bye\" > D 0+3; RA 11 5; END fin\n"},
	    {"FIN with data ahead of more data waits for it", PROBE,
		ESTAB "seg FA 4 11 \"def\" > ACKED; D 3+3; A 11 1\n"
		      "seg A 1 11 \"abc\" > D 0+3; RA 11 8; END fin\n"},
	    {"a FIN in the middle of what came was not the peer's", PROBE,
		ESTAB "seg FA 3 11 > ACKED\nseg PA 1 11 \"abcd\" > D 0+4\nmore > A 11 5\n"
		      "seg FA 5 11 > RA 11 6; END fin\n"},
	    {"FIN in the past or far ahead is none", PROBE,
		ESTAB "seg A 1 11 \"abc\" > ACKED; D 0+3\nseg FA 2 11 > -\nseg FA 99999 11 > -\n"
		      "seg FA -7 11 \"x\" > A 11 4\n"},
	    {"RST exactly next ends it", PROBE, ESTAB "seg R 1 0 > END rst\n"},
	    {"RST with ACK ends it", PROBE, ESTAB "seg RA 1 11 > END rst\n"},
	    {"RST that acknowledges exactly what we sent is believed", PROBE,
		ESTAB "seg RA 1000000 11 > END rst\n"},
	    {"RST with a stranger's numbers is ignored", PROBE,
		ESTAB "seg R 1000000 0 > -\nseg R 0 0 > -\nseg RA 1000000 7 > -\ndeadline 1000\n"},
	    {"RST ahead waits a little for the bytes it overtook", PROBE,
		ESTAB "seg RA 4 11 > -\ndeadline 200\nseg A 1 11 \"by\" > ACKED; D 0+2\n"
		      "seg A 3 11 \"e\" > D 2+1; END rst\n"},
	    {"RST ahead of bytes that never come", PROBE,
		ESTAB "seg RA 4 11 > -\n+200 timer > END rst\n"},
	    {"RST in the window that knows no number of ours: the peer is asked (RFC 5961 3.2)",
		PROBE,
		ESTAB "seg R 4 0 > A 11 1\nseg RA 9 7 > A 11 1\ndeadline 1000\n"
		      "seg PA 1 11 \"hello\" > ACKED; D 0+5\nmore > A 11 6\ndeadline 300\n"},
	    {"and when it was the peer, it says so", PROBE,
		ESTAB "seg R 4 0 > A 11 1\nseg R 1 0 > END rst\n"},
	    {"or the bytes before it come", PROBE,
		ESTAB "seg R 4 0 > A 11 1\nseg A 1 11 \"bye\" > ACKED; D 0+3; END rst\n"},
	    {"a shower of such RSTs is answered five times", PROBE,
		ESTAB "seg R 2 0 > A 11 1\nseg R 3 0 > A 11 1\nseg R 4 0 > A 11 1\n"
		      "seg R 5 0 > A 11 1\nseg R 6 0 > A 11 1\nseg R 7 0 > -\nseg R 8 0 > -\n"},
	    {"RST after data", PROBE,
		ESTAB "seg A 1 11 \"bye\" > ACKED; D 0+3\nmore > A 11 4\nseg R 4 0 > END rst\n"},
	    {"any company of RST is RST", PROBE, ESTAB "seg RF 1 0 > END rst\n"},
	    {"RST, ACK, FIN", PROBE, ESTAB "seg RAF 1 11 > END rst\n"},
	    {"RST, SYN", PROBE, ESTAB "seg RS 1 0 > END rst\n"},
	    {"RST, SYN, FIN", PROBE, ESTAB "seg RSF 1 0 > END rst\n"},
	    {"RST, SYN, ACK", PROBE, ESTAB "seg RSA 1 1 > END rst\n"},
	    {"all flags", PROBE, ESTAB "seg RSAF 1 1 > END rst\n"},
	    {"RST with payload: the payload is no data", PROBE,
		ESTAB "seg R 1 0 \"no\" > END rst\n"},
	    {"RST, FIN, payload", PROBE, ESTAB "seg RF 1 0 \"no\" > END rst\n"},
	    {"RST, ACK, payload", PROBE, ESTAB "seg RA 1 11 \"no\" > END rst\n"},
	    {"RST, ACK, FIN, payload", PROBE, ESTAB "seg RAF 1 11 \"no\" > END rst\n"},
	    {"RST, SYN, payload", PROBE, ESTAB "seg RS 1 0 \"no\" > END rst\n"},
	    {"RST, SYN, FIN, payload", PROBE, ESTAB "seg RSF 1 0 \"no\" > END rst\n"},
	    {"RST, SYN, ACK, payload", PROBE, ESTAB "seg RSA 1 11 \"no\" > END rst\n"},
	    {"all flags and payload", PROBE, ESTAB "seg RSAF 1 11 \"no\" > END rst\n"},
	    {"SYN-ACK again before our data was acknowledged: the data again, with PSH", PROBE,
		ESTAB "seg SA 0 1 > PA 1 1 0+10\n"},
	    {"SYN-ACK again after it: an ACK", PROBE,
		ESTAB "seg A 1 11 > ACKED\nseg SA 0 1 > A 11 1\n"},
	    {"SYN-ACKs are answered five times, then no more", PROBE,
		ESTAB "seg A 1 11 > ACKED\nseg SA 0 1 > A 11 1\nseg SA 0 1 > A 11 1\n"
		      "seg SA 0 1 > A 11 1\nseg SA 0 1 > A 11 1\nseg SA 0 1 > A 11 1\n"
		      "seg SA 0 1 > -\nseg SA 0 1 > -\n"},
	    {"SYN-ACK again while we listen: an ACK", {.data_len = 10, .wait_ms = 300},
		ESTAB_WAIT "seg SA 0 1 > A 1 1\n"},
	    {"a SYN with other numbers gets no answer", PROBE,
		ESTAB "seg SA 77 1 > -\nseg S 5 0 > -\nseg S 1 0 > -\nseg SF 5 0 > -\n"
		      "seg SAF 77 1 > -\nseg S 5 0 \"x\" > -\nseg SA 77 1 \"x\" > -\n"
		      "seg SF 5 0 \"x\" > -\nseg SAF 77 1 \"x\" > -\n"},
	    {"a segment without ACK says nothing", PROBE,
		ESTAB "seg 0 1 11 > -\nseg F 1 11 > -\nseg 0 1 11 \"x\" > -\n"
		      "seg F 1 11 \"x\" > -\nseg PU 1 11 \"x\" > -\n"},
	    {"keep-alives are answered (RFC 1122 4.2.3.6)", PROBE,
		ESTAB "seg A 1 11 > ACKED\nseg A 0 11 > A 11 1\nseg A 0 11 \"k\" > A 11 1\n"},
	    {"zero-window probes are data", PROBE,
		ESTAB "seg A 1 11 \"h\" > ACKED; D 0+1\nmore > A 11 2\nseg A 2 11 \"e\" > D 1+1\n"},
	    {"URG changes nothing", PROBE, ESTAB "seg UPA 1 11 \"hello\" > ACKED; D 0+5\n"},
	};
	RUN(rows);
}

static void test_established_timers_and_events(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"unacknowledged data is repeated with PSH, then patience ends", PROBE,
		ESTAB "deadline 1000\n+999 timer > -\n+1 timer > PA 1 1 0+10\ndeadline 3000\n"
		      "+2000 timer > -\ndeadline 5000\n+2000 timer > RA 1 1; END no_ack\n"},
	    {"acknowledged data is not repeated; silence", PROBE,
		ESTAB "+100 seg A 1 11 > ACKED\ndeadline 5000\n"
		      "+4900 timer > RA 11 1; END silent\n"},
	    {"half acknowledged, half repeated", PROBE,
		ESTAB "seg A 1 5 > ACKED\n+1000 timer > PA 5 1 4+6\nseg A 1 11 > -\n"
		      "deadline 5000\n+4000 timer > RA 11 1; END silent\n"},
	    {"after pushed data a quiet period", PROBE,
		ESTAB "+100 seg PA 1 11 \"hi\" > ACKED; D 0+2\nmore > A 11 3\ndeadline 400\n"
		      "+299 timer > -\n+1 timer > RA 11 3; END quiet\n"},
	    {"after data without PSH more is on its way: patience", PROBE,
		ESTAB "+100 seg A 1 11 \"hi\" > ACKED; D 0+2\nmore > A 11 3\ndeadline 5000\n"
		      "+4900 timer > RA 11 3; END quiet\n"},
	    {"more without PSH after a push: patience again", PROBE,
		ESTAB "+100 seg PA 1 11 \"hi\" > ACKED; D 0+2\nmore > A 11 3\n"
		      "+100 seg A 3 11 \"gh\" > D 2+2\nmore > A 11 5\ndeadline 5000\n"
		      "+1000 seg PA 5 11 \"er\" > D 4+2\nmore > A 11 7\ndeadline 1500\n"
		      "+300 timer > RA 11 7; END quiet\n"},
	    {"a push ahead of a hole counts when the hole is filled", PROBE,
		ESTAB "seg PA 3 11 \"cd\" > ACKED; D 2+2; A 11 1\n"
		      "+100 seg A 1 11 \"ab\" > D 0+2\nmore > A 11 5\ndeadline 400\n"},
	    {"a push of old bytes is none of the new ones", PROBE,
		ESTAB "seg A 1 11 \"abcd\" > ACKED; D 0+4\nmore > A 11 5\n"
		      "seg PA 1 11 \"ab\" > A 11 5\ndeadline 5000\n"},
	    {"more data, a new quiet period, but patience is not prolonged", PROBE,
		ESTAB "+4800 seg PA 1 11 \"hi\" > ACKED; D 0+2\nmore > A 11 3\ndeadline 5000\n"
		      "+200 timer > RA 11 3; END quiet\n"},
	    {"the first data is acknowledged a little later", PROBE_LATE,
		ESTAB
		"seg PA 1 11 \"hi\" > ACKED; D 0+2\nmore > -\ndeadline 40\n"
		"+39 timer > -\n+1 timer > A 11 3\ndeadline 300\n+260 timer > RA 11 3; END quiet\n"},
	    {"a FIN in that time: the RST says it all", PROBE_LATE,
		ESTAB
		"seg PA 1 11 \"hi\" > ACKED; D 0+2\nmore > -\n+20 seg FA 3 11 > RA 11 4; END fin\n"},
	    {"the second data is acknowledged at once, the third later again", PROBE_LATE,
		ESTAB
		"seg A 1 11 \"hi\" > ACKED; D 0+2\nmore > -\nseg A 3 11 \"gh\" > D 2+2\n"
		"more > A 11 5\ndeadline 5000\nseg A 5 11 \"er\" > D 4+2\nmore > -\ndeadline 40\n"},
	    {"old bytes are answered at once, which acknowledges the new ones", PROBE_LATE,
		ESTAB
		"seg A 1 11 \"hi\" > ACKED; D 0+2\nmore > -\nseg A 1 11 \"hi\" > A 11 3\ndeadline 5000\n"},
	    {"beside a hole everything is acknowledged at once", PROBE_LATE,
		ESTAB
		"seg A 5 11 \"no\" > ACKED; D 4+2; A 11 1\nseg A 1 11 \"hi\" > D 0+2\nmore > A 11 3\n"},
	    {"bytes ahead are no data", PROBE,
		ESTAB "seg A 5 11 \"hi\" > ACKED; D 4+2; A 11 1\n"
		      "+5000 timer > RA 11 1; END silent\n"},
	    {"the probe goes after the wait", {.data_len = 10, .wait_ms = 300},
		ESTAB_WAIT "deadline 300\n+299 timer > -\n+1 timer > A 1 1 0+10\ndeadline 1300\n"
			   "+1000 timer > PA 1 1 0+10\n+4000 timer > RA 1 1; END no_ack\n"},
	    {"a late timer does not cost patience", {.data_len = 10, .wait_ms = 300},
		ESTAB_WAIT "+350 timer > A 1 1 0+10\n+1000 timer > PA 1 1 0+10\n"
			   "+2000 timer > -\ndeadline 5350\n"},
	    {"an acknowledgement of some of it gives the rest its own tries", PROBE,
		"seg SA 0 1 w4 > A 1 1 0+4\n+1000 timer > A 1 1 0+4\n"
		"seg A 1 5 w4 > ACKED again; A 5 1 4+4\n+2000 timer > A 5 1 4+4\n"},
	    {"patience begins when the wait is over, however short it is",
		{.data_len = 10, .wait_ms = 2000, .timeout_ms = 500},
		ESTAB_WAIT "+2000 timer > A 1 1 0+10\ndeadline 2500\n"
			   "+500 timer > RA 1 1; END no_ack\n"},
	    {"a server that speaks in the wait gets no probe", {.data_len = 10, .wait_ms = 300},
		ESTAB_WAIT "+100 seg PA 1 1 \"220\" > D 0+3\nmore > A 1 4\ndeadline 400\n"
			   "+300 timer > RA 1 4; END quiet\n"},
	    {"only listening: silence", {.data_len = 0},
		ESTAB_WAIT "deadline 5000\n+5000 timer > RA 1 1; END silent\n"},
	    {"open is too late", PROBE, ESTAB "open > -\n"},
	    {"settled", PROBE, ESTAB "settled > RA 1 1; END settled\n"},
	    {"unreachable ends it without a packet", PROBE, ESTAB "unreach > END unreachable\n"},
	    {"abort", PROBE, ESTAB "abort > RA 1 1; END aborted\n"},
	    {"abort when our data is known to be there", PROBE,
		ESTAB "seg A 1 11 > ACKED\nabort > RA 11 1; END aborted\n"},
	    {"an acknowledgement after a retransmission is for that", PROBE,
		ESTAB "+1000 timer > PA 1 1 0+10\nseg A 1 11 > ACKED again\n"},
	    {"a timestamp says for which", PROBE,
		"+200 seg SA 0 1 t7,1000000000 > A 1 1 0+10\n+600 timer > PA 1 1 0+10\n"
		"seg A 1 11 t8,1000800000 > ACKED again\n"},
	    {"and that the peer was only slow", PROBE,
		"+200 seg SA 0 1 t7,1000000000 > A 1 1 0+10\n+600 timer > PA 1 1 0+10\n"
		"+100 seg A 1 11 t8,1000200000 > ACKED\n"},
	    {"RTT from the timestamp sets the timer", PROBE,
		/* The script starts at 1000 s = 1e9 us. */
		"+200 seg SA 0 1 t7,1000000000 > A 1 1 0+10\ndeadline 800\n"},
	    {"RTT of a near host: at least 250 ms", PROBE,
		"+1 seg SA 0 1 t7,1000000000 > A 1 1 0+10\ndeadline 251\n"},
	    {"a timestamp that lies cannot put the retransmission beyond patience", PROBE,
		"+30000 seg SA 0 1 t7,1000000000 > A 1 1 0+10\ndeadline 32500\n"},
	    {"a timestamp that is not ours is ignored", PROBE,
		"seg SA 0 1 t7,5 > A 1 1 0+10\ndeadline 1000\n"},
	    {"RTT from the SYN when there is no timestamp", PROBE,
		SYN_SENT "+100 seg SA 0 1 > A 1 1 0+10\ndeadline 400\n"},
	    {"but not from a repeated SYN (Karn)", PROBE,
		SYN_SENT "+1000 timer > S 0\n+100 seg SA 0 1 > A 1 1 0+10\ndeadline 3100\n"},
	};
	RUN(rows);
}

static void test_segment_size_and_window(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"a small window takes a part; the rest follows the ACK with PSH", PROBE,
		"seg SA 0 1 w4 > A 1 1 0+4\nseg A 1 5 w4 > ACKED; A 5 1 4+4\n"
		"seg A 1 9 w4 > PA 9 1 8+2\nseg A 1 11 w4 > -\n"},
	    {"a window of one byte", {.data_len = 3},
		"seg SA 0 1 w1 > A 1 1 0+1\nseg A 1 2 w1 > ACKED; A 2 1 1+1\n"
		"seg A 1 3 w1 > PA 3 1 2+1\nseg A 1 4 w1 > -\n"},
	    {"a window that closes and opens again", PROBE,
		"seg SA 0 1 w4 > A 1 1 0+4\nseg A 1 5 w0 > ACKED\nseg A 1 5 w0 > -\n"
		"seg A 1 5 w100 > PA 5 1 4+6\n"},
	    {"a closed window is asked with one byte, three times; patience ends it", PROBE,
		"seg SA 0 1 w4 > A 1 1 0+4\nseg A 1 5 w0 > ACKED\ndeadline 1000\n"
		"+1000 timer > A 5 1 4+1\nseg A 1 5 w0 > -\n+2000 timer > A 5 1 4+1\n"
		"deadline 5000\n+2000 timer > RA 6 1; END silent\n"},
	    {"and asking finds it open though its opening was lost", PROBE,
		"seg SA 0 1 w4 > A 1 1 0+4\nseg A 1 5 w0 > ACKED\n+1000 timer > A 5 1 4+1\n"
		"seg A 1 5 w50 > PA 5 1 4+6\nseg A 1 11 w50 > -\ndeadline 5000\n"},
	    {"a window that shrinks below what is under way", PROBE,
		"seg SA 0 1 w10 > A 1 1 0+10\nseg A 1 1 w3 > -\nseg A 1 4 w2 > ACKED\n"
		"+1000 timer > A 4 1 3+2\n"},
	    {"the window scale counts after the handshake only", {.data_len = 200},
		"seg SA 0 1 w50 s2 > A 1 1 0+50\nseg A 1 51 w25 > ACKED; A 51 1 50+100\n"
		"seg A 1 151 w25 > PA 151 1 150+50\n"},
	    {"a small MSS splits the probe", {.data_len = 250},
		"seg SA 0 1 m100 > A 1 1 0+100; A 101 1 100+100; A 201 1 200+50\n"},
	    {"an absurd MSS is 88", {.data_len = 200},
		"seg SA 0 1 m1 > A 1 1 0+88; A 89 1 88+88; A 177 1 176+24\n"},
	    {"at most three segments at once", {.data_len = 400},
		"seg SA 0 1 m88 > A 1 1 0+88; A 89 1 88+88; A 177 1 176+88\n"
		"seg A 1 89 > ACKED\nseg A 1 265 > A 265 1 264+88; PA 353 1 352+48\n"},
	    {"no MSS option: 536", {.data_len = 600}, "seg SA 0 1 > A 1 1 0+536; A 537 1 536+64\n"},
	    {"no MSS option, IPv6: 1220", {.data_len = 1300, .is_v6 = 1},
		"seg SA 0 1 w9000 > A 1 1 0+1220; A 1221 1 1220+80\n"},
	    {"never more than our own link carries", {.data_len = 250, .mss = 200},
		"seg SA 0 1 m9000 > A 1 1 0+200; A 201 1 200+50\n"},
	    {"timestamps take their 12 bytes of every segment (RFC 6691)", {.data_len = 250},
		"seg SA 0 1 m112 t1,0 > A 1 1 0+100; A 101 1 100+100; A 201 1 200+50\n"},
	    {"a narrow path: again in smaller pieces", {.data_len = 600},
		"seg SA 0 1 m1460 > A 1 1 0+600\nmtu 400 > A 1 1 0+348; PA 349 1 348+252\n"},
	    {"the same news twice, or wider: nothing", {.data_len = 600},
		"seg SA 0 1 m1460 > A 1 1 0+600\nmtu 400 > A 1 1 0+348; PA 349 1 348+252\n"
		"mtu 400 > -\nmtu 401 > -\nmtu 1500 > -\n"},
	    {"a liar gets 88 bytes, once", {.data_len = 200},
		"seg SA 0 1 m1460 > A 1 1 0+200\nmtu 1 > A 1 1 0+88; A 89 1 88+88; PA 177 1 "
		"176+24\n"
		"mtu 0 > -\nmtu 1 > -\nmtu 60 > -\n"},
	    {"a narrow path does not matter once all is acknowledged", PROBE,
		ESTAB "seg A 1 11 > ACKED\nmtu 300 > -\n"},
	    {"a narrow path does not matter before the probe", {.data_len = 10, .wait_ms = 300},
		ESTAB_WAIT "mtu 300 > -\n"},
	};
	RUN(rows);
}

static void test_out_of_order_pieces(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"three pieces are remembered, a fourth is not", PROBE,
		ESTAB "seg A 11 11 \"a\" > ACKED; D 10+1; A 11 1\nseg A 21 11 \"b\" > D 20+1; A 11 "
		      "1\nseg A 31 11 \"c\" > D 30+1; A 11 1\nseg A 41 11 \"d\" > A 11 1\n"},
	    {"though there is no room to remember, what is next is taken", PROBE,
		ESTAB "seg A 11 11 \"a\" > ACKED; D 10+1; A 11 1\nseg A 21 11 \"b\" > D 20+1; A 11 "
		      "1\nseg A 31 11 \"c\" > D 30+1; A 11 1\nseg A 1 11 \"01234\" > D 0+5\n"
		      "more > A 11 6\nseg A 6 11 \"56789\" > D 5+5\nmore > A 11 12\n"},
	    {"a piece over two others fills the holes only: first bytes win", PROBE,
		ESTAB "seg A 3 11 \"bb\" > ACKED; D 2+2; A 11 1\nseg A 7 11 \"dd\" > D 6+2; A 11 "
		      "1\nseg A 1 11 \"xxxxxxxxxx\" > D 0+2; D 4+2; D 8+2\nmore > A 11 11\n"},
	    {"touching pieces become one", PROBE,
		ESTAB "seg A 5 11 \"b\" > ACKED; D 4+1; A 11 1\nseg A 6 11 \"c\" > D 5+1; A 11 1\n"
		      "seg A 4 11 \"a\" > D 3+1; A 11 1\nseg A 20 11 \"z\" > D 19+1; A 11 1\n"
		      "seg A 30 11 \"z\" > D 29+1; A 11 1\nseg A 1 11 \"xyz\" > D 0+3\n"
		      "more > A 11 7\n"},
	};
	RUN(rows);
}

static void test_closed_ignores_everything(void **state)
{
	(void)state;
	static const struct fsm_setup setup = {.data_len = 10};
	fsm_script_run_wrapped(&setup,
	    CLOSED "open > -\ntimer > -\nsettled > -\nmore > -\nunreach > -\nmtu 500 > -\n"
		   "abort > -\ndeadline -\n");
	for (int class = 0; class < 32; class ++) {
		char script[512];
		snprintf(script, sizeof(script), "%sseg %s%s%s%s0 1 11%s > -\n", CLOSED,
		    class & 1 ? "S" : "", class & 2 ? "A" : "", class & 4 ? "R" : "",
		    class & 8 ? "F" : "", class & 16 ? " \"x\"" : "");
		fsm_script_run(&setup, script, 1, 2);
	}
}

static void test_every_state_met_every_event_and_every_kind_of_segment(void **state)
{
	(void)state;
	for (int s = 0; s < CONN_STATE_COUNT; s++)
		for (int e = 0; e < EVENT_KIND_COUNT; e++)
			for (int class = 0; class < (e == EVENT_SEGMENT ? 32 : 1); class ++)
				if (fsm_script_count(s, e, class) == 0)
					fail_msg("state %d never met event %d, segment class %d", s,
					    e, class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_syn_sent),
	    cmocka_unit_test(test_established_segments),
	    cmocka_unit_test(test_established_timers_and_events),
	    cmocka_unit_test(test_segment_size_and_window),
	    cmocka_unit_test(test_out_of_order_pieces),
	    cmocka_unit_test(test_closed_ignores_everything),
	    cmocka_unit_test(test_every_state_met_every_event_and_every_kind_of_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
