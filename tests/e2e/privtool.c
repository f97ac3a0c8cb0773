/* privtool: drops privileges as a scan does and then tries one thing after the other, for
 * tests/e2e/test_privileges.py. Prints "NAME ok" or "NAME errno" for each; a call that the filter
 * does not know kills it. Not installed. Usage: privtool [-u USER] [-w] [-r] [-x] ACT... */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>

#include "net/privileges.h"
#include "net/sandbox.h"

static int packet_fd;

/* What the kernel says of the calling thread. */
static int act_status(void)
{
	char line[256];
	FILE *f = fopen("/proc/thread-self/status", "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "Uid", 3) == 0 ||
		    strncmp(line, "Gid", 3) == 0 || strncmp(line, "Groups", 6) == 0 ||
		    strncmp(line, "NoNewPrivs", 10) == 0 || strncmp(line, "Seccomp:", 8) == 0)
			fputs(line, stdout);
	}
	fclose(f);
	return 0;
}

static void *thread_main(void *arg)
{
	int *err = arg;
	void *mem = malloc(8 << 20); /* an arena of its own, and a mapping */
	*err = mem ? act_status() : -ENOMEM;
	free(mem);
	return NULL;
}

static int act_thread(void)
{
	pthread_t thread;
	int result = 0;
	int err = pthread_create(&thread, NULL, thread_main, &result);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	return result;
}

static int act_send(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = 1, .sll_halen = 6};
	static const uint8_t frame[60] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)frame, .iov_len = sizeof(frame)};
	struct msghdr msg = {
	    .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1};
	return sendmsg(packet_fd, &msg, 0) == sizeof(frame) ? 0 : -errno;
}

static int act_read(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	char byte;
	if (fd < 0 || read(fd, &byte, 1) != 1)
		return -errno;
	close(fd);
	return 0;
}

/* A checkpoint: beside, synced, renamed. */
static int act_write(void)
{
	FILE *f = fopen("state.tmp", "we");
	if (!f)
		return -errno;
	if (fputs("1\n", f) < 0 || fflush(f) || fsync(fileno(f)) || fclose(f))
		return -errno;
	return rename("state.tmp", "state") ? -errno : 0;
}

static int act_resolve(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	if (getaddrinfo("localhost", NULL, &hints, &list))
		return -ENOENT;
	freeaddrinfo(list);
	/* A name that needs a name server: in a namespace without network the answer is an error,
	 * but the sockets have been asked for. */
	int rc = getaddrinfo("host.example", NULL, &hints, &list);
	return rc == 0 || rc == EAI_AGAIN || rc == EAI_NONAME || rc == EAI_SYSTEM ? 0 : -EIO;
}

static int act_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return -errno;
}

static int act_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

static int act_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int act_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? -errno : 0;
}

static int act_code(void)
{
	void *p = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -errno : 0;
}

static int act_root(void)
{
	return setuid(0) ? -errno : 0;
}

/* Does this build have the filter? */
static int act_filter(void)
{
#ifdef SANDBOX_IS_OFF
	return -ENOSYS;
#else
	return 0;
#endif
}

static const struct {
	const char *name;
	int (*run)(void);
} acts[] = {{"status", act_status}, {"thread", act_thread}, {"send", act_send}, {"read", act_read},
    {"write", act_write}, {"resolve", act_resolve}, {"exec", act_exec}, {"fork", act_fork},
    {"socket", act_socket}, {"packet", act_packet}, {"code", act_code}, {"root", act_root},
    {"filter", act_filter}};

static void run_act(const char *name)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].name, name) == 0) {
			int err = acts[i].run();
			printf("%s %s\n", name, err ? strerror(-err) : "ok");
			fflush(stdout);
			return;
		}
	}
	fprintf(stderr, "privtool: no act %s\n", name);
	exit(2);
}

static void *idle_main(void *arg)
{
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	struct privileges_wish wish = {0};
	struct diag diag;
	pthread_t thread;
	int opt;
	while ((opt = getopt(argc, argv, "u:wrxt")) != -1) {
		switch (opt) {
		case 'u':
			wish.user = optarg;
			break;
		case 'w':
			wish.writes_files = true;
			break;
		case 'r':
			wish.resolves_names = true;
			break;
		case 'x':
			wish.is_unconfined = true;
			break;
		case 't':
			if (pthread_create(&thread, NULL, idle_main, NULL))
				return 2;
			break;
		default:
			return 2;
		}
	}
	if (privileges_check(true, &diag)) {
		fprintf(stderr, "%s\n", diag.text);
		return 1;
	}
	packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (packet_fd < 0) {
		perror("privtool: socket");
		return 1;
	}
	if (privileges_drop(&wish, &diag)) {
		fprintf(stderr, "%s\n", diag.text);
		return 1;
	}
	for (int i = optind; i < argc; i++)
		run_act(argv[i]);
	return 0;
}
