/* privileges: what the process may do. The only user of libcap-ng. Main thread, before the others
 * start. Refuses to go on half dropped. Source: capabilities(7), credentials(7), DESIGN.md 6. */
#include "net/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cap-ng.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/sandbox.h"

#define THREADS_TIMEOUT_NS (2 * NS_PER_SEC)

int privileges_check(bool needs_guard, struct diag *diag)
{
	bool has_raw = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW);
	bool has_admin = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
	if (has_raw && (has_admin || !needs_guard))
		return 0;
	char exe[256] = "synspect";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0)
		exe[n] = '\0';
	if (has_raw)
		return diag_set(diag, -EPERM,
		    "CAP_NET_ADMIN is missing (the RST guard needs it): run as root, or once: setcap "
		    "cap_net_raw,cap_net_admin+ep %s; or use a --source-ip that this host does not "
		    "own, or --no-rst-guard",
		    exe);
	return diag_set(diag, -EPERM,
	    "CAP_NET_RAW is missing: run as root (sudo), or once: setcap "
	    "cap_net_raw,cap_net_admin+ep %s",
	    exe);
}

#ifndef SANDBOX_IS_OFF
/* How many threads the process has; a negative errno when the kernel does not say. */
static int count_threads(void)
{
	int n = -EBADMSG;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");
	if (!f)
		return -errno;
	while (n < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Threads: %d", &n) != 1)
			n = -EBADMSG;
	}
	fclose(f);
	return n;
}
#endif

/* Capabilities and filters are a thread's own: a thread that already runs would keep them. Detached
 * ones that have done their work (look-ups of target names) are given time to end. The sanitizers'
 * own threads cannot be told apart, so their builds do not look. */
static int check_alone(struct diag *diag)
{
#ifdef SANDBOX_IS_OFF
	(void)diag;
	return 0;
#else
	int64_t deadline_ns = clock_mono_ns() + THREADS_TIMEOUT_NS;
	int n_threads = count_threads();
	while (n_threads > 1 && clock_mono_ns() < deadline_ns) {
		clock_sleep_ns(NS_PER_MS);
		n_threads = count_threads();
	}
	if (n_threads < 0)
		return diag_set(diag, n_threads, "/proc/self/status: %s: is /proc mounted?",
		    strerror(-n_threads));
	if (n_threads > 1)
		return diag_set(diag, -EBUSY,
		    "privileges: %d threads are running: they would keep theirs", n_threads);
	return 0;
#endif
}

static int find_user(const char *name, struct passwd *pw, char *buf, size_t len, struct diag *diag)
{
	struct passwd *found = NULL;
	int err = getpwnam_r(name, pw, buf, len, &found);
	if (found)
		return 0;
	if (err)
		return diag_set(diag, -err, "--user %s: %s", name, strerror(err));
	return diag_set(diag, -ENOENT, "--user %s: no such user: see getent passwd", name);
}

/* Drops the capabilities of every set; becomes pw unless it is NULL. */
static int drop_caps_as(const struct passwd *pw, struct diag *diag)
{
	/* The bounding set needs CAP_SETPCAP; a process that was given only the network capabilities
	 * lacks it, and no_new_privs makes that set meaningless anyway. */
	bool can_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
	int rc;
	capng_clear(CAPNG_SELECT_ALL);
	if (pw)
		rc = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid,
		    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_AMBIENT |
			(can_bound ? CAPNG_CLEAR_BOUNDING : CAPNG_NO_FLAG));
	else
		rc = capng_apply(
		    can_bound ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
	if (rc != 0)
		return diag_set(diag, -EPERM,
		    "privileges: cannot drop capabilities%s%s (libcap-ng: %d)",
		    pw ? " and become " : "", pw ? pw->pw_name : "", rc);
	return 0;
}

/* Trust nothing: ask the kernel what is left. */
static int check_dropped(struct diag *diag)
{
	capng_get_caps_process();
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return diag_set(diag, -EPERM, "privileges: capabilities are left after the drop");
	return 0;
}

int privileges_drop(const struct privileges_wish *wish, struct diag *diag)
{
	struct passwd pw;
	char buf[4096];
	bool is_root = geteuid() == 0;
	bool is_changing = is_root && (wish->user || !wish->writes_files);
	int err = check_alone(diag);
	if (!err && is_changing)
		err = find_user(wish->user ? wish->user : "nobody", &pw, buf, sizeof(buf), diag);
	if (err)
		return err;
	if (is_changing && pw.pw_uid == 0)
		is_changing = false; /* --user root: stays, without capabilities */
	if (is_root && !is_changing) {
		gid_t gid = getegid();
		if (setgroups(1, &gid))
			return diag_set(diag, -errno, "privileges: setgroups: %s", strerror(errno));
	}
	err = drop_caps_as(is_changing ? &pw : NULL, diag);
	if (!err)
		err = check_dropped(diag);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return diag_set(diag, -errno, "privileges: no_new_privs: %s", strerror(errno));
#ifdef SANDBOX_IS_OFF
	/* The leak check at exit traces the process, which a change of user forbids. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
	if (wish->is_unconfined) {
		log_info("no seccomp filter: unconfined");
		return 0;
	}
	struct sandbox_wish sandbox = {
	    .writes_files = wish->writes_files, .resolves_names = wish->resolves_names};
	return sandbox_enter(&sandbox, diag);
}
