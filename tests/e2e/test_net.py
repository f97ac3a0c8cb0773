"""The rim before packets flow: routes, next hops, neighbours, source ports, the RST guard, against a
real kernel in namespaces without an uplink. Needs root."""
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import struct

import pytest
from scapy.all import Ether, IP, IPv6, TCP, fragment as scapy_fragment

from netns import Netns, packet_socket, veth

BUILD = pathlib.Path(os.environ.get("BUILDDIR", "."))
NETTOOL = str((BUILD / "tests/e2e/nettool").resolve())

V4, V6 = "10.9.0", "fd09:"
GATEWAY = {4: "10.9.0.254", 6: "fd09::fe"}
SELF = {4: "10.9.0.1", 6: "fd09::1"}
FAR = {4: "10.50.0.1", 6: "2001:db8::1"}


@pytest.fixture(name="lab", scope="module")
def fixture_lab():
    """Scanner `a` on a0, gateway `b` on b0."""
    a, b = Netns("a"), Netns("b")
    try:
        veth(a, b, "a0", "b0")
        for ns, dev, n in ((a, "a0", ("1", "1")), (b, "b0", ("254", "fe"))):
            ns.ip(f"addr add {V4}.{n[0]}/24 dev {dev}")
            ns.ip(f"-6 addr add {V6}:{n[1]}/64 dev {dev}")
        a.ip(f"addr add {V4}.2/24 dev a0")
        a.ip(f"-6 addr add {V6}:2/64 dev a0")
        a.ip(f"route add default via {GATEWAY[4]}")
        a.ip(f"-6 route add default via {GATEWAY[6]}")
        yield a, b
    finally:
        a.close()
        b.close()


@pytest.fixture(name="scratch")
def fixture_scratch():
    """A namespace of the test's own, for tests that change routes."""
    a, b = Netns("a"), Netns("b")
    try:
        yield a, b
    finally:
        a.close()
        b.close()


def path(ns, *args):
    return json.loads(ns.run(NETTOOL, "path", *args).stdout)


def path_error(ns, *args):
    proc = ns.run(NETTOOL, "path", *args, check=False)
    assert proc.returncode == 1 and proc.stdout == ""
    assert proc.stderr.count("\n") == 1, "one line"
    return proc.stderr.strip()


@pytest.mark.parametrize("v", [4, 6])
def test_a_cold_gateway_is_resolved_by_the_kernel(lab, v):
    a, b = lab
    a.ip(f"-{v} neigh flush dev a0")
    assert a.ip(f"-{v} neigh show {GATEWAY[v]} dev a0").stdout == ""
    p = path(a, FAR[v], SELF[v][:-1] + "77")
    assert p["iface"] == "a0" and p["kind"] == "ethernet" and p["mtu"] == 1500
    assert p["mac"] == a.mac("a0")
    assert p["source"] in ([SELF[v]] * 2, [SELF[v][:-1] + "2"] * 2)
    assert p["owned"] and not p["unowned"]
    assert p["hops"] == [[GATEWAY[v], b.mac("b0")], "onlink"]


@pytest.mark.parametrize("v", [4, 6])
def test_without_cap_net_admin_a_packet_makes_the_kernel_resolve(lab, v):
    a, b = lab
    a.ip(f"-{v} neigh flush dev a0")
    out = a.run("setpriv", "--bounding-set=-net_admin", NETTOOL, "path", FAR[v]).stdout
    assert json.loads(out)["hops"] == [[GATEWAY[v], b.mac("b0")]]


