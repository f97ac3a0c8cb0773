"""synspect check, and a scan that runs with nothing but what is left after the drop. Needs root."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest

from netns import Netns, veth

BUILD = pathlib.Path(os.environ.get("BUILDDIR", "."))
SYNSPECT = str((BUILD / "synspect").resolve())


@pytest.fixture(name="lab", scope="module")
def fixture_lab():
    a, b = Netns("a"), Netns("b")
    try:
        veth(a, b, "a0", "b0")
        for ns, dev, n in ((a, "a0", ("1", "1")), (b, "b0", ("254", "fe"))):
            ns.ip(f"addr add 10.9.0.{n[0]}/24 dev {dev}")
            ns.ip(f"-6 addr add fd09::{n[1]}/64 dev {dev}")
        a.ip("route add default via 10.9.0.254")
        a.ip("-6 route add default via fd09::fe")
        yield a, b
    finally:
        a.close()
        b.close()


def check(ns, *args):
    """Runs it; returns the exit status and the lines as {(family, what): (verdict, text)}."""
    proc = ns.run(SYNSPECT, "check", *args, check=False)
    lines = {}
    for line in proc.stdout.splitlines():
        verdict, family, what, text = (field.strip() for field in
                                       (line[:4], line[6:10], line[12:24], line[26:]))
        lines[(family, what)] = (verdict, text)
    assert (proc.returncode == 0) == all(v != "FAIL" for v, _ in lines.values())
    assert proc.stderr.count("\n") == (1 if proc.returncode else 0)
    return proc.returncode, lines


def test_both_families_with_all_their_facts(lab):
    a, b = lab
    status, lines = check(a, "10.50.0.0/24", "fd09::10-fd09::20")
    assert status == 0
    assert lines[("", "targets")] == ("ok", "273 addresses")
    assert lines[("IPv4", "interface")][1] == f"a0, Ethernet, MTU 1500, MAC {a.mac('a0')}"
    assert lines[("IPv4", "route")][1].endswith(" by a0, gateway 10.9.0.254")
    assert lines[("IPv4", "gateway MAC")] == ("ok", b.mac("b0"))
    assert lines[("IPv4", "source")] == ("ok", "10.9.0.1")
    assert lines[("IPv6", "route")][1].endswith(" is on the link of a0")
    assert lines[("IPv6", "source")] == ("ok", "fd09::1")
    assert re.fullmatch(r"\d+-\d+", lines[("", "source ports")][1])
    assert lines[("", "RST guard")] == ("ok", "answers end at the interface, and RSTs are dropped")
    assert lines[("", "privileges")][0] == "ok"
    assert "a0 by AF_" in lines[("", "sending")][1]
    assert a.run("nft", "list", "ruleset").stdout == "", "it cleans up"


def test_no_packet_reaches_a_target(lab):
    a, b = lab
    with b:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        sock.bind(("b0", 0))
    check(a, "10.50.0.0/24")
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.recv(2048)
    sock.close()


def test_without_targets_one_family_is_enough(lab):
    a, _ = lab
    a.ip("-6 route del default")
    try:
        status, lines = check(a)
        assert status == 0 and lines[("IPv6", "route")][1].endswith("on the link of a0")
        a.ip("-6 addr del fd09::1/64 dev a0")
        status, lines = check(a)
        assert status == 0 and lines[("IPv6", "route")][0] == "none"
        a.ip("-6 addr add fd09::1/64 dev a0")
        status, lines = check(a, "--allow-reserved", "2001:db8::1")
        assert status == 1 and lines[("IPv6", "route")][0] == "FAIL"
    finally:
        a.ip("-6 route add default via fd09::fe")


def test_the_host_itself_as_first_target_does_not_stop_the_others(lab):
    a, _ = lab
    status, lines = check(a, "10.9.0.1-10.9.0.9")
    assert status == 0 and lines[("IPv4", "route")][1].endswith("on the link of a0")
    status, lines = check(a, "10.9.0.1")
    assert status == 1 and "address of this host" in lines[("IPv4", "route")][1]


def test_a_source_of_nobody_needs_no_guard_and_no_cap_net_admin(lab):
    a, _ = lab
    proc = a.run("setpriv", "--bounding-set=-net_admin", SYNSPECT, "check", "-S", "10.9.0.77",
                 "10.9.0.2", check=False)
    assert proc.returncode == 0, proc.stdout
    assert "not an address of this host" in proc.stdout and "not needed" in proc.stdout


def test_every_failure_is_shown_in_one_run(lab):
    a, _ = lab
    proc = a.run("setpriv", "--bounding-set=-net_admin,-net_raw", SYNSPECT, "check", "--geoip",
                 "/nonexistent.mmdb", "10.9.0.2", check=False)
    failed = [line for line in proc.stdout.splitlines() if line.startswith("FAIL")]
    assert proc.returncode == 1 and len(failed) == 4
    assert "4 of the checks failed" in proc.stderr
    for word in ("setcap cap_net_raw,cap_net_admin+ep", "--no-rst-guard", "/nonexistent.mmdb"):
        assert word in proc.stdout


def test_a_listener_among_the_source_ports_is_said_and_keeps_the_kernel_seeing(lab):
    a, _ = lab
    status, lines = check(a, "10.9.0.2")
    lo, hi = lines[("", "source ports")][1].split("-")
    with a:
        listener = socket.create_server(("10.9.0.1", int(hi)))
    status, lines = check(a, "10.9.0.2")
    verdict, text = lines[("", "RST guard")]
    assert (status, verdict) == (0, "ok") and f"source port {hi} (10.9.0.1)" in text
    status, lines = check(a, "10.9.0.2", "--source-port", f"{lo}-{int(hi) - 1}")
    assert lines[("", "RST guard")][1].startswith("answers end at the interface")
    listener.close()


class Server:
    """Accepts and greets like an SSH server."""

    def __init__(self, ns, addr, family):
        with ns:
            self.sock = socket.create_server((addr, 2222), family=family, backlog=64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            conn.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
            conn.close()


@pytest.fixture(name="servers", scope="module")
def fixture_servers(lab):
    servers = [Server(lab[1], "10.9.0.254", socket.AF_INET),
               Server(lab[1], "fd09::fe", socket.AF_INET6)]
    yield
    for server in servers:
        server.sock.close()


def records(text):
    """The records of targets, without the first and last ones of the scan itself."""
    rows = (json.loads(line) for line in text.splitlines())
    return {row["ip"]: row for row in rows if "ip" in row}


def test_a_scan_as_nobody_under_the_filter_names_the_services(lab, servers):
    a, _ = lab
    proc = a.run(SYNSPECT, "scan", "10.9.0.254:2222", "[fd09::fe]:2222", "--cooldown", "1s", "-q")
    got = records(proc.stdout)
    assert {ip: row["protocol"] for ip, row in got.items()} == {
        "10.9.0.254": "ssh", "fd09::fe": "ssh"}


def kernel_tcp(ns):
    """Segments that the kernel's TCP took in, and RSTs that it made."""
    names, values = [line.split()[1:] for line in ns.run("cat", "/proc/net/snmp").stdout.splitlines()
                     if line.startswith("Tcp:")]
    row = dict(zip(names, map(int, values)))
    return row["InSegs"], row["OutRsts"]


