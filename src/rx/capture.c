/* capture: packets in, live or from a file; the only user of libpcap. Receiver thread after opening.
 * Sources: pcap(3PCAP); packet(7) for the TPACKET_V3 ring that libpcap maps. */
#include "autoconfig.h" /* ppoll */

#include "rx/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SNAPLEN = 65535 /* offloads join segments: a "packet" may be 64 KiB */ };

struct capture {
	pcap_t *pcap;
	enum link_type link;
	bool is_file;
	capture_cb cb;
	void *ctx;
	int64_t frac_ns; /* nanoseconds of one unit of ts.tv_usec */
	struct pcap_stat last;
	uint64_t kernel_drops;
};

static int set_link_type(struct capture *c, const char *name, struct diag *diag)
{
	int dlt = pcap_datalink(c->pcap);
	switch (dlt) {
	case DLT_EN10MB:
		c->link = LINK_ETHERNET;
		return 0;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		c->link = LINK_RAW_IP;
		return 0;
	default:
		return diag_set(diag, -EINVAL,
		    "%s: link type %s is not supported: use an Ethernet or raw IP interface", name,
		    pcap_datalink_val_to_name(dlt) ? pcap_datalink_val_to_name(dlt) : "unknown");
	}
}

static int pcap_errno(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return -ENODEV;
	case PCAP_ERROR_PERM_DENIED:
		return -EPERM;
	default:
		return -EIO;
	}
}

static int activate(struct capture *c, const struct capture_config *config, struct diag *diag)
{
	pcap_set_snaplen(c->pcap, SNAPLEN);
	pcap_set_promisc(c->pcap, config->is_promiscuous);
	pcap_set_timeout(c->pcap, config->timeout_ms);
	pcap_set_buffer_size(c->pcap, (int)config->buffer_bytes);
	/* For nanoseconds libpcap asks for SO_TIMESTAMPNS, and then the kernel looks at the clock for every
	 * packet that any interface of the machine receives. */
	pcap_set_tstamp_precision(c->pcap, PCAP_TSTAMP_PRECISION_MICRO);
	int status = pcap_activate(c->pcap);
	if (status < 0)
		return diag_set(diag, pcap_errno(status),
		    "%s: cannot capture: %s: run as root or with CAP_NET_RAW", config->interface,
		    pcap_geterr(c->pcap));
	struct bpf_program program;
	if (pcap_compile(c->pcap, &program, config->filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return diag_set(
		    diag, -EIO, "%s: capture filter: %s", config->interface, pcap_geterr(c->pcap));
	status = pcap_setfilter(c->pcap, &program);
	pcap_freecode(&program);
	if (status < 0 || pcap_setdirection(c->pcap, PCAP_D_IN) < 0 ||
	    pcap_setnonblock(c->pcap, 1, (char[PCAP_ERRBUF_SIZE]){0}) < 0)
		return diag_set(
		    diag, -EIO, "%s: capture: %s", config->interface, pcap_geterr(c->pcap));
	return set_link_type(c, config->interface, diag);
}

int capture_open(const struct capture_config *config, struct diag *diag, struct capture **out)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	struct capture *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->pcap = pcap_create(config->interface, errbuf);
	if (!c->pcap) {
		free(c);
		return diag_set(diag, -EIO, "%s: cannot capture: %s", config->interface, errbuf);
	}
	int err = activate(c, config, diag);
	if (err) {
		capture_close(c);
		return err;
	}
	c->frac_ns =
	    pcap_get_tstamp_precision(c->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : NS_PER_US;
	*out = c;
	return 0;
}

int capture_open_file(const char *path, struct diag *diag, struct capture **out)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	struct capture *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->is_file = true;
	c->frac_ns = 1;
	c->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	if (!c->pcap) {
		free(c);
		return diag_set(diag, -EINVAL, "%s: not a readable capture file: %s", path, errbuf);
	}
	int err = set_link_type(c, path, diag);
	if (err) {
		capture_close(c);
		return err;
	}
	*out = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);
	free(c);
}

