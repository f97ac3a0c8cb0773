/* fanout: which receiver gets a packet, decided in the kernel. Main thread, before packets matter; the
 * program then runs for every packet that comes in, so it is short: some 15 steps for TCP.
 * Refuses to follow IPv6 extension headers, which classic BPF has no loop for: an ICMPv6 error behind
 * one goes to the owner of its sender, who does not know the flow and counts it as foreign.
 * Sources: packet(7), PACKET_FANOUT; RFC 791, RFC 792, RFC 8200, RFC 4443 section 2.1 (errors are the
 * types below 128). The mix is multiply and xorshift, twice, as hash finalizers have it. */
#include "rx/fanout.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_packet.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { PROTO_ICMP = 1, PROTO_ICMPV6 = 58, ANY_FRAGMENT = 0x3fff /* more to come, or an offset */ };

/* Where headers have what. */
enum {
	V4_FRAGMENT = 6,
	V4_PROTOCOL = 9,
	V4_SRC = 12,
	V4_DST = 16,
	V6_NEXT = 6,
	V6_SRC = 8,
	V6_DST = 24,
	V6_LEN = 40,
	ICMP_LEN = 8,
};

/* Places in the program. GO_ON: the next line. */
enum label {
	GO_ON,
	NOBODY,
	V4,
	V4_SOURCE,
	V4_QUOTED,
	V4_NET,
	V6,
	V6_SOURCE,
	V6_QUOTED,
	V6_NET,
	MIX
};

struct line {
	enum label here; /* GO_ON: nobody jumps here */
	uint16_t code;
	uint32_t k;
	enum label yes, no;
};

#define DO(op, k)            GO_ON, (op), (k), GO_ON, GO_ON
#define AT(here, op, k)      (here), (op), (k), GO_ON, GO_ON
#define IF(test, k, yes, no) GO_ON, BPF_JMP | BPF_K | (test), (k), (yes), (no)
#define GO(label)            GO_ON, BPF_JMP | BPF_K | BPF_JEQ, 0, (label), (label)
#define LOAD(size, mode)     (BPF_LD | (size) | (mode))
#define CALC(op, operand)    (BPF_ALU | (op) | (operand))

/* Turns labels into distances. All jumps go ahead. */
static size_t assemble(const struct line *lines, size_t n, struct sock_filter *out)
{
	size_t at[MIX + 1] = {0};
	for (size_t i = 0; i < n; i++)
		at[lines[i].here] = i;
	for (size_t i = 0; i < n; i++) {
		const struct line *l = &lines[i];
		out[i] = (struct sock_filter){.code = l->code, .k = l->k};
		out[i].jt = (uint8_t)(l->yes == GO_ON ? 0 : at[l->yes] - i - 1);
		out[i].jf = (uint8_t)(l->no == GO_ON ? 0 : at[l->no] - i - 1);
	}
	return n;
}

