"""synspect is asked for more than a narrow path or slow servers can take: it slows by itself, and what was lost comes
again. netsim plays both, every record is held against its truth. Needs root."""
import collections
import contextlib
import ipaddress
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from netsim_lab import BUILD, Lab, truth

SYNSPECT = str(BUILD / "synspect")
SEED = ("--seed", "2026")
DICE = random.Random(int(os.environ.get("CHECKPOINT_SEED", "2026")))
FIRST = int(ipaddress.ip_address("10.32.0.0"))  # lives in namespaces without an uplink only


@pytest.fixture(name="lab")
def fixture_lab():
    with contextlib.closing(Lab()) as lab:
        yield lab


def outcomes(bits, *netsim):
    """{ip: outcome that a scanner should report} of those of 2^bits addresses that answer."""
    rows = truth(((ipaddress.ip_address(FIRST + i), 80) for i in range(1 << bits)), *SEED, *netsim)
    return {row["ip"]: row["outcome"] for row in rows if row["outcome"] != "-"}


class Scan:
    """One finished scan of port 80 of 2^bits addresses: records, counters and what it said."""

    def __init__(self, lab, bits, *options):
        out, metadata = lab.path("past.jsonl"), lab.path("past.json")
        done = lab.scan.run(SYNSPECT, "scan", "-i", lab.dev, "-p", "80", "-o", out, "--metadata-file", metadata,
                            "--no-exclude", "--seed", "1", *options, f"10.32.0.0/{32 - bits}", timeout=300,
                            check=False)
        assert done.returncode in (0, 4), done.stderr
        self.stderr = done.stderr
        with open(metadata, encoding="utf-8") as file:
            self.counters = json.load(file)["counters"]
        with open(out, encoding="utf-8") as file:
            self.records = [json.loads(line) for line in file]

    def check_accounts(self, bits, expected):
        """Each target taken once, each answer one record, each record of somebody who answers."""
        counters, found = self.counters, {record["ip"] for record in self.records}
        assert counters["targets_taken"] == 1 << bits and counters["send_errors"] == 0
        assert counters["packets_sent"] == counters["syn_sent"] + counters["segment_sent"]
        assert counters["sessions_opened"] == counters["sessions_closed"] == len(self.records) == len(found)
        assert found <= expected.keys()


@pytest.mark.parametrize("preset, bits, least", [("dense", 15, 0.98), ("paper", 18, 0.94)])
def test_a_narrow_path_loses_little(lab, preset, bits, least):
    """10 million packets a second into 40,000 that get through: nothing on this host says so, answers do, and what
    was lost until then is sent again, at a rate that gets through: of the dense population all has been sent when
    losses are found. Without --adaptive 11 % of a large dense population were found, 10 % of the paper's; without
    going back 75 to 89 %, and 40 to 66 %; at the rate of the first cut 88 % of this one."""
    lab.start(*SEED, "--preset", preset, "--capacity", "40000")
    scan = Scan(lab, bits, "-r", "10M", "--cooldown", "3s")
    stats, counters = lab.stop(), scan.counters
    expected = outcomes(bits, "--preset", preset)
    print(f"{preset}: {len(scan.records)} of {len(expected)} found, {stats['over_capacity']} packets over capacity, "
          f"slowed {counters['slowdowns']} times, {counters['slowdowns_far']} for losses beyond this host")
    assert stats["over_capacity"] > 0 and counters["slowdowns_far"] >= 1
    assert len(scan.records) >= least * len(expected)
    assert "for losses beyond this host" in scan.stderr
    assert 0 < counters["syn_gone_back"] <= counters["syn_repeats"] <= 1 << bits
    # What was lost was lost on the way: everything is accounted for.
    scan.check_accounts(bits, expected)


def test_slow_servers_are_waited_for(lab):
    """200,000 packets a second, three a session, for servers that answer 10,000 questions a second and keep 5,000
    waiting: all of them are reached all the same, and only who does not ask for more than is served hears an answer."""
    bits, netsim = 15, ("--preset", "dense", "--set", "serves=10000", "--set", "backlog=5000")
    expected = outcomes(bits, *netsim)
    assert collections.Counter(expected.values()) == {"identified": 1 << bits}
    named = {}
    for way in ("--adaptive", "--no-adaptive"):
        lab.start(*SEED, *netsim)
        scan = Scan(lab, bits, "-r", "200k", "--cooldown", "1s", way)
        stats, counters = lab.stop(), scan.counters
        named[way] = sum(record["outcome"] == "identified" for record in scan.records)
        print(f"{way}: {named[way]} of {len(expected)} named, {stats['sim']['requests_refused']} questions refused, "
              f"slowed {counters['slowdowns_late']} times for servers that fell behind")
        scan.check_accounts(bits, expected)
        assert len(scan.records) >= 0.98 * len(expected)
        assert {record["protocol"] for record in scan.records if record["outcome"] == "identified"} == {"http"}
        if way == "--adaptive":
            assert counters["slowdowns_late"] > 0 and "for servers that fell behind" in scan.stderr
        else:
            assert counters["slowdowns"] == 0 and stats["sim"]["requests_refused"] > 0
    assert named["--adaptive"] >= 0.97 * len(expected)
    assert named["--no-adaptive"] <= 0.8 * len(expected)


