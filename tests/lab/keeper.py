"""The keeper of one lab: makes it, holds it up, and takes it down, however it is asked to.

One process, outside the lab's namespaces. The servers are the children of inside.py, process 1 of a
process namespace that dies with the keeper (PR_SET_PDEATHSIG), so that no server outlives it. The
keeper ends on SIGTERM or SIGINT, and when its owner ends: a test that is killed takes its lab along.
"""

import ctypes
import json
import os
import pathlib
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile

import definitions
import network

PR_SET_PDEATHSIG = 1


class Stop(Exception):
    """The lab shall end."""


def make_keys(directory):
    """A key and a certificate for lab.test (a day's validity is plenty), and a password."""
    directory.mkdir()
    network.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=lab.test", "-addext", "subjectAltName=DNS:lab.test", "-keyout",
                str(directory / "key.pem"), "-out", str(directory / "cert.pem"))
    both = (directory / "key.pem").read_text() + (directory / "cert.pem").read_text()
    (directory / "both.pem").write_text(both)
    (directory / "password").write_text(secrets.token_hex(8) + "\n")
    for path in directory.iterdir():
        path.chmod(0o644)


def unpack(names, archives, root):
    """Unpacks the .deb files of the packages named into root; raises when one is not there."""
    root.mkdir()
    for name in names:
        found = sorted(pathlib.Path(archives).glob(f"{name}_*.deb"))
        if not found:
            raise RuntimeError(f"{archives}: no {name}_*.deb: run tests/lab/install first")
        network.run("dpkg", "-x", str(found[-1]), str(root))


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Keeper:
    """State of one lab; state.json in its directory is what others read."""

    def __init__(self, plan, seed, tier, archives, owner):
        """plan: definitions.Plan; owner: process id whose end ends the lab, 0 for nobody's."""
        self.plan, self.seed, self.tier, self.archives = plan, seed, tier, archives
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"synlab-{os.getpid()}-", dir="/tmp"))
        self.owner_fd = os.pidfd_open(owner) if owner else -1
        self.child = None
        self.ready, self.failed, self.died = {}, {}, []

    def build(self):
        """Namespaces, keys, unpacked packages, then process 1, which starts the servers."""
        self.directory.chmod(0o755)
        (self.directory / "log").mkdir()
        unpacked = {p[1:] for s in self.plan.servers for p in s.packages if p[0] == "-"}
        unpack(sorted(unpacked), self.archives, self.directory / "extra")
        make_keys(self.directory / "keys")
        addresses = [a for s in self.plan.servers for a in (s.addr4, s.addr6)]
        self.scan, self.net = network.build(os.getpid(), addresses)
        network.redirect(self.net, self.plan.redirects)
        hosts = [("127.0.1.1", "srv.home.arpa srv")]
        hosts += [(a, "scan.lab.test") for a in (definitions.SCAN4, definitions.SCAN6)]
        hosts += [(a, "gate.lab.test") for a in (definitions.GATE4, definitions.GATE6)]
        hosts += [(a, "onlink.lab.test") for a in (definitions.ONLINK4, definitions.ONLINK6)]
        hosts += [(a, f"{s.name}.lab.test") for s in self.plan.servers for a in (s.addr4, s.addr6)]
        spec = {"hosts": hosts, "instances": [{
            "label": i.label, "server": i.server.name, "ports": i.ports,
            "greets": [v.greets for v in i.server.services],
            "families": [v.families for v in i.server.services],
            "addr4": i.server.addr4, "addr6": i.server.addr6, "patience": i.server.patience,
        } for i in sorted(self.plan.instances, key=lambda i: -i.server.patience)]}
        (self.directory / "spec.json").write_text(json.dumps(spec))
        inside = str(pathlib.Path(__file__).resolve().parent / "inside.py")
        self.child = subprocess.Popen(
            ["ip", "netns", "exec", self.net, "unshare", "--mount", "--pid", "--ipc", "--uts",
             "--fork", "--kill-child", sys.executable, inside, str(self.directory)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(self.directory / "log/inside", "wb"), preexec_fn=_die_with_parent)

    def save(self, is_up):
        state = {
            "keeper": os.getpid(), "scan": self.scan, "net": self.net, "seed": self.seed,
            "tier": self.tier, "is_up": is_up, "scan_device": network.SCAN_DEVICE,
            "net_device": network.NET_DEVICE, "ready": self.ready, "failed": self.failed,
            "died": self.died, "truth": self.plan.truth,
            "redirected": [s.name for s, _, _ in self.plan.redirects],
        }
        new = self.directory / "state.json.new"
        new.write_text(json.dumps(state))
        new.rename(self.directory / "state.json")

    def _note(self, line):
        """One report of inside.py. Returns whether the lab is up."""
        report = json.loads(line)
        if report["event"] == "ready":
            self.ready[report["label"]] = report["seconds"]
        elif report["event"] == "failed":
            self.failed[report["label"]] = report["why"]
        elif report["event"] == "died":
            self.died.append(report["label"])
        return report["event"] == "up"

    def watch(self, on_up):
        """Listens to inside.py until the lab shall end; on_up is called once, when all have started
        or failed. Raises RuntimeError when process 1 ends by itself."""
        pipe = self.child.stdout.fileno()
        pending, is_up = b"", False
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if self.owner_fd >= 0:
            poll.register(self.owner_fd, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self.owner_fd:
                    raise Stop
                data = os.read(pipe, 65536)
                if not data:
                    words = (self.directory / "log/inside").read_text().strip()
                    raise RuntimeError(f"the lab ended by itself: {words[-300:]}")
                *lines, pending = (pending + data).split(b"\n")
                came_up = any([self._note(line) for line in lines])
                is_up = is_up or came_up
                self.save(is_up)
                if came_up:
                    on_up(self)

    def close(self):
        """Ends every server and removes what the lab left; safe at any stage of building."""
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child.stdout.close()
        network.destroy(os.getpid())
        shutil.rmtree(self.directory, ignore_errors=True)


def keep(plan, seed, tier, archives, owner, report):
    """Holds a lab until told to end. report: callable(keeper or None, error text) for the waiting
    parent. Returns the exit status."""
    def stop(*_):
        raise Stop
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    keeper = None
    try:
        network.sweep()
        keeper = Keeper(plan, seed, tier, archives, owner)
        keeper.build()
        keeper.watch(lambda k: report(k, ""))
    except Stop:
        return 0
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        report(None, str(error))
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if keeper:
            keeper.close()