@pytest.mark.parametrize("v", [4, 6])
def test_a_silent_gateway_is_an_error_that_names_the_way_out(scratch, v):
    a, b = scratch
    veth(a, b, "a0", "b0")
    a.ip("addr add 10.9.0.1/24 dev a0")
    a.ip("-6 addr add fd09::1/64 dev a0")
    a.ip(f"-{v} route add default via {GATEWAY[v]}")
    text = path_error(a, FAR[v])
    assert f"gateway {GATEWAY[v]} does not answer" in text and "--gateway-mac" in text
    p = path(a, "-G", "02:00:00:00:00:07", "-M", "02:00:00:00:00:08", FAR[v], GATEWAY[v])
    assert [hop[1] for hop in p["hops"]] == ["02:00:00:00:00:07"] * 2
    assert p["mac"] == "02:00:00:00:00:08"


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole"])
@pytest.mark.parametrize("v", [4, 6])
def test_reject_routes_are_said_by_name_and_never_scanned_through(lab, v, kind):
    a, _ = lab
    net, host = ("10.30.0.0/16", "10.30.0.1") if v == 4 else ("fd30::/16", "fd30::1")
    a.ip(f"-{v} route add {kind} {net}")
    try:
        assert path_error(a, host).startswith(f"no route to {host}: the route is of type {kind}")
        assert path(a, FAR[v], host)["hops"][1] == "none"
    finally:
        a.ip(f"-{v} route del {kind} {net}")


@pytest.mark.parametrize("v", [4, 6])
def test_the_host_itself_is_reached_by_the_loopback_only(lab, v):
    a, _ = lab
    assert "--interface lo" in path_error(a, SELF[v])
    assert path(a, "-i", "lo", SELF[v])["kind"] == "loopback"
    own = {4: "127.0.0.1", 6: "::1"}[v]
    assert path(a, own)["iface"] == "lo"
    assert "own addresses only" in path_error(a, "-i", "lo", FAR[v])


def test_multicast_is_refused_and_broadcast_stands_for_its_link(lab):
    a, _ = lab
    for dst in ("224.0.0.1", "ff02::1"):
        assert "multicast" in path_error(a, dst)
    assert path(a, "10.9.0.255", "10.9.0.7")["hops"] == ["onlink", "onlink"]


@pytest.mark.parametrize("v", [4, 6])
def test_what_is_missing_is_named(scratch, v):
    a, b = scratch
    far = FAR[v]
    assert path_error(a, far).startswith(f"no route to {far}: add one")
    assert path_error(a, "-i", "nope0", far) == "no interface nope0: this host has lo"
    a.ip(f"link add a0 type veth peer name b0 netns {b.name}")
    assert path_error(a, "-i", "a0", far).startswith("a0 is down: ip link set a0 up")
    a.ip("link set a0 up")
    assert path_error(a, "-i", "a0", far).startswith("a0 has no carrier")
    b.ip("link set b0 up")
    text = path_error(a, "-i", "a0", far)
    if v == 6:
        assert text.startswith("a0 has a link-local IPv6 address only")
    else:
        assert text.startswith("a0 has no IPv4 address: add one")
    a.ip(f"-{v} addr add {SELF[v]}/{24 if v == 4 else 64} dev a0")
    assert path_error(a, "-i", "a0", far).startswith(f"no route to {far} by a0: add one")
    # The user who says everything needs no route.
    p = path(a, "-i", "a0", "-S", SELF[v], "-G", "02:00:00:00:00:07", far)
    assert p["hops"][0][1] == "02:00:00:00:00:07"


@pytest.mark.parametrize("v", [4, 6])
def test_a_source_of_nobody_is_allowed_and_reported(lab, v):
    a, _ = lab
    base = SELF[v][:-1]
    p = path(a, "-S", base + "77", FAR[v])
    assert (p["owned"], p["unowned"]) == (False, True) and p["source"] == [base + "77"] * 2
    p = path(a, "-S", f"{base}1-{base}2", FAR[v])
    assert (p["owned"], p["unowned"]) == (True, False)
    p = path(a, "-S", f"{base}1-{base}9", FAR[v])
    assert (p["owned"], p["unowned"]) == (True, True)


