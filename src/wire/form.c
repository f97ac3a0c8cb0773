/* form: fills in what many packets share. Pure; any thread. Refuses nothing: the template was checked when it
 * was taken apart. Source: RFC 1624 section 3, equation 3: what is ~HC there, the sum of a header whose own
 * fields are zero, is all that a form keeps of the fields that are the same. */
#include "wire/form.h"

static uint16_t take_sum(const uint8_t *check)
{
	uint16_t word;
	memcpy(&word, check, sizeof(word));
	return (uint16_t)~word;
}

void form_fill(const struct template *tmpl, const struct patch *common, struct form *out)
{
	static const struct flow nobody;
	struct patch patch = *common;
	patch.flow = &nobody;
	patch.dst_mac = NULL;
	patch.seq = 0;
	patch.ip_id = 0;
	out->len = (uint16_t)patch_packet(tmpl, &patch, out->bytes);
	out->ip_off = tmpl->ip_off;
	out->tcp_off = tmpl->tcp_off;
	out->is_v6 = tmpl->is_v6;
	out->ip_sum = tmpl->is_v6 ? 0 : take_sum(out->bytes + tmpl->ip_off + 10);
	out->tcp_sum = take_sum(out->bytes + tmpl->tcp_off + 16);
}
