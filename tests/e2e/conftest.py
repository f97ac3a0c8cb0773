"""Fixtures for the end-to-end tests that need the lab of real servers (tests/lab).

The scanner under test is $SYNSPECT, else synspect in $BUILDDIR, ./ or build/. Labs are made once a
session; nothing outlives it, for the lab's keeper watches this process.
"""
import ipaddress
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/lab"))

import judge  # noqa: E402

SEED = 1
TIER = os.environ.get("SYNLAB_TIER", "core")
SIDES_OF_SCAN = ("10.99.0.1", "fd00:99::1")
LAB = str(TOP / "tests/lab/lab.py")


def find_synspect():
    for path in (os.environ.get("SYNSPECT"), f"{os.environ.get('BUILDDIR', '.')}/synspect",
                 "build/synspect"):
        if path and os.access(path, os.X_OK):
            return str(pathlib.Path(path).resolve())
    return None


@pytest.fixture(scope="session")
def synspect():
    """Path of the scanner under test."""
    path = find_synspect()
    if not path:
        pytest.fail("no synspect: build it, or say where with SYNSPECT=PATH")
    return path


class Scan:
    """One finished scan: what it said and what it wrote."""

    def __init__(self, status, stdout, stderr, output):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.output = output

    @property
    def text(self):
        """The records as text; whatever of a .zst file can be read."""
        if not self.output.exists():
            return ""
        if self.output.suffix != ".zst":
            return self.output.read_text()
        return subprocess.run(["zstd", "-dcq", str(self.output)], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.DEVNULL, timeout=60).stdout.decode()

    @property
    def records(self):
        return judge.read_records(self.text.splitlines())


class Lab:
    """A running lab; see tests/lab/lab.py."""

    def __init__(self, synspect, only="", tier=TIER, moved=True):
        command = [LAB, "up", "--tier", tier, "--only", only, "--seed", str(SEED), "--owner",
                   str(os.getpid())] + ([] if moved else ["--no-moved"])
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode in (0, 4), done.stderr
        self.synspect = synspect
        self.directory = pathlib.Path(done.stdout.strip())

    @property
    def state(self):
        return json.loads((self.directory / "state.json").read_text())

    @property
    def truth(self):
        """[(address, port, protocol, name, tier, place)]"""
        return [tuple(row) for row in self.state["truth"]]

    def inside(self, side, *command):
        """The command line that runs a command in the scanner's ("scan") or the servers' ("net")
        namespace."""
        return ["ip", "netns", "exec", self.state[side], *command]

    def run(self, side, *command, **more):
        more.setdefault("timeout", 60)
        return subprocess.run(self.inside(side, *command), capture_output=True, text=True,
                              check=False, **more)

    def popen(self, side, *command, **more):
        """Starts a command; exec'd all the way, so that its pid is the command's own."""
        return subprocess.Popen(self.inside(side, *command), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **more)

    def scan(self, output, *arguments, targets=(), **more):
        """Runs a scan to its end. output: path of its records; targets: (address, port) pairs."""
        command = [self.synspect, "scan", "-o", str(output), *arguments]
        text = "".join(f"[{a}]:{p}\n" if ":" in a else f"{a}:{p}\n" for a, p, *_ in targets)
        if targets:
            command += ["-t", "-"]
        done = self.run("scan", *command, input=text, **more)
        return Scan(done.returncode, done.stdout, done.stderr, pathlib.Path(output))

    def close(self):
        subprocess.run([LAB, "down", str(self.directory)], check=True, timeout=60)


@pytest.fixture(scope="session")
def core_lab(synspect):
    """The core tier (or $SYNLAB_TIER), every server on usual and random ports."""
    lab = Lab(synspect)
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def web_lab(synspect):
    """nginx alone: every address of 10.77.0.0/16 and fd00:77::/48 answers on port 80."""
    lab = Lab(synspect, only="nginx", moved=False)
    yield lab
    lab.close()


class Capture:
    """tcpdump at the servers' end of the cable."""

    def __init__(self, lab, path):
        self.path = pathlib.Path(path)
        self.process = lab.popen("net", "tcpdump", "-i", lab.state["net_device"], "-s", "128", "-U",
                                 "-B", "16384", "-w", str(path))
        line = b""
        while b"listening on" not in line:  # it says so once it captures
            line = self.process.stderr.readline()
            assert line, "tcpdump ended before it listened"

    def stop(self):
        """Ends the capture. Returns [(seconds, frame bytes)]; fails when the kernel dropped some."""
        from scapy.utils import RawPcapReader
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=30)[1].decode()
        assert "0 packets dropped by kernel" in said, said
        return [(meta.sec + meta.usec / 1e6, frame) for frame, meta in RawPcapReader(str(self.path))]


class Packet:
    """What a test wants to know of one Ethernet frame."""

    def __init__(self, time, frame):
        self.time = time
        self.kind = int.from_bytes(frame[12:14], "big")
        self.protocol, self.src, self.dst, self.ip_id, at = -1, None, None, -1, 0
        if self.kind == 0x0800:
            self.protocol, at = frame[23], 14 + (frame[14] & 15) * 4
            self.src, self.dst = (str(ipaddress.IPv4Address(frame[i:i + 4])) for i in (26, 30))
            self.ip_id = int.from_bytes(frame[18:20], "big")
        elif self.kind == 0x86DD:
            self.protocol, at = frame[20], 54
            self.src, self.dst = (str(ipaddress.IPv6Address(frame[i:i + 16])) for i in (22, 38))
        self.is_tcp = self.protocol == 6
        if self.is_tcp:
            self.sport, self.dport = (int.from_bytes(frame[at + i:at + i + 2], "big") for i in (0, 2))
            self.flags = frame[at + 13]
        elif self.protocol == 58:
            self.icmp_type = frame[at]
            self.ndp_target = str(ipaddress.IPv6Address(frame[at + 8:at + 24])) if len(
                frame) >= at + 24 else ""
        if self.kind == 0x0806:
            self.arp_op = int.from_bytes(frame[20:22], "big")
            self.src, self.arp_target = (str(ipaddress.IPv4Address(frame[i:i + 4])) for i in (28, 38))


@pytest.fixture(scope="session")
def packets_of():
    """Callable(capture): its packets, parsed."""
    return lambda frames: [Packet(time, frame) for time, frame in frames]