@pytest.mark.parametrize("v", [4, 6])
def test_next_hops_follow_the_routing_table(scratch, v):
    """On-link prefixes, two gateways, multipath, a second interface, metrics."""
    a, b = scratch
    veth(a, b, "a0", "b0")
    veth(a, b, "a1", "b1")
    n4 = v == 4
    net = (lambda x, y: f"10.{x}.0.{y}") if n4 else (lambda x, y: f"fd{x:02d}::{y}")
    length, wide = (24, 16) if n4 else (64, 16)
    a.ip(f"-{v} addr add {net(1, 1)}/{length} dev a0")
    a.ip(f"-{v} addr add {net(2, 1)}/{length} dev a1")
    for last in (254, 253):
        b.ip(f"-{v} addr add {net(1, last)}/{length} dev b0")
    a.ip(f"-{v} route add default via {net(1, 254)}")
    a.ip(f"-{v} route add {net(20, 0)}/{wide} via {net(1, 253)}")
    a.ip(f"-{v} route add {net(21, 0)}/{wide} dev a0")
    a.ip(f"-{v} route add {net(22, 0)}/{wide} nexthop via {net(2, 9)} dev a1 "
         f"nexthop via {net(1, 253)} dev a0")
    a.ip(f"-{v} route add {net(23, 0)}/{wide} dev a1")
    a.ip(f"-{v} route add {net(24, 0)}/{wide} via {net(1, 253)} metric 50")
    a.ip(f"-{v} route add {net(24, 0)}/{wide} dev a0 metric 90")
    asked = [FAR[v], net(1, 7), net(20, 5), net(21, 5), net(22, 5), net(23, 5), net(24, 5),
             net(2, 7)]
    mac = b.mac("b0")
    first, second = [net(1, 254), mac], [net(1, 253), mac]
    p = path(a, *asked)
    assert p["hops"] == [first, "onlink", second, "onlink", second, "none", second, "none"]
    # The user who names the interface wants everything to leave by it.
    p = path(a, "-i", "a0", *asked)
    assert p["hops"] == [first, "onlink", second, "onlink", second, first, second, first]


def test_a_large_table_falls_back_to_the_default_next_hop_and_says_so(lab):
    a, b = lab
    text = "".join(f"route add 99.{i}.0.0/16 via 10.9.0.253\n" for i in range(250))
    text += "".join(f"route add 98.{i}.0.0/16 via 10.9.0.253\n" for i in range(250))
    text += "route add 10.21.0.0/16 dev a0\n"
    a.run("ip", "-batch", "-", input=text)
    try:
        proc = a.run(NETTOOL, "path", FAR[4], "99.5.0.1", "98.249.0.1", "10.21.0.1")
        p = json.loads(proc.stdout)
        gateway = [GATEWAY[4], b.mac("b0")]
        assert p["truncated"] and p["hops"] == [gateway, gateway, gateway, "onlink"]
        assert "more than 256" in proc.stderr and proc.stderr.count("\n") == 1
    finally:
        a.run("ip", "-batch", "-", input=text.replace("route add", "route del"))


def test_ipv4_by_an_ipv6_next_hop(scratch):
    a, b = scratch
    veth(a, b, "a0", "b0")
    a.ip("addr add 10.9.0.1/32 dev a0")
    a.ip("-6 addr add fd09::1/64 dev a0")
    b.ip("-6 addr add fd09::fe/64 dev b0")
    a.ip("-4 route add default via inet6 fd09::fe dev a0")
    assert path(a, FAR[4])["hops"] == [["fd09::fe", b.mac("b0")]]


TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


@pytest.mark.parametrize("v", [4, 6])
def test_a_tun_device_has_no_link_header_and_no_next_hops(scratch, v):
    a, _ = scratch
    with a, open("/dev/net/tun", "r+b", buffering=0) as tun:
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"t0", IFF_TUN | IFF_NO_PI))
        a.ip(f"-{v} addr add {SELF[v]}/{24 if v == 4 else 64} dev t0")
        a.ip("link set t0 up mtu 1420")
        a.ip(f"-{v} route add default dev t0")
        p = path(a, FAR[v], GATEWAY[v])
        assert p["kind"] == "raw_ip" and p["mtu"] == 1420 and p["mac"] == "00:00:00:00:00:00"
        assert p["source"] == [SELF[v]] * 2 and p["hops"] == ["onlink", "onlink"]


