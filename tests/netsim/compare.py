#!/usr/bin/env python3
"""Compares a scan's records with netsim's truth, target by target.

    netsim --truth --seed 1 --preset mixed < targets.csv > truth.jsonl
    compare.py --truth truth.jsonl records.jsonl[.zst] [--metadata FILE] [--floor METRIC=VALUE]...
               [--json] [--show N]

Prints precision and recall per outcome and per protocol, of the HyperACKtive, pseudo-service, decoy
and prefix labels, and counts missing, spurious and duplicate records. Exits 1 when a metric is below
its --floor, 2 when the input cannot be read. Reads only what a record says, so it judges any scanner
that writes these keys.
"""
import argparse
import collections
import ipaddress
import json
import subprocess
import sys

# Names that mean the same as netsim's own.
SAME = {
    "postgres": {"postgresql"},
    "socks5": {"socks"},
    "mysql": {"mariadb"},
    "xmpp": {"jabber"},
    "nntp": {"nntps"},
    "modbus": {"modbus-tcp"},
}
# What a scanner may honestly report of a server that its probes did not wake.
UNWOKEN = {"silent", "closed", "reset"}


def read_lines(path):
    """Text lines of a file, decompressed when its name says so; "-" is stdin."""
    if path == "-":
        yield from sys.stdin
    elif path.endswith(".zst"):
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, text=True) as proc:
            yield from proc.stdout
        if proc.returncode:
            raise OSError(f"{path}: zstd exits {proc.returncode}")
    else:
        with open(path, encoding="utf-8") as file:
            yield from file


def read_json(path):
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as err:
                raise OSError(f"{path}:{number}: not JSON: {err}") from err


def target_of(record):
    return ipaddress.ip_address(record["ip"]), int(record["port"])


def prefix_of(address):
    return ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False)


def names_protocol(record, protocol):
    """Does the record name this protocol, or one that it carries?"""
    said = {record.get("protocol"), *record.get("layers", [])}
    return protocol in said or bool(SAME.get(protocol, set()) & said)


def is_right(truth, record):
    """Is the record's outcome (and name) what the truth allows?"""
    protocol = truth.get("protocol")
    if record["outcome"] == "identified":
        return protocol is not None and truth["outcome"] in UNWOKEN | {"identified"} and \
            truth["behaviour"] in ("service", "data_reset") and names_protocol(record, protocol)
    return record["outcome"] == truth["outcome"]


class Ratio:
    """n of total, as a metric that may have nothing to measure."""

    def __init__(self):
        self.n = self.total = 0

    def add(self, is_hit):
        self.n += bool(is_hit)
        self.total += 1

    def value(self):
        return self.n / self.total if self.total else None


