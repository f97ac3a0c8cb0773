#!/usr/bin/python3
"""What the answer matrix says: how many services speak (or are named) after 0, 1, 2, 3, 5 packets.

  greedy.py [MATRIX] [--synspect PROGRAM] [--first NAME] [--best N] [--list]
  greedy.py --synspect PROGRAM --document sig/README.md [--check]

Without --synspect a service counts when it sends a byte; with it, when `synspect identify` gives the
right name to its answer (a wrong name counts against, see the column). A step is: connect, listen for
--wait seconds, then send one packet unless the server spoke; the next step is only taken when nothing
came. Probes on which a server's silence is certain cost nothing but the packet.
Prints the greedy curve, then the best pairs found by trying them all. --document writes the curve of the
shipped pair and its rivals between the marks of a document; with --check it only says whether that would
change anything.
"""

import argparse
import base64
import itertools
import json
import pathlib
import subprocess
import sys

import judge

PROBE_MAX = 1024  # bytes that a signature file may send
HERE = pathlib.Path(__file__).resolve().parent

class Matrix:
    """The answers, as sets of services that one bit each stands for."""

    def __init__(self, path, wait_s):
        with open(path) as lines:
            self.header = json.loads(next(lines))
            self.services = [json.loads(line) for line in lines]
        self.probes = [p for p, sent in self.header["probes"].items()
                       if p != "wait" and len(sent) <= 2 * PROBE_MAX]
        self.wait_ms = wait_s * 1000
        self.verdicts = {}

    def reply(self, service, probe):
        """Index of the reply to probe, or to silence when the server spoke within the wait; -1: none."""
        index, first, _ = service["answers"].get("wait", (-1, -1, ""))
        if index >= 0 and first <= self.wait_ms:
            return index
        if probe == "wait":
            return -1
        return service["answers"].get(probe, (-1, -1, ""))[0]

    def spoke_first(self, service, index):
        """Whether a reply is what the server says to silence."""
        first, ms, _ = service["answers"].get("wait", (-1, -1, ""))
        return index == first and ms <= self.wait_ms

    def judge(self, program, offered):
        """Names every reply with `synspect identify`: verdicts[(service, probe)] is right, unnamed, or
        wrong and the name. offered: names of the program's own probes; ours go by their bytes."""
        questions = []
        for number, service in enumerate(self.services):
            for probe in ["wait", *self.probes]:
                index = self.reply(service, probe)
                if index < 0:
                    continue
                data = bytes.fromhex(service["replies"][index])
                row = {"id": f"{number} {probe}", "data": base64.b64encode(data).decode()}
                if not self.spoke_first(service, index) and probe != "wait":
                    name = probe.removeprefix("own:")
                    sent = bytes.fromhex(self.header["probes"][probe])
                    is_echo = data.startswith(sent[:len(data)])
                    row["probe"] = (name if name in offered and not is_echo
                                    else base64.b64encode(sent).decode())
                questions.append(json.dumps(row))
        done = subprocess.run([program, "identify"], input="\n".join(questions) + "\n", text=True,
                              stdout=subprocess.PIPE, check=True, timeout=600)
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            number, probe = answer["id"].split(" ", 1)
            truth = self.services[int(number)]["protocol"]
            verdict = judge.verdict(truth, answer)
            if verdict == judge.WRONG:
                verdict += " " + answer["protocol"]
            self.verdicts[int(number), probe] = verdict

    def outcomes(self, probe):
        """(spoke, right, wrong): bit sets of services."""
        spoke = right = wrong = 0
        for number, service in enumerate(self.services):
            if self.reply(service, probe) < 0:
                continue
            spoke |= 1 << number
            verdict = self.verdicts.get((number, probe), "right")
            right |= (verdict == "right") << number
            wrong |= verdict.startswith("wrong") << number
        return spoke, right, wrong

    def label(self, number):
        service = self.services[number]
        return f"{service['protocol']}({service['server']})"


def after(table, plan):
    """(right, wrong) bit sets of a plan: the first step that brings data decides."""
    heard = right = wrong = 0
    for probe in plan:
        spoke, good, bad = table[probe]
        right |= good & ~heard
        wrong |= bad & ~heard
        heard |= spoke
    return right, wrong


def value(outcome):
    right, wrong = outcome
    return right.bit_count() - 3 * wrong.bit_count()


def names(matrix, bits):
    return " ".join(matrix.label(n) for n in range(len(matrix.services)) if bits >> n & 1)


def known_probes(program):
    """Probe names that the program's signatures offer."""
    done = subprocess.run([program, "signatures", "list"], text=True, stdout=subprocess.PIPE,
                          check=False, timeout=60)
    head, *lines = done.stdout.splitlines()
    probes, rules = head.index("PROBES"), head.index("RULES")
    return {name for line in lines for name in line[probes:rules].replace(",", " ").split()}


# The candidates of probes.py that are built like the probes of sig/plan.def.
SHIPPED = ("http10-accept", "tls-lines")
STEPS = (0, 1, 2, 3, 5)  # packets of the curve
MARKS = "<!-- begin: tests/lab/greedy.py -->\n", "<!-- end -->\n"


