/* resolve: host names to addresses with a bounded number of threads, because getaddrinfo(3) blocks for
 * seconds on each dead name. Jobs and the queue belong to whoever holds the lock; an answer is written
 * once, before is_done. Source: RFC 3493 section 6.1. */
#include "targets/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

enum { MAX_THREADS = 16 };

struct resolve_job {
	struct resolve_job *next;
	char name[RESOLVE_NAME_LEN];
	bool is_done;
	unsigned n_owners; /* the one who asked, and the queue or a thread */
	int status;        /* of getaddrinfo */
	size_t n_addrs;
	struct ipaddr addrs[RESOLVE_MAX_ADDRS];
};

struct resolver {
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	pthread_cond_t has_answer;
	struct resolve_job *head, **tail; /* not begun */
	unsigned n_threads, n_idle;
	unsigned n_owners; /* creator and threads: the last one frees */
	bool is_ending;
};

int resolver_create(struct resolver **out)
{
	struct resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->has_work, NULL);
	pthread_cond_init(&r->has_answer, NULL);
	r->tail = &r->head;
	r->n_owners = 1;
	*out = r;
	return 0;
}

/* Called with the lock held, which it drops. */
static void disown_and_unlock(struct resolver *r)
{
	bool is_last = --r->n_owners == 0;
	pthread_mutex_unlock(&r->lock);
	if (!is_last)
		return;
	while (r->head) {
		struct resolve_job *job = r->head;
		r->head = job->next;
		free(job);
	}
	pthread_cond_destroy(&r->has_work);
	pthread_cond_destroy(&r->has_answer);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Lock held. */
static void disown_job(struct resolve_job *job)
{
	if (--job->n_owners == 0)
		free(job);
}

static void add_addr(struct resolve_job *job, const struct sockaddr *sa)
{
	struct ipaddr addr;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		addr = ipaddr_from_v4(ntohl(in.sin_addr.s_addr));
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		memcpy(addr.b, &in6.sin6_addr, sizeof(addr.b));
	} else {
		return;
	}
	for (size_t i = 0; i < job->n_addrs; i++)
		if (ipaddr_equal(&job->addrs[i], &addr))
			return;
	if (job->n_addrs < RESOLVE_MAX_ADDRS)
		job->addrs[job->n_addrs++] = addr;
}

static void look_up(struct resolve_job *job)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
	job->status = getaddrinfo(job->name, NULL, &hints, &list);
	if (job->status == 0) {
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
			add_addr(job, ai->ai_addr);
		freeaddrinfo(list);
	}
}

static void *work(void *arg)
{
	struct resolver *r = arg;
	pthread_mutex_lock(&r->lock);
	for (;;) {
		while (!r->head && !r->is_ending) {
			r->n_idle++;
			pthread_cond_wait(&r->has_work, &r->lock);
			r->n_idle--;
		}
		if (r->is_ending)
			break;
		struct resolve_job *job = r->head;
		r->head = job->next;
		if (!r->head)
			r->tail = &r->head;
		pthread_mutex_unlock(&r->lock);
		look_up(job);
		pthread_mutex_lock(&r->lock);
		job->is_done = true;
		disown_job(job);
		pthread_cond_broadcast(&r->has_answer);
	}
	disown_and_unlock(r);
	return NULL;
}

/* Lock held. Signals stay with the threads that want them. */
static void start_thread(struct resolver *r)
{
	sigset_t all, old;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, work, r) == 0) {
		pthread_detach(thread);
		r->n_threads++;
		r->n_owners++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int resolver_submit(struct resolver *r, const char *name, size_t len, struct resolve_job **out)
{
	struct resolve_job *job = calloc(1, sizeof(*job));
	if (!job || len >= RESOLVE_NAME_LEN) {
		free(job);
		return -ENOMEM;
	}
	memcpy(job->name, name, len);
	job->n_owners = 2;
	pthread_mutex_lock(&r->lock);
	if (r->n_idle == 0 && r->n_threads < MAX_THREADS)
		start_thread(r);
	int err = r->n_threads > 0 ? 0 : -EAGAIN;
	if (!err) {
		*r->tail = job;
		r->tail = &job->next;
		pthread_cond_signal(&r->has_work);
		*out = job;
	}
	pthread_mutex_unlock(&r->lock);
	if (err)
		free(job);
	return err;
}

bool resolver_poll(struct resolver *r, struct resolve_job *job, bool can_wait)
{
	pthread_mutex_lock(&r->lock);
	while (!job->is_done && can_wait)
		pthread_cond_wait(&r->has_answer, &r->lock);
	bool is_done = job->is_done;
	pthread_mutex_unlock(&r->lock);
	return is_done;
}

size_t resolve_job_addrs(
    const struct resolve_job *job, const struct ipaddr **addrs, const char **why)
{
	*addrs = job->addrs;
	*why = job->status ? gai_strerror(job->status) : "it has no address";
	return job->n_addrs;
}

void resolve_job_release(struct resolver *r, struct resolve_job *job)
{
	pthread_mutex_lock(&r->lock);
	disown_job(job);
	pthread_mutex_unlock(&r->lock);
}

void resolver_destroy(struct resolver *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->is_ending = true;
	pthread_cond_broadcast(&r->has_work);
	disown_and_unlock(r);
}
