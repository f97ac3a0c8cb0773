"""No thread of a running scan asks the heap for anything. Needs root (namespaces) and a C compiler."""
import json
import pathlib
import subprocess

import pytest

from netsim_lab import BUILD, Lab

HERE = pathlib.Path(__file__).resolve().parent
pytestmark = pytest.mark.skipif("-fsanitize" in (BUILD / "Makefile").read_text(encoding="utf-8"),
                                reason="a sanitizer brings a heap of its own")
CONTROL = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
int main(void)
{
	free(malloc(10));
	pthread_setname_np(pthread_self(), "counted");
	char *volatile p = malloc(7);
	p = realloc(p, 30);
	free(p);
	return 0;
}
"""


@pytest.fixture(name="library", scope="module")
def fixture_library(tmp_path_factory):
    """The counting library, and the proof that it counts."""
    folder = tmp_path_factory.mktemp("count")
    library = folder / "count_alloc.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-ftls-model=initial-exec", "-o", library,
                    HERE / "count_alloc.c", "-ldl"], check=True, timeout=60)
    (folder / "control.c").write_text(CONTROL, encoding="utf-8")
    subprocess.run(["cc", "-o", folder / "control", folder / "control.c", "-lpthread"], check=True, timeout=60)
    out = folder / "control.txt"
    subprocess.run([folder / "control"], env={"LD_PRELOAD": str(library), "COUNT_ALLOC": str(out)}, check=True,
                   timeout=20)
    assert out.read_text(encoding="utf-8") == "counted 2 37\n"
    return library


def test_threads_allocate_nothing_while_running(library):
    """Every kind of answer, tests of hosts and prefixes, second attempts, compressed output, checkpoints."""
    lab = Lab()
    try:
        lab.start("--preset", "mixed", "--seed", "3")
        counted, meta = lab.path("counted.txt"), lab.path("meta.json")
        targets = ["20.0.0.0/20", "2001:db8:5::/118"]
        proc = lab.scan.run(
            "env", f"LD_PRELOAD={library}", f"COUNT_ALLOC={counted}", str(BUILD / "synspect"), "scan", "-q", "-i",
            lab.dev, "--allow-reserved", "-p", "22,80", "-r", "20k", "--attempts", "2", "--attempt-delay", "500ms",
            "--timeout", "2s", "--cooldown", "1s", "-o", lab.path("out.jsonl.zst"), "--metadata-file", meta, *targets,
            timeout=120, check=False)
        assert proc.returncode == 0, proc.stderr
        with open(meta, encoding="utf-8") as file:
            counters = json.load(file)["counters"]
        assert counters["records_written"] > 1000 and counters["hyperack_hosts_tested"] > 10, counters
        with open(counted, encoding="utf-8") as file:
            lines = [line.split() for line in file]
    finally:
        lab.close()
    names = {name for name, _, _ in lines}
    assert {"syn-tx", "syn-rx", "syn-out"} <= {name[:7].rstrip("-0123456789") for name in names}, names
    assert all(calls == "0" for _, calls, _ in lines), lines

