"""The lab's servers as their files in servers/ describe them, and the plan of one lab.

A server file is bash: assignments that this module reads, and a function start() that inside.py runs.
The assignments, one a line:

  packages="A B"      Debian packages it needs; "-name" is unpacked beside the system, not installed,
                      because it excludes another package of the lab ($extra is its root)
  tier=core|full      core servers run in every test, full ones in tests/lab/full
  services="..."      one word a port: PROTOCOL:PORT[,greets][,v4]. PROTOCOL is the true name; "tls/imap"
                      is imap inside TLS. greets: the server speaks first, so that a first byte can
                      be awaited before it counts as ready. v4: it does not listen on IPv6
  moves=no            the port is built in: its random port is a redirection inside the lab
  patience=SECONDS    how long the start may take (default 60)
"""

import dataclasses
import pathlib
import random
import re
import shlex

HERE = pathlib.Path(__file__).resolve().parent
TIERS = ("core", "full")
LAB4, LAB6 = "10.77.0.0/16", "fd00:77::/48"
SCAN4, SCAN6 = "10.99.0.1", "fd00:99::1"
GATE4, GATE6 = "10.99.0.2", "fd00:99::2"
ONLINK4, ONLINK6 = "10.99.0.50", "fd00:99::50"
# These are scanned a second time at an address that needs no gateway.
ONLINK_SERVERS = ("nginx", "openssh", "redis")
KEYS = {"packages", "tier", "services", "moves", "patience"}


class DefinitionError(Exception):
    """A server file that cannot be understood; the text says where and why."""


@dataclasses.dataclass(frozen=True)
class Service:
    """One listening port of a server."""

    protocol: str  # true name, outermost layer first: "tls/imap"
    port: int  # the usual one
    greets: bool  # speaks first
    families: tuple  # of 4 and 6


@dataclasses.dataclass(frozen=True)
class Server:
    """One file of servers/."""

    name: str
    about: str
    packages: tuple
    tier: str
    services: tuple
    moves: bool
    patience: int
    addr4: str
    addr6: str


@dataclasses.dataclass(frozen=True)
class Instance:
    """One process to start: a server with the ports it shall listen on."""

    label: str  # "nginx", or "nginx.moved" for the copy on random ports
    server: Server
    ports: tuple


def _service(word, where):
    match = re.fullmatch(r"([a-z0-9/.-]+):(\d+)((?:,(?:greets|v4))*)", word)
    if not match or not 0 < int(match[2]) < 65536:
        raise DefinitionError(f"{where}: {word}: want PROTOCOL:PORT[,greets][,v4]")
    flags = match[3].split(",")
    return Service(match[1], int(match[2]), "greets" in flags, (4,) if "v4" in flags else (4, 6))


def _read(path, index):
    values = {}
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        match = re.match(r"([a-z]+)=(.*)$", line)
        if match and match[1] not in KEYS:
            raise DefinitionError(f"{path.name}:{number}: {match[1]}: unknown key")
        if match:
            values[match[1]] = " ".join(shlex.split(match[2]))
    for key in ("packages", "tier", "services"):
        if not values.get(key):
            raise DefinitionError(f"{path.name}: {key} is missing")
    if values["tier"] not in TIERS:
        raise DefinitionError(f"{path.name}: tier {values['tier']}: want core or full")
    if values.get("moves", "yes") not in ("yes", "no"):
        raise DefinitionError(f"{path.name}: moves {values['moves']}: want yes or no")
    return Server(
        name=path.stem,
        about=lines[0].lstrip("# "),
        packages=tuple(values["packages"].split()),
        tier=values["tier"],
        services=tuple(_service(word, path.name) for word in values["services"].split()),
        moves=values.get("moves", "yes") == "yes",
        patience=int(values.get("patience", "60")),
        addr4=f"10.77.{1 + index // 200}.{1 + index % 200}",
        addr6=f"fd00:77::{1 + index:x}",
    )


def load(tier="core", only=()):
    """The servers of a tier (full includes core), or exactly those named. An address belongs to a
    name, whichever tier is up. Raises DefinitionError."""
    every = [_read(p, i) for i, p in enumerate(sorted((HERE / "servers").glob("*.sh")))]
    unknown = set(only) - {s.name for s in every}
    if unknown:
        raise DefinitionError(f"no such server: {', '.join(sorted(unknown))}")
    if only:
        return [s for s in every if s.name in only]
    return [s for s in every if tier == "full" or s.tier == "core"]


def packages(tier):
    """(installed, unpacked) package names that the servers of a tier need, sorted."""
    names = {p for s in load(tier) for p in s.packages}
    return (sorted(n for n in names if n[0] != "-"), sorted(n[1:] for n in names if n[0] == "-"))


class Plan:
    """Who listens where in one lab: a function of the servers and the seed alone."""

    def __init__(self, servers, seed, moved=True):
        """servers: from load(); seed: any integer, decides the random ports; moved: whether each
        server runs on random ports too."""
        self.servers = servers
        self.instances = [Instance(s.name, s, tuple(v.port for v in s.services)) for s in servers]
        self.redirects = []  # (server, random port, usual port)
        self.truth = []  # (address, port, protocol, name, tier, place)
        taken = {v.port for s in load("full") for v in s.services}
        for server in servers:
            usual = tuple(v.port for v in server.services)
            self._tell(server, (server.addr4, server.addr6), usual, "usual")
            if server.name in ONLINK_SERVERS:
                self._tell(server, (ONLINK4, ONLINK6), usual, "onlink")
            ports = self._random_ports(server, seed, taken)
            if not moved:
                continue
            self._tell(server, (server.addr4, server.addr6), ports, "moved")
            if server.moves:
                self.instances.append(Instance(server.name + ".moved", server, ports))
            else:
                self.redirects += [(server, r, u) for r, u in zip(ports, usual)]

    @staticmethod
    def _random_ports(server, seed, taken):
        """From 10000 to 32767: clear of X displays and of local clients, and some servers take no more."""
        rng = random.Random(f"{seed}/{server.name}")
        ports = []
        for _ in server.services:
            port = rng.randrange(10000, 32768)
            while port in taken:
                port = rng.randrange(10000, 32768)
            taken.add(port)
            ports.append(port)
        return tuple(ports)

    def _tell(self, server, addresses, ports, place):
        for service, port in zip(server.services, ports):
            for family in service.families:
                address = addresses[0] if family == 4 else addresses[1]
                row = (address, port, service.protocol, server.name, server.tier, place)
                self.truth.append(row)
