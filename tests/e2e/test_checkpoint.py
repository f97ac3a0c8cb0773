"""Scans that are stopped, killed or run out of disk, and resumed: no record lost, none twice but what a kill
cuts off, every target probed; other targets refused. Needs root."""
import collections
import ipaddress
import itertools
import json
import os
import random
import signal
import subprocess
import time

import pytest
from scapy.all import TCP

from test_scan import Capture, Pair, address

# 10.9.8.0/24 and 64 IPv6 hosts, on two open ports and a closed one.
TARGETS = ("-p", "80,81,2222", "10.9.8.0/24", "fd00:10::8:0/122")
HOSTS = [*map(str, ipaddress.ip_network("10.9.8.0/24")), *map(str, ipaddress.ip_network("fd00:10::8:0/122"))]
OPEN = {(host, port) for host in HOSTS for port in (80, 2222)}
ALL = {(host, port) for host in HOSTS for port in (80, 81, 2222)}
FAST = ("-r", "1500", "--cooldown", "1s", "--hyperack", "0", "--alias-lengths", "none")
DICE = random.Random(int(os.environ.get("CHECKPOINT_SEED", "2026")))


@pytest.fixture(name="pair", scope="module")
def fixture_pair():
    pair = Pair()
    yield pair
    pair.close()


RUNS = itertools.count()


def own_ports():
    """Source ports of one run. A killed one leaves connections half open at the far end for a minute: a later
    SYN from the same port to the same target would meet it there, be answered by a bare ACK, and find nobody."""
    lowest = 16384 + next(RUNS) * 256 % 16384
    return "--source-port", f"{lowest}-{lowest + 255}"


def start(pair, *args):
    return subprocess.Popen(pair.command(*args, *own_ports()), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def unzstd(path):
    """The lines that plain zstd gets out, as a reader would after a crash."""
    done = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, timeout=20)
    return [json.loads(line) for line in done.stdout.splitlines()]


def keys(out):
    """Targets of the records that count, with repetitions."""
    lines = out.read_text().splitlines() if out.suffix == ".jsonl" else None
    records = unzstd(out) if lines is None else [json.loads(line) for line in lines]
    return [(r["ip"], r["port"]) for r in records if r["outcome"] != "aborted"]


def assert_each_once(found):
    """Every open target is among the found ones, none twice; says which are not."""
    counted = collections.Counter(found)
    assert {"lost": OPEN - set(counted), "alien": set(counted) - OPEN,
            "twice": {key for key, n in counted.items() if n > 1}} == {"lost": set(), "alien": set(), "twice": set()}


def syns(capture):
    """(address, port) of every SYN on the wire to a target: the first of a connection or not."""
    return {(address(p)[1], p[TCP].dport) for p in capture.packets() if TCP in p and p[TCP].flags == "S"}


def finish(pair, checkpoint, *args, status=0):
    done = pair.run("--resume", checkpoint, *args, *own_ports())
    assert done.returncode == status, done.stderr
    return done


REPEATING = ("--attempts", "2", "--attempt-delay", "500ms")
CASES = [("INT", "jsonl", ()), ("TERM", "jsonl.zst", REPEATING), ("KILL", "jsonl", ()),
         ("KILL", "jsonl.zst", REPEATING), ("KILL", "jsonl.zst", ("--order", "list")),
         ("INT", "jsonl", ("--threads", "2")), ("KILL", "jsonl.zst", (*REPEATING, "--threads", "3"))]


