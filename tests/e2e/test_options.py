"""Each option of `synspect scan` does what its help says: the program runs in one namespace, servers and
a capture in another. Needs root. What the parser accepts is tests/unit/test_options.c's business."""
import contextlib
import csv
import io
import ipaddress
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest
from scapy.all import Ether, IP, IPv6, TCP

from netns import Netns, packet_socket, veth
from pace import took_moving

BUILD = pathlib.Path(os.environ.get("BUILDDIR", ".")).resolve()
SYNSPECT = str(BUILD / "synspect")

SELF, PEER, WALL, MIRROR, FAR = "10.8.0.1", "10.8.0.10", "10.8.0.11", "10.8.0.12", "10.80.0.1"
SELF6, PEER6 = "fd08::1", "fd08::10"
SSH, HTTP, SILENT, ODD, DROPPED, NO_ACK, CLOSED = 22, 80, 81, 83, 84, 85, 86
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
SO_TIMESTAMPNS = 35
BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"


def serve(sock, greeting, answer):
    """Accepts for ever: says greeting, then answer to whatever comes."""
    def talk(conn):
        with conn:
            conn.settimeout(10)
            try:
                if greeting:
                    conn.sendall(greeting)
                while conn.recv(4096):
                    if answer:
                        conn.sendall(answer)
                        return
            except OSError:
                pass

    def loop():
        while True:
            try:
                conn, _ = sock.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(conn,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


class Capture:
    """Frames that arrive at the peer's end of the cable while the block runs, as scapy packets."""

    def __init__(self, ns, dev):
        self.sock = packet_socket(ns, dev, timeout=0.1)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.bind((dev, 3))
        self.frames = []
        self.is_done = False

    def __enter__(self):
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.is_done = True
        self.thread.join()
        self.sock.close()

    def loop(self):
        while True:
            try:
                frame, ancillary, _, address = self.sock.recvmsg(65535, 64)
            except (socket.timeout, BlockingIOError):
                if self.is_done:
                    return
                continue
            if address[2] != socket.PACKET_OUTGOING:
                stamp = next(data for _, kind, data in ancillary if kind == SO_TIMESTAMPNS)
                whole, ns = struct.unpack("qq", stamp[:16])  # the kernel's: this thread may be late
                self.frames.append((whole + ns / 1e9, frame))

    def tcp(self, port=None, flags=None, data=None):
        """(time, packet) of the TCP segments that match."""
        found = []
        for at, frame in self.frames:
            packet = Ether(frame)
            if TCP not in packet or (port and packet[TCP].dport != port):
                continue
            if flags is not None and packet[TCP].flags != flags:
                continue
            if data is not None and bool(payload(packet)) != data:
                continue
            found.append((at, packet))
        return found


def payload(packet):
    """The TCP payload, without Ethernet padding."""
    if IP in packet:
        total = packet[IP].len - packet[IP].ihl * 4 - packet[TCP].dataofs * 4
        return bytes(packet[TCP].payload)[:total]
    return bytes(packet[TCP].payload)


class Net:
    """Scanner `a` on a0; peer `b` on b0 with servers, a wall that drops, a mirror that accepts all."""

    def __init__(self):
        self.a, self.b = Netns("oa"), Netns("ob")
        veth(self.a, self.b, "a0", "b0")
        for ns, dev in ((self.a, "a0"), (self.b, "b0")):
            ns.run("ethtool", "-K", dev, "tx", "off")
        self.a.ip(f"addr add {SELF}/24 dev a0")
        self.a.ip(f"-6 addr add {SELF6}/64 dev a0")
        for addr in (PEER, WALL, MIRROR):
            self.b.ip(f"addr add {addr}/24 dev b0")
        self.b.ip(f"-6 addr add {PEER6}/64 dev b0")
        self.b.ip(f"addr add {FAR}/32 dev lo")
        self.a.ip(f"route add default via {PEER}")
        self.a.ip(f"-6 route add default via {PEER6}")
        self.b.run("nft", f"""add table ip t
            add chain ip t in {{ type filter hook input priority 0; }}
            add rule ip t in ip daddr {WALL} drop
            add rule ip t in tcp dport {DROPPED} drop
            add rule ip t in tcp dport {NO_ACK} tcp flags & (syn|rst) == 0 meta length > 60 drop
            add chain ip t pre {{ type nat hook prerouting priority -100; }}
            add rule ip t pre ip daddr {MIRROR} meta l4proto tcp redirect to :{SILENT}""")
        self.socks = []
        for port, greeting, answer in (
                (SSH, BANNER, None), (SILENT, None, None), (NO_ACK, None, None), (DROPPED, None, None),
                (HTTP, None, b"HTTP/1.0 200 OK\r\nServer: test\r\n\r\nhi"), (ODD, b"XYZZY-7 ready\n", None)):
            with self.b:
                sock = socket.create_server(("::", port), family=socket.AF_INET6, backlog=128,
                                            dualstack_ipv6=True)
            self.socks.append(sock)
            serve(sock, greeting, answer)

    def capture(self):
        return Capture(self.b, "b0")

    def scan(self, *args, status=0, timeout=60, **kw):
        """Runs a scan with short patience; returns its records. self.err has stderr."""
        args = [str(arg) for arg in args]
        quick = [] if "--cooldown" in args else ["--cooldown", "400ms"]
        quick += [] if "--timeout" in args or "--config" in args else ["--timeout", "1s"]
        proc = self.a.run(SYNSPECT, "scan", *quick, *args, check=False, timeout=timeout, **kw)
        self.err, self.out = proc.stderr, proc.stdout
        assert proc.returncode == status, proc.stderr
        try:
            records = [json.loads(line) for line in proc.stdout.splitlines()]
        except ValueError:
            return None
        return sorted(records, key=lambda r: (r.get("ip", ""), r.get("port", 0)))

    def close(self):
        for sock in self.socks:
            sock.close()
        self.a.close()
        self.b.close()


@pytest.fixture(name="net", scope="module")
def fixture_net():
    net = Net()
    try:
        yield net
    finally:
        net.close()


def names(records):
    return [(r["ip"], r["port"], r.get("protocol")) for r in records]


def seconds(function):
    start = time.monotonic()
    result = function()
    return time.monotonic() - start, result


# ---- targets ----

def test_targets_ports_and_files(net, tmp_path):
    both = [(PEER, SSH, "ssh"), (PEER, HTTP, "http")]
    assert names(net.scan("--ports", f"{SSH},{HTTP}", PEER)) == both
    assert names(net.scan(f"{PEER}:{SSH}", f"{PEER}:{HTTP}")) == both
    (tmp_path / "list").write_text(f"{PEER}:{HTTP}\n{PEER} # all ports\n")
    assert names(net.scan("-p", SSH, "--targets-file", tmp_path / "list")) == both
    assert names(net.scan("-t", "-", input=f"{PEER}:{SSH}\n[{PEER6}]:{SSH}\n")) == [
        (PEER, SSH, "ssh"), (PEER6, SSH, "ssh")]


def test_exclusions_win(net, tmp_path):
    (tmp_path / "no").write_text(f"{WALL}\n{MIRROR}/31\n")
    target = f"{PEER}-{MIRROR}"
    for option in ("--exclude-file", "--blocklist-file", "-X"):
        with net.capture() as seen:
            assert names(net.scan("-p", SSH, option, tmp_path / "no", target)) == [(PEER, SSH, "ssh")]
        assert {p[IP].dst for _, p in seen.tcp()} == {PEER}
    with net.capture() as seen:
        net.scan("-p", SSH, "--exclude", PEER, "-x", f"{WALL}-{MIRROR}", target, "--dry-run", status=2)
    assert not seen.tcp()


def test_exclusions_change_while_it_runs(net):
    """SIGHUP: what the file names from now on is asked no more, what it no longer names is asked again."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)  # for the user that the scan becomes
        listed = pathlib.Path(folder) / "no"
        listed.write_text(f"{WALL}\n")
        ports = range(1000, 1200)
        with net.capture() as seen:
            proc = net.a.popen(SYNSPECT, "scan", "-q", "-r", "100", "--cooldown", "0s", "-X", str(listed), "-p",
                               f"{ports[0]}-{ports[-1]}", PEER, WALL, stderr=subprocess.PIPE)
            while len(seen.frames) < 20:
                assert proc.poll() is None
                time.sleep(0.02)
            listed.write_text(f"{PEER}\n")
            before = time.clock_gettime(time.CLOCK_REALTIME)
            proc.send_signal(signal.SIGHUP)
            assert proc.communicate(timeout=30)[1] == "" and proc.returncode == 0
    asked = [(at, packet[IP].dst, packet[TCP].dport) for at, packet in seen.tcp(flags="S")]
    assert len(asked) == len({(to, port) for _, to, port in asked}), "asked twice"
    assert {port for _, to, port in asked if to == WALL} == set(ports), "all that was lifted"
    assert 0 < sum(to == PEER for _, to, _ in asked) < len(ports) - 10
    assert sum(at >= before and to == PEER for at, to, _ in asked) < 100, "two seconds later it was still asked"


def test_interface_identifiers_inside_prefixes(net):
    net.b.ip("-6 route add local fd77::/32 dev lo")
    options = ["-p", SSH, "--v6-iid", "low:2,::1:a", "fd77:0:0:1::/64", "fd77:0:0:2::/64"]
    expected = {str(ipaddress.ip_address(f"fd77:0:0:{n}:0:0:{iid}")) for n in (1, 2)
                for iid in ("0:0", "0:1", "1:a")}
    with net.capture() as seen:
        records = net.scan(*options, "--alias-lengths", "none")
    probed = {p[IPv6].dst for _, p in seen.tcp(flags="S", port=SSH)}
    assert {str(ipaddress.ip_address(address)) for address in probed} == expected
    assert {r["ip"] for r in records} == expected
    assert "no-such" in net.a.run(SYNSPECT, "targets", "--v6-iid", "no-such", "fd77::/64", check=False).stderr


def test_explain_names_the_line_that_decides(net, tmp_path):
    (tmp_path / "no").write_text(f"# asked\n{WALL}\n")
    options = ["targets", "-p", "80", "-X", str(tmp_path / "no"), f"{PEER}-{MIRROR}", "--explain"]
    said = net.a.run(SYNSPECT, *options, WALL, check=False).stdout
    assert f"{tmp_path}/no:2" in said and "never" in said or "not" in said, said
    said = net.a.run(SYNSPECT, *options, PEER, check=False).stdout
    assert "not" not in said, said


def test_what_targets_prints_is_what_is_probed(net):
    options = ["-p", "100-140", "--seed", "5", "--shards", "3", "--shard", "1", f"{FAR}/31"]
    listed = net.a.run(SYNSPECT, "targets", *options).stdout.split()
    with net.capture() as seen:
        net.scan(*options)
    probed = [f"{p[IP].dst}:{p[TCP].dport}" for _, p in seen.tcp(flags="S")]
    assert probed == listed and 25 <= len(listed) <= 29


def test_stops_at_max_targets_results_runtime(net):
    with net.capture() as seen:
        net.scan("-p", "1000-1999", "--max-targets", "7", PEER)
    assert len(seen.tcp(flags="S")) == 7
    assert len(net.scan("-p", "22,80,81,83", "--max-results", "2", "-r", "20", PEER)) == 2
    took, _ = seconds(lambda: net.scan("-p", "1000-9999", "-r", "100", "--max-runtime", "1s", PEER))
    assert 1 <= took < 60  # of 90


# ---- network and sending ----

def test_network_overrides(net):
    with net.capture() as seen:
        net.scan("--interface", "a0", "--source-port", "5000-5003", "--source-mac", "02:00:00:00:00:77",
                 "-p", "1000-1040", PEER)
    syns = [p for _, p in seen.tcp(flags="S")]
    assert {p[Ether].src for p in syns} == {"02:00:00:00:00:77"}
    assert {p[TCP].sport for p in syns} == {5000, 5001, 5002, 5003}


def test_gateway_mac_is_used_for_what_is_far(net):
    mac = net.b.mac("b0")
    assert names(net.scan("--gateway-mac", mac, "-p", SSH, FAR)) == [(FAR, SSH, "ssh")]
    with net.capture() as seen:
        net.scan("-G", "02:00:00:00:00:99", "-p", SSH, FAR)
    assert {p[Ether].dst for _, p in seen.tcp()} == {"02:00:00:00:00:99"}


def test_source_ip_that_the_host_does_not_own(net):
    with net.capture() as seen:
        records = net.scan("--source-ip", "10.8.0.77", "-p", SSH, PEER)
    assert names(records) == [(PEER, SSH, "ssh")]
    assert {p[IP].src for _, p in seen.tcp()} == {"10.8.0.77"}


@pytest.mark.parametrize("options,is_promiscuous", [
    ([], False), (["--source-ip", "10.8.0.77"], True), (["--source-mac", "02:00:00:00:00:77"], True)])
def test_a_card_that_filters_is_told_to_let_answers_through(net, options, is_promiscuous):
    """To an address or a MAC that the host does not have; for as long as the scan runs."""
    def count():
        return json.loads(net.a.ip("-d -j link show a0").stdout)[0]["promiscuity"]
    proc = net.a.popen(SYNSPECT, "scan", "-q", *options, "-r", "20", "--cooldown", "0s", "-p", "1000-1030", PEER)
    counts = set()
    while proc.poll() is None:
        counts.add(count())
        time.sleep(0.05)  # a look at a running program, not a wait for it
    assert proc.communicate()[0] == "" and (max(counts) > 0) == is_promiscuous
    assert count() == 0


def test_the_guard_is_there_unless_refused(net):
    def tables(*options):
        proc = net.a.popen(SYNSPECT, "scan", "-q", "-r", "10", "--cooldown", "0s", "-p", "1000-1020", PEER,
                           *options)
        found = set()
        while proc.poll() is None:
            found.update(net.a.run("nft", "list", "tables").stdout.splitlines())
            time.sleep(0.05)  # a look at a running program, not a wait for it
        proc.communicate()
        assert proc.returncode == 0
        return found
    assert tables()
    assert not tables("--no-rst-guard")


def test_rate_and_bandwidth_hold(net):
    """At a slower rate gaps would be longer, or more: half of it takes two seconds of either. Where the machine
    stands still, what it missed does not come faster afterwards."""
    with net.capture() as seen:
        net.scan("-r", "50", "-p", "1000-1049", PEER)
    at = [t for t, _ in seen.tcp(flags="S")]
    assert len(at) == 50 and 0.9 <= at[-1] - at[0] and took_moving(at, 0.04) <= 1.2
    with net.capture() as seen:  # a SYN of 74 bytes takes 98 on the wire, 784 bits
        net.scan("--bandwidth", "392kbit", "-p", "1000-1499", PEER)
    at = [t for t, _ in seen.tcp(flags="S")]
    assert len(at) == 500 and 0.9 <= at[-1] - at[0] and took_moving(at, 0.02) <= 1.2


@contextlib.contextmanager
def first_question_lost(net):
    """The peer answers from the second ARP request on, a second later: SYNs wait for its MAC until then."""
    net.b.run("nft", """add table arp t
        add chain arp t in { type filter hook input priority 0; }
        add rule arp t in arp operation request limit rate 1/day burst 1 packets drop""")
    try:
        yield
    finally:
        net.b.run("nft", "delete table arp t")


@pytest.mark.parametrize("is_lost", [False, True])
def test_attempts_trail_by_their_delay(net, is_lost):
    """What was really sent, however long the first SYN waited for the peer's MAC."""
    with net.capture() as seen, first_question_lost(net) if is_lost else contextlib.nullcontext():
        net.scan("--attempts", "3", "--attempt-delay", "300ms", "-p", DROPPED, PEER)
    at = [t for t, _ in seen.tcp(port=DROPPED, flags="S")]
    assert len(at) == 3
    assert at[1] - at[0] >= 0.29 and at[2] - at[1] >= 0.29
    asked = [t for t, frame in seen.frames if frame[12:14] == b"\x08\x06" and frame[21] == 1]  # requests
    assert at[0] - asked[0] >= 0.9 * is_lost and len(asked) > is_lost


def test_attempts_leave_who_has_answered_alone(net):
    """Its second attempt was due while the first waited for the MAC."""
    with net.capture() as seen, first_question_lost(net):
        net.scan("--attempts", "2", "--attempt-delay", "900ms", "-p", f"{SSH},{CLOSED},{DROPPED}", PEER)
    assert len(seen.tcp(port=SSH, flags="S")) == len(seen.tcp(port=CLOSED, flags="S")) == 1
    assert len(seen.tcp(port=DROPPED, flags="S")) == 2


@pytest.mark.parametrize("style,expected", [
    ("linux", ["MSS", "SAckOK", "Timestamp", "NOP", "WScale"]), ("windows", ["MSS", "WScale", "SAckOK"]),
    ("mss", ["MSS"]), ("none", [])])
def test_syn_options(net, style, expected):
    with net.capture() as seen:
        assert names(net.scan("--syn-options", style, "-p", SSH, PEER)) == [(PEER, SSH, "ssh")]
    options = [name for name, _ in seen.tcp(port=SSH, flags="S")[0][1][TCP].options]
    assert [o for o in options if o != "NOP"] == [o for o in expected if o != "NOP"]


@pytest.mark.parametrize("back_end", ["auto", "xdp", "packet", "libnet"])
def test_back_ends_see_the_same(net, back_end):
    records = net.scan("--tx", back_end, "-p", "22,80", PEER, PEER6)
    assert names(records) == [(PEER, 22, "ssh"), (PEER, 80, "http"),
                              (PEER6, 22, "ssh"), (PEER6, 80, "http")]


# ---- answers ----

def test_probes(net):
    with net.capture() as seen:
        record, = net.scan("--probes", "wait,http", "-p", HTTP, PEER)
    assert record["protocol"] == "http" and record["probe"] == "http"
    records = net.scan("--probes", "wait,http", "--all-probes", "-p", SSH, PEER)
    assert len(records) == 2
    net.scan("--probes", "htpp", "-p", SSH, PEER, status=2)
    assert "htpp" in net.err


def test_contact_is_in_the_http_probe(net):
    with net.capture() as seen:
        net.scan("--probes", "http", "--contact", "mailto:scan@example.org", "-p", HTTP, PEER)
    sent = b"".join(payload(p) for _, p in seen.tcp(port=HTTP, data=True))
    assert b"mailto:scan@example.org" in sent


def test_timeout_and_cooldown(net):
    def scan(timeout, cooldown, port):
        return seconds(lambda: net.scan("--timeout", timeout, "--cooldown", cooldown, "--hyperack", "0",
                                        "--probes", "http", "-p", port, PEER))
    soon, (record,) = scan("500ms", "300ms", SILENT)
    assert record["outcome"] == "silent"
    took, _ = scan("4s", "300ms", SILENT)
    assert took >= 4 and took > soon
    took, _ = scan("500ms", "2s", CLOSED)
    assert took >= 2


@pytest.mark.parametrize("n", [0, 2])
def test_retransmits(net, n):
    """Never more; where the machine stands still round trips look long, and there may be no time for all."""
    net.b.run("sysctl", "-qw", "net.ipv4.tcp_synack_retries=0")  # to answer them, data would be sent again
    try:
        for timeout in ("950ms", "2s", "5s"):
            with net.capture() as seen:
                record, = net.scan("--retransmits", n, "--timeout", timeout, "--hyperack", "0", "--probes", "http",
                                   "-p", NO_ACK, PEER)
            assert record["outcome"] == "no_ack"
            sent = [p for _, p in seen.tcp(port=NO_ACK, data=True)]
            assert [bool(p[TCP].flags & 8) for p in sent] == [False] + (len(sent) - 1) * [True]  # PSH
            assert 1 <= len(sent) <= n + 1
            if len(sent) == n + 1:
                return
        pytest.fail(f"data was sent {len(sent)} times")
    finally:
        net.b.run("sysctl", "-qw", "net.ipv4.tcp_synack_retries=5")


def test_hyperack(net):
    record, = net.scan("--hyperack", "4", "--hyperack-threshold", "2", "-p", "4000", MIRROR)
    assert record["hyperacktive"]["verdict"] is True and record["hyperacktive"]["tested"] <= 4
    assert record["hyperacktive"]["acked_data"] >= 2
    record, = net.scan("--hyperack", "0", "-p", "4000", MIRROR)
    assert "hyperacktive" not in record or record["hyperacktive"]["tested"] == 0
    record, = net.scan("-p", SILENT, PEER)
    assert record["hyperacktive"]["verdict"] is False


def test_the_rest_of_a_convicted_host_is_spared(net, tmp_path):
    metadata = tmp_path / "metadata"
    ports = 400
    options = ["-r", "100", "-p", f"4000-{3999 + ports}", "--metadata-file", metadata, MIRROR]
    with net.capture() as seen:
        records = net.scan("--skip-hyperacktive", *options)
    probed = {p[TCP].dport for _, p in seen.tcp(flags="S") if 4000 <= p[TCP].dport < 4000 + ports}
    spared = json.loads(metadata.read_text())["counters"]["hyperack_spared"]
    assert spared > 0 and ports - spared <= len(probed) < ports
    assert all(r["hyperacktive"]["verdict"] for r in records)


def test_few_sessions_are_enough(net):
    records = net.scan("--max-sessions", "32", "-r", "200", "--cooldown", "3s", "--hyperack", "0",
                       "-p", f"{SSH},{HTTP},{ODD},3000-3099", f"{PEER}-{MIRROR}")
    assert [n[1] for n in names(records) if n[0] == MIRROR] == [SSH, HTTP, ODD, *range(3000, 3100)]
    assert [n for n in names(records) if n[0] == PEER] == [
        (PEER, SSH, "ssh"), (PEER, HTTP, "http"), (PEER, ODD, None)]


def test_signatures_of_a_directory(net, tmp_path):
    (tmp_path / "xyzzy.sig").write_text(
        'protocol xyzzy\nsource "test"\nspeaks-first yes\n'
        'rule hello rank 90\n    at 0 "XYZZY-"\naccept "XYZZY-7 ready" [0a]\n')
    check = subprocess.run([SYNSPECT, "signatures", "test", tmp_path / "xyzzy.sig"], text=True,
                           capture_output=True, check=False, timeout=20)
    assert check.returncode == 0, check.stderr
    assert names(net.scan("-p", ODD, PEER)) == [(PEER, ODD, None)]
    assert names(net.scan("--signatures", tmp_path, "-p", ODD, PEER)) == [(PEER, ODD, "xyzzy")]


# ---- output ----

def zstd(path):
    return subprocess.run(["zstd", "-dcq", path], capture_output=True, text=True, check=True).stdout


def test_output_files(net, tmp_path):
    plain, packed, forced = tmp_path / "o.jsonl", tmp_path / "o.jsonl.zst", tmp_path / "o.bin"
    net.scan("--output-file", plain, "-p", SSH, PEER)
    net.scan("-o", packed, "-p", SSH, PEER)
    net.scan("-o", forced, "--zstd=5", "-p", SSH, PEER)
    for text in (plain.read_text(), zstd(packed), zstd(forced)):
        assert json.loads(text)["protocol"] == "ssh"
    net.scan("-o", "/nonexistent/o", "-p", SSH, PEER, status=1)
    assert "/nonexistent/o" in net.err and net.err.count("\n") == 1


def test_formats_and_fields(net):
    net.scan("--format", "csv", "--fields", "ip,port,protocol", "-p", SSH, PEER)
    assert list(csv.reader(io.StringIO(net.out))) == [["ip", "port", "protocol"], [PEER, "22", "ssh"]]
    record, = net.scan("--fields", "protocol,ip,port", "-p", SSH, PEER)
    assert set(record) == {"ip", "port", "protocol"}
    net.scan("--format", "zgrab", "-p", SSH, PEER)
    assert net.out == f"{PEER},,ssh,22\n"
    net.scan("--format", "lzr", "-p", SSH, PEER)
    assert json.loads(net.out)["saddr"] == PEER
    net.scan("--fields", "ip,prot", "-p", SSH, PEER, status=2)
    assert "prot" in net.err


def test_only(net):
    ports = f"{SSH},{SILENT},{ODD}"
    assert [r["port"] for r in net.scan("--only", "all", "-p", ports, PEER)] == [22, 81, 83]
    assert [r["port"] for r in net.scan("--only", "data", "-p", ports, PEER)] == [22, 83]
    assert [r["port"] for r in net.scan("--only", "identified", "-p", ports, PEER)] == [22]


def test_status_metadata_metrics(net, tmp_path):
    files = {name: tmp_path / name for name in ("status", "metadata", "metrics")}
    net.scan("-r", "20", "-p", "22,1000-1040", "--status", "json", "--seed", "77", "--status-file",
             files["status"], "--metadata-file", files["metadata"], "--metrics-file", files["metrics"], PEER)
    lines = [json.loads(line) for line in net.err.splitlines() if line.startswith("{")]
    assert lines
    assert json.loads(files["status"].read_text().splitlines()[-1])
    metadata = json.loads(files["metadata"].read_text())
    assert metadata["seed"] == "77" and metadata["config"]["rate"] == 20
    assert "synspect_packets_sent" in files["metrics"].read_text()
    net.scan("--status", "off", "-q", "-p", "22", PEER)
    assert net.err == ""


def test_pcap_replays_to_the_same_records(net, tmp_path):
    pcap = tmp_path / "scan.pcap"
    scanned = net.scan("--pcap", pcap, "-p", f"{SSH},{HTTP},{SILENT}", PEER, PEER6)
    proc = net.a.run(SYNSPECT, "replay", str(pcap))
    replayed = sorted((json.loads(line) for line in proc.stdout.splitlines()),
                      key=lambda r: (r["ip"], r["port"]))
    assert names(replayed) == names(scanned)
    assert [r.get("data") for r in replayed] == [r.get("data") for r in scanned]


# ---- the program ----

def test_dry_run_sends_nothing(net):
    with net.capture() as seen:
        net.scan("--dry-run", "-p", SSH, PEER)
    assert not seen.tcp()
    assert "source ports" in net.out


def test_user_and_privileges(net):
    proc = net.a.popen(SYNSPECT, "scan", "-q", "--user", "daemon", "-r", "20", "--cooldown", "0s", "-p", "1000-1030", PEER)
    wanted = "\t".join(4 * [subprocess.run(["id", "-u", "daemon"], text=True, capture_output=True,
                                           check=True).stdout.strip()])
    states = set()
    while proc.poll() is None:
        for status in pathlib.Path("/proc").glob(f"{proc.pid}/task/*/status"):
            try:
                states.update(line for line in status.read_text().splitlines() if line.startswith("Uid"))
            except OSError:
                pass
        time.sleep(0.05)  # a look at a running program, not a wait for it
    proc.communicate()
    assert f"Uid:\t{wanted}" in states
    net.scan("--user", "no-such-user", "-p", SSH, PEER, status=1)
    assert "no-such-user" in net.err


@pytest.mark.parametrize("option,mode", [([], "2"), (["--no-seccomp"], "0")])
def test_system_calls_are_filtered_unless_refused(net, option, mode):
    proc = net.a.popen(SYNSPECT, "scan", "--quiet", *option, "-r", "20", "--cooldown", "0s", "-p", "1000-1030", PEER)
    seen = set()
    while proc.poll() is None:
        for status in pathlib.Path("/proc").glob(f"{proc.pid}/task/*/status"):
            try:
                seen.update(line for line in status.read_text().splitlines() if line.startswith("Seccomp:"))
            except OSError:
                pass
        time.sleep(0.05)  # a look at a running program, not a wait for it
    assert proc.communicate()[0] == ""
    assert ("Seccomp:\t2" in seen) == (mode == "2")


def test_config_file_and_command_line(net, tmp_path):
    conf = tmp_path / "scan.conf"
    conf.write_text("ports = 22,80\nonly = identified\n# comment\ncooldown = 300ms\ntimeout = 1s\n")
    assert len(net.scan("--config", conf, PEER)) == 2
    assert len(net.scan("--config", conf, "-p", "22", PEER)) == 1
