"""synspect is asked for more than a narrow path or slow servers can take: it slows by itself, and what was lost comes
again. netsim plays both, every record is held against its truth. Needs root."""
import collections
import ipaddress
import json

import pytest

from netsim_lab import BUILD, Lab, truth

SYNSPECT = str(BUILD / "synspect")
SEED = ("--seed", "2026")
FIRST = int(ipaddress.ip_address("10.32.0.0"))  # lives in namespaces without an uplink only


@pytest.fixture(name="lab")
def fixture_lab():
    lab = Lab()
    try:
        yield lab
    finally:
        lab.close()


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