@pytest.mark.parametrize("name,suffix,options", CASES)
def test_stopped_again_and_again(pair, tmp_path, name, suffix, options):
    out, checkpoint = tmp_path / f"out.{suffix}", tmp_path / "checkpoint"
    with Capture(pair, tmp_path / "wire.pcap") as capture:
        proc = start(pair, *FAST, *options, *TARGETS, "-o", out, "--checkpoint", checkpoint)
        n_stops = 0
        for _ in range(3):
            wait_until(lambda: checkpoint.exists() or proc.poll() is not None)  # pylint: disable=cell-var-from-loop
            assert checkpoint.exists(), proc.stderr.read()
            time.sleep(DICE.uniform(0, 1.6))  # at any moment: that is what is tested
            if proc.poll() is not None:
                break
            number = getattr(signal, f"SIG{name}")
            proc.send_signal(number)
            status = proc.wait(timeout=30)
            # it may have been complete, or not have come to where it waits for signals
            assert status in ((0, -number) if name == "KILL" else (0, 3, -number)), proc.stderr.read()
            n_stops += status != 0
            proc = start(pair, "--resume", checkpoint)
        assert proc.wait(timeout=60) == 0, proc.stderr.read()
    assert n_stops > 0
    found = collections.Counter(keys(out))
    assert set(found) == OPEN
    twice = sum(found.values()) - len(found)
    assert twice == 0 or name == "KILL"
    assert syns(capture) == ALL
    again = finish(pair, checkpoint)
    assert "complete" in again.stderr and len(keys(out)) == sum(found.values())


def listed(checkpoint):
    """(address, port) of whom the checkpoint lists as recorded."""
    lines = checkpoint.read_text().splitlines() if checkpoint.exists() else []
    first = next((i for i, line in enumerate(lines) if line.startswith("recorded ")), len(lines))
    pairs = (line.rpartition(":") for line in lines[first + 1:-1])
    return {(host.strip("[]"), int(port)) for host, _, port in pairs}


def test_a_kill_before_the_first_new_position_repeats_what_the_checkpoint_does_not_list(pair, tmp_path):
    """The position waits for the cooldown; the list of who is on record does not."""
    out, checkpoint = tmp_path / "out.jsonl", tmp_path / "checkpoint"
    proc = start(pair, *FAST, *TARGETS, "--cooldown", "60s", "-o", out, "--checkpoint", checkpoint)
    wait_until(lambda: len(listed(checkpoint)) > 0)
    proc.kill()
    proc.wait(timeout=10)
    known = listed(checkpoint)
    finish(pair, checkpoint, "--cooldown", "1s")
    found = collections.Counter(keys(out))
    assert set(found) == OPEN and known <= OPEN
    assert {key for key, n in found.items() if n > 1} <= OPEN - known


def test_a_second_interrupt_repeats_what_it_broke_off(pair, tmp_path):
    out, checkpoint = tmp_path / "out.jsonl", tmp_path / "checkpoint"
    proc = start(pair, *FAST, *TARGETS, "--cooldown", "20s", "-o", out, "--checkpoint", checkpoint)
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    time.sleep(0.3)  # signals of one kind that are pending together count once
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=10) == 3
    finish(pair, checkpoint, "--cooldown", "1s")
    assert set(keys(out)) == OPEN


def test_shards_are_resumed_each_from_its_own_place(pair, tmp_path):
    found = []
    for shard in range(3):
        out, checkpoint = tmp_path / f"{shard}.jsonl", tmp_path / f"{shard}.checkpoint"
        proc = start(pair, *FAST, *TARGETS, "--seed", "7", "--shards", "3", "--shard", shard, "-o", out,
                     "--checkpoint", checkpoint)
        wait_until(lambda: out.exists() and out.stat().st_size > 0)  # pylint: disable=cell-var-from-loop
        proc.send_signal(signal.SIGINT)
        assert proc.wait(timeout=30) in (0, 3)
        finish(pair, checkpoint)
        found += keys(out)
    assert_each_once(found)


@pytest.mark.parametrize("then,now", [("3", "1"), ("1", "2")])
def test_another_number_of_threads_goes_on(pair, tmp_path, then, now):
    out, checkpoint = tmp_path / "out.jsonl", tmp_path / "checkpoint"
    proc = start(pair, *FAST, *TARGETS, "--threads", then, "-o", out, "--checkpoint", checkpoint)
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=30) == 3, proc.stderr.read()
    finish(pair, checkpoint, "--threads", now)
    assert_each_once(keys(out))


