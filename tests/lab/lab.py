#!/usr/bin/python3
"""A lab of real servers in network namespaces, for the demo, the end-to-end tests and the matrix.

  lab.py up [--tier core|full] [--only A,B] [--seed N] [--no-moved] [--owner PID]
                       starts it and prints its directory; status 1: it could not be made,
                       2: wrong usage, 4: it is up, but the servers named on stderr are not
  lab.py truth DIR     who listens where: address, port, protocol, name, tier, place (TSV)
  lab.py exec DIR scan|net COMMAND...
                       runs a command in one of its namespaces
  lab.py down DIR      ends it; nothing is left behind
  lab.py packages [--tier core|full]
                       the Debian packages that the server files ask for
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import time

import definitions
import keeper

UP_S = 600  # the longest a lab may take to start
DOWN_S = 30
DEFAULT_ARCHIVES = "/var/cache/synspect-lab"


def fail(status, text):
    print(f"lab: {text}", file=sys.stderr)
    sys.exit(status)


def state_of(directory):
    try:
        return json.loads((pathlib.Path(directory) / "state.json").read_text())
    except (OSError, ValueError) as error:
        fail(1, f"{directory}: no lab there: {error}")


def up(options):
    if os.geteuid() != 0:
        fail(1, "network namespaces need root: run it as root")
    try:
        servers = definitions.load(options.tier, [n for n in options.only.split(",") if n])
    except definitions.DefinitionError as error:
        fail(2, str(error))
    plan = definitions.Plan(servers, options.seed, not options.no_moved)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        sys.exit(_keep(options, plan, writing))
    os.close(writing)
    signal.signal(signal.SIGALRM, _too_slow)
    answer = _await_answer(reading, pid)
    if not answer.get("directory"):
        fail(1, answer.get("error", "the keeper ended without a word"))
    print(answer["directory"])
    for label, why in sorted(answer["failed"].items()):
        print(f"lab: {label}: did not start: {why}", file=sys.stderr)
    sys.exit(4 if answer["failed"] else 0)


def _too_slow(*_):
    raise InterruptedError(f"not up after {UP_S} s")


def _await_answer(reading, pid):
    """The keeper's first words. An interrupt while waiting ends the keeper too."""
    try:
        with open(reading) as pipe:
            signal.alarm(UP_S)
            line = pipe.readline()
            signal.alarm(0)
        return json.loads(line) if line else {}
    except (KeyboardInterrupt, InterruptedError):
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        fail(1, "stopped before it was up")


def _keep(options, plan, writing):
    """The keeper's process: apart from the terminal, deaf to the pipes of whoever started it."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    if not options.verbose:
        os.dup2(null, 2)

    def report(kept, error):
        nonlocal writing
        if writing < 0:
            return
        answer = {"directory": str(kept.directory), "failed": kept.failed} if kept else {
            "error": error}
        os.write(writing, (json.dumps(answer) + "\n").encode())
        os.close(writing)
        writing = -1

    os.chdir("/")
    return keeper.keep(plan, options.seed, options.tier, options.archives, options.owner, report)


def truth(options):
    for row in state_of(options.directory)["truth"]:
        print(*row, sep="\t")


def execute(options):
    namespace = state_of(options.directory)[options.side]
    os.execvp("ip", ["ip", "netns", "exec", namespace, *options.command])


def down(options):
    """Asks the keeper and waits until it has cleaned up."""
    try:
        fd = os.pidfd_open(state_of(options.directory)["keeper"])
    except ProcessLookupError:
        return
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_S
    while os.path.exists(options.directory):
        if time.monotonic() > deadline:
            fail(1, f"{options.directory}: still there after {DOWN_S} s")
        time.sleep(0.05)


def packages(options):
    installed, unpacked = definitions.packages(options.tier)
    for name in installed:
        print(name)
    for name in unpacked:
        print(f"{name}\tunpacked")


def main():
    parser = argparse.ArgumentParser(
        prog="lab.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    one = commands.add_parser("up")
    one.add_argument("--tier", choices=definitions.TIERS, default="core")
    one.add_argument("--only", default="", help="names of servers, comma-separated")
    one.add_argument("--seed", type=int, default=1, help="decides the random ports")
    one.add_argument("--no-moved", action="store_true", help="usual ports only")
    one.add_argument("--owner", type=int, default=os.getppid(),
                     help="process whose end ends the lab; 0: nobody's (default: the caller)")
    one.add_argument("--archives", default=DEFAULT_ARCHIVES,
                     help="where tests/lab/install keeps what is unpacked, not installed")
    one.add_argument("--verbose", action="store_true", help="let the keeper speak on stderr")
    one.set_defaults(run=up)
    for name, run in (("truth", truth), ("down", down)):
        one = commands.add_parser(name)
        one.add_argument("directory")
        one.set_defaults(run=run)
    one = commands.add_parser("exec")
    one.add_argument("directory")
    one.add_argument("side", choices=("scan", "net"))
    one.add_argument("command", nargs=argparse.REMAINDER)
    one.set_defaults(run=execute)
    one = commands.add_parser("packages")
    one.add_argument("--tier", choices=definitions.TIERS, default="core")
    one.set_defaults(run=packages)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
