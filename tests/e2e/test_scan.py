"""The scanner end to end, in namespaces without an uplink, against servers on the kernel's own TCP:
who is found, and what leaves the host. How a scan ends and what it says about wrong input are in
test_endings.py and test_errors.py. Needs root."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import jsonschema
import pytest
from scapy.all import ICMPv6ND_NA, ICMPv6ND_NS, IP, IPv6, PcapReader, TCP

from netns import Netns, veth

TOP = pathlib.Path(__file__).resolve().parents[2]
SYNSPECT = os.environ.get("SYNSPECT", str(pathlib.Path(os.environ.get("BUILDDIR", ".")) / "synspect"))
SCHEMA = json.loads((TOP / "man" / "synspect-record.schema.json").read_text())
# Servers on port 80 everywhere, and one that speaks first on port 2222.
SERVERS = """
import socket, threading
def http(c):
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\\r\\nServer: e2e/1.0\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    c.close()
def ssh(c):
    c.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n")
    c.settimeout(2)
    try: c.recv(4096)
    except OSError: pass
    c.close()
def serve(port, talk):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    while True:
        c, _ = s.accept()
        threading.Thread(target=talk, args=(c,), daemon=True).start()
threading.Thread(target=serve, args=(2222, ssh), daemon=True).start()
print("ready", flush=True)
serve(80, http)
"""


class Pair:
    """A namespace to scan from, one to be scanned, a cable, servers behind a gateway and on the link."""

    def __init__(self):
        self.scan, self.net = Netns("s"), Netns("n")
        veth(self.scan, self.net, "ve-s", "ve-n")
        self.scan.ip("addr add 192.168.9.1/24 dev ve-s")
        self.scan.ip("-6 addr add fd00:9::1/64 dev ve-s")
        self.net.ip("addr add 192.168.9.2/24 dev ve-n")
        self.net.ip("-6 addr add fd00:9::2/64 dev ve-n")
        self.scan.ip("route add default via 192.168.9.2")
        self.scan.ip("-6 route add default via fd00:9::2")
        self.net.ip("route add local 10.9.0.0/16 dev lo")
        self.net.ip("-6 route add local fd00:10::/32 dev lo")
        self.server = self.net.popen(sys.executable, "-c", SERVERS)
        assert self.server.stdout.readline() == "ready\n"

    def close(self):
        self.server.kill()
        self.server.wait()
        self.scan.close()
        self.net.close()

    def command(self, *args):
        return ["ip", "netns", "exec", self.scan.name, SYNSPECT, "scan", *map(str, args)]

    def run(self, *args, timeout=60, **kw):
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=timeout, **kw)

    def records(self, *args, status=0):
        done = self.run("--cooldown", "1s", *args)
        assert done.returncode == status, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(name="pair", scope="module")
def fixture_pair():
    pair = Pair()
    yield pair
    pair.close()


class Capture:
    """tcpdump on the far end of the cable, ready before the body runs, complete after it."""

    def __init__(self, pair, path):
        self.pair, self.path = pair, path

    def __enter__(self):
        self.proc = subprocess.Popen(
            ["ip", "netns", "exec", self.pair.net.name, "tcpdump", "-i", "ve-n", "-w", str(self.path), "-U",
             "-B", "65536", "--immediate-mode", "ether", "src", self.pair.scan.mac("ve-s")],
            stderr=subprocess.PIPE, text=True)
        for line in self.proc.stderr:
            if "listening" in line:
                return self
        raise RuntimeError("tcpdump did not start")

    def __exit__(self, *exc):
        # What the kernel has passed to tcpdump is written when it is told to end.
        self.proc.send_signal(signal.SIGINT)
        err = self.proc.communicate(timeout=20)[1]
        assert re.search(r"\b0 packets dropped by kernel", err), err

    def packets(self):
        with PcapReader(str(self.path)) as reader:
            yield from reader


def address(packet):
    layer = packet[IP] if IP in packet else packet[IPv6]
    return layer.src, layer.dst


def test_every_target_is_found_once_by_both_families(pair):
    records = pair.records("-p", "80,81,2222", "10.9.1.0/28", "192.168.9.2", "fd00:10::5", "fd00:9::2")
    for record in records:
        jsonschema.validate(record, SCHEMA)
    found = sorted((r["ip"], r["port"], r.get("protocol")) for r in records)
    hosts = [f"10.9.1.{i}" for i in range(16)] + ["192.168.9.2", "fd00:10::5", "fd00:9::2"]
    assert found == sorted((h, p, n) for h in hosts for p, n in ((80, "http"), (2222, "ssh")))
    assert all(r["rtt_ms"] >= 0 for r in records if "rtt_ms" in r)
    assert sum("rtt_ms" in r for r in records) == len(records)


def test_the_end_overtakes_no_answer_that_has_come(pair):
    """Answers take microseconds here, but lie in an open block of the capture for up to 24 ms. One run may fail,
    on a machine that stands still just then."""
    found = [len(pair.run("--cooldown", "0s", "-p", "80", "10.9.1.0/28").stdout.splitlines()) for _ in range(8)]
    assert sum(n == 16 for n in found) >= 7, found


@pytest.mark.parametrize("tx", ["xdp", "packet", "libnet"])
def test_every_back_end_finds_the_same(pair, tx):
    records = pair.records("--tx", tx, "-p", "80", "10.9.2.0/28", "fd00:10::1:0/124")
    assert len(records) == 32
    assert {r["protocol"] for r in records} == {"http"}


def flows_of(capture):
    """(source port, address, port) -> flags of the packets that the scanning host sent, in order."""
    flows = {}
    for packet in capture.packets():
        if TCP in packet:
            key = (packet[TCP].sport, address(packet)[1], packet[TCP].dport)
            flows.setdefault(key, []).append(str(packet[TCP].flags))
    return flows


def test_the_kernel_sends_no_reset_of_its_own(pair, tmp_path):
    capture = Capture(pair, tmp_path / "guarded.pcap")
    with capture:
        assert len(pair.records("-p", "80", "--alias-lengths", "none", "10.9.3.0/28", "fd00:10::5")) == 17
    flows = flows_of(capture)
    opened = [f for f in flows.values() if len(f) > 1]
    assert len(opened) >= 17
    # A kernel that knows nothing of the connection answers the SYN-ACK with a reset at once.
    assert all(flags[0] == "S" and flags[1] in ("A", "PA") for flags in opened)


def test_without_the_guard_the_kernel_does_reset(pair, tmp_path):
    capture = Capture(pair, tmp_path / "unguarded.pcap")
    with capture:
        pair.records("--no-rst-guard", "-p", "80", "10.9.4.0/28")
    assert any(flags[:2] == ["S", "R"] for flags in flows_of(capture).values())


def test_nothing_goes_anywhere_but_to_the_targets(pair, tmp_path):
    capture = Capture(pair, tmp_path / "where.pcap")
    with capture:
        pair.records("-p", "80,81", "--alias-lengths", "none", "10.9.5.0/29", "fd00:10::5", "192.168.9.2")
    allowed = {f"10.9.5.{i}" for i in range(8)} | {"fd00:10::5", "192.168.9.2"}
    seen = set()
    for packet in capture.packets():
        if IP in packet or IPv6 in packet:
            if ICMPv6ND_NS in packet or ICMPv6ND_NA in packet:
                continue
            assert TCP in packet, packet.summary()
            seen.add(address(packet)[1])
    assert seen == allowed


@pytest.mark.parametrize("rate", [50, 2000])
def test_rate_holds(pair, tmp_path, rate):
    """Never more than rate * t + 10 ms of it in any window, and the whole takes as long as it must."""
    n = rate * 3
    capture = Capture(pair, tmp_path / f"rate{rate}.pcap")
    with capture:
        pair.records("-r", rate, "--max-targets", n, "--no-exclude", "-p", "4444", "10.9.0.0/16", "--cooldown", "0s")
    times = [float(p.time) for p in capture.packets() if TCP in p]
    assert len(times) == n
    burst = max(1, rate * 0.01)
    # Windows of 100 ms and more; 5 ms is what a busy machine may shift a packet by.
    for width in (0.1, 0.5, 1.0):
        first = 0
        for last, now in enumerate(times):
            while now - times[first] > width:
                first += 1
            assert last - first + 1 <= rate * (width + 0.005) * 1.01 + burst + 1
    assert times[-1] - times[0] >= (n - 1 - burst) / rate * 0.99


def test_pcap_replays_to_the_same_records(pair, tmp_path):
    pcap = tmp_path / "own.pcap"
    records = pair.records("--pcap", pcap, "-p", "80,2222", "10.9.7.0/29", "--hyperack", "0")
    done = subprocess.run([SYNSPECT, "replay", str(pcap)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    again = [json.loads(line) for line in done.stdout.splitlines()]

    def key(r):
        return r["ip"], r["port"], r["outcome"], r.get("protocol"), r.get("data")
    assert sorted(map(key, again)) == sorted(map(key, records))


def test_loopback(pair):
    pair.net.ip("addr add 10.99.9.9/32 dev lo")
    done = subprocess.run(["ip", "netns", "exec", pair.net.name, SYNSPECT, "scan", "-i", "lo", "-p", "80,82",
                           "10.99.9.9", "--cooldown", "1s"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["port"] for line in done.stdout.splitlines()] == [80]


def test_list_from_a_pipe_and_a_file(pair, tmp_path):
    names = tmp_path / "list"
    names.write_text("# comment\r\n10.9.8.1:80\r\n\n[fd00:10::7]:2222\n10.9.8.2\n")
    records = pair.records("-t", names, "-p", "80")
    assert sorted((r["ip"], r["port"]) for r in records) == [("10.9.8.1", 80), ("10.9.8.2", 80), ("fd00:10::7", 2222)]
    done = pair.run("-t", "-", "--cooldown", "1s", input="10.9.8.3:80\n[fd00:10::8]:80\n")
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(line)["ip"] for line in done.stdout.splitlines()) == ["10.9.8.3", "fd00:10::8"]


def wait_for_listener(ns, port):
    """Until something in the namespace listens on the port."""
    deadline = time.monotonic() + 10
    while f":{port} " not in ns.run("ss", "-ltn").stdout:
        assert time.monotonic() < deadline, f"nothing listens on {port}"
        time.sleep(0.02)


@pytest.mark.skipif(not shutil.which("endlessh"), reason="endlessh is missing: see tests/packages.txt")
@pytest.mark.parametrize("delay_ms", [100, 1000, 10000])
def test_a_real_tarpit_costs_one_record_and_little_time(pair, delay_ms):
    """endlessh sends random lines before its SSH banner, which never comes."""
    tarpit = pair.net.popen("endlessh", "-p", "2223", "-d", str(delay_ms))
    try:
        wait_for_listener(pair.net, 2223)
        before = time.monotonic()
        records = pair.records("10.9.0.1:2223", "[fd00:10::1]:2223", "--hyperack", "5")
        assert time.monotonic() - before < 40
        assert sorted(r["ip"] for r in records) == ["10.9.0.1", "fd00:10::1"]
        for record in records:
            # Its first line comes after the delay: later than anybody waits, the port only acknowledges.
            assert record["outcome"] == ("silent" if delay_ms == 10000 else "unidentified"), record
            assert "protocol" not in record
            assert not record.get("hyperacktive", {}).get("verdict")
    finally:
        tarpit.kill()
        tarpit.communicate(timeout=10)
