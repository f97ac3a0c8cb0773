"""table.py TRUTH RECORDS: what a scan of the lab found, as a table; the last line counts what is right.

TRUTH is the output of `lab.py truth`, RECORDS the scan's JSON Lines. Exit status 1 when a name is wrong
or a target has no record."""

import collections
import ipaddress
import sys

import judge


def line(row, record):
    address, port, truth, _, _, place = row
    record = record or {}
    word = judge.verdict(truth, record or None)
    where = record.get("country", "")
    if "asn" in record:
        where += f" AS{record['asn']} {record.get('as_org', '')}".rstrip()
    name = "/".join([*record.get("layers", []), record.get("protocol", "-")])
    confidence = f"{record['confidence']:.2f}" if "confidence" in record else "-"
    rtt = f"{record['rtt_ms']:.2f}" if "rtt_ms" in record else "-"
    note = "" if word == judge.RIGHT else f"  {word}: it is {truth}"
    return f"{address:14} {port:5} {name:12} {confidence:>5} {rtt:>7}  {where:22} {place:7}{note}"


def main():
    with open(sys.argv[1]) as truth, open(sys.argv[2]) as records:
        rows = judge.read_truth(truth)
        found = judge.read_records(records)
    rows.sort(key=lambda r: (r[3], r[5], ipaddress.ip_address(r[0]).version, r[1]))
    print(f"{'ADDRESS':14} {'PORT':>5} {'PROTOCOL':12} {'CONF':>5} {'RTT ms':>7}  "
          f"{'COUNTRY, AS':22} PLACE")
    tally = collections.Counter()
    for row in rows:
        record = found.get((row[0], row[1]))
        tally[judge.verdict(row[2], record)] += 1
        print(line(row, record))
    print(f"{len(rows)} targets: " + ", ".join(
        f"{tally[word]} {word}" for word in (judge.RIGHT, judge.WRONG, judge.UNNAMED, judge.MISSING)))
    return 1 if tally[judge.WRONG] or tally[judge.MISSING] else 0


if __name__ == "__main__":
    sys.exit(main())
