"""Process 1 of the lab: makes a private file system, starts the servers, reaps, says who is ready.

Runs inside the lab's own network, mount, process and IPC namespaces (keeper.py sees to that): when it
ends, the kernel ends every server with it, and all they wrote was in memory that goes too.
Usage: inside.py DIR, where DIR/spec.json is what keeper.py wrote. Reports to standard output, one JSON
object a line: {"event": "ready"|"failed"|"died", "label", "seconds", "why"}, at last {"event": "up"}.
"""

import json
import os
import pathlib
import resource
import select
import signal
import socket
import subprocess
import sys
import time

RUN = pathlib.Path("/run/lab")
AT_ONCE = 6  # servers that may be starting at the same time
POLL_S = 0.05


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def hide_the_system(lab, hosts):
    """What servers write under /etc, /run, /tmp and /var lands in memory; the rest stays readable.
    hosts: [(address, name)] for /etc/hosts."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755,size=4g", "synlab", "/mnt")
    for name in ("lab", "own", "def"):
        os.mkdir(f"/mnt/{name}")
    mount("--bind", lab, "/mnt/own")
    mount("--bind", os.path.dirname(os.path.abspath(__file__)), "/mnt/def")
    for top in ("etc", "var"):
        upper, work = f"/mnt/{top}.upper", f"/mnt/{top}.work"
        os.mkdir(upper)
        os.mkdir(work)
        mount("-t", "overlay", "-o", f"lowerdir=/{top},upperdir={upper},workdir={work}", "synlab",
              f"/{top}")
    mount("-t", "tmpfs", "-o", "mode=1777", "synlab", "/tmp")
    mount("-t", "tmpfs", "-o", "mode=1777", "synlab", "/dev/shm")
    mount("-t", "tmpfs", "-o", "mode=755", "synlab", "/run")
    RUN.mkdir()
    mount("--rbind", "/mnt", str(RUN))
    mount("-t", "proc", "proc", "/proc")
    for path in ("/run/lock", "/run/user"):
        os.makedirs(path, exist_ok=True)
    os.chmod("/run/lock", 0o1777)
    # A name that could be unique (RFC 8375): some servers refuse to run under .test.
    socket.sethostname("srv.home.arpa")
    # Every address has a name: servers that look up who called must not wait for a name server.
    pathlib.Path("/etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n" + "".join(
        f"{address} {name}\n" for address, name in hosts))
    pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.9\noptions attempts:1 timeout:1\n")


def serves_ipv4(port):
    """Whether the IPv6 wildcard listener on port takes IPv4 too: only then is the port taken there.
    SO_REUSEADDR keeps this look out of the way of a server that is about to listen."""
    with socket.socket(socket.AF_INET) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def listening():
    """Ports that someone listens on: {4: set, 6: set}."""
    found = {4: set(), 6: set()}
    wildcards = set()
    for family, table in ((4, "/proc/net/tcp"), (6, "/proc/net/tcp6")):
        for line in open(table).readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                address, port = fields[1].split(":")
                found[family].add(int(port, 16))
                if family == 6 and not int(address, 16):
                    wildcards.add(int(port, 16))
    found[4] |= {port for port in wildcards - found[4] if serves_ipv4(port)}
    return found


class Starting:
    """One server on its way to be ready."""

    def __init__(self, spec, lab):
        self.spec = spec
        self.since = time.monotonic()
        self.waiting = []  # greetings still to come: (family, port, socket or None)
        for port, greets, families in zip(spec["ports"], spec["greets"], spec["families"]):
            if greets:
                self.waiting += [[f, port, None] for f in families]
        self.log = f"{lab}/log/{spec['label']}"
        self.pid = self._launch()

    def _launch(self):
        spec = self.spec
        directory = RUN / "lab" / spec["label"]
        directory.mkdir()
        directory.chmod(0o777)
        env = {
            "PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:/usr/games",
            "HOME": str(directory), "LC_ALL": "C.UTF-8", "dir": str(directory),
            "addr4": spec["addr4"], "addr6": spec["addr6"],
            "keys": str(RUN / "own/keys"), "extra": str(RUN / "own/extra"),
        }
        for number, port in enumerate(spec["ports"], 1):
            env["port" if number == 1 else f"port{number}"] = str(port)
        pid = os.fork()
        if pid:
            return pid
        os.setsid()
        os.chdir(directory)
        out = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.fchmod(out, 0o666)
        script = f". /run/lab/def/lib.sh; . /run/lab/def/servers/{spec['server']}.sh; start"
        os.execve("/bin/bash", ["bash", "-euo", "pipefail", "-c", script], env)

    def why(self):
        """The last words of the server."""
        try:
            lines = [l.strip() for l in open(self.log, errors="replace") if l.strip()]
        except OSError:
            lines = []
        return lines[-1][:200] if lines else "no word from it"

    def is_listening(self, open_ports):
        if os.path.exists(RUN / "lab" / self.spec["label"] / ".starting"):
            return False
        return all(port in open_ports[f] for port, families in
                   zip(self.spec["ports"], self.spec["families"]) for f in families)

    def has_greeted(self):
        """Whether each port that speaks first has spoken, over each family. Never blocks."""
        for entry in list(self.waiting):
            family, port, sock = entry
            if sock is None:
                sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6)
                sock.settimeout(1)
                try:
                    sock.connect((self.spec["addr4" if family == 4 else "addr6"], port))
                except OSError:
                    sock.close()
                    continue
                entry[2] = sock
            if not select.select([sock], [], [], 0)[0]:
                continue
            try:
                data = sock.recv(1)
            except OSError:
                data = b""
            sock.close()
            entry[2] = None
            if data:
                self.waiting.remove(entry)
        return not self.waiting


def tell(event, **more):
    sys.stdout.write(json.dumps({"event": event, **more}) + "\n")
    sys.stdout.flush()


def reap(gone):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        gone[pid] = status


def start_all(specs, lab):
    """Starts every server, at most AT_ONCE at a time; tells who is ready. Returns {pid: label}."""
    todo, starting, running, gone = list(specs), [], {}, {}
    while todo or starting:
        while todo and len(starting) < AT_ONCE:
            starting.append(Starting(todo.pop(0), lab))
        reap(gone)
        open_ports = listening()
        for one in list(starting):
            seconds = round(time.monotonic() - one.since, 2)
            label = one.spec["label"]
            if one.pid in gone:
                tell("failed", label=label, seconds=seconds, why=one.why())
            elif one.is_listening(open_ports) and one.has_greeted():
                running[one.pid] = label
                tell("ready", label=label, seconds=seconds)
            elif seconds > one.spec["patience"]:
                tell("failed", label=label, seconds=seconds, why="not ready in time: " + one.why())
                os.kill(one.pid, signal.SIGKILL)
            else:
                continue
            starting.remove(one)
        time.sleep(POLL_S)
    return running


def main():
    lab = sys.argv[1]
    spec = json.load(open(f"{lab}/spec.json"))
    hide_the_system(lab, spec["hosts"])
    inside = str(RUN / "own")
    soft = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    running = start_all(spec["instances"], inside)
    tell("up")
    while True:
        gone = {}
        reap(gone)
        for pid in gone:
            if pid in running:
                tell("died", label=running.pop(pid))
        time.sleep(0.2)


if __name__ == "__main__":
    main()
