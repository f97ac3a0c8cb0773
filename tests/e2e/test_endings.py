"""However a scan ends, what it wrote is valid, and nothing of it stays in the kernel."""
import json
import os
import signal
import subprocess
import time

import judge
import pytest

# More than any of these tests waits for: it is the test that ends the scan.
LONG = ["--rate", "1000", "-p", "80", "10.77.0.0/16", "--seed", "3"]
PATIENCE_S = 20


def wait_until(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)


def ruleset(lab):
    return lab.run("scan", "nft", "list", "ruleset").stdout.strip()


@pytest.fixture
def running(web_lab, tmp_path):
    """A scan that would take a minute, after its first records reached the file."""
    out = tmp_path / "out.jsonl.zst"
    scan = web_lab.popen("scan", web_lab.synspect, "scan", "-o", str(out), *LONG)
    scan.out = out
    wait_until("the first record", lambda: out.exists() and out.stat().st_size > 2000)
    yield scan
    if scan.poll() is None:
        scan.kill()
    scan.communicate(timeout=10)


def read_back(path, is_whole):
    """Records that zstd gives back; a whole file must pass zstd's own test."""
    done = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=False, timeout=60)
    if is_whole:
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(b"\n")
    text = done.stdout.decode()
    lines = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
    records = judge.read_records(lines)
    assert records, "nothing can be read back"
    return records


def test_one_interrupt_drains_and_ends_with_3(running):
    before = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 3, said
    assert time.monotonic() - before < 15
    records = read_back(running.out, is_whole=True)
    assert {r["protocol"] for r in records.values() if "protocol" in r} == {"http"}


def test_two_interrupts_end_at_once(running):
    running.send_signal(signal.SIGINT)
    time.sleep(0.1)  # two signals at the same moment are one signal
    before = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 3, said
    assert time.monotonic() - before < 6  # one interrupt waits for a cooldown of 8
    read_back(running.out, is_whole=True)


def test_killed_it_leaves_no_table_and_a_readable_file(web_lab, running):
    """kill -9: the kernel takes the RST guard away, and all but the last second reads back."""
    assert "table" in ruleset(web_lab), "the guard should be up while it runs"
    time.sleep(2)  # let seconds go by, so that frames have ended
    early = len(read_back(running.out, is_whole=False))
    running.kill()
    running.communicate(timeout=10)
    assert ruleset(web_lab) == ""
    records = read_back(running.out, is_whole=False)
    assert len(records) >= max(early, 500)


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.zst"])
def test_a_full_disk_stops_it_with_an_error(web_lab, tmp_path, suffix):
    """The disk is a file system of 64 KiB of the test's own."""
    disk, out = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    script = ('mount -t tmpfs -o size=64k full "$1" && { shift; status=0; "$@" || status=$?; '
              f'cp {disk}/out.{suffix} {out}; exit $status; }}')
    before = time.monotonic()
    done = web_lab.run("scan", "unshare", "--mount", "sh", "-c", script, "sh", str(disk),
                       web_lab.synspect, "scan", "-o", f"{disk}/out.{suffix}", *LONG)
    assert done.returncode == 1, done.stderr
    assert time.monotonic() - before < 45, "it went on sending"
    last = [line for line in done.stderr.splitlines() if "No space left" in line or "full" in line]
    assert len(last) == 1, done.stderr
    assert f"out.{suffix}" in last[0]
    if suffix == "jsonl.zst":
        read_back(out, is_whole=False)
    else:
        whole = out.read_text().splitlines()[:-1]
        assert len(judge.read_records(whole)) >= 20


def test_a_closed_pipe_stops_it_with_an_error(web_lab):
    scan = web_lab.popen("scan", web_lab.synspect, "scan", *LONG)
    first = scan.stdout.readline()
    json.loads(first)
    scan.stdout.close()
    scan.stdout = open(os.devnull, "rb")
    before = time.monotonic()
    said = scan.communicate(timeout=PATIENCE_S)[1].decode()
    assert scan.returncode == 1, said
    assert time.monotonic() - before < 15
    assert "pipe" in said.lower(), said


def test_a_terminated_scan_is_an_interrupted_one(running):
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 3, said
    read_back(running.out, is_whole=True)
