#ifndef RX_FANOUT_H
#define RX_FANOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* Shares the packets of one interface among several captures, by remote address, in the kernel: each
 * host has one owner, and so has each prefix that is judged as a whole (IPv4: the /24; IPv6: v6_len
 * bits). A packet's remote address is its source; of an ICMP error, the destination of the packet that
 * it quotes. What is neither IPv4 nor IPv6 (ARP), and what is too short, is the first capture's. */

struct fanout_config {
	uint32_t key[3]; /* random: strangers must not choose their owner */
	uint8_t v6_len;  /* 1..64 leading bits of an IPv6 address that decide */
};

enum { FANOUT_PROGRAM_MAX = 64 };

struct sock_filter; /* linux/filter.h; pcap's struct bpf_insn is the same */

/* Writes the classic BPF program, at most FANOUT_PROGRAM_MAX instructions. It reads a packet from its IP header on, which
 * is what the kernel shows to PACKET_FANOUT_CBPF, VLAN tag taken off; it returns 0 to 65535, and the
 * owner is that modulo the number of captures. Returns the number of instructions. Pure. */
size_t fanout_build(const struct fanout_config *config, struct sock_filter *program);

/* Joins the sockets of n captures of the same interface to a new group; owner number i is fds[i].
 * Returns 0; or a negative errno with diag: the kernel has no PACKET_FANOUT with programs (before 4.3),
 * or refuses. Some of the sockets may have joined then: close them. */
int fanout_join(const int *fds, size_t n, const struct fanout_config *config, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
