#ifndef NET_ATTR_H
#define NET_ATTR_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ipaddr.h"
#include "net/netlink.h"

/* Addresses and texts in and out of rtnetlink attributes. Pure. */

/* The bytes that the kernel wants for addr: 4 or 16, borrowed from it. */
static inline const uint8_t *attr_addr_bytes(const struct ipaddr *addr, size_t *len)
{
	*len = ipaddr_is_v4(addr) ? 4 : 16;
	return addr->b + (16 - *len);
}

static inline uint8_t attr_addr_family(const struct ipaddr *addr)
{
	return ipaddr_is_v4(addr) ? AF_INET : AF_INET6;
}

/* An address of family from an attribute; false when it is absent or of another length. */
static inline bool attr_get_addr(
    const struct netlink_attr *attr, unsigned family, struct ipaddr *out)
{
	if (!attr->p || attr->len != (family == AF_INET ? 4u : 16u))
		return false;
	if (family == AF_INET)
		*out = ipaddr_from_v4((uint32_t)attr->p[0] << 24 | (uint32_t)attr->p[1] << 16 |
				      (uint32_t)attr->p[2] << 8 | attr->p[3]);
	else
		memcpy(out->b, attr->p, 16);
	return true;
}

/* The text of an attribute, cut to size, always ended by a NUL. size >= 1. */
static inline void attr_copy_str(const struct netlink_attr *attr, char *buf, size_t size)
{
	size_t n = attr->p ? strnlen((const char *)attr->p, attr->len) : 0;
	if (n >= size)
		n = size - 1;
	if (n)
		memcpy(buf, attr->p, n);
	buf[n] = '\0';
}

#endif