@pytest.mark.parametrize("kind", ["vlan id 7", "macvlan mode bridge"])
def test_stacked_interfaces_are_ethernet(scratch, kind):
    a, b = scratch
    veth(a, b, "a0", "b0")
    made = a.ip(f"link add link a0 name s0 type {kind}", check=False)
    if made.returncode:
        pytest.skip(f"this kernel has no {kind.split()[0]} interfaces")
    a.ip("addr add 10.9.0.1/24 dev s0")
    a.ip("link set s0 up")
    p = path(a, "10.9.0.7")
    assert (p["iface"], p["kind"], p["hops"]) == ("s0", "ethernet", ["onlink"])
    assert p["mac"] == a.mac("s0")


def test_default_source_ports_follow_the_kernel_settings(scratch):
    a, _ = scratch
    ports = lambda: json.loads(a.run(NETTOOL, "ports").stdout)
    a.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999")
    assert ports() == {"lo": 16384, "hi": 32767}
    a.run("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=30000-31000,20000")
    assert ports() == {"lo": 3616, "hi": 19999}
    a.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535")
    proc = a.run(NETTOOL, "ports", check=False)
    assert proc.returncode == 1 and "--source-port" in proc.stderr


# --- RST guard --------------------------------------------------------------------------------

LO, HI = 20000, 20999


class Guard:
    """nettool holding the table open."""

    def __init__(self, ns, *ranges, ports=f"{LO}-{HI}", links=None):
        options = ["-i", links] if links else []
        self.proc = ns.popen(NETTOOL, "guard", *options, ports, *ranges)
        said = json.loads(self.proc.stdout.readline())
        self.table, self.why = said["table"], said["why"]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.stdin.close()
        assert self.proc.wait(10) == 0


def ruleset(ns):
    return ns.run("nft", "list", "ruleset").stdout


def provoke_resets(lab, v, flows):
    """Opens each (source, port) with a SYN that the scanner's kernel knows nothing of; returns the
    flows of which `b` saw the kernel's RST. The last flow must be one that is reset: once its RST
    is there, those before it would have been."""
    a, b = lab
    family = socket.AF_INET if v == 4 else socket.AF_INET6
    with b:
        listener = socket.create_server((GATEWAY[v], 0), family=family, backlog=64)
    port = listener.getsockname()[1]
    tx, rx = packet_socket(a, "a0"), packet_socket(b, "b0")
    ip = IP if v == 4 else IPv6
    for src, sport in flows:
        tx.send(bytes(Ether(dst=b.mac("b0"), src=a.mac("a0")) / ip(src=src, dst=GATEWAY[v]) /
                      TCP(sport=sport, dport=port, flags="S", seq=1)))
    seen = set()
    while flows[-1] not in seen:
        frame = Ether(rx.recv(2048))
        if ip in frame and TCP in frame and frame[TCP].dport == port and frame[TCP].flags.R:
            seen.add((frame[ip].src, frame[TCP].sport))
    for sock in (tx, rx, listener):
        sock.close()
    return seen


def guarded_flows(v):
    own, other = SELF[v], SELF[v][:-1] + "2"
    held = [(own, LO), (own, LO + 500), (own, HI)]
    free = [(own, LO - 1), (own, HI + 1), (other, LO), (own, 1025)]
    return held, free


@pytest.mark.parametrize("v", [4, 6])
def test_without_the_guard_the_kernel_resets(lab, v):
    held, free = guarded_flows(v)
    assert provoke_resets(lab, v, held + free) == set(held + free)


@pytest.mark.parametrize("v", [4, 6])
def test_the_guard_holds_back_resets_of_our_flows_only(lab, v):
    a, _ = lab
    held, free = guarded_flows(v)
    with Guard(a, SELF[4], SELF[6]):
        assert provoke_resets(lab, v, held + free) == set(free)
    assert ruleset(a) == ""
    assert provoke_resets(lab, v, held + free) == set(held + free)


@pytest.mark.parametrize("v", [4, 6])
def test_the_guard_covers_a_source_range(lab, v):
    a, _ = lab
    own, other = SELF[v], SELF[v][:-1] + "2"
    with Guard(a, f"{own}-{other}"):
        flows = [(own, LO), (other, HI), (own, HI + 1), (other, LO - 1)]
        assert provoke_resets(lab, v, flows) == set(flows[2:])


