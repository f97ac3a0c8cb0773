/* cmd/spec: from the options to what targets/ understands; shared by the commands that take TARGETs. */
#include "cmd/spec.h"

static enum targets_order order_of(enum order order)
{
	switch (order) {
	case ORDER_RANDOM:
		return TARGETS_ORDER_RANDOM;
	case ORDER_LIST:
		return TARGETS_ORDER_LIST;
	case ORDER_AUTO:
	case ORDER_COUNT:
		break;
	}
	return TARGETS_ORDER_AUTO;
}

void cmd_make_targets_spec(const struct scan_config *config, struct targets_spec *out)
{
	*out = (struct targets_spec){
	    .targets = config->targets.v,
	    .n_targets = config->targets.n,
	    .files = config->targets_files.v,
	    .n_files = config->targets_files.n,
	    .ports = config->ports,
	    .excludes = config->excludes.v,
	    .n_excludes = config->excludes.n,
	    .exclude_files = config->exclude_files.v,
	    .n_exclude_files = config->exclude_files.n,
	    .allow_reserved = config->allow_reserved,
	    .no_exclude = config->no_exclude,
	    .order = order_of(config->order),
	    .v6_iid = config->v6_iid,
	    .seed = config->seed,
	    .n_shards = config->n_shards,
	    .shard = config->shard,
	    .max_targets = config->max_targets,
	};
}
