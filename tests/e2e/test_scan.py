"""The scanner end to end, in namespaces without an uplink, against servers on the kernel's own TCP:
who is found, what leaves the host, how a scan ends, what it says about wrong input. Needs root."""
import json
import os
import pathlib
import re
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
GUARD = "synspect_"
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


def start(pair, *args):
    return subprocess.Popen(pair.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def guard_is_there(pair):
    return GUARD in pair.scan.run("nft", "list", "tables").stdout


def unzstd(path):
    """The lines that plain zstd gets out, as a reader would after a crash."""
    done = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, timeout=20)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_kill_9_leaves_a_readable_file_and_no_guard(pair, tmp_path):
    out = tmp_path / "killed.jsonl.zst"
    proc = start(pair, "-r", "200", "-p", "80", "10.9.0.0/18", "-o", out)
    try:
        wait_until(lambda: out.exists() and len(unzstd(out)) > 50)
        assert guard_is_there(pair)
    finally:
        proc.kill()
        proc.wait()
    assert not guard_is_there(pair)
    records = unzstd(out)
    assert len(records) > 50
    assert {r["protocol"] for r in records} == {"http"}


def test_one_sigint_drains_two_end_at_once(pair, tmp_path):
    out = tmp_path / "int.jsonl"
    proc = start(pair, "-r", "200", "-p", "80", "10.9.0.0/18", "-o", out, "--cooldown", "2s")
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=30) == 3
    lines = out.read_text().splitlines()
    assert lines and all(json.loads(line)["protocol"] == "http" for line in lines)

    out = tmp_path / "int2.jsonl.zst"
    proc = start(pair, "-r", "200", "-p", "80", "10.9.0.0/18", "-o", out, "--cooldown", "50s")
    wait_until(lambda: out.exists() and unzstd(out))
    proc.send_signal(signal.SIGINT)
    time.sleep(0.3)  # signals of one kind that are pending together count once
    assert proc.poll() is None
    proc.send_signal(signal.SIGINT)
    assert proc.wait(timeout=10) == 3
    done = subprocess.run(["zstd", "-tq", str(out)], capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert unzstd(out)


def test_full_disk_stops_with_a_reason_and_whole_records(pair):
    done = pair.run("-p", "80", "10.9.6.0/26", "-o", "/dev/full", "--cooldown", "1s")
    assert done.returncode == 1
    assert "/dev/full" in done.stderr and "No space left" in done.stderr


def test_closed_pipe_stops_with_a_reason(pair):
    proc = start(pair, "-r", "500", "-p", "80", "10.9.0.0/17")
    assert json.loads(proc.stdout.readline())["protocol"] == "http"
    proc.stdout.close()
    assert proc.wait(timeout=30) == 1
    assert re.search("[Bb]roken pipe", proc.stderr.read())


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


BAD = [
    (["--frobnicate", "10.9.1.1"], 2, "frobnicate"),
    (["--rate", "fast", "-p", "80", "10.9.1.1"], 2, "fast"),
    (["-p", "0", "10.9.1.1"], 2, "0"),
    (["-p", "70000", "10.9.1.1"], 2, "70000"),
    (["-p", "80", "10.9.1.1/33"], 2, "33"),
    (["-p", "80"], 2, "no targets"),
    (["10.9.1.1"], 2, "port"),
    (["-p", "80", "-i", "nosuch0", "10.9.1.1"], 1, "nosuch0"),
    (["-p", "80", "-t", "/nonexistent/list"], (1, 2), "/nonexistent/list"),
    (["-p", "80", "--geoip", "/nonexistent.mmdb", "10.9.1.1"], (1, 2), "/nonexistent.mmdb"),
    (["-p", "80", "-o", "/nonexistent/dir/x", "10.9.1.1"], (1, 2), "/nonexistent/dir/x"),
    (["-p", "80", "224.0.0.1"], 2, "excluded"),
    (["-p", "80", "--probes", "nosuchprobe", "10.9.1.1"], 2, "nosuchprobe"),
]


@pytest.mark.parametrize("args,status,words", BAD, ids=[w for _, _, w in BAD])
def test_bad_input_gets_one_line_and_its_status(pair, args, status, words):
    done = pair.run(*args, timeout=20)
    assert done.returncode in (status if isinstance(status, tuple) else (status,)), done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_bad_target_file_says_where(pair, tmp_path):
    names = tmp_path / "list"
    names.write_text("10.9.1.1:80\n10.9.1.2:80\n10.9.1.999:80\n")
    done = pair.run("--order", "random", "-t", names)
    assert done.returncode == 2
    assert re.search(rf"{names}:3:\d+: ", done.stderr)


def test_corrupt_database(pair, tmp_path):
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database" * 100)
    done = pair.run("-p", "80", "--geoip", broken, "10.9.1.1")
    assert done.returncode in (1, 2)
    assert "broken.mmdb" in done.stderr


def test_no_route_and_dead_gateway(pair):
    lone = Netns("l")
    try:
        done = lone.run(SYNSPECT, "scan", "-p", "80", "10.9.1.1", check=False)
        assert done.returncode == 1 and "no route" in done.stderr
        other = Netns("o")
        veth(lone, other, "ve-l", "ve-o")
        lone.ip("addr add 192.168.8.1/24 dev ve-l")
        lone.ip("route add default via 192.168.8.77")
        done = lone.run(SYNSPECT, "scan", "-p", "80", "10.9.1.1", check=False)
        assert done.returncode == 1 and "192.168.8.77" in done.stderr
        other.close()
    finally:
        lone.close()


def test_without_privilege(pair):
    done = subprocess.run(["ip", "netns", "exec", pair.scan.name, "setpriv", "--reuid=65534", "--regid=65534",
                           "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", SYNSPECT, "scan", "-p", "80", "10.9.1.1"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "CAP_NET_RAW" in done.stderr
