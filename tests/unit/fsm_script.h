#ifndef TESTS_UNIT_FSM_SCRIPT_H
#define TESTS_UNIT_FSM_SCRIPT_H

#include <stdint.h>

/* Scripts that drive one connection and state what it does. One line an event:
 *
 *   [+MS] EVENT > ACTION; ACTION ...        "-" for no action
 *
 * EVENT   open | timer | settled | more | unreach | abort | mtu N
 *         seg FLAGS SEQ ACK ["TEXT" or xLEN] [wWINDOW] [mMSS] [tTSVAL,TSECR] [sSHIFT]
 *         deadline MS   (no event: the next deadline is MS after the script's start; -: none)
 * ACTION  FLAGS SEQ [ACK [OFF+LEN]] | D OFF+LEN | ACKED [again] | END why
 *
 * FLAGS are letters of "SAPRFU" or 0. What we send counts from our initial number, what the peer
 * sends from his: "seg A 1 11" has sequence number irs+1 and acknowledges iss+11. */

struct fsm_setup {
	uint16_t data_len;
	uint16_t wait_ms;
	uint8_t n_retransmits;
	uint16_t timeout_ms, quiet_ms;
	uint16_t ack_delay_ms;
	uint16_t mss; /* of our link, both families */
	int is_v6;
};

/* Runs script once with these initial numbers; fails the cmocka test with the line at fault. */
void fsm_script_run(const struct fsm_setup *setup, const char *script, uint32_t iss, uint32_t irs);

/* As above, with initial numbers on and around every place where arithmetic may wrap. */
void fsm_script_run_wrapped(const struct fsm_setup *setup, const char *script);

/* How many events of this kind the scripts have fed in this state so far; for segments the class is
 * a bit mask: 1 SYN, 2 ACK, 4 RST, 8 FIN, 16 payload. */
unsigned fsm_script_count(int state, int event_kind, int segment_class);

#endif