int capture_get_fd(const struct capture *c)
{
	return pcap_fileno(c->pcap);
}

enum link_type capture_link_type(const struct capture *c)
{
	return c->link;
}

static void on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct capture *c = (struct capture *)(void *)user;
	int64_t wall_ns = (int64_t)h->ts.tv_sec * NS_PER_SEC + (int64_t)h->ts.tv_usec * c->frac_ns;
	c->cb(c->ctx, bytes, h->caplen, wall_ns);
}

int capture_read(struct capture *c, int max, capture_cb cb, void *ctx, struct diag *diag)
{
	c->cb = cb;
	c->ctx = ctx;
	int n = pcap_dispatch(c->pcap, max, on_packet, (u_char *)(void *)c);
	if (n >= 0)
		return n;
	return diag_set(diag, -EIO, "capture: %s", pcap_geterr(c->pcap));
}

void capture_wait(struct capture *const *captures, size_t n, int64_t timeout_ns)
{
	struct pollfd fds[4];
	for (size_t i = 0; i < n && i < 4; i++)
		fds[i] = (struct pollfd){
		    .fd = pcap_get_selectable_fd(captures[i]->pcap), .events = POLLIN};
	struct timespec ts = {.tv_sec = (time_t)(timeout_ns / NS_PER_SEC),
	    .tv_nsec = (long)(timeout_ns % NS_PER_SEC)};
	/* Interrupted or not: the caller looks again anyway. */
	(void)!ppoll(fds, n < 4 ? n : 4, &ts, NULL);
}

bool capture_stats(struct capture *c, uint64_t *kernel_drops)
{
	struct pcap_stat now;
	if (c->is_file || pcap_stats(c->pcap, &now) < 0)
		return false;
	/* libpcap counts in 32 bits. */
	c->kernel_drops += (uint32_t)(now.ps_drop - c->last.ps_drop);
	c->last = now;
	*kernel_drops = c->kernel_drops;
	return true;
}

struct capture_dump {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	enum link_type link;
	pthread_mutex_t lock; /* senders and receivers write one file; never taken without --pcap */
};

int capture_dump_open(
    const char *path, enum link_type link, struct diag *diag, struct capture_dump **out)
{
	struct capture_dump *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->link = link;
	pthread_mutex_init(&d->lock, NULL);
	d->pcap = pcap_open_dead_with_tstamp_precision(
	    link == LINK_ETHERNET ? DLT_EN10MB : DLT_RAW, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	if (d->pcap)
		d->dumper = pcap_dump_open(d->pcap, path);
	if (!d->dumper) {
		int err = diag_set(diag, -EIO, "%s: cannot write: %s", path,
		    d->pcap ? pcap_geterr(d->pcap) : "out of memory");
		capture_dump_close(d);
		return err;
	}
	*out = d;
	return 0;
}

void capture_dump_packet(
    struct capture_dump *d, enum link_type from, const uint8_t *bytes, size_t len, int64_t wall_ns)
{
	if (d->link == LINK_RAW_IP && from == LINK_ETHERNET) {
		/* Only IP goes into a raw file. */
		if (len < 14 || !((bytes[12] == 0x08 && bytes[13] == 0x00) ||
				    (bytes[12] == 0x86 && bytes[13] == 0xdd)))
			return;
		bytes += 14;
		len -= 14;
	}
	struct pcap_pkthdr h = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};
	h.ts.tv_sec = (time_t)(wall_ns / NS_PER_SEC);
	h.ts.tv_usec = (suseconds_t)(wall_ns % NS_PER_SEC);
	pthread_mutex_lock(&d->lock);
	pcap_dump((u_char *)d->dumper, &h, bytes);
	pthread_mutex_unlock(&d->lock);
}

void capture_dump_close(struct capture_dump *d)
{
	if (!d)
		return;
	if (d->dumper)
		pcap_dump_close(d->dumper);
	if (d->pcap)
		pcap_close(d->pcap);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
