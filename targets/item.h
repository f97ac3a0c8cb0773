#ifndef TARGETS_ITEM_H
#define TARGETS_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "targets/prefix_set.h"

/* One TARGET or exclusion as written: the grammar of synspect-targets(5). */
enum item_kind {
	ITEM_RANGE, /* an address, prefix or range of addresses */
	ITEM_NAME,  /* a host name */
	ITEM_KIND_COUNT,
};

enum { ITEM_NOT_PREFIX = 255 };

/* Text pointers borrow from the parsed bytes. */
struct item {
	enum item_kind kind;
	struct range range; /* ITEM_RANGE */
	uint8_t prefix_len; /* as written, IPv6 counting (IPv4: 96 + length); 128 an address;
	                       ITEM_NOT_PREFIX for A-B */
	uint16_t port;      /* the one port it names, or 0 */
	const char *name;   /* ITEM_NAME */
	size_t name_len;
	const char *ports; /* text of a port list of several, else NULL */
	size_t ports_len;
};

/* Parses exactly len bytes as one item. Returns 0; or -EINVAL, diag then says what is wrong without
 * saying where, and *column (may be NULL) is the offset of the wrong part. Any thread. */
int item_parse(const char *text, size_t len, struct item *out, size_t *column, struct diag *diag)
    __attribute__((warn_unused_result));

/* Text that item_parse reads back to the same range: a prefix where it is one, else LO-HI. Returns its
 * length. */
enum { ITEM_STRLEN = 2 * IPADDR_STRLEN };
size_t item_format_range(const struct range *range, char buf[ITEM_STRLEN]);

/* Copies at most 40 bytes of hostile text to buf, printable ASCII as it is and '?' for the rest, for
 * use in messages. Returns buf. */
enum { ITEM_QUOTE_LEN = 48 };
const char *item_quote(const char *text, size_t len, char buf[ITEM_QUOTE_LEN]);

#endif
