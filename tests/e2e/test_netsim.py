"""netsim itself: real kernel clients, crafted segments and tcpdump agree with its truth. Needs root."""
import collections
import concurrent.futures
import contextlib
import errno
import fcntl
import functools
import ipaddress
import json
import math
import pathlib
import random
import socket
import struct
import subprocess
import sys
import termios
import time

import pytest
from scapy.all import Ether, ICMP, IP, IPv6, Raw, TCP

from netns import packet_socket
from netsim_lab import GATEWAY, Lab, NETSIM, SELF, SYNBLAST, truth

COMPARE = pathlib.Path(__file__).resolve().parent.parent / "netsim" / "compare.py"
SEED = ("--seed", "11")
# Everything at once, nothing slow: the clients below wait for what must come, not for delays.
QUICK = (*SEED, "--preset", "mixed", "--set", "rtt=1-3", "--set", "slow_ms=50-200",
         "--set", "slow_synack_ms=50-100", "--set", "drip_ms=50", "--set", "rto_ms=300")
SILENCE = 0.3  # seconds without an answer that count as none
HTTP = b"GET / HTTP/1.1\r\nHost: netsim\r\n\r\n"
TLS = bytes.fromhex("16030100050100000101")


@pytest.fixture(name="lab", scope="module")
def fixture_lab():
    with contextlib.closing(Lab()) as lab:
        yield lab


@pytest.fixture(name="quick", scope="module")
def fixture_quick():
    """netsim with QUICK, seen by tcpdump on the scanner's side; the capture is judged at the end."""
    with contextlib.closing(Lab()) as lab:
        yield from watched(lab)


def watched(lab):
    lab.start(*QUICK)
    capture = lab.path("seen.pcap")
    dump = subprocess.Popen(["ip", "netns", "exec", lab.scan.name, "tcpdump", "-i", lab.dev, "-U", "-n",
                             "--immediate-mode", "-s", "0", "-w", capture], stderr=subprocess.PIPE)
    while b"listening" not in dump.stderr.readline():
        assert dump.poll() is None
    yield lab
    dump.terminate()
    dump.wait(timeout=10)
    stats = lab.stop()
    assert stats["sim"]["rx_bad"] == 0
    text = subprocess.run(["tcpdump", "-nn", "-vv", "-r", capture], text=True, capture_output=True,
                          timeout=60, check=True).stdout
    assert text.count("cksum") > 200
    wrong = [line for line in text.splitlines() if "incorrect" in line or "bad cksum" in line or
             "wrong icmp cksum" in line or "bad-len" in line or "bad icmp6" in line]
    # what is broken on purpose: one segment of a test, and the spoilt copies of some hosts
    spoilt = {t["ip"] for family in (4, 6) for t in everyone(family) if "garble" in t["traits"]} | {"192.0.2.99"}
    left = [line for line in wrong if not any(word.rpartition(".")[0] in spoilt for word in line.split())]
    assert len(wrong) > 1 and left == []


def addresses(family, n=6000):
    base = "11.0.0.0" if family == 4 else "2001:db8:1::"
    start = int(ipaddress.ip_address(base))
    step = 257 if family == 4 else (1 << 64) + 1
    return [str(ipaddress.ip_address(start + i * step)) for i in range(n)]


@pytest.fixture(name="population", scope="module", params=[4, 6], ids=["v4", "v6"])
def fixture_population(request):
    """(family, {behaviour: [truth]}) of hosts on port 80 under QUICK, plain ones without traits."""
    found = collections.defaultdict(list)
    for t in everyone(request.param):
        if t["traits"] or t["aliased"] or t["highly_responsive"] or t["pseudo_service"]:
            continue
        found["hyperacktive_service" if t["hyperacktive"] and t["behaviour"] == "service" else
              t["behaviour"]].append(t)
    return request.param, found


