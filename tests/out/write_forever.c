/* write_forever FILE PACE: writes PACE records a second to FILE as zstd until it is killed, and prints
 * ten times a second how many it has put. Port i of record i tells them apart. For tests/out/kill9 and
 * tests/out/full_disk: ends when the output fails, printing why. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "out/writer.h"
#include "tests/out/samples.h"

static struct counters counters;
static struct result result;

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	size_t len = strlen(argv[1]);
	struct writer_options options = {.output_file = argv[1],
	    .is_zstd = len > 4 && strcmp(argv[1] + len - 4, ".zst") == 0,
	    .zstd_level = 1,
	    .counters = &counters};
	uint64_t pace = strtoull(argv[2], NULL, 10);
	struct writer *writer = NULL;
	struct diag diag = {0};
	signal(SIGPIPE, SIG_IGN);
	if (writer_create(&options, &diag, &writer) || writer_begin(writer, "{}", &diag)) {
		fprintf(stderr, "%s\n", diag.text);
		return 1;
	}
	int64_t start_ns = clock_mono_ns();
	int64_t told_ns = start_ns;
	uint64_t n = 0;
	while (writer_get_state(writer, &diag) == WRITER_OK) {
		int64_t now_ns = clock_mono_ns();
		uint64_t due = (uint64_t)((double)(now_ns - start_ns) / 1e9 * (double)pace);
		/* At most one batch before the clock is read again, as the writer thread does. */
		for (int i = 0; i < 64 && n < due; i++, n++) {
			sample_make(&result, SAMPLE_PLAIN, n);
			result.target.port = (uint16_t)(n % 65535 + 1);
			writer_put(writer, &result, now_ns);
		}
		writer_tick(writer, now_ns);
		if (now_ns - told_ns >= 100 * NS_PER_MS) {
			printf("%llu\n", (unsigned long long)n);
			fflush(stdout);
			told_ns = now_ns;
		}
		if (n >= due)
			clock_sleep_ns(NS_PER_MS);
	}
	fprintf(stderr, "%s\n", diag.text);
	writer_destroy(writer);
	return 1;
}