def grow(matrix, table, first):
    """Yields (packets, plan, right bits, wrong bits): the fixed probes, then always the best one more."""
    plan = ["wait"]
    for packets in range(max(STEPS) + 1):
        if packets:
            fixed = first[packets - 1:packets]
            plan.append(fixed[0] if fixed else
                        max(matrix.probes, key=lambda p: value(after(table, plan + [p]))))
        yield (packets, list(plan), *after(table, plan))


def protocols(matrix, bits):
    return {s["protocol"] for n, s in enumerate(matrix.services) if bits >> n & 1}


def curve(matrix, table, first, show):
    seen = 0
    total = len(matrix.services)
    for packets, plan, right, wrong in grow(matrix, table, first):
        if packets in STEPS:
            print(f"{packets} packets: {right.bit_count():3} of {total} services, "
                  f"{len(protocols(matrix, right))} protocols, {wrong.bit_count()} wrong   + {plan[-1]}")
        if show:
            print("    new:", names(matrix, right & ~seen))
        seen |= right
    print("    never:", names(matrix, ~seen & (1 << total) - 1))


def rank_pairs(matrix, table):
    """[(value, first, second)] of all ordered pairs, the best first."""
    return sorted(((value(after(table, ("wait", a, b))), a, b)
                   for a, b in itertools.permutations(matrix.probes, 2)), key=lambda row: -row[0])


def describe(matrix, table, wait_s):
    """The curve and the pairs as Markdown."""
    total = len(matrix.services)
    lines = [f"{total} services of {len(protocols(matrix, (1 << total) - 1))} protocols, "
             f"{len(matrix.probes)} candidate probes, {wait_s:g} s of silence before each packet; the port "
             "is not used as a hint. A candidate's name is that of `tests/lab/probes.py`.", "",
             "| packets | the last of them | services that spoke | named right | protocols | wrong |",
             "|---|---|---|---|---|---|"]
    for packets, plan, right, wrong in grow(matrix, table, SHIPPED):
        spoke = 0
        for probe in plan:
            spoke |= table[probe][0]
        if packets in STEPS:
            lines.append(f"| {packets} | {plan[-1]} | {spoke.bit_count()} | {right.bit_count()} | "
                         f"{len(protocols(matrix, right))} | {wrong.bit_count()} |")
    pairs = rank_pairs(matrix, table)
    shipped = value(after(table, ("wait", *SHIPPED)))
    better = [row for row in pairs if row[0] > shipped]
    lines += ["", f"Of {len(pairs)} ordered pairs, {len(better)} name more than the shipped one "
              f"({shipped} services), {sum(row[0] == shipped for row in pairs)} as many. Some others:", "",
              "| first | second | named right | wrong |", "|---|---|---|---|"]
    rivals = better[:3] + [("", *pair) for pair in (
        ("http10+stats", "tls"), ("http10+stats", "tls+crlf"), ("http10", "tls"), ("http11", "tls12"))]
    for _, first, second in rivals:
        right, wrong = after(table, ("wait", first, second))
        lines.append(f"| {first} | {second} | {right.bit_count()} | {wrong.bit_count()} |")
    return "\n".join(lines) + "\n"


def write_document(path, text, is_check):
    """Puts text between the marks of a document. Returns the exit status."""
    old = path.read_text()
    head, rest = old.split(MARKS[0])
    new = head + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1]
    if is_check and new != old:
        print(f"{path}: the curve has changed: run tests/lab/greedy.py --synspect PROGRAM "
              f"--document {path}")
        return 1
    if new != old:
        path.write_text(new)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("matrix", nargs="?", default=str(HERE / "matrix.jsonl"))
    parser.add_argument("--synspect", help="count what this program names, not who speaks")
    parser.add_argument("--wait", type=float, default=1.0, help="seconds before each packet")
    parser.add_argument("--first", action="append", default=[], help="fix the first probes")
    parser.add_argument("--best", type=int, default=10, help="pairs to print")
    parser.add_argument("--list", action="store_true", help="say which services each step adds")
    parser.add_argument("--wrong", action="store_true", help="list every wrong name, by probe")
    parser.add_argument("--document", type=pathlib.Path, help="write the curve into this file")
    parser.add_argument("--check", action="store_true", help="only compare with the document")
    options = parser.parse_args()
    if options.document and not options.synspect:
        parser.error("--document needs --synspect")
    matrix = Matrix(options.matrix, options.wait)
    if options.synspect:
        matrix.judge(options.synspect, known_probes(options.synspect))
    table = {p: matrix.outcomes(p) for p in ["wait", *matrix.probes]}
    if options.document:
        return write_document(options.document, describe(matrix, table, options.wait), options.check)
    print(f"matrix of {matrix.header['date']}: {len(matrix.services)} services, "
          f"{len(matrix.probes)} probes; {options.wait} s of silence before each packet")
    curve(matrix, table, options.first, options.list)
    pairs = rank_pairs(matrix, table)
    print(f"the best of {len(pairs)} pairs:")
    for score, a, b in pairs[:options.best]:
        right, wrong = after(table, ("wait", a, b))
        print(f"{right.bit_count():3} right, {wrong.bit_count()} wrong: {a}, then {b}")
    if options.wrong:
        for (number, probe), verdict in sorted(matrix.verdicts.items()):
            if verdict.startswith("wrong"):
                print(f"{matrix.label(number)} after {probe}: {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