def targets_in_order(bits):
    """The addresses of a Scan, by position."""
    done = subprocess.run([SYNSPECT, "targets", "-p", "80", "--no-exclude", "--seed", "1", f"10.32.0.0/{32 - bits}"],
                          capture_output=True, text=True, timeout=30, check=True)
    return [line.split(":")[0] for line in done.stdout.splitlines()]


def read_whole_lines(path):
    """The addresses of the records of a file whose writer may have been killed."""
    text = path.read_text(encoding="utf-8")
    return [json.loads(line)["ip"] for line in text[:text.rfind("\n") + 1].splitlines()]


def known_as_done(checkpoint, order):
    """Whom a scan that is resumed from this checkpoint does not ask again."""
    lines = checkpoint.read_text(encoding="utf-8").splitlines()
    position = next(int(line.split()[1]) for line in lines if line.startswith("next "))
    listed = next(i for i, line in enumerate(lines) if line.startswith("recorded "))
    return {*order[:position], *(line.split(":")[0] for line in lines[listed + 1:-1])}


def wait_for_records(proc, out, n):
    """Returns when the running scan has added n records to the file, or has ended."""
    offset = out.stat().st_size if out.exists() else 0
    while proc.poll() is None and n > 0:
        if out.exists():
            with open(out, "rb") as file:
                file.seek(offset)
                added = file.read()
            offset += len(added)
            n -= added.count(b"\n")
        time.sleep(0.01)


def at_any_moment(proc, out):
    wait_for_records(proc, out, 1)
    time.sleep(DICE.uniform(0.2, 2))  # that is what is tested


def before_losses_are_found(proc, out):
    """A second after the start, when the rate has grown beyond the path's: the first thousands of SYNs are lost by
    then, and it takes half a second for answers to be missed."""
    wait_for_records(proc, out, 5500)


def while_lost_ones_come_again(proc, out):
    """Of the 24,000 that are left after the stop before, the last 10,000."""
    wait_for_records(proc, out, 15500)


@pytest.mark.parametrize("name, moments", [("TERM", (before_losses_are_found, while_lost_ones_come_again)),
                                           ("KILL", (at_any_moment,))])
def test_what_was_lost_before_a_stop_comes_again_after_it(lab, name, moments):
    """Stopped before losses are found, while they are gone back to or later, and resumed, a scan finds everybody. Who
    has a record gets no second one; after a kill but for those whose record is newer than the checkpoint."""
    bits, netsim, order = 15, ("--preset", "dense"), targets_in_order(15)
    out, checkpoint, metadata = (pathlib.Path(lab.path(file)) for file in ("out.jsonl", "checkpoint", "past.json"))
    lab.start(*SEED, *netsim, "--capacity", "40000")
    options = ["-i", lab.dev, "-p", "80", "-o", out, "--no-exclude", "--seed", "1", "-r", "10M", "--cooldown", "1s",
               "--threads", "1", "--checkpoint", checkpoint, f"10.32.0.0/{32 - bits}"]
    may_repeat, counters, n_stops = set(), collections.Counter(), 0
    for wait in (*moments, None):
        proc = subprocess.Popen(["ip", "netns", "exec", lab.scan.name, SYNSPECT, "scan", *options, "--metadata-file",
                                 metadata], stderr=subprocess.PIPE, text=True)
        if wait:
            wait(proc, out)
            proc.send_signal(getattr(signal, f"SIG{name}"))
        said = proc.communicate(timeout=60)[1]
        # it may have been complete
        assert proc.returncode in ({0, 3 if name == "TERM" else -signal.SIGKILL} if wait else {0}), said
        n_stops += proc.returncode != 0
        if proc.returncode >= 0:
            counters.update(json.loads(metadata.read_text(encoding="utf-8"))["counters"])
        if proc.returncode == 0:
            break
        may_repeat |= set(read_whole_lines(out)) - known_as_done(checkpoint, order)
        options = ["--resume", checkpoint]
    stats, expected = lab.stop(), outcomes(bits, *netsim)
    found = collections.Counter(read_whole_lines(out))
    twice = {ip for ip, n in found.items() if n > 1}
    print(f"{name}: {len(found)} of {len(expected)} found, {len(twice)} of {len(may_repeat)} repeated, "
          f"{counters['syn_gone_back']} sent again, {stats['over_capacity']} packets over capacity")
    assert n_stops > 0 and stats["over_capacity"] > 0 and counters["slowdowns_far"] > 0
    assert counters["syn_gone_back"] > 0
    assert found.keys() <= expected.keys()
    assert len(found) >= 0.99 * len(expected)
    assert twice <= may_repeat and max(found.values()) <= 2 and (name == "KILL" or not may_repeat)