def test_the_kernel_sees_no_answer_unless_a_port_is_somebodys(lab, servers):
    """Then -v says whose, the kernel answers, and the output chain keeps what it says at home."""
    a, _ = lab
    lines = check(a, "10.9.0.254")[1]
    lo = lines[("", "source ports")][1].split("-")[0]

    def scan():
        before = kernel_tcp(a)
        proc = a.run(SYNSPECT, "scan", "10.9.0.254:2222", "[fd09::fe]:2222", "--cooldown", "1s", "-v")
        assert [row["protocol"] for row in records(proc.stdout).values()] == ["ssh", "ssh"]
        after = kernel_tcp(a)
        return after[0] - before[0], after[1] - before[1], proc.stderr

    n_in, n_resets, said = scan()
    assert (n_in, n_resets) == (0, 0) and "sees every answer" not in said
    with a:
        listener = socket.create_server(("10.9.0.1", int(lo)))
    n_in, n_resets, said = scan()
    assert n_in >= 2 and n_resets >= 2 and f"source port {lo} (10.9.0.1)" in said
    listener.close()


def test_a_stream_reaches_our_links_without_a_default_route(lab, servers):
    a, _ = lab
    a.ip("-6 route del default")
    try:
        proc = a.run(SYNSPECT, "scan", "-t", "-", "--order", "list", "--cooldown", "1s", "-q",
                     input="10.9.0.254:2222\n[fd09::fe]:2222\n")
        assert set(records(proc.stdout)) == {"10.9.0.254", "fd09::fe"}
    finally:
        a.ip("-6 route add default via fd09::fe")


def test_a_running_scan_has_nothing_left_and_dies_without_a_trace(lab, servers, tmp_path):
    """All its threads, by the kernel's word; then kill -9, and no table stays."""
    a, _ = lab
    with open(tmp_path / "err", "w", encoding="utf-8") as err:
        proc = a.popen(SYNSPECT, "scan", "10.50.0.0/16", "-p", "80", "--rate", "1000", "-o",
                       str(tmp_path / "out.jsonl"), stderr=err)
    try:
        tasks = wait_for_threads(proc.pid)
        assert {task["Name"] for task in tasks} >= {"syn-tx", "syn-rx", "syn-out"}
        for task in tasks:
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(task[name], 16) == 0, (task["Name"], name)
            assert task["NoNewPrivs"] == "1" and task["Uid"].split()[0] != "0"
        listed = a.run("nft", "list", "ruleset").stdout
        assert "synspect_" in listed and "hook output" in listed and "hook ingress" in listed
    finally:
        proc.send_signal(signal.SIGKILL)
        proc.wait(10)
    assert a.run("nft", "list", "ruleset").stdout == ""


def wait_for_threads(pid):
    """The status of each thread once all four are there."""
    for _ in range(200):
        tasks = []
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            text = (task / "status").read_text()
            tasks.append(dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line))
        if len({task["Name"] for task in tasks} & {"syn-tx", "syn-rx", "syn-out"}) == 3:
            return tasks
        subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError("the threads of the scan never came")
