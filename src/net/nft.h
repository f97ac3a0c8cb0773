#ifndef NET_NFT_H
#define NET_NFT_H

#include <stddef.h>
#include <stdint.h>

#include "net/netlink.h"

/* The words of nf_tables' netlink language, appended to a request. Main thread. Overflow of the request
 * is sticky, as in net/netlink.h. Numbers are in host order here; values that are compared with packets
 * are the packet's bytes. */

/* Opens and closes a batch: what stands between comes into being complete or not at all. */
void nft_begin_batch(struct netlink_req *req);
void nft_end_batch(struct netlink_req *req);

/* Starts a message about an object of family inet, acknowledged.
 *   type    NFT_MSG_*
 *   flags   NLM_F_CREATE, NLM_F_EXCL, NLM_F_APPEND */
void nft_begin(struct netlink_req *req, uint16_t type, uint16_t flags);

/* A 32-bit attribute, in network order as nf_tables wants it. */
void nft_put_u32(struct netlink_req *req, uint16_t type, uint32_t value);

/* The message for a chain of type filter that lets pass what no rule drops.
 *   table, name   texts
 *   hook          NF_INET_*
 *   priority      NF_IP_PRI_*
 *   links         names of interfaces, n_links of them; 0 unless hook is NF_INET_INGRESS */
void nft_put_chain(struct netlink_req *req, const char *table, const char *name, uint32_t hook,
    int32_t priority, const char *const *links, size_t n_links);

/* The message for a set of 16-bit ports that rules add to; set_id names it in this batch. */
void nft_put_port_set(
    struct netlink_req *req, const char *table, const char *name, uint32_t set_id);

/* Starts the message for a rule at the end of a chain; the token goes to nft_rule_end. Between the two
 * stand expressions: each test reads register 1, and the rule goes on while the tests are true. */
size_t nft_rule_begin(struct netlink_req *req, const char *table, const char *chain);
void nft_rule_end(struct netlink_req *req, size_t token);

/* Register 1 takes a fact about the packet (NFT_META_*), or len bytes of a header (NFT_PAYLOAD_*), of
 * which only the bits of mask stay. A packet that is too short, or a later fragment for the transport
 * header, ends the rule. */
void nft_load_meta(struct netlink_req *req, uint32_t key);
void nft_load_payload(struct netlink_req *req, uint32_t base, uint32_t off, size_t len);
void nft_mask_byte(struct netlink_req *req, uint8_t mask);

/* Goes on when register 1 is (op: NFT_CMP_EQ, NFT_CMP_NEQ) the value, or from lo to hi. */
void nft_compare(struct netlink_req *req, uint32_t op, const void *value, size_t len);
void nft_compare_range(struct netlink_req *req, const void *lo, const void *hi, size_t len);

/* Goes on when register 1 is not in the set. */
void nft_is_not_in(struct netlink_req *req, const char *set, uint32_t set_id);

/* Adds register 1 to the set. */
void nft_add_to(struct netlink_req *req, const char *set, uint32_t set_id);

/* The end of the packet. */
void nft_drop(struct netlink_req *req);

#endif
