/* plan: which probes a port gets, in which order. Built at start from the ports in the signature
 * files and from plan.def; immutable then, asked by any thread in O(1). It refuses unknown names.
 * The general pair is data: it comes from the answer matrix of the lab. */
#include "sig/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "sig/plan.def"

enum { N_PORTS = 65536, PLANS_MAX = 1024, AUTO_STEPS = 2 };

struct sig_planner {
	size_t n_plans;
	struct sig_plan *plans;    /* 0 is for ports that nobody expects anything on */
	uint16_t by_port[N_PORTS]; /* port -> index in plans */
};

static const struct {
	const char *name;
	uint16_t wait_ms;
} general[] = {
#define GENERAL(name, wait_ms) {name, wait_ms},
#include "sig/plan.def"
#undef GENERAL
};

enum { N_GENERAL = sizeof(general) / sizeof(general[0]) };

static void add_step(struct sig_plan *plan, const struct sig_probe *probe, uint16_t wait_ms)
{
	plan->steps[plan->n_steps++] = (struct sig_step){.probe_id = probe->id, .wait_ms = wait_ms};
}

/* The general probes of this set; NULL: no file offers that one. */
struct general_probes {
	const struct sig_probe *probe[N_GENERAL];
};

static struct general_probes find_general(const struct sig_set *set)
{
	struct general_probes out;
	for (size_t i = 0; i < N_GENERAL; i++)
		out.probe[i] = sig_set_find_probe(set, general[i].name);
	return out;
}

/* The plan for a port where protocol (NULL: nothing) is expected. */
static void make_auto(
    const struct general_probes *probes, const struct sig_protocol *protocol, struct sig_plan *plan)
{
	uint16_t first_wait_ms = 0;
	*plan = (struct sig_plan){0};
	if (protocol && protocol->speaks_first)
		first_wait_ms = SPEAKS_FIRST_WAIT_MS;
	else if (protocol && protocol->probes)
		add_step(plan, &protocol->probes->probe, 0);
	for (size_t i = 0; i < N_GENERAL && plan->n_steps < AUTO_STEPS; i++) {
		const struct sig_probe *probe = probes->probe[i];
		/* Asking the same protocol twice tells nothing new. */
		if (!probe ||
		    (plan->n_steps && protocol && strcmp(probe->protocol, protocol->name) == 0))
			continue;
		add_step(plan, probe, plan->n_steps ? general[i].wait_ms : first_wait_ms);
	}
}

/* Who is expected on each port: the file that claims it, else the only one that may be there. */
static void find_owners(
    const struct sig_set *set, const struct sig_protocol **owner, uint8_t *n_maybe)
{
	for (int is_shared = 1; is_shared >= 0; is_shared--) {
		for (const struct sig_protocol *p = set->protocols; p; p = p->next) {
			for (const struct sig_port *port = p->ports; port; port = port->next) {
				for (unsigned n = port->lo; n <= port->hi; n++) {
					if (port->is_shared != (is_shared == 1))
						continue;
					owner[n] = p;
					n_maybe[n] = is_shared && n_maybe[n] < 2
							 ? (uint8_t)(n_maybe[n] + 1)
							 : 1;
				}
			}
		}
	}
}

/* The index of an equal plan, or of a new one; plan 0 when there are too many. */
static uint16_t intern(struct sig_planner *planner, const struct sig_plan *plan)
{
	for (size_t i = 0; i < planner->n_plans; i++) {
		if (memcmp(&planner->plans[i], plan, sizeof(*plan)) == 0)
			return (uint16_t)i;
	}
	if (planner->n_plans == PLANS_MAX)
		return 0;
	planner->plans[planner->n_plans] = *plan;
	return (uint16_t)planner->n_plans++;
}

/* Plan 0 is that of the ports on which nobody is expected: nearly all. */
static int plan_auto(const struct sig_set *set, struct sig_planner *planner)
{
	struct general_probes probes = find_general(set);
	make_auto(&probes, NULL, &planner->plans[0]);
	const struct sig_protocol **owner = calloc(N_PORTS, sizeof(*owner));
	uint8_t *n_maybe = calloc(N_PORTS, sizeof(*n_maybe));
	int rc = owner && n_maybe ? 0 : -ENOMEM;
	if (!rc) {
		find_owners(set, owner, n_maybe);
		for (size_t port = 0; port < N_PORTS; port++) {
			struct sig_plan plan;
			if (n_maybe[port] != 1)
				continue;
			make_auto(&probes, owner[port], &plan);
			planner->by_port[port] = intern(planner, &plan);
		}
	}
	free(owner);
	free(n_maybe);
	return rc;
}

/* The probe of that name, or the first probe of the protocol of that name. */
static const struct sig_probe *find_by_name(const struct sig_set *set, const char *name)
{
	const struct sig_probe *probe = sig_set_find_probe(set, name);
	const struct sig_protocol *protocol = sig_set_find_protocol(set, name);
	if (!probe && protocol && protocol->probes)
		probe = &protocol->probes->probe;
	return probe;
}

static int plan_list(
    const struct sig_set *set, const char *list, struct diag *diag, struct sig_plan *plan)
{
	for (const char *p = list;;) {
		size_t len = strcspn(p, ",");
		char name[SIG_NAME_MAX] = "";
		const struct sig_probe *probe = NULL;
		if (len < sizeof(name)) {
			memcpy(name, p, len);
			probe = find_by_name(set, name);
		}
		if (!probe)
			return diag_set(diag, -EINVAL,
			    "--probes: %.*s is no probe: see synspect signatures list",
			    (int)(len < 60 ? len : 60), p);
		if (plan->n_steps == SIG_PLAN_MAX)
			return diag_set(diag, -EINVAL, "--probes: at most %d", SIG_PLAN_MAX);
		add_step(plan, probe, probe->len ? 0 : WAIT_MS);
		if (!p[len])
			return 0;
		p += len + 1;
	}
}

int sig_planner_create(
    const struct sig_set *set, const char *probes, struct diag *diag, struct sig_planner **out)
{
	int rc = 0;
	struct sig_planner *planner = calloc(1, sizeof(*planner));
	if (planner)
		planner->plans = calloc(PLANS_MAX, sizeof(*planner->plans));
	if (!planner || !planner->plans) {
		rc = diag_set(diag, -ENOMEM, "--probes: out of memory");
		goto out;
	}
	planner->n_plans = 1;
	if (strcmp(probes, "auto") == 0)
		rc = plan_auto(set, planner);
	else
		rc = plan_list(set, probes, diag, &planner->plans[0]);
out:
	if (rc) {
		sig_planner_destroy(planner);
		return rc;
	}
	*out = planner;
	return 0;
}

void sig_planner_destroy(struct sig_planner *planner)
{
	if (!planner)
		return;
	free(planner->plans);
	free(planner);
}

const struct sig_plan *sig_planner_get(const struct sig_planner *planner, uint16_t port)
{
	return &planner->plans[planner->by_port[port]];
}
