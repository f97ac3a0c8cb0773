#!/usr/bin/env python3
"""Measures each rule's precision on labelled answers and writes sig/confidence.tsv.

  tests/sig/measure.py [--check] [MATRIX.jsonl ...]       (in the build folder; or set SYNSPECT)

Labelled answers are the lab's matrices (tests/lab/matrix*.jsonl in the source tree, files given) and
the corpus ../shared/corpus when it is there. The vectors of the signature files do not count: they
were written together with the rules, so they say nothing about precision.

The estimator. A rule was right r times and wrong w times, on answers that differ. Rules of one class
(rank 80 and above; 60 to 79; below) are taken as draws from one population, whose mean precision p
is the mean of r / (r + w) over its measured rules, with half a success and half a failure added. A
rule's confidence is (r + K p) / (r + w + K) with K = 4: many answers speak for themselves, few lean
on the class, none is the class. It is capped at 0.999, since nothing here could prove more.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

import labelled

K = 4
CAP = 0.999
# Two names for one thing, in labels that others wrote; the left one is the label.
SAME = {
    "https": {"tls", "http"}, "smtps": {"tls"}, "imaps": {"tls"}, "pop3s": {"tls"}, "ldaps": {"tls"},
    "ircs": {"tls"}, "mqtts": {"tls"}, "nrpe-tls": {"tls"}, "mumble-tls": {"tls"}, "nrpe": {"tls"},
    "mumble": {"tls"}, "rpcbind": {"rpc"}, "java-rmi": {"rmi"}, "xmpp-s2s": {"xmpp"},
    "zabbix-agent": {"zabbix"}, "socks4": {"socks"}, "socks5": {"socks"}, "nfs": {"rpc"},
    "s7comm": {"iso-tsap"}, "mms": {"iso-tsap"}, "netbios-ssn": {"smb"}, "cvspserver": {"cvs"},
}


def is_right(label, answer):
    """Whether the named protocol, or what carries it, is what the label says. "tls/http" is a server of
    HTTP inside TLS: one that complains in clear HTTP about a clear question speaks HTTP."""
    names = {answer["protocol"], *answer.get("layers", [])}
    return any(part in names or SAME.get(part, set()) & names for part in label.split("/"))


def rank_class(rank):
    return "structure" if rank >= 80 else "form" if rank >= 60 else "hint"


def read_rules(top):
    """{protocol/rule: rank} of all signature files."""
    rules = {}
    for path in sorted((top / "sig" / "defs").glob("*.sig")):
        text = path.read_text(encoding="utf-8")
        protocol = re.search(r"^protocol\s+(\S+)", text, re.M).group(1)
        for name, rank in re.findall(r"^rule\s+(\S+)\s+rank\s+(\d+)", text, re.M):
            rules[f"{protocol}/{name}"] = int(rank)
    return rules


def count(matrices):
    """{protocol/rule: [right, wrong]} over answers that differ."""
    answers = list(labelled.corpus_answers(labelled.read_corpus()))
    for path in matrices:
        answers += labelled.lab_answers(path)
    tally = collections.defaultdict(lambda: [0, 0])
    seen = set()
    verdicts = labelled.identify(answers, with_sent=True)
    for name, label, kind, sent, data in answers:
        verdict = verdicts.get(name, {})
        if "protocol" not in verdict or (label, data) in seen:
            continue
        # An echo of the question is labelled "unknown" by some: they were not told the question.
        if verdict["protocol"] == "echo" and sent and data.startswith(sent[:len(data)]):
            continue
        seen.add((label, data))
        right = kind != "negative" and is_right(label, verdict)
        tally[f"{verdict['protocol']}/{verdict['rule']}"][0 if right else 1] += 1
        if not right:
            print(f"wrong: {name}: {label} -> {verdict['protocol']}/{verdict['rule']}", file=sys.stderr)
    return tally


def estimate(rules, tally):
    """[(protocol/rule, right, wrong, confidence)] of every rule."""
    mean = {}
    for cls in ("structure", "form", "hint"):
        shares = [r / (r + w) for name, (r, w) in tally.items()
                  if r + w and name in rules and rank_class(rules[name]) == cls]
        mean[cls] = (sum(shares) + 0.5) / (len(shares) + 1)
    rows = []
    for name, rank in sorted(rules.items()):
        right, wrong = tally.get(name, (0, 0))
        p = (right + K * mean[rank_class(rank)]) / (right + wrong + K)
        rows.append((name, right, wrong, min(CAP, p)))
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--check", action="store_true", help="only say whether a rule is missing from the table")
    ap.add_argument("matrix", nargs="*")
    options = ap.parse_args()
    table = labelled.TOP / "sig" / "confidence.tsv"
    rules = read_rules(labelled.TOP)
    if options.check:
        known = {line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()}
        missing = sorted(set(rules) - known)
        print("\n".join(f"{name}: not in sig/confidence.tsv: run tests/sig/measure.py" for name in missing))
        return 1 if missing else 0
    matrices = [*sorted(map(str, labelled.LAB.glob("matrix*.jsonl"))), *options.matrix]
    rows = estimate(rules, count(matrices))
    with table.open("w", encoding="utf-8") as f:
        f.write("# Made by tests/sig/measure.py: protocol/rule, right, wrong, confidence.\n")
        for name, right, wrong, p in rows:
            f.write(f"{name}\t{right}\t{wrong}\t{p:.3f}\n")
    print(f"{table}: {len(rows)} rules, {sum(1 for r in rows if r[1] + r[2])} of them seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