def connect(lab, t, port=None, timeout=5.0):
    """Connects in the kernel's own time. Not with settimeout(): Python then waits for the socket and asks
    SO_ERROR, which tells soft errors too, so that an ICMP error in answer to the handshake's last packet
    makes a connection that stands look failed whenever this process is slower than the network."""
    family = socket.AF_INET6 if ":" in t["ip"] else socket.AF_INET
    with lab.scan:
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6)))
    try:
        sock.connect((t["ip"], port or t["port"]))
    except BlockingIOError as err:
        sock.close()
        raise TimeoutError from err
    except OSError:
        sock.close()
        raise
    sock.settimeout(timeout)
    return sock


def silence(sock):
    sock.settimeout(SILENCE)
    with pytest.raises(TimeoutError):
        sock.recv(1)


def unacked(sock):
    """Segments sent and not acknowledged (struct tcp_info, tcpi_unacked)."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 24)[0]


def queued(sock):
    """Bytes written and not yet acknowledged."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]


def wait_until(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "condition not met in time"
        time.sleep(0.01)


def sample(population, behaviour, n=3):
    found = population[1][behaviour]
    assert len(found) >= n, f"population too small: {behaviour}"
    return found[:n]


def test_closed_is_refused(quick, population):
    for t in sample(population, "closed"):
        with pytest.raises(ConnectionRefusedError):
            connect(quick, t)


def test_filtered_says_nothing(quick, population):
    for t in sample(population, "filtered", 2):
        with pytest.raises(TimeoutError):
            connect(quick, t, timeout=SILENCE)


def test_prohibited_answers_icmp(quick, population):
    for t in sample(population, "prohibited"):
        with pytest.raises(OSError) as err:
            connect(quick, t)
        assert err.value.errno in (errno.EHOSTUNREACH, errno.EACCES)


def test_silent_acknowledges(quick, population):
    for t in sample(population, "silent"):
        with connect(quick, t) as sock:
            sock.sendall(HTTP)
            wait_until(lambda sock=sock: queued(sock) == 0)
            silence(sock)


def test_no_ack_never_acknowledges(quick, population):
    for t in sample(population, "no_ack"):
        with connect(quick, t) as sock:
            sock.sendall(HTTP)
            silence(sock)
            assert unacked(sock) > 0 and queued(sock) == len(HTTP)


def test_reset_after_the_handshake(quick, population):
    for t in sample(population, "reset"):
        # under load the reset may come before connect() has looked
        with pytest.raises(ConnectionResetError), connect(quick, t) as sock:
            sock.recv(1)


def test_fin_without_data(quick, population):
    for t in sample(population, "close", 6):
        with connect(quick, t) as sock:
            sock.sendall(HTTP)
            assert sock.recv(1) == b""


@pytest.mark.parametrize("behaviour", ["zero_window", "synproxy"])
def test_window_0_takes_nothing(quick, population, behaviour):
    hosts = []
    for t in sample(population, behaviour, 4):
        sock = connect(quick, t)
        sock.sendall(HTTP)
        hosts.append(sock)
    resets = 0
    for sock in hosts:
        try:
            sock.settimeout(SILENCE)
            sock.recv(1)
        except TimeoutError:
            assert queued(sock) == len(HTTP)
        except ConnectionResetError:
            resets += 1  # the manner of one host in ten
        sock.close()
    assert resets < len(hosts)


def test_unreachable_after_the_handshake(quick, population):
    level, option = ((socket.IPPROTO_IP, 11) if population[0] == 4 else (socket.IPPROTO_IPV6, 25))
    for t in sample(population, "unreachable"):
        with connect(quick, t) as sock:
            sock.setsockopt(level, option, 1)  # IP_RECVERR: soft errors are told at once
            with pytest.raises(OSError) as err:
                sock.sendall(HTTP)
                sock.recv(1)
            assert err.value.errno in (errno.EHOSTUNREACH, errno.EACCES)


def test_unknown_speaks_no_protocol(quick, population):
    for t in sample(population, "unknown"):
        with connect(quick, t) as sock:
            sock.sendall(HTTP)
            data = sock.recv(100)
            assert data and all(byte & 0x80 for byte in data)


def test_drip_goes_on(quick, population):
    for t in sample(population, "drip", 2):
        with connect(quick, t) as sock:
            sizes = [len(sock.recv(100)) for _ in range(8)]
            assert max(sizes) <= 3 and sum(sizes) >= 8


def test_data_then_reset(quick, population):
    hosts = [t for t in population[1]["data_reset"] if "http" in t["wakes"]]
    assert len(hosts) >= 3
    for t in hosts[:3]:
        with connect(quick, t) as sock:
            sock.sendall(HTTP)
            assert sock.recv(2000)
            with pytest.raises(ConnectionResetError):
                sock.recv(2000)


def test_hyperacktive_acknowledges_on_every_port(quick, population):
    draw = random.Random(3)
    for t in sample(population, "hyperacktive"):
        for port in (80, draw.randrange(1, 65536), draw.randrange(32768, 61000)):
            with connect(quick, t, port) as sock:
                sock.sendall(HTTP)
                wait_until(lambda sock=sock: queued(sock) == 0)
        silence_port = connect(quick, t, 50123)
        silence_port.sendall(b"x" * 50)
        silence(silence_port)
        silence_port.close()


def test_hyperacktive_with_a_real_service(quick, population):
    for t in sample(population, "hyperacktive_service", 2):
        with connect(quick, t, 45678) as sock:
            sock.sendall(HTTP)
            wait_until(lambda sock=sock: queued(sock) == 0)
            silence(sock)
        if "http" in t["wakes"]:
            with connect(quick, t) as sock:
                sock.sendall(HTTP)
                assert sock.recv(10)


def test_tarpit_takes_a_few_bytes(quick, population):
    for t in sample(population, "tarpit", 2):
        with connect(quick, t) as sock:
            sock.sendall(b"y" * 500)
            wait_until(lambda sock=sock: queued(sock) < 500)
            silence(sock)


@functools.lru_cache(maxsize=None)
def everyone(family):
    return truth([(a, 80) for a in addresses(family)], *QUICK)


def hosts_with(family, condition, n):
    found = [t for t in everyone(family) if condition(t)]
    assert len(found) >= n
    return found[:n]


@pytest.mark.parametrize("family", [4, 6])
def test_pseudo_service_is_the_same_on_every_port(quick, family):
    for t in hosts_with(family, lambda t: t["pseudo_service"] and "wait" in t["wakes"] and not t["traits"], 2):
        said = set()
        for port in (1, 80, 40404, 65535):
            with connect(quick, t, port) as sock:
                said.add(sock.recv(500))
        assert len(said) == 1 and said != {b""}


@pytest.mark.parametrize("family", [4, 6])
def test_shunning_hosts_serve_one_connection(quick, family):
    refusals = collections.Counter()
    for t in hosts_with(family, lambda t: t["traits"] == ["shun"] and t["outcome"] != "-", 8):
        with connect(quick, t) as sock:
            if "wakes" in t:
                assert sock.recv(500)
            sock.sendall(HTTP)
            wait_until(lambda sock=sock: queued(sock) == 0)
        try:
            connect(quick, t, timeout=SILENCE).close()
            refusals["served"] += 1
        except TimeoutError:
            refusals["silent"] += 1
        except ConnectionRefusedError:
            refusals["reset"] += 1
    assert refusals["served"] == 0 and refusals["silent"] > refusals["reset"]


@pytest.mark.parametrize("family", [4, 6])
def test_responsive_prefixes_answer_everywhere(quick, family):
    key = "aliased" if family == 6 else "highly_responsive"
    t = hosts_with(family, lambda t: t[key] and t["protocol"] == "http", 1)[0]
    net = ipaddress.ip_network(f"{t['ip']}/{64 if family == 6 else 24}", strict=False)
    draw = random.Random(1)
    for _ in range(10):
        address = str(net[draw.randrange(net.num_addresses)])
        with connect(quick, {"ip": address, "port": 80}) as sock:
            sock.sendall(HTTP)
            assert sock.recv(5) == b"HTTP/"


# What a client of the protocol says first (nothing: the server speaks), and what must come back.
SAYS = {
    "http": (HTTP, b"HTTP/"), "tls": (TLS, (b"\x16\x03\x03", b"\x15\x03\x03")), "ssh": (b"", b"SSH-2.0-"),
    "ftp": (b"", b"220 "), "smtp": (b"", b"220 "), "pop3": (b"", b"+OK"), "imap": (b"", b"* OK"),
    "mysql": (b"", (b"\x4a\0\0\0\x0a8.0.", b"\x44\0\0\0\xff")), "vnc": (b"", b"RFB 003.008\n"),
    "telnet": (b"", b"\xff\xfd"), "nntp": (b"", b"200 "), "rsync": (b"", b"@RSYNCD:"),
    "nats": (b"", b"INFO {"), "mpd": (b"", b"OK MPD "), "svn": (b"", b"( success "),
    "irc": (HTTP, b"ERROR :"), "rtsp": (HTTP, b"RTSP/1.0 400"), "xmpp": (TLS, b"<?xml"),
    "amqp": (HTTP, b"AMQP\0\0\x09\x01"),
    "rdp": (bytes.fromhex("0300000b06e00000000000"), b"\x03\0\0\x13\x0e\xd0"),
    "redis": (b"PING\r\n", b"+PONG"), "memcached": (b"\r\n", b"ERROR"),
    "postgres": (bytes.fromhex("0000000804d2162f"), b"N"),
    "mqtt": (b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02ab", b"\x20\x02\0\0"),
    "modbus": (bytes.fromhex("00010000000501 2b0e0100".replace(" ", "")), bytes.fromhex("00010000000301ab01")),
    "dns": (bytes.fromhex("001e00060100000100000000000007") + b"version\x04bind\0\0\x10\0\3",
            bytes.fromhex("001e00068105000100000000000007")),
    "smb": (b"\0\0\0\x2f\xffSMBr" + bytes(42), b"\0\0\0\x80\xfeSMB"),
    "ldap": (bytes.fromhex("300c020101600702010304008000"), b"\x30\x0c\x02\x01\x01\x61"),
    "sip": (b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"SIP/2.0 200"), "socks5": (b"\x05\x01\0", b"\x05\0"),
}


@pytest.mark.parametrize("family", [4, 6])
def test_every_service_answers_its_question(quick, family):
    by_protocol = collections.defaultdict(list)
    for t in truth([(a, p) for a in addresses(family, 4000) for p in (80, 443, 2222)], *QUICK):
        if t["behaviour"] == "service" and not set(t["traits"]) & {"shun", "small_mss"}:
            by_protocol[t["protocol"]].append(t)
    assert set(by_protocol) == set(SAYS)
    for protocol, (question, answer) in SAYS.items():
        for t in by_protocol[protocol][:4]:
            with connect(quick, t) as sock:
                sock.sendall(question)
                data = b""
                while len(data) < 16:
                    part = sock.recv(2000)
                    data += part
                    if not part or data.startswith(answer):
                        break
                assert data.startswith(answer), (t, data)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("trait", ["garble", "exthdr", "synack_data", "keepalive", "hostile", "overlap", "reorder",
                                   "duplicate", "slow", "slow_synack"])
def test_odd_hosts_are_understood_by_linux(quick, trait, family):
    """Whatever a trait adds, a sound TCP sees the same bytes."""
    hosts = hosts_with(family, lambda t: t["traits"] == [trait] and t["behaviour"] == "service" and
                       t["protocol"] in ("http", "ssh", "ftp", "smtp"), 5)
    for t in hosts:
        with connect(quick, t) as sock:
            if t["protocol"] == "http":
                sock.sendall(HTTP)
                data = b""
                while b"</html>\n" not in data and b"</h1>" not in data and b"Content-Length: 0" not in data:
                    part = sock.recv(4000)
                    assert part, data
                    data += part
                assert data.startswith(b"HTTP/1.") and b"never said" not in data
            else:
                data = sock.recv(4000)
                while not data.endswith(b"\n"):
                    data += sock.recv(4000)
                assert data.startswith((b"SSH-2.0-", b"220 ")) and data.count(b"\n") == 1
                assert b"never said" not in data
            time.sleep(0.2 if trait in ("keepalive", "hostile") else 0)
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                extra = sock.recv(10)
                assert extra == b"", extra
                raise BlockingIOError  # FIN: no further byte either


def test_small_mss_gets_split_probes(quick):
    long = HTTP[:-4] + b"\r\nX: " + b"y" * 400 + b"\r\n\r\n"
    for t in hosts_with(4, lambda t: t["traits"] == ["small_mss"] and t["behaviour"] == "service" and
                        "http" in t["wakes"], 2):
        with connect(quick, t) as sock:
            sock.sendall(long)
            assert sock.recv(2000)


def test_gateway_answers_arp_and_ndp(quick):
    quick.scan.run("ip", "neigh", "flush", "all")
    for target in ("11.0.0.1", "2001:db8:1::1"):
        with pytest.raises(OSError):
            connect(quick, {"ip": target, "port": 40000}, timeout=SILENCE).close()
    neighbours = json.loads(quick.scan.run("ip", "-j", "neigh").stdout)
    known = {n["dst"]: n.get("lladdr") for n in neighbours}
    assert known[GATEWAY[4]] == known[GATEWAY[6]] == "02:6e:73:00:00:01"


class Wire:
    """Crafted segments from an address that the kernel does not own: it stays out of the way."""

    def __init__(self, lab, sport):
        self.sock = packet_socket(lab.scan, lab.dev, 3.0)
        self.mac = lab.scan.mac(lab.dev)
        self.sport = sport

    def segment(self, dst, flags, **tcp):
        ip = IPv6(src="fd00:99::99", dst=dst) if ":" in dst else IP(src="192.0.2.99", dst=dst)
        payload = tcp.pop("payload", b"")
        head = Ether(src=self.mac, dst="02:6e:73:00:00:01") / ip / TCP(
            sport=self.sport, flags=flags, **{"dport": 80, **tcp})
        return head / Raw(payload) if payload else head

    def send(self, *args, **kw):
        self.sock.send(bytes(self.segment(*args, **kw)))

    def receive(self, timeout=3.0):
        """The next segment for us, or None."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame = Ether(self.sock.recv(65535))
            except TimeoutError:
                break
            if TCP in frame and frame[TCP].dport == self.sport:
                return frame
        return None

    def open(self, dst, **kw):
        """Handshake without its last ACK: returns the SYN-ACK."""
        self.send(dst, "S", seq=1000, **kw)
        answer = self.receive()
        assert answer is not None and answer[TCP].flags == "SA" and answer[TCP].ack == 1001
        return answer


@pytest.fixture(name="wire")
def fixture_wire(quick):
    made = Wire(quick, random.randrange(20000, 30000))
    yield made
    made.sock.close()


def server(family, protocol="http"):
    """A plain host with this protocol on port 80."""
    return hosts_with(family, lambda t: t["behaviour"] == "service" and t["protocol"] == protocol and
                      not t["traits"] and t["service"] != "http_device" and not t["pseudo_service"], 1)[0]["ip"]


def test_options_answer_what_was_offered(wire):
    dst = server(4)
    bare = wire.open(dst)
    assert [name for name, _ in bare[TCP].options if name not in ("NOP", "EOL")] == ["MSS"]
    wire.sport += 1
    full = wire.open(dst, options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (123456, 0)), ("NOP", None),
                                   ("WScale", 7)])
    options = dict(full[TCP].options)
    assert options["Timestamp"][1] == 123456 and "SAckOK" in options and "WScale" in options
    assert 30 <= full[IP].ttl <= 255 and full[TCP].seq != bare[TCP].seq


@pytest.mark.parametrize("family", [4, 6])
def test_synack_is_repeated_with_doubling_pauses(wire, family):
    wire.open(server(family))
    times = [time.monotonic()]
    for _ in range(2):
        assert wire.receive()[TCP].flags == "SA"
        times.append(time.monotonic())
    first, second = times[1] - times[0], times[2] - times[1]
    # 0.3 s and 0.6 s; our own clock may look late when the machine is busy
    assert 0.15 < first < 1 and 0.4 < second < 1.5 and second > 1.2 * first


def test_data_is_repeated_until_acknowledged(wire):
    dst = server(4)
    first = wire.open(dst)
    seq = first[TCP].seq + 1
    wire.send(dst, "A", seq=1001, ack=seq, payload=HTTP)
    answer = wire.receive()
    assert bytes(answer[TCP].payload).startswith(b"HTTP/") and answer[TCP].ack == 1001 + len(HTTP)
    again = wire.receive()
    assert again[TCP].seq == answer[TCP].seq and bytes(again[TCP].payload)[:40] == bytes(answer[TCP].payload)[:40]
    end = answer[TCP].seq + len(answer[TCP].payload)
    wire.send(dst, "A", seq=1001 + len(HTTP), ack=end)
    assert wire.receive(1.5) is None
    wire.send(dst, "R", seq=1001 + len(HTTP))
    wire.send(dst, "A", seq=1001 + len(HTTP), ack=end)
    late = wire.receive()
    assert late[TCP].flags == "R" and late[TCP].seq == end


def test_split_repeated_and_overlapping_probe_is_one_question(wire):
    dst = server(6)
    seq = wire.open(dst)[TCP].seq + 1
    wire.send(dst, "A", seq=1001, ack=seq, payload=HTTP[:10])
    assert wire.receive()[TCP].ack == 1011
    wire.send(dst, "A", seq=1001, ack=seq, payload=HTTP[:10])
    assert wire.receive()[TCP].ack == 1011
    wire.send(dst, "A", seq=1021, ack=seq, payload=HTTP[20:])
    assert wire.receive()[TCP].ack == 1011
    wire.send(dst, "PA", seq=1006, ack=seq, payload=HTTP[5:])
    answer = wire.receive()
    assert answer[TCP].ack == 1001 + len(HTTP) and bytes(answer[TCP].payload).startswith(b"HTTP/")
    wire.send(dst, "R", seq=1001 + len(HTTP))


def test_wrong_checksum_and_wrong_cookie(wire):
    dst = server(4)
    seq = wire.open(dst)[TCP].seq + 1
    wire.send(dst, "A", seq=1001, ack=seq, payload=HTTP, chksum=0x1234)
    repeated = wire.receive()
    assert repeated[TCP].flags == "SA"
    wire.send(dst, "A", seq=1001, ack=seq + 5)
    refused = wire.receive()
    assert refused[TCP].flags == "R" and refused[TCP].seq == seq + 5


def test_quoted_packet_of_an_unreachable_is_ours(quick):
    made = Wire(quick, 19999)
    t = hosts_with(4, lambda t: t["behaviour"] == "prohibited" and not t["traits"], 1)[0]
    made.send(t["ip"], "S", seq=77)
    made.sock.settimeout(3)
    while True:
        frame = Ether(made.sock.recv(65535))
        if ICMP in frame and frame[IP].dst == "192.0.2.99":
            break
    made.sock.close()
    assert (frame[ICMP].type, frame[ICMP].code) == (3, 13)
    inner = IP(bytes(frame[ICMP].payload))
    assert inner.dst == t["ip"] and inner[TCP].sport == 19999 and inner[TCP].seq == 77


def within(n, total, share, sigmas=4.5):
    return abs(n - total * share) <= sigmas * math.sqrt(total * share * (1 - share)) + 1


@pytest.mark.parametrize("way", ["xdp", "packet"])
@pytest.mark.parametrize("percent", [1, 5, 20])
def test_loss_is_what_was_asked_for(lab, percent, way):
    lab.start(*SEED, "--preset", "dense", "--set", f"loss={percent}", "--set", "synack_retries=0", "--io", way)
    n = 20000
    proc = lab.scan.run(SYNBLAST, "--interface", lab.dev, "--count", str(n), "--rate", "40000", timeout=60)
    seen = json.loads(proc.stdout)
    stats = lab.stop()
    sim, share = stats["sim"], percent / 100
    assert stats["io"] == way and stats["rx_dropped"] == 0 and seen["bad"] == 0
    assert within(sim["rx_lost"], n, share)
    assert within(sim["path_lost"], sim["tx_synack"], share)
    assert within(seen["synack"], n, (1 - share) ** 2)


def test_linux_clients_get_through_20_percent_loss(lab):
    lab.start(*SEED, "--preset", "dense", "--set", "loss=20", "--set", "rto_ms=250", "--set", "data_retries=9",
              "--set", "synack_retries=6")

    # sockets are made one by one inside the namespace, then wait side by side
    with lab.scan, concurrent.futures.ThreadPoolExecutor(40) as pool:
        sockets = []
        for i in range(40):
            family = socket.AF_INET if i % 2 else socket.AF_INET6
            sockets.append(socket.socket(family, socket.SOCK_STREAM))

        def talk(pair):
            i, sock = pair
            with sock:
                sock.settimeout(60)
                sock.connect((f"12.0.{i}.1" if i % 2 else f"2001:db8:2::{i:x}", 80))
                sock.sendall(HTTP)
                return sock.recv(5)

        assert list(pool.map(talk, enumerate(sockets))) == [b"HTTP/"] * 40
    stats = lab.stop()["sim"]
    assert stats["synack_retransmits"] + stats["data_retransmits"] > 5


def test_a_full_table_falls_back_to_cookies(lab):
    lab.start(*SEED, "--preset", "dense", "--set", "max_flows=4", "--set", "idle_ms=500")
    with lab.scan:
        sockets = [socket.create_connection((f"12.1.0.{i}", 80), timeout=5) for i in range(1, 9)]
    for sock in sockets[:4]:
        sock.close()
    time_limit = time.monotonic() + 20
    for sock in sockets[4:]:
        sock.settimeout(max(0.1, time_limit - time.monotonic()))
        sock.sendall(HTTP)
        assert sock.recv(5) == b"HTTP/"
        sock.close()
    stats = lab.stop()["sim"]
    assert stats["table_full"] >= 4 and stats["conns_by_cookie"] >= 1


def test_servers_answer_in_turn_and_refuse_who_does_not_fit(lab):
    """Twelve questions for servers that answer five a second and keep three waiting: Linux sees each of them
    acknowledged, then an answer or a reset."""
    options = ("--preset", "dense", "--set", "serves=5", "--set", "backlog=3")
    lab.start(*SEED, *options)
    hosts = [f"12.2.0.{i}" for i in range(1, 13)]
    assert [t["outcome"] for t in truth([(h, 80) for h in hosts], *SEED, *options)] == ["identified"] * 12
    sockets = [connect(lab, {"ip": host, "port": 80}) for host in hosts]
    said = []
    for sock in sockets:
        sock.sendall(HTTP)
    for sock in sockets:
        try:
            said.append(sock.recv(5))
        except ConnectionResetError:
            said.append(b"")
        sock.close()
    stats = lab.stop()["sim"]
    n_refused = said.count(b"")
    assert said[:4] == [b"HTTP/"] * 4 and set(said) == {b"HTTP/", b""}
    assert stats["requests_refused"] == n_refused > 0 and stats["requests_queued"] == 12 - n_refused


def run_truth(*options, text="192.0.2.1,80\n"):
    return subprocess.run([NETSIM, "--truth", *options], input=text, text=True, capture_output=True,
                          timeout=20, check=False)


def test_truth_reads_every_form_and_names_bad_lines():
    proc = run_truth("--preset", "dense", text="10.0.0.1:80\n# none\n\n[2001:db8::1]:443\n2001:db8::1,443\n")
    assert proc.returncode == 0
    assert [json.loads(line)["ip"] for line in proc.stdout.splitlines()] == ["10.0.0.1", "2001:db8::1", "2001:db8::1"]
    for text in ("10.0.0.1\n", "10.0.0.1,0\n", "10.0.0.1,65536\n", "x,80\n"):
        proc = run_truth("--preset", "dense", text="10.0.0.1,80\n" + text)
        assert proc.returncode == 1 and "stdin:2:" in proc.stderr
    proc = run_truth("--set", "answer=200")
    assert proc.returncode == 2 and "answer" in proc.stderr


def compare(tmp_path, truths, records, *floors):
    for name, objects in (("truth", truths), ("records", records)):
        (tmp_path / name).write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8")
    proc = subprocess.run([sys.executable, str(COMPARE), "--json", "--truth", str(tmp_path / "truth"),
                           str(tmp_path / "records"), *(f"--floor={f}" for f in floors)],
                          text=True, capture_output=True, timeout=60, check=False)
    assert proc.returncode in (0, 1), proc.stderr
    return proc.returncode, json.loads(proc.stdout.splitlines()[0])


def perfect_records(truths):
    for t in truths:
        if t["outcome"] == "-":
            continue
        record = {"ip": t["ip"], "port": t["port"], "outcome": t["outcome"]}
        if t["outcome"] == "identified":
            record["protocol"] = t["protocol"]
        if t["outcome"] == "silent":
            record["hyperacktive"] = {"verdict": t["hyperacktive"], "tested": 5, "synack": 0, "acked_data": 0}
        for key in ("decoy", "pseudo_service"):
            if t[key]:
                record[key] = True
        if t["aliased"]:
            record["aliased_prefix"] = True
        yield record


def test_comparison_sees_what_is_wrong(tmp_path):
    truths = truth([(a, 80) for a in addresses(4, 700) + addresses(6, 700)], *QUICK)
    records = list(perfect_records(truths))
    floors = ("found=1", "outcome=1", "naming=1", "hyperacktive.precision=1", "hyperacktive.recall=1",
              "aliased.precision=1", "aliased.recall=1", "decoy.recall=1", "not_spurious=1", "no_duplicates=1")
    status, report = compare(tmp_path, truths, records, *floors)
    assert status == 0 and report["missing"] == report["wrong"] == 0
    silent = next(i for i, r in enumerate(records) if r["outcome"] == "silent")
    named = next(i for i, r in enumerate(records) if r["outcome"] == "identified")
    hyper = next(i for i, r in enumerate(records) if r.get("hyperacktive", {}).get("verdict"))
    decoy = next(i for i, r in enumerate(records) if r.get("decoy"))
    closed = next(t for t in truths if t["behaviour"] == "closed")

    def changed(i, **keys):
        return records[:i] + [{**records[i], **keys}] + records[i + 1:]

    verdict = {"verdict": True, "tested": 5, "synack": 5, "acked_data": 5}
    spoilt = {
        "found": records[1:],
        "outcome": changed(silent, outcome="no_ack"),
        "naming": changed(named, protocol="gopher"),
        "hyperacktive.precision": changed(named, hyperacktive=verdict),
        "hyperacktive.recall": changed(hyper, hyperacktive={**verdict, "verdict": False}),
        "decoy.recall": changed(decoy, decoy=False),
        "not_spurious": records + [{"ip": closed["ip"], "port": closed["port"], "outcome": "silent"}],
        "no_duplicates": records + records[:1],
    }
    for metric, bad in spoilt.items():
        status, report = compare(tmp_path, truths, bad, f"{metric}=1")
        assert status == 1, metric
        assert report["metrics"][metric] < 1
