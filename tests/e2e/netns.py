"""Network namespaces for the end-to-end tests: made without an uplink, removed at the end.

A socket lives in the namespace that it was made in, so `with ns:` around socket() is all that a test
needs to send from one namespace and listen in another, in one process and without waiting.
"""
import ctypes
import itertools
import os
import socket
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
COUNTER = itertools.count()


class Netns:
    """One named namespace with its loopback up and IPv6 ready at once."""

    def __init__(self, tag):
        self.name = f"sspnet{os.getpid()}{tag}{next(COUNTER)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True, timeout=10)
        self.home = None
        # No duplicate address detection, no router discovery: addresses are there when added.
        for key in ("accept_dad", "accept_ra", "router_solicitations"):
            for dev in ("all", "default"):
                self.run("sysctl", "-qw", f"net.ipv6.conf.{dev}.{key}=0")
        self.ip("link set lo up")

    def run(self, *cmd, check=True, **kw):
        """Runs a command inside; returns the finished process with text output."""
        kw.setdefault("timeout", 20)
        proc = subprocess.run(["ip", "netns", "exec", self.name, *cmd], text=True,
                              capture_output=True, **kw)
        if check and proc.returncode:
            raise RuntimeError(f"{cmd}: {proc.stderr}")
        return proc

    def ip(self, text, check=True):
        return self.run("ip", *text.split(), check=check)

    def popen(self, *cmd, **kw):
        return subprocess.Popen(["ip", "netns", "exec", self.name, *cmd], text=True,
                                stdout=subprocess.PIPE, stdin=subprocess.PIPE, **kw)

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        if LIBC.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)
        return self

    def __exit__(self, *exc):
        LIBC.setns(self.home, CLONE_NEWNET)
        os.close(self.home)

    def mac(self, dev):
        return self.run("cat", f"/sys/class/net/{dev}/address").stdout.strip()

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], timeout=10, check=False)


def veth(left, right, left_dev, right_dev):
    """A cable between two namespaces; both ends up."""
    left.ip(f"link add {left_dev} type veth peer name {right_dev} netns {right.name}")
    left.ip(f"link set {left_dev} up")
    right.ip(f"link set {right_dev} up")


def packet_socket(ns, dev, timeout=5.0):
    """Sees and sends whole frames on dev."""
    with ns:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind((dev, 0))
    sock.settimeout(timeout)
    return sock