class Comparison:
    """All counts of one scan."""

    def __init__(self):
        self.metrics = collections.defaultdict(Ratio)
        self.confusion = collections.Counter()
        self.missing = []
        self.wrong = []
        self.spurious = []
        self.duplicates = []
        self.n_skipped = 0

    def add(self, truth, records, is_crowded):
        """One target: its truth and its records; is_crowded: the host has other targets too."""
        if "shun" in truth["traits"] and is_crowded:
            # which port of a shunning host is the first is nobody's fault
            self.n_skipped += 1
            return
        if len(records) > 1:
            self.duplicates.append(truth)
        record = records[0] if records else None
        if truth["outcome"] == "-":
            self.metrics["not_spurious"].add(record is None)
            if record:
                self.spurious.append((truth, record))
            return
        self.metrics["found"].add(record)
        said = record["outcome"] if record else "missing"
        self.confusion[truth["outcome"], said] += 1
        right = record is not None and is_right(truth, record)
        # an outcome better than expected (a name where silence was allowed) counts as expected
        meant = truth["outcome"] if right else said
        self.metrics[f"recall.{truth['outcome']}"].add(right)
        self.metrics[f"behaviour.{truth['behaviour']}"].add(right)
        for trait in truth["traits"]:
            self.metrics[f"trait.{trait}"].add(right)
        if record is None:
            self.missing.append(truth)
            return
        self.metrics[f"precision.{meant}"].add(right)
        self.metrics["outcome"].add(right)
        if not right:
            self.wrong.append((truth, record))
        self.add_protocol(truth, record)
        self.add_labels(truth, record)

    def add_protocol(self, truth, record):
        protocol = truth.get("protocol")
        if truth["outcome"] == "identified":
            self.metrics[f"protocol.recall.{protocol}"].add(
                record["outcome"] == "identified" and names_protocol(record, protocol))
        if record["outcome"] == "identified":
            good = protocol is not None and names_protocol(record, protocol)
            name = protocol if good else record.get("protocol")
            self.metrics[f"protocol.precision.{name}"].add(good)
            self.metrics["naming"].add(good)

    def add_labels(self, truth, record):
        hyper = record.get("hyperacktive")
        if hyper and hyper["verdict"]:
            self.metrics["hyperacktive.precision"].add(truth["acks_all_ports"])
        if truth["hyperacktive"] and truth["outcome"] == "silent":
            self.metrics["hyperacktive.recall"].add(hyper and hyper["verdict"])
        if truth["hyperacktive"] and truth["outcome"] == "identified" and hyper:
            self.metrics["hyperacktive.recall_beside_service"].add(hyper["verdict"])
        if record.get("pseudo_service"):
            self.metrics["pseudo.precision"].add(truth["pseudo_service"])
        if truth["pseudo_service"] and hyper and hyper["tested"] and record.get("data"):
            self.metrics["pseudo.recall_tested"].add(record.get("pseudo_service"))
        if record.get("decoy"):
            self.metrics["decoy.precision"].add(truth["decoy"])
        if truth["decoy"]:
            self.metrics["decoy.recall"].add(record.get("decoy"))
        is_prefix = truth["aliased"] or truth["highly_responsive"]
        if record.get("aliased_prefix") or record.get("highly_responsive_prefix"):
            self.metrics["prefix.precision"].add(is_prefix)
        if truth["aliased"]:
            self.metrics["prefix.labelled_v6"].add(record.get("aliased_prefix"))

    def finish(self, prefixes, listed):
        """prefixes: {IPv6 prefix with records: (is aliased, is any record labelled)}; listed: prefixes
        that the scan's metadata call aliased, which no record may have been late enough to show."""
        for prefix, (is_aliased, is_labelled) in prefixes.items():
            is_said = is_labelled or prefix in listed
            if is_aliased:
                self.metrics["aliased.recall"].add(is_said)
            if is_said:
                self.metrics["aliased.precision"].add(is_aliased)
        for _ in self.duplicates:
            self.metrics["no_duplicates"].add(False)
        if not self.duplicates:
            self.metrics["no_duplicates"].add(True)


    def add_listed_hosts(self, truths, records, listed):
        """The metadata's list of HyperACKtive hosts: those that deserve it, and all that records convict."""
        acks = {target[0]: truth["acks_all_ports"] for target, truth in truths.items()}
        for host in listed:
            self.metrics["listed_hosts.precision"].add(acks.get(host))
        for record in records:
            if record.get("hyperacktive", {}).get("verdict"):
                self.metrics["listed_hosts.recall"].add(target_of(record)[0] in listed)


def read_metadata(path):
    """(Prefixes, hosts) of the metadata file's lists; None without a file."""
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        metadata = json.load(file)
    return ({ipaddress.ip_network(p["prefix"]) for p in metadata.get("prefixes", [])},
            {ipaddress.ip_address(h["ip"]) for h in metadata.get("hyperactive_hosts", [])})


