/* cmd/targets: prints what a scan would probe, in its order; sends nothing. Main thread. Writes through
 * one large buffer and formats by hand, because the output is as long as the scan. */
#include "cmd/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "cmd/spec.h"
#include "targets/targets.h"

enum { OUT_CAP = 256 * 1024, BATCH = 512 };
/* {"ip":"...","port":65535}\n */
enum { LINE_MAX_LEN = IPADDR_STRLEN + 32 };

struct out {
	char buf[OUT_CAP];
	size_t len;
};

static int flush(struct out *out)
{
	size_t done = 0;
	while (done < out->len) {
		ssize_t n = write(STDOUT_FILENO, out->buf + done, out->len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	out->len = 0;
	return 0;
}

static char *put_text(char *p, const char *text)
{
	size_t n = strlen(text);
	memcpy(p, text, n);
	return p + n;
}

static char *put_port(char *p, unsigned port)
{
	char digits[5];
	unsigned n = 0;
	do {
		digits[n++] = (char)('0' + port % 10);
		port /= 10;
	} while (port > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *put_target(char *p, const struct target *target, bool is_json)
{
	bool has_brackets = !is_json && !ipaddr_is_v4(&target->addr);
	if (is_json)
		p = put_text(p, "{\"ip\":\"");
	if (has_brackets)
		*p++ = '[';
	p += ipaddr_format(&target->addr, p);
	if (has_brackets)
		*p++ = ']';
	p = is_json ? put_text(p, "\",\"port\":") : put_text(p, ":");
	p = put_port(p, target->port);
	if (is_json)
		*p++ = '}';
	*p++ = '\n';
	return p;
}

static int put_batch(struct out *out, const struct target *batch, size_t n, bool is_json)
{
	for (size_t i = 0; i < n; i++) {
		if (out->len + LINE_MAX_LEN > OUT_CAP) {
			int err = flush(out);
			if (err)
				return err;
		}
		char *end = put_target(out->buf + out->len, &batch[i], is_json);
		out->len = (size_t)(end - out->buf);
	}
	return 0;
}

/* Lets what is there be read, then waits for more input. */
static int wait_for_input(struct targets *targets, struct out *out)
{
	struct pollfd pfd = {.fd = targets_poll_fd(targets), .events = POLLIN};
	int err = flush(out);
	if (!err)
		poll(&pfd, pfd.fd >= 0, 10);
	return err;
}

/* What was read and is not printed. */
static void warn_left_out(const struct targets *targets, bool is_empty)
{
	struct targets_counters n;
	targets_get_counters(targets, &n);
	if (is_empty)
		log_warn(
		    "nothing to probe: every target is excluded, or the lists are empty, or none "
		    "falls to this shard: --explain ADDR says more");
	if (n.n_bad_lines + n.n_unresolved > 0)
		log_warn("left out: %" PRIu64 " wrong lines, %" PRIu64
			 " host names without an address",
		    n.n_bad_lines, n.n_unresolved);
	log_info(
	    "left out: %" PRIu64 " repeated, %" PRIu64 " excluded", n.n_duplicates, n.n_excluded);
}

static int print_all(struct targets *targets, bool is_json, struct diag *diag)
{
	static struct out out; /* 256 KiB are too much for the stack */
	struct target batch[BATCH];
	struct targets_iter it;
	int err = 0;
	bool is_empty = true;
	targets_iter_init(&it, targets, 0, 1);
	while (!err) {
		size_t n = targets_iter_next(&it, batch, BATCH);
		is_empty = is_empty && n == 0;
		err = put_batch(&out, batch, n, is_json);
		if (n == BATCH || err || it.status == TARGETS_OK)
			continue;
		if (it.status != TARGETS_WAIT)
			break;
		err = wait_for_input(targets, &out);
	}
	if (!err)
		err = flush(&out);
	if (err == -EPIPE)
		return CMD_EXIT_FAILED; /* the reader has seen enough */
	if (err) {
		diag_set(diag, err, "stdout: cannot write: %s", strerror(-err));
		return CMD_EXIT_FAILED;
	}
	if (it.status == TARGETS_ERROR) {
		diag_set(diag, -EIO, "%s", targets_error(targets));
		return CMD_EXIT_FAILED;
	}
	warn_left_out(targets, is_empty);
	return CMD_EXIT_COMPLETE;
}

static int print_count(struct targets *targets, bool is_json, struct diag *diag)
{
	uint64_t n;
	if (!targets_count(targets, &n)) {
		struct targets_iter it;
		struct target batch[BATCH];
		targets_iter_init(&it, targets, 0, 1);
		n = 0;
		while (it.status == TARGETS_OK || it.status == TARGETS_WAIT) {
			struct pollfd pfd = {.fd = targets_poll_fd(targets), .events = POLLIN};
			n += targets_iter_next(&it, batch, BATCH);
			if (it.status == TARGETS_WAIT)
				poll(&pfd, pfd.fd >= 0, 10);
		}
		if (it.status == TARGETS_ERROR) {
			diag_set(diag, -EIO, "%s", targets_error(targets));
			return CMD_EXIT_FAILED;
		}
	}
	printf(is_json ? "{\"count\":%" PRIu64 "}\n" : "%" PRIu64 "\n", n);
	return CMD_EXIT_COMPLETE;
}

/* A JSON string of printable ASCII. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text >= ' ' ? *text : '?');
	}
	putchar('"');
}

static int print_explanation(
    const struct targets *targets, const char *addr, bool is_json, struct diag *diag)
{
	char text[1024];
	int is_out = targets_explain(targets, addr, diag, text, sizeof(text));
	if (is_out < 0)
		return CMD_EXIT_USAGE;
	if (is_json) {
		printf("{\"probed\":%s,\"why\":", is_out ? "false" : "true");
		print_quoted(text);
		printf("}\n");
	} else {
		printf("%s\n", text);
	}
	return CMD_EXIT_COMPLETE;
}

int cmd_targets(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct targets *targets;
	struct targets_spec spec;
	(void)operands; /* the same strings as config->targets */
	cmd_make_targets_spec(config, &spec);
	if (hash_init()) {
		diag_set(diag, -EIO, "libsodium does not start");
		return CMD_EXIT_FAILED;
	}
	if (!config->has_seed)
		hash_random(&spec.seed, sizeof(spec.seed));
	int err = targets_create(&spec, diag, &targets);
	if (err)
		return err == -ENOMEM ? CMD_EXIT_FAILED : CMD_EXIT_USAGE;
	int status;
	if (config->explain)
		status = print_explanation(targets, config->explain, config->json, diag);
	else if (config->count)
		status = print_count(targets, config->json, diag);
	else
		status = print_all(targets, config->json, diag);
	targets_destroy(targets);
	if (status == CMD_EXIT_COMPLETE && fflush(stdout) != 0) {
		diag_set(diag, -EIO, "stdout: cannot write");
		status = CMD_EXIT_FAILED;
	}
	return status;
}