@pytest.mark.parametrize("v", [4, 6])
def test_marked_packets_pass_the_guard(lab, v):
    """Our own RSTs through a raw socket carry the mark; RSTs without it are refused."""
    a, b = lab
    rx = packet_socket(b, "b0")
    family = socket.AF_INET if v == 4 else socket.AF_INET6
    ip = IP if v == 4 else IPv6
    with Guard(a, SELF[v]), a:
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
        for sport, mark in ((LO, 0), (LO + 1, 0x53594E53)):
            packet = ip(src=SELF[v], dst=GATEWAY[v]) / TCP(sport=sport, dport=9, flags="R")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
            raw.bind((SELF[v], 0))
            payload = bytes(ip(bytes(packet))[TCP])
            if mark:
                raw.sendto(payload, (GATEWAY[v], 0))
            else:
                with pytest.raises(PermissionError):
                    raw.sendto(payload, (GATEWAY[v], 0))
        raw.close()
    while True:
        frame = Ether(rx.recv(2048))
        if ip in frame and TCP in frame and frame[TCP].dport == 9:
            assert frame[TCP].sport == LO + 1
            break
    rx.close()


def test_the_guard_dies_with_the_process_and_with_kill_9(lab):
    a, _ = lab
    guard = Guard(a, SELF[4], SELF[6])
    assert guard.table in ruleset(a) and "flags owner" in ruleset(a)
    guard.proc.send_signal(signal.SIGKILL)
    guard.proc.wait(10)
    assert ruleset(a) == ""


def test_nobody_else_can_change_the_table_and_two_scans_coexist(lab):
    a, _ = lab
    with Guard(a, SELF[4]) as one, Guard(a, SELF[6], ports="30000-30010") as two:
        assert one.table != two.table
        listed = ruleset(a)
        assert one.table in listed and two.table in listed
        proc = a.run("nft", "delete", "table", "inet", one.table, check=False)
        assert proc.returncode != 0
    assert ruleset(a) == ""


def test_without_cap_net_admin_the_guard_names_both_ways_out(lab):
    a, _ = lab
    proc = a.run("setpriv", "--bounding-set=-net_admin", NETTOOL, "guard", "1-2", SELF[4],
                 check=False, stdin=None)
    assert proc.returncode == 1
    for word in ("CAP_NET_ADMIN", "--source-ip", "--no-rst-guard"):
        assert word in proc.stderr


# --- answers that end at the interface ----------------------------------------------------------

def tcp_counters(ns):
    """Segments that the kernel's TCP took in, and RSTs that it made; both families."""
    names, values = [line.split()[1:] for line in ns.run("cat", "/proc/net/snmp").stdout.splitlines()
                     if line.startswith("Tcp:")]
    row = dict(zip(names, map(int, values)))
    return row["InSegs"], row["OutRsts"]


def send_answers(lab, v, ports, fragment=None):
    """`b` sends a SYN-ACK to each port of `a`; returns how many segments reached the TCP of `a` and how
    many RSTs it made. The last packet is one that is reset: what came before it is done with."""
    a, b = lab
    ip = IP if v == 4 else IPv6
    before = tcp_counters(a)
    tx, rx = packet_socket(b, "b0"), packet_socket(b, "b0")
    ether = Ether(dst=a.mac("a0"), src=b.mac("b0"))
    for port in (*ports, 9):
        packet = ip(src=GATEWAY[v], dst=SELF[v]) / TCP(sport=80, dport=port, flags="SA", seq=1, ack=1)
        for piece in fragment(packet) if fragment and port != 9 else [packet]:
            tx.send(bytes(ether / piece))
    while True:
        frame = Ether(rx.recv(2048))
        if ip in frame and TCP in frame and frame[TCP].sport == 9 and frame[TCP].flags.R:
            break
    tx.close()
    rx.close()
    after = tcp_counters(a)
    return after[0] - before[0] - 1, after[1] - before[1] - 1


OURS = (LO, LO + 500, HI)