def compare(truth_path, record_paths, listed=None):
    by_target = collections.defaultdict(list)
    for path in record_paths:
        for record in read_json(path):
            if "ip" in record and "outcome" in record:
                by_target[target_of(record)].append(record)
    every_record = [r for records in by_target.values() for r in records]
    truths = {target_of(t): t for t in read_json(truth_path)}
    hosts = collections.Counter(address for address, _ in truths)
    result = Comparison()
    prefixes = {}
    for target, truth in truths.items():
        records = by_target.pop(target, [])
        result.add(truth, records, hosts[target[0]] > 1)
        if target[0].version == 6 and records:
            was_labelled = prefixes.get(prefix_of(target[0]), (False, False))[1]
            prefixes[prefix_of(target[0])] = (
                truth["aliased"], was_labelled or any(r.get("aliased_prefix") for r in records))
    for records in by_target.values():
        result.metrics["not_spurious"].add(False)
        result.spurious.append(({"behaviour": "not a target", "outcome": "-"}, records[0]))
    result.finish(prefixes, listed[0] if listed else set())
    if listed:
        result.add_listed_hosts(truths, every_record, listed[1])
    return result, len(truths)


def brief(record):
    keys = ("ip", "port", "outcome", "protocol", "probe", "probes_sent", "hyperacktive")
    return " ".join(f"{k}={record[k]}" for k in keys if k in record)


def show(result, n):
    for name, pairs in (("wrong", result.wrong), ("spurious", result.spurious)):
        for truth, record in pairs[:n]:
            print(f"{name}: {brief(record)}  truth: {truth['behaviour']} {truth.get('service', '')} "
                  f"-> {truth['outcome']} {truth.get('traits', '')}")
    for name, truths in (("missing", result.missing), ("duplicate", result.duplicates)):
        for truth in truths[:n]:
            print(f"{name}: {truth['ip']} {truth['port']} truth: {truth['behaviour']} "
                  f"{truth.get('service', '')} -> {truth['outcome']} {truth['traits']}")


def print_table(result, n_targets):
    print(f"{n_targets} targets, {len(result.missing)} missing, {len(result.spurious)} spurious, "
          f"{len(result.duplicates)} with duplicates, {len(result.wrong)} wrong, "
          f"{result.n_skipped} skipped (shunning hosts with several targets)")
    for name in sorted(result.metrics):
        ratio = result.metrics[name]
        print(f"  {name:40} {ratio.value():8.4f}  {ratio.n}/{ratio.total}")
    print("  expected -> reported:")
    for (truth, said), n in sorted(result.confusion.items()):
        print(f"    {truth:14} {said:14} {n}")


def check_floors(result, floors):
    """Text of every metric below its floor; a metric without a single case fails too."""
    failed = []
    for floor in floors:
        name, _, text = floor.partition("=")
        value = result.metrics[name].value() if name in result.metrics else None
        if value is None:
            failed.append(f"{name}: nothing to measure it by")
        elif value < float(text):
            failed.append(f"{name}: {value:.4f} is below {text}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("records", nargs="+")
    parser.add_argument("--truth", required=True)
    parser.add_argument("--metadata", help="the scan's metadata file: for its list of prefixes")
    parser.add_argument("--floor", action="append", default=[], metavar="METRIC=VALUE")
    parser.add_argument("--json", action="store_true", help="metrics as one JSON object")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N cases of each error")
    args = parser.parse_args()
    try:
        result, n_targets = compare(args.truth, args.records, read_metadata(args.metadata))
    except (OSError, KeyError, ValueError) as err:
        print(f"compare.py: {err}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({
            "targets": n_targets, "missing": len(result.missing), "spurious": len(result.spurious),
            "duplicates": len(result.duplicates), "wrong": len(result.wrong),
            "metrics": {k: r.value() for k, r in sorted(result.metrics.items())},
            "cases": {k: r.total for k, r in sorted(result.metrics.items())}}))
    else:
        print_table(result, n_targets)
    show(result, args.show)
    failed = check_floors(result, args.floor)
    for text in failed:
        print(f"BELOW FLOOR {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
