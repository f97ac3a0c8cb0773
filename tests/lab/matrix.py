#!/usr/bin/python3
"""Tries every candidate probe of probes.py on every real server of the lab, and writes the answers.

  matrix.py [--tier core|full] [--only A,B [--update]] [-o FILE]   as root; ten minutes for the full tier

--update asks the servers of --only anew and keeps the rest of FILE, which must have the same probes.

The file (tests/lab/matrix.jsonl in the repository) is JSON Lines. The first line says when, with which
package versions and which waits. Each further line is one service of one server: "replies", the
distinct answers (first 512 bytes, hex), and "answers", probe name -> [index into replies or -1 for
none, milliseconds to the first byte or -1, how it ended: open, fin, rst, refused]. Probes that did
the commonest thing, nothing until the wait was over, are left out of "answers".
Connections are plain kernel sockets from the scanner's namespace to the usual port over IPv4.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

import definitions
import probes

HERE = pathlib.Path(__file__).resolve().parent
REPLY_MAX = 512
KERNEL = os.uname().release.encode()  # some banners tell it; two machines should write the same
SILENCE_S = 3.0  # how long nobody has spoken before we stop waiting
QUIET_S = 0.8  # the same, after a first byte
CONNECT_TRIES = 5
RESTING, REST_S = ("bird",), 2.5  # these turn away who comes again too soon after a mistake


def connect(address, port):
    """A connected socket, or None: some servers serve one client and are started again."""
    for attempt in range(CONNECT_TRIES):
        try:
            return socket.create_connection((address, port), timeout=3)
        except OSError:
            time.sleep(0.2 * (attempt + 1))
    return None


def ask(address, port, probe, rest_s):
    """One connection, after rest_s seconds of peace. Returns (reply, ms to its first byte or -1, end)."""
    time.sleep(rest_s)
    sock = connect(address, port)
    if sock is None:
        return b"", -1, "refused"
    with sock:
        start = time.monotonic()
        reply, first, end = b"", -1, "open"
        try:
            if probe:
                sock.sendall(probe)
            while len(reply) < REPLY_MAX:
                sock.settimeout(QUIET_S if reply else SILENCE_S)
                data = sock.recv(4096)
                if not data:
                    end = "fin"
                    break
                if not reply:
                    first = round((time.monotonic() - start) * 1000)
                reply += data
        except socket.timeout:
            pass
        except OSError:
            end = "rst"
    return reply.replace(KERNEL, b"6.1.0-lab".ljust(len(KERNEL), b"0"))[:REPLY_MAX], first, end


def ask_service(row):
    """Every probe to one service, in an order of its own. Returns the service's line."""
    address, port, protocol, name, tier, _ = row
    names = list(probes.PROBES)
    random.Random(name).shuffle(names)
    start = time.monotonic()
    rest_s = REST_S if name in RESTING else 0
    asked = {n: ask(address, port, probes.PROBES[n], rest_s) for n in names}
    print(f"matrix: {name} {protocol}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    replies, answers = [], {}
    for probe in probes.PROBES:
        reply, first, end = asked[probe]
        if reply and reply.hex() not in replies:
            replies.append(reply.hex())
        if reply or end != "open":
            answers[probe] = [replies.index(reply.hex()) if reply else -1, first, end]
    return {"server": name, "protocol": protocol, "port": port, "tier": tier, "replies": replies,
            "answers": answers}


def ask_all(rows):
    """Runs in the scanner's namespace; prints a line a service."""
    with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
        for line in pool.map(ask_service, rows):
            print(json.dumps(line, separators=(",", ":")), flush=True)


def versions(servers):
    """{package: version} as installed, or as unpacked from its archive."""
    found = {}
    for name in sorted({p for s in servers for p in s.packages}):
        query = (["dpkg-query", "-W", "-f", "${Version}", name] if name[0] != "-" else
                 ["apt-cache", "show", "--no-all-versions", name[1:]])
        text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
        if name[0] == "-":
            text = next(l[9:] for l in text.splitlines() if l.startswith("Version: "))
        found[name.lstrip("-")] = text
    return found


def merge(path, header, lines):
    """(header, lines) of the matrix in path with the services of lines in place of its own."""
    old, *rest = path.read_text().splitlines()
    old = json.loads(old)
    if old["probes"] != header["probes"]:
        sys.exit(f"matrix: {path} was made with other probes: make it anew")
    key = lambda line: (line["server"], line["port"])
    fresh = {key(json.loads(line)): line for line in lines.splitlines()}
    kept = [fresh.pop(key(json.loads(line)), line) for line in rest]
    old["packages"].update(header["packages"])
    return old, "\n".join([*kept, *fresh.values()]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=definitions.TIERS, default="full")
    parser.add_argument("--only", default="")
    parser.add_argument("-o", "--output", default=str(HERE / "matrix.jsonl"))
    parser.add_argument("--update", action="store_true", help="replace only the lines of --only")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        ask_all([json.loads(line) for line in sys.stdin])
        return
    servers = definitions.load(options.tier, [n for n in options.only.split(",") if n])
    up = subprocess.run([str(HERE / "lab.py"), "up", "--tier", options.tier, "--only", options.only,
                         "--no-moved"], stdout=subprocess.PIPE, text=True, check=False)
    if up.returncode not in (0, 4):
        sys.exit("matrix: the lab is not up")
    lab = up.stdout.strip()
    try:
        if up.returncode:
            sys.exit("matrix: servers are missing, see above: nothing was written")
        state = json.loads((pathlib.Path(lab) / "state.json").read_text())
        rows = [r for r in state["truth"] if r[5] == "usual" and "." in r[0]]
        header = {"date": datetime.date.today().isoformat(), "silence_s": SILENCE_S,
                  "quiet_s": QUIET_S, "reply_max": REPLY_MAX, "packages": versions(servers),
                  "probes": {n: p.hex() for n, p in probes.PROBES.items()}}
        asked = subprocess.run(
            [str(HERE / "lab.py"), "exec", lab, "scan", sys.executable, str(HERE / "matrix.py"),
             "--inside"], input="".join(json.dumps(r) + "\n" for r in rows), stdout=subprocess.PIPE,
            text=True, check=True, timeout=3600)
        died = json.loads((pathlib.Path(lab) / "state.json").read_text())["died"]
        if died:
            header["died"] = died
            print(f"matrix: ended under the probes: {', '.join(died)}", file=sys.stderr)
        lines = asked.stdout
        if options.update:
            header, lines = merge(pathlib.Path(options.output), header, lines)
        new = pathlib.Path(options.output + ".new")
        new.write_text(json.dumps(header, separators=(",", ":")) + "\n" + lines)
        new.rename(options.output)
    finally:
        subprocess.run([str(HERE / "lab.py"), "down", lab], check=False)


if __name__ == "__main__":
    main()