size_t fanout_build(const struct fanout_config *config, struct sock_filter *program)
{
	uint8_t len = config->v6_len;
	uint32_t hi = len >= 32 ? UINT32_MAX : ~(UINT32_MAX >> len);
	uint32_t lo = len >= 64 ? UINT32_MAX : len <= 32 ? 0 : ~(UINT32_MAX >> (len - 32));
	/* Odd, so that no bit of the address is lost. */
	uint32_t mul = config->key[1] | 1, mul_again = config->key[2] | 1;
	const struct line lines[] = {
	    {DO(LOAD(BPF_B, BPF_ABS), 0)},
	    {DO(CALC(BPF_RSH, BPF_K), 4)},
	    {IF(BPF_JEQ, 4, V4, GO_ON)},
	    {IF(BPF_JEQ, 6, V6, NOBODY)},
	    {AT(NOBODY, BPF_RET | BPF_K, 0)},

	    {AT(V4, LOAD(BPF_B, BPF_ABS), V4_PROTOCOL)},
	    {IF(BPF_JEQ, PROTO_ICMP, GO_ON, V4_SOURCE)},
	    {DO(LOAD(BPF_H, BPF_ABS), V4_FRAGMENT)},
	    {IF(BPF_JSET, ANY_FRAGMENT, V4_SOURCE, GO_ON)},
	    {DO(BPF_LDX | BPF_B | BPF_MSH, 0)}, /* X: length of the header */
	    {DO(LOAD(BPF_B, BPF_IND), 0)},
	    {IF(BPF_JEQ, 3, V4_QUOTED, GO_ON)}, /* unreachable, time exceeded, parameter problem */
	    {IF(BPF_JEQ, 11, V4_QUOTED, GO_ON)},
	    {IF(BPF_JEQ, 12, V4_QUOTED, V4_SOURCE)},
	    {AT(V4_QUOTED, LOAD(BPF_W, BPF_IND), ICMP_LEN + V4_DST)},
	    {GO(V4_NET)},
	    {AT(V4_SOURCE, LOAD(BPF_W, BPF_ABS), V4_SRC)},
	    {AT(V4_NET, CALC(BPF_RSH, BPF_K), 8)},
	    {GO(MIX)},

	    {AT(V6, LOAD(BPF_B, BPF_ABS), V6_NEXT)},
	    {IF(BPF_JEQ, PROTO_ICMPV6, GO_ON, V6_SOURCE)},
	    {DO(LOAD(BPF_B, BPF_ABS), V6_LEN)},
	    {IF(BPF_JGE, 128, V6_SOURCE, V6_QUOTED)},
	    {AT(V6_QUOTED, LOAD(BPF_W, BPF_ABS), V6_LEN + ICMP_LEN + V6_DST)},
	    {DO(BPF_MISC | BPF_TAX, 0)},
	    {DO(LOAD(BPF_W, BPF_ABS), V6_LEN + ICMP_LEN + V6_DST + 4)},
	    {GO(V6_NET)},
	    {AT(V6_SOURCE, LOAD(BPF_W, BPF_ABS), V6_SRC)},
	    {DO(BPF_MISC | BPF_TAX, 0)},
	    {DO(LOAD(BPF_W, BPF_ABS), V6_SRC + 4)},
	    /* X and A: the first 64 bits */
	    {AT(V6_NET, CALC(BPF_AND, BPF_K), lo)},
	    {DO(BPF_ST, 0)},
	    {DO(BPF_MISC | BPF_TXA, 0)},
	    {DO(CALC(BPF_AND, BPF_K), hi)},
	    {DO(CALC(BPF_MUL, BPF_K), mul_again)},
	    {DO(BPF_LDX | BPF_W | BPF_MEM, 0)},
	    {DO(CALC(BPF_ADD, BPF_X), 0)},

	    {AT(MIX, CALC(BPF_XOR, BPF_K), config->key[0])},
	    {DO(CALC(BPF_MUL, BPF_K), mul)},
	    {DO(BPF_MISC | BPF_TAX, 0)},
	    {DO(CALC(BPF_RSH, BPF_K), 15)},
	    {DO(CALC(BPF_XOR, BPF_X), 0)},
	    {DO(CALC(BPF_MUL, BPF_K), mul_again)},
	    {DO(CALC(BPF_RSH, BPF_K), 16)}, /* the upper half is the better one */
	    {DO(BPF_RET | BPF_A, 0)},
	};
	_Static_assert(ARRAY_LEN(lines) <= FANOUT_PROGRAM_MAX, "what the caller has room for");
	return assemble(lines, ARRAY_LEN(lines), program);
}

int fanout_join(const int *fds, size_t n, const struct fanout_config *config, struct diag *diag)
{
	struct sock_filter code[FANOUT_PROGRAM_MAX];
	struct sock_fprog program = {.filter = code};
	program.len = (unsigned short)fanout_build(config, code);
	/* The kernel picks a number for the group that no other process has. */
	int arg = (PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	for (size_t i = 0; i < n; i++) {
		if (setsockopt(fds[i], SOL_PACKET, PACKET_FANOUT, &arg, sizeof(arg)))
			return diag_set(diag, -errno, "PACKET_FANOUT: %s", strerror(errno));
		socklen_t len = sizeof(arg);
		if (i == 0 && getsockopt(fds[0], SOL_PACKET, PACKET_FANOUT, &arg, &len))
			return diag_set(diag, -errno, "PACKET_FANOUT: %s", strerror(errno));
		arg = (arg & 0xffff) | PACKET_FANOUT_CBPF << 16;
	}
	if (setsockopt(fds[0], SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)))
		return diag_set(diag, -errno, "PACKET_FANOUT_DATA: %s", strerror(errno));
	return 0;
}
