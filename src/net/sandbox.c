/* sandbox: the seccomp filter. The only user of libseccomp. Main thread, once. The tables say which
 * calls a scan makes after everything is open, and why; what is not in them kills the process.
 * Source: seccomp(2), seccomp_rule_add(3), and strace of scans on every back end. */
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>

#include "base/log.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Calls with any arguments. Those that only some architectures have are skipped on the others. */
static const int always[] = {
    /* threads and their end */
    SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(tgkill), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity), SCMP_SYS(set_tid_address),
    SCMP_SYS(getcpu), SCMP_SYS(membarrier), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* memory without execution; mmap and mprotect are below */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mincore),
    /* signals */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigtimedwait_time64), SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack), SCMP_SYS(pause), SCMP_SYS(restart_syscall),
    SCMP_SYS(signalfd4), SCMP_SYS(setitimer), SCMP_SYS(alarm),
    /* time */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
    SCMP_SYS(clock_getres_time64), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
    SCMP_SYS(timerfd_gettime), SCMP_SYS(timerfd_gettime64),
    /* descriptors that are open */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(close), SCMP_SYS(close_range),
    SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(fcntl64),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(fadvise64_64), SCMP_SYS(pipe2),
    SCMP_SYS(pipe), SCMP_SYS(eventfd2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64),
    SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6), SCMP_SYS(pselect6_time64),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    /* sockets that are open: AF_PACKET, AF_XDP, raw, netlink */
    SCMP_SYS(send), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recv),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(shutdown),
    /* what files are; reading them again (exclude files on SIGHUP) */
    SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(stat),
    SCMP_SYS(stat64), SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(statx), SCMP_SYS(fstatfs),
    SCMP_SYS(fstatfs64), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64),
    /* randomness, and who and where we are */
    SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
    SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit),
    SCMP_SYS(getrusage), SCMP_SYS(prctl)};

/* Checkpoint, status, metadata: written beside, synced, renamed. */
static const int writing[] = {SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(fchmod), SCMP_SYS(umask)};

/* getaddrinfo(3): a question to a name server, nscd or a resolver's socket. */
static const int resolving[] = {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getpeername)};
static const int resolving_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/* isatty(3), the width of the terminal, bytes waiting, libpcap's look at an interface that failed,
 * libnet's at the one it injects into.
 * TCGETS2 (_IOR('T', 0x2a, struct termios2), whose type no C library has) is what newer ones ask. */
enum { IOCTL_TCGETS2 = 0x802c542a };
static const scmp_datum_t ioctls[] = {
    TCGETS, (uint32_t)IOCTL_TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, SIOCGIFFLAGS, SIOCGIFINDEX};

static int allow_all(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int err = 0;
	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return err;
}

/* Allows a call when argument arg, masked, is value. */
static int allow_masked(
    scmp_filter_ctx ctx, int call, unsigned arg, scmp_datum_t mask, scmp_datum_t value)
{
	struct scmp_arg_cmp cmp = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &cmp);
}

/* Threads may be made, processes not. clone3 hides its flags in memory; told that it does not exist,
 * the C library uses clone. */
static int allow_threads(scmp_filter_ctx ctx)
{
	int err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!err)
		err = allow_masked(ctx, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
	return err;
}

/* New code may be mapped only for the plug-ins of getaddrinfo(3): PCRE2 has compiled before. */
static int allow_memory(scmp_filter_ctx ctx, bool may_load_code)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(calls) && !err; i++)
		err = may_load_code ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0)
				    : allow_masked(ctx, calls[i], 2, PROT_EXEC, 0);
	return err;
}

static int allow_files(scmp_filter_ctx ctx, bool may_write)
{
	int err;
	if (may_write) {
		err = allow_all(ctx, writing, ARRAY_LEN(writing));
		if (!err)
			err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0);
		if (!err)
			err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 0);
		return err;
	}
	const scmp_datum_t mask = O_ACCMODE | O_CREAT | O_TRUNC;
	err = allow_masked(ctx, SCMP_SYS(openat), 2, mask, O_RDONLY);
	if (!err)
		err = allow_masked(ctx, SCMP_SYS(open), 1, mask, O_RDONLY);
	return err;
}

static int allow_rest(scmp_filter_ctx ctx, bool may_resolve)
{
	/* Reading limits of our own is fine (pointer to new ones absent), setting them is not. */
	int err = allow_masked(ctx, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0);
	for (size_t i = 0; i < ARRAY_LEN(ioctls) && !err; i++)
		err = allow_masked(ctx, SCMP_SYS(ioctl), 1, UINT32_MAX, ioctls[i]);
	if (err || !may_resolve)
		return err;
	err = allow_all(ctx, resolving, ARRAY_LEN(resolving));
	for (size_t i = 0; i < ARRAY_LEN(resolving_families) && !err; i++)
		err = allow_masked(
		    ctx, SCMP_SYS(socket), 0, UINT32_MAX, (scmp_datum_t)resolving_families[i]);
	return err;
}

static int fill(scmp_filter_ctx ctx, const struct sandbox_wish *wish)
{
	/* Calls through another architecture's entry (32-bit on 64-bit) would get around the list. */
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	/* A tree instead of a list of comparisons: the cost of a call does not grow with the list. */
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = allow_all(ctx, always, ARRAY_LEN(always));
	if (!err)
		err = allow_threads(ctx);
	if (!err)
		err = allow_memory(ctx, wish->resolves_names);
	if (!err)
		err = allow_files(ctx, wish->writes_files);
	if (!err)
		err = allow_rest(ctx, wish->resolves_names);
	return err;
}

int sandbox_enter(const struct sandbox_wish *wish, struct diag *diag)
{
#ifdef SANDBOX_IS_OFF
	log_info("no seccomp filter: built with a sanitizer");
	return 0;
#endif
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return diag_set(diag, -ENOMEM, "seccomp: out of memory");
	int err = fill(ctx, wish);
	if (err)
		diag_set(diag, err, "seccomp: cannot build the filter: %s", strerror(-err));
	if (!err) {
		err = seccomp_load(ctx);
		if (err)
			diag_set(diag, err,
			    "seccomp: the kernel refused the filter: %s: CONFIG_SECCOMP_FILTER is "
			    "needed, or --no-seccomp",
			    strerror(-err));
	}
	seccomp_release(ctx);
	return err;
}
