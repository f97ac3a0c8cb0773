/* port_range: the default --source-port. port_range_choose is pure; port_range_default reads
 * /proc/sys once at start. Source: ip(7), Documentation/networking/ip-sysctl.rst of the kernel. */
#include "net/port_range.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_PORTS = 65536 };

static void take(bool *is_taken, unsigned long lo, unsigned long hi)
{
	for (unsigned long port = lo; port <= hi && port < N_PORTS; port++)
		is_taken[port] = true;
}

static void take_text(bool *is_taken, const char *text)
{
	while (*text) {
		char *end;
		unsigned long lo = strtoul(text, &end, 10);
		if (end == text) {
			text++;
			continue;
		}
		unsigned long hi = lo;
		if (*end == '-') {
			text = end + 1;
			hi = strtoul(text, &end, 10);
			if (end == text)
				hi = lo;
		}
		take(is_taken, lo, hi);
		text = end;
	}
}

int port_range_choose(
    const struct port_range *ephemeral, const char *reserved, struct port_range *out)
{
	bool is_taken[N_PORTS] = {false};
	unsigned best_lo = 0, best_len = 0, len = 0;
	take(is_taken, ephemeral->lo, ephemeral->hi);
	take_text(is_taken, reserved);
	for (unsigned port = PORT_RANGE_FLOOR; port < N_PORTS; port++) {
		len = is_taken[port] ? 0 : len + 1;
		if (len > 0 && len >= best_len) {
			best_len = len;
			best_lo = port - len + 1;
		}
	}
	if (best_len < PORT_RANGE_MIN)
		return -ENOSPC;
	unsigned n = best_len < PORT_RANGE_WANTED ? best_len : PORT_RANGE_WANTED;
	out->hi = (uint16_t)(best_lo + best_len - 1);
	out->lo = (uint16_t)(out->hi - n + 1);
	return 0;
}

/* A whole small file, owned by the caller; NULL with errno. */
static char *read_file(const char *path)
{
	/* The longest list of reserved ports: every second one of 65536, five digits and a comma. */
	enum { FILE_MAX = 200000 };
	char *text = malloc(FILE_MAX);
	if (!text)
		return NULL;
	FILE *f = fopen(path, "re");
	if (!f) {
		int saved = errno;
		free(text);
		errno = saved;
		return NULL;
	}
	size_t n = fread(text, 1, FILE_MAX - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

int port_range_read_ephemeral(struct port_range *out, struct diag *diag)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_local_port_range";
	int err = 0;
	unsigned lo, hi;
	char *text = read_file(path);
	if (!text)
		return diag_set(
		    diag, -errno, "%s: %s: give --source-port LO-HI", path, strerror(errno));
	if (sscanf(text, "%u %u", &lo, &hi) != 2 || lo > hi || hi >= N_PORTS)
		err = diag_set(diag, -EBADMSG, "%s: not two ports: give --source-port LO-HI", path);
	else
		*out = (struct port_range){.lo = (uint16_t)lo, .hi = (uint16_t)hi};
	free(text);
	return err;
}

int port_range_default(struct port_range *out, struct diag *diag)
{
	struct port_range ephemeral;
	int err = port_range_read_ephemeral(&ephemeral, diag);
	if (err)
		return err;
	/* Older kernels have no such file: then nothing is reserved. */
	char *reserved = read_file("/proc/sys/net/ipv4/ip_local_reserved_ports");
	err = port_range_choose(&ephemeral, reserved ? reserved : "", out);
	if (err)
		diag_set(diag, err,
		    "no %d source ports in a row outside net.ipv4.ip_local_port_range (%u-%u): give "
		    "--source-port LO-HI, or narrow that range (sysctl)",
		    PORT_RANGE_MIN, ephemeral.lo, ephemeral.hi);
	free(reserved);
	return err;
}