@pytest.mark.parametrize("v", [4, 6])
def test_answers_end_at_the_interface_and_make_no_reset(lab, v):
    a, _ = lab
    others = (LO - 1, HI + 1)
    with Guard(a, SELF[4], SELF[6]) as guard:
        assert guard.why == "" and "ingress" not in ruleset(a)
        assert send_answers(lab, v, OURS) == (3, 3), "the output chain drops what was made"
    with Guard(a, SELF[4], SELF[6], links="a0") as guard:
        assert guard.why == "" and "ingress" in ruleset(a)
        assert send_answers(lab, v, OURS) == (0, 0)
        assert send_answers(lab, v, others) == (2, 2)
    assert ruleset(a) == ""


@pytest.mark.parametrize("v", [4, 6])
def test_the_taps_see_what_ends_at_the_interface(lab, v):
    a, _ = lab
    tap = packet_socket(a, "a0")
    with Guard(a, SELF[4], SELF[6], links="a0"):
        send_answers(lab, v, OURS)
    seen = set()
    while len(seen) < len(OURS):
        frame = Ether(tap.recv(2048))
        if TCP in frame and frame[TCP].sport == 80 and frame[TCP].dport in OURS:
            seen.add(frame[TCP].dport)
    tap.close()


def test_a_fragmented_answer_makes_no_packet(lab):
    """Whether its pieces end at the interface or their whole at the output."""
    a, b = lab
    rx = packet_socket(b, "b0")
    with Guard(a, SELF[4], links="a0"):
        send_answers(lab, 4, (LO, HI), fragment=lambda p: scapy_fragment(p, 8))
    while True:
        frame = Ether(rx.recv(2048))
        if TCP in frame and frame[TCP].flags.R:
            assert frame[TCP].sport == 9
            break
    rx.close()


@pytest.mark.parametrize("v", [4, 6])
def test_the_hosts_own_connections_live_through_it(lab, v):
    a, b = lab
    family = socket.AF_INET if v == 4 else socket.AF_INET6
    with b:
        listener = socket.create_server((GATEWAY[v], 0), family=family)
    with a:
        own = socket.socket(family)
        own.bind((SELF[v], HI + 1))
        before = socket.create_connection(listener.getsockname()[:2], 5)
    first = listener.accept()[0]
    with Guard(a, SELF[4], SELF[6], links="a0") as guard:
        assert guard.why == ""
        own.connect(listener.getsockname()[:2])
        second = listener.accept()[0]
        for ours, theirs in ((before, first), (own, second)):
            for here, there in ((ours, theirs), (theirs, ours)):
                here.sendall(b"x" * 20000)
                there.settimeout(5)
                assert len(there.recv(20000, socket.MSG_WAITALL)) == 20000
    for sock in (own, before, first, second, listener):
        sock.close()


@pytest.mark.parametrize("v", [4, 6])
def test_who_takes_one_of_the_ports_later_gets_its_packets(lab, v):
    """A listener, and a connection from a port of the range, both younger than the guard."""
    a, b = lab
    family = socket.AF_INET if v == 4 else socket.AF_INET6
    with Guard(a, SELF[4], SELF[6], links="a0") as guard:
        assert guard.why == ""
        with a:
            service = socket.create_server((SELF[v], LO + 7), family=family)
            own = socket.socket(family)
        with b:
            listener = socket.create_server((GATEWAY[v], 0), family=family)
            client = socket.create_connection((SELF[v], LO + 7), 5)
        own.settimeout(5)
        own.bind((SELF[v], LO + 8))
        own.connect(listener.getsockname()[:2])
        for theirs, ours in ((client, service.accept()[0]), (listener.accept()[0], own)):
            for one, other in ((theirs, ours), (ours, theirs)):
                one.sendall(b"x" * 20000)
                other.settimeout(5)
                assert len(other.recv(20000, socket.MSG_WAITALL)) == 20000
            theirs.close()  # first, so that TIME-WAIT is not on our side
            assert ours.recv(1) == b""
            ours.close()
        assert send_answers(lab, v, (LO, HI)) == (0, 0), "the other ports end as before"
        service.close()
        listener.close()


