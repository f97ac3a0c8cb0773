/* replay: the command. Records of a capture file, by the same engine that scans. Main thread. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "replay.h"

static int open_writer(const struct scan_config *config, const struct sig_set *set,
    struct counters *counters, struct diag *diag, struct writer **out)
{
	size_t n = config->output_file ? strlen(config->output_file) : 0;
	struct writer_options options = {
	    .format = config->format,
	    .fields = config->fields,
	    .only = config->only,
	    .output_file = config->output_file,
	    .is_zstd = config->zstd || (n > 4 && strcmp(config->output_file + n - 4, ".zst") == 0),
	    .zstd_level = config->zstd_level,
	    .geoip = (const char *const *)config->geoip.v,
	    .n_geoip = config->geoip.n,
	    .set = set,
	    .counters = counters,
	};
	int err = writer_create(&options, diag, out);
	return err ? err : writer_begin(*out, NULL, diag);
}

int cmd_replay(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	static struct counters counters;
	struct sig_set *set = NULL;
	struct sig_planner *planner = NULL;
	struct writer *writer = NULL;
	struct replay_summary summary;
	int err = sig_set_create((const char *const *)config->signature_dirs.v,
	    config->signature_dirs.n, config->contact, diag, &set);
	if (!err)
		err = sig_planner_create(set, config->probes, diag, &planner);
	if (!err)
		err = open_writer(config, set, &counters, diag, &writer);
	if (!err)
		err = replay_file(config, operands.v[0], set, planner, writer, &summary, diag);
	if (writer) {
		int out_err = writer_finish(writer);
		if (out_err && !err) {
			err = out_err;
			writer_get_state(writer, diag);
		}
	}
	if (!err)
		log_info("%s: %llu packets, %llu connections, %llu records, %llu packets unusable",
		    operands.v[0], (unsigned long long)summary.n_packets,
		    (unsigned long long)summary.n_flows, (unsigned long long)summary.n_records,
		    (unsigned long long)summary.n_unusable);
	writer_destroy(writer);
	sig_planner_destroy(planner);
	sig_set_destroy(set);
	if (err && !diag->text[0])
		diag_set(diag, err, "%s: %s", operands.v[0], strerror(-err));
	return err == 0 ? CMD_EXIT_COMPLETE : err == -EINVAL ? CMD_EXIT_USAGE : CMD_EXIT_FAILED;
}
