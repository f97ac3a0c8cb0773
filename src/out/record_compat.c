/* record_compat: records as LZR writes them and as zgrab2 reads them. Pure.
 * Sources: the keys of LZR's packet_metadata (packet.go) with the meaning they have when LZR writes a
 * record: source is the target, ports and addresses are those of the answer; zgrab2's "multiple"
 * input, address, domain, tag, port. What a finished session no longer knows (sequence numbers) is
 * left out. */
#include "out/record.h"

#include <string.h>

static void put_key(struct text *t, const char *key)
{
	text_put(t, ",\"", 2);
	text_puts(t, key);
	text_put(t, "\":", 2);
}

static void put_bool(struct text *t, const char *key, bool value)
{
	put_key(t, key);
	text_puts(t, value ? "true" : "false");
}

static void put_u64(struct text *t, const char *key, uint64_t value)
{
	put_key(t, key);
	text_put_u64(t, value);
}

static void put_name(struct text *t, const char *key, const char *name)
{
	put_key(t, key);
	text_putc(t, '"');
	text_put_printable(t, (const uint8_t *)name, strnlen(name, 256), 256, TEXT_QUOTE_JSON);
	text_putc(t, '"');
}

/* Did the target acknowledge data of ours? */
static bool has_acked(const struct result *r)
{
	return r->n_probes_sent > 0 &&
	       (r->outcome == OUTCOME_IDENTIFIED || r->outcome == OUTCOME_UNIDENTIFIED ||
		   r->outcome == OUTCOME_SILENT);
}

void record_put_lzr(struct text *t, const struct record_view *view)
{
	const struct result *r = view->result;
	bool is_identified = r->outcome == OUTCOME_IDENTIFIED && r->verdict.protocol;
	text_puts(t, "{\"saddr\":\"");
	text_put_ip(t, &r->target.addr);
	text_puts(t, "\",\"daddr\":\"");
	text_put_ip(t, &r->laddr);
	text_putc(t, '"');
	put_u64(t, "sport", r->target.port);
	put_u64(t, "dport", r->lport);
	put_u64(t, "window", r->window);
	put_u64(t, "ttl", r->ttl);
	put_bool(t, "ACK", true);
	put_bool(t, "ACKed", has_acked(r));
	put_bool(t, "SYN", r->outcome == OUTCOME_ZERO_WINDOW);
	put_bool(t, "RST", r->outcome == OUTCOME_RESET);
	put_bool(t, "FIN", r->outcome == OUTCOME_CLOSED);
	put_bool(t, "PUSH", r->data_len > 0);
	put_u64(t, "HandshakeNum", r->n_probes_sent > 0 ? r->n_probes_sent - 1U : 0);
	put_name(t, "fingerprint", is_identified ? r->verdict.protocol : "unknown");
	put_key(t, "Timestamp");
	text_putc(t, '"');
	text_put_time(t, r->synack_wall_ns);
	text_putc(t, '"');
	put_name(t, "expectedRToLZR", r->outcome == OUTCOME_NO_ACK ? "ack" : "data");
	if (r->data_len > 0) {
		put_key(t, "data");
		text_putc(t, '"');
		text_put_json_lossy(t, r->data, r->data_len);
		text_putc(t, '"');
	}
	if (r->hyperack.verdict == HYPERACK_YES)
		put_bool(t, "ackingFirewall", true);
	text_put(t, "}\n", 2);
}

void record_put_zgrab(struct text *t, const struct record_view *view)
{
	const struct result *r = view->result;
	if (r->outcome != OUTCOME_IDENTIFIED || !r->verdict.protocol)
		return;
	text_put_ip(t, &r->target.addr);
	text_put(t, ",,", 2);
	text_puts(t, r->verdict.protocol);
	text_putc(t, ',');
	text_put_u64(t, r->target.port);
	text_putc(t, '\n');
}