def seen_because(ns, **kw):
    """Why the kernel sees the answers; the output chain must be there in any case."""
    with Guard(ns, SELF[4], SELF[6], links="a0", **kw) as guard:
        listed = ruleset(ns)
        assert "output" in listed and "ingress" not in listed and "spoken" not in listed
        return guard.why


@pytest.mark.parametrize("address", ["10.9.0.1", "0.0.0.0", "fd09::1", "::"])
def test_a_socket_in_the_range_keeps_the_kernel_seeing(lab, address):
    a, _ = lab
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with a:
        sock = socket.create_server((address, HI), family=family)
    assert f"source port {HI} ({address})" in seen_because(a)
    assert send_answers(lab, 4, (LO, HI))[0] == 2
    sock.close()


def test_a_socket_that_is_only_bound_counts_where_the_kernel_lists_it(lab):
    a, _ = lab
    with a:
        sock = socket.socket()
        sock.bind((SELF[4], LO))
    release = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])
    if release < (6, 8):
        sock.close()
        pytest.skip("sock_diag lists bound sockets since Linux 6.8")
    assert f"source port {LO} ({SELF[4]})" in seen_because(a)
    sock.close()


def test_a_socket_of_another_address_or_port_does_not_count(lab):
    a, _ = lab
    with a:
        socks = [socket.create_server(at) for at in (("127.0.0.1", LO), (SELF[4], LO - 1))]
    with Guard(a, SELF[4], links="a0") as guard:
        assert guard.why == ""
    for sock in socks:
        sock.close()


def test_ephemeral_ports_keep_the_kernel_seeing(lab):
    a, _ = lab
    lo, hi = a.run("cat", "/proc/sys/net/ipv4/ip_local_port_range").stdout.split()
    assert f"ip_local_port_range ({lo}-{hi})" in seen_because(a, ports=f"{int(lo) - 10}-{lo}")
    assert f"ip_local_port_range ({lo}-{hi})" in seen_because(a, ports=f"{hi}-{int(hi) + 10}")


def test_translated_addresses_keep_the_kernel_seeing(scratch):
    a, b = scratch
    veth(a, b, "a0", "b0")
    a.run("nft", "-f", "-", input="table ip t {\n chain c {\n"
          "  type nat hook postrouting priority srcnat\n }\n}\n")
    with Guard(a, SELF[4], links="a0") as guard:
        assert guard.why == "this host translates addresses (nf_tables, table t, chain c)"


def test_several_interfaces_and_one_that_goes_away(scratch):
    a, b = scratch
    veth(a, b, "a0", "b0")
    veth(a, b, "a1", "b1")
    with Guard(a, SELF[4], SELF[6], links="a0,a1") as guard:
        assert guard.why == "" and re.search(r'devices = {\W+a0\W+a1\W+}', ruleset(a))
    with Guard(a, SELF[4], links="a0"):
        a.ip("link del a0")
        assert "output" in ruleset(a)
    assert ruleset(a) == ""


@pytest.mark.parametrize("v", [4, 6])
def test_answers_end_on_a_tun_device_too(scratch, v):
    a, _ = scratch
    ip = IP if v == 4 else IPv6
    with a, open("/dev/net/tun", "r+b", buffering=0) as tun:
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"t0", IFF_TUN | IFF_NO_PI))
        a.ip(f"-{v} addr add {SELF[v]}/{24 if v == 4 else 64} dev t0")
        a.ip("link set t0 up")
        with Guard(a, SELF[v], links="t0") as guard:
            assert guard.why == ""
            before = tcp_counters(a)
            for port in (LO, HI, HI + 1):
                # a write ends when the kernel is done with the packet
                tun.write(bytes(ip(src=GATEWAY[v], dst=SELF[v]) /
                                TCP(sport=80, dport=port, flags="SA", seq=1, ack=1)))
            after = tcp_counters(a)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_a_killed_guard_leaves_no_chain_at_ingress(lab):
    a, _ = lab
    guard = Guard(a, SELF[4], SELF[6], links="a0")
    assert "ingress" in ruleset(a)
    guard.proc.send_signal(signal.SIGKILL)
    guard.proc.wait(10)
    assert ruleset(a) == ""
    assert send_answers(lab, 4, OURS) == (3, 3)