def test_a_streamed_list_goes_on_behind_what_was_read(pair, tmp_path):
    listed, out, checkpoint = tmp_path / "list.txt", tmp_path / "out.jsonl", tmp_path / "checkpoint"
    lines = [f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in sorted(ALL)]
    listed.write_text("\n".join(lines + lines[:100]) + "\n")
    proc = start(pair, *FAST, "-t", listed, "-o", out, "--checkpoint", checkpoint)
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=30) == 3
    finish(pair, checkpoint)
    assert_each_once(keys(out))

    # A pipe cannot be entered behind what was read: it is fed again from its beginning, and skipped.
    out, checkpoint = tmp_path / "out2.jsonl", tmp_path / "checkpoint2"
    with open(listed, encoding="utf-8") as file:
        proc = subprocess.Popen(pair.command(*FAST, *own_ports(), "-t", "-", "-o", out, "--checkpoint", checkpoint),
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        proc.stdin.write(file.read())
        proc.stdin.flush()
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=30) == 3
    proc.stdin.close()
    done = pair.run("--resume", checkpoint, *own_ports(), input=listed.read_text())
    assert done.returncode == 0, done.stderr
    assert_each_once(keys(out))


def test_a_full_disk_is_resumed_elsewhere(pair, tmp_path):
    disk, checkpoint = tmp_path / "disk", tmp_path / "checkpoint"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True, timeout=10)
    try:
        out = disk / "out.jsonl"
        done = pair.run(*FAST, *TARGETS, "-o", out, "--checkpoint", checkpoint)
        assert done.returncode == 1 and "No space left" in done.stderr and "--resume" in done.stderr
        first = keys(out)
        rest = tmp_path / "rest.jsonl"
        finish(pair, checkpoint, "-o", rest)
        assert set(first) | set(keys(rest)) == OPEN
    finally:
        subprocess.run(["umount", disk], check=True, timeout=10)


def test_a_checkpoint_that_cannot_be_written_is_said_and_the_old_one_stands(pair, tmp_path):
    done = pair.run(*FAST, *TARGETS, "-o", tmp_path / "o", "--checkpoint", "/nonexistent/checkpoint")
    assert done.returncode == 1 and "/nonexistent/checkpoint" in done.stderr
    # nobody may write where root's checkpoint lies: that is an error before the first packet
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    done = pair.run(*FAST, *TARGETS, "--user", "nobody", "-o", tmp_path / "o", "--checkpoint", private / "c")
    assert done.returncode == 1 and "Permission denied" in done.stderr


def test_another_scan_is_refused_with_what_differs(pair, tmp_path):
    out, checkpoint, exclude = tmp_path / "out.jsonl", tmp_path / "checkpoint", tmp_path / "exclude"
    exclude.write_text("10.9.8.9\n")
    options = (*FAST, "-X", exclude, *TARGETS)
    proc = start(pair, *options, "-o", out, "--checkpoint", checkpoint)
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=30) == 3
    saved = checkpoint.read_bytes()
    changes = [(["-p", "80"], "--ports 80,81,2222"), (["--seed", "1"], "--seed"), (["-x", "10.9.8.1"], "--exclude"),
               (["10.9.8.0/25"], "10.9.8.0/25"), (["--order", "list"], "--order"),
               (["--shards", "2"], "--shards"), (["--allow-reserved"], "--allow-reserved")]
    for change, said in changes:
        done = pair.run("--resume", checkpoint, *change)
        assert done.returncode == 2 and said in done.stderr, (change, done.stderr)
    # the same options in full are accepted as well as none; another rate is nobody's business
    done = pair.run(*options, "-o", out, "--resume", checkpoint, "--dry-run", "-r", "99")
    assert done.returncode == 0 and "99" in done.stdout, done.stderr
    # a new scan does not wipe it out
    done = pair.run(*options, "-o", out, "--checkpoint", checkpoint)
    assert done.returncode == 2 and "--resume" in done.stderr
    for damaged in (saved[:-10], saved[:200], b"", saved.replace(b"next", b"nest"), saved + b"x", os.urandom(500)):
        checkpoint.write_bytes(damaged)
        done = pair.run("--resume", checkpoint)
        assert done.returncode == 2 and "checkpoint" in done.stderr, done.stderr
    done = pair.run("--resume", tmp_path / "nothing")
    assert done.returncode == 2 and "No such file" in done.stderr

