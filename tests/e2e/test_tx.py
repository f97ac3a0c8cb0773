"""Transmit back ends: the same bytes through each, and every frame sent or counted. Needs root."""
import fcntl
import json
import os
import pathlib
import select
import struct
import threading

import pytest
from scapy.all import Ether, IP, IPv6, TCP

from netns import Netns, packet_socket, veth

BUILD = pathlib.Path(os.environ.get("BUILDDIR", "."))
TXTOOL = str((BUILD / "tests/e2e/txtool").resolve())
HAS_XDP = "#define HAVE_XDP 1" in (BUILD / "autoconfig.h").read_text()
KINDS = ["packet", pytest.param("xdp", marks=pytest.mark.skipif(
    not HAS_XDP, reason="built without libxdp"))]

SYN4 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / IP(
    src="10.9.0.1", dst="10.9.0.2") / TCP(sport=20000, dport=80, flags="S") / bytes(4)
SYN6 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / IPv6(
    src="fd09::1", dst="fd09::2") / TCP(sport=20000, dport=80, flags="S") / bytes(4)


@pytest.fixture(name="pair")
def fixture_pair():
    a, b = Netns("a"), Netns("b")
    try:
        veth(a, b, "a0", "b0")
        yield a, b
    finally:
        a.close()
        b.close()


def txtool(ns, kind, dev, link, count, frame):
    proc = ns.run(TXTOOL, kind, dev, link, str(count), bytes(frame).hex())
    return json.loads(proc.stdout)


@pytest.mark.parametrize("frame", [SYN4, SYN6, SYN4 / bytes(1514 - len(SYN4))],
                         ids=["v4", "v6", "1514 bytes"])
@pytest.mark.parametrize("kind", KINDS)
def test_frames_arrive_as_they_were_written_in_order(pair, kind, frame):
    """1000 frames, each compared byte by byte: so all back ends send the same."""
    a, b = pair
    rx = packet_socket(b, "b0")
    rx.setsockopt(1, 33, 16 << 20)  # SO_RCVBUFFORCE
    got = txtool(a, kind, "a0", "ether", 1000, frame)
    assert (got["error"], got["sent"], got["lost"], got["pending"]) == (0, 1000, 0, 0)
    number = 0
    while number < 1000:
        data = rx.recv(4096)
        if data[:12] != bytes(frame)[:12]:
            continue  # the kernel's own neighbour discovery
        assert data == bytes(frame)[:-4] + struct.pack("!I", number)
        number += 1
    rx.close()


@pytest.mark.parametrize("kind", KINDS)
def test_counters_agree_with_the_far_end(pair, kind):
    a, b = pair
    before = int(b.run("cat", "/sys/class/net/b0/statistics/rx_packets").stdout)
    got = txtool(a, kind, "a0", "ether", 100000, SYN4)
    after = int(b.run("cat", "/sys/class/net/b0/statistics/rx_packets").stdout)
    assert got["sent"] + got["lost"] == 100000 and got["pending"] == 0
    assert 0 <= after - before - got["sent"] <= 20  # and a little of the kernel's own


TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 1, 2, 0x1000


class Tun:
    """A tun or tap device whose reader can be held back."""

    def __init__(self, ns, name, mode, queue_len):
        with ns:
            self.file = open("/dev/net/tun", "r+b", buffering=0)  # pylint: disable=R1732
            fcntl.ioctl(self.file, TUNSETIFF, struct.pack("16sH", name.encode(), mode | IFF_NO_PI))
        ns.ip(f"link set {name} up txqueuelen {queue_len} mtu 1500")
        self.packets = []
        self.go = threading.Event()

    def read(self, n_wanted, is_wanted):
        self.go.wait(20)
        while len(self.packets) < n_wanted:
            ready, _, _ = select.select([self.file], [], [], 10)
            assert ready, f"only {len(self.packets)} of {n_wanted} packets came"
            packet = self.file.read(4096)
            if is_wanted(packet):
                self.packets.append(packet)

    def close(self):
        self.file.close()


@pytest.mark.parametrize("frame", [SYN4, SYN6], ids=["v4", "v6"])
def test_raw_ip_leaves_through_a_tun_device(pair, frame):
    a, _ = pair
    packet = bytes(frame)[14:]
    tun = Tun(a, "t0", IFF_TUN, 500)
    got = txtool(a, "packet", "t0", "raw", 10, packet)
    assert (got["sent"], got["lost"]) == (10, 0)
    tun.go.set()
    tun.read(10, lambda data: data[:6] == packet[:6] and data[-4:-1] == bytes(3))
    assert tun.packets == [packet[:-4] + struct.pack("!I", i) for i in range(10)]
    tun.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_device_queue_loses_nothing_in_silence(pair, kind):
    """The device takes 50 frames and then refuses, until the reader wakes up."""
    a, _ = pair
    tap = Tun(a, "t0", IFF_TAP, 50)
    result = {}
    sender = threading.Thread(target=lambda: result.update(
        txtool(a, kind, "t0", "ether", 3000, SYN4)))
    ours = bytes(SYN4)[:-4]
    if kind == "xdp":
        # AF_XDP is told of the drop after the frame is gone: all it can do is count it.
        sender.start()
        sender.join(20)
        assert result["sent"] + result["lost"] == 3000 and result["lost"] > 0
        tap.go.set()
        tap.read(result["sent"], lambda data: data[:len(ours)] == ours)
    else:
        reader = threading.Thread(target=tap.read,
                                  args=(3000, lambda data: data[:len(ours)] == ours))
        reader.start()
        timer = threading.Timer(0.3, tap.go.set)
        timer.start()
        sender.start()
        sender.join(20)
        reader.join(20)
        assert (result["sent"], result["lost"]) == (3000, 0) and result["full"] > 0
        assert tap.packets == [ours + struct.pack("!I", i) for i in range(3000)]
    tap.close()


@pytest.mark.parametrize("kind", KINDS)
def test_an_interface_that_goes_down_is_an_error_and_frames_stay_pending(pair, kind):
    a, _ = pair
    a.ip("link set a0 down")
    proc = a.run(TXTOOL, kind, "a0", "ether", "10", bytes(SYN4).hex(), check=False)
    if proc.returncode == 0:
        got = json.loads(proc.stdout)
        assert got["error"] == -100 and got["sent"] == 0 and got["pending"] == 10
    else:
        assert "a0" in proc.stderr and proc.stderr.count("\n") == 1


def test_the_best_back_end_falls_back_and_says_why(pair):
    a, _ = pair
    proc = a.run(TXTOOL, "best", "a0", "ether", "1", bytes(SYN4).hex())
    name = json.loads(proc.stdout)["name"]
    if HAS_XDP:
        assert name.startswith("AF_XDP")
    tun = Tun(a, "t0", IFF_TUN, 500)
    proc = a.run(TXTOOL, "best", "t0", "raw", "1", bytes(SYN4)[14:].hex())
    assert json.loads(proc.stdout)["name"] == "AF_PACKET"
    assert "not sending by AF_XDP: t0: " in proc.stderr
    tun.close()


@pytest.mark.parametrize("kind", KINDS)
def test_without_cap_net_raw_the_reason_is_said(pair, kind):
    a, _ = pair
    proc = a.run("setpriv", "--bounding-set=-net_raw", TXTOOL, kind, "a0", "ether", "1", "00" * 60,
                 check=False)
    assert proc.returncode == 1 and proc.stderr.startswith("a0: AF_")
    assert "Operation not permitted" in proc.stderr
