"""Whether a scan's records agree with a lab's truth: the one place that says what counts as right."""

import json

RIGHT, WRONG, UNNAMED, MISSING = "right", "wrong", "unnamed", "missing"
CONFIDENT = 0.5  # below this a name is a guess: it counts as none

# Other names for the same thing, by the word of the truth.
ALSO = {
    "rpc": {"rpcbind", "portmap", "sunrpc"},
    "smb": {"netbios-ssn"},
    "xmpp-s2s": {"xmpp"},
    "stun": {"turn"},
    "socks": {"socks4", "socks5"},
    "zabbix": {"zabbix-agent"},
    "erlang-dist": {"erlang"},
    "java-rmi": {"rmi", "jrmi"},
    "cvspserver": {"cvs"},
    "beanstalk": {"beanstalkd"},
}


def is_right(truth, protocol, layers=()):
    """Whether a name is right for the truth "ssh", "tls/imap" (imap inside TLS) or "http/ipp": the
    outermost layer must be told, as the protocol or as what carries it."""
    outer = {truth.split("/")[0]}
    outer |= ALSO.get(truth, set())
    return protocol in outer or any(layer in outer for layer in layers or ())


def verdict(truth, record):
    """right, wrong or unnamed for one record (a dict of synspect-output(5)), missing for None."""
    if record is None:
        return MISSING
    name = record.get("protocol")
    if not name or record.get("confidence", 1) < CONFIDENT:
        return UNNAMED
    return RIGHT if is_right(truth, name, record.get("layers")) else WRONG


def read_records(lines):
    """{(ip, port): record} of JSON Lines; lines without an ip (run metadata) are left out. Raises
    ValueError when a target has two records."""
    records = {}
    for line in lines:
        record = json.loads(line)
        if "ip" not in record:
            continue
        key = record["ip"], record["port"]
        if key in records:
            raise ValueError(f"{key}: two records for one target")
        records[key] = record
    return records


def read_truth(lines):
    """[(address, port, protocol, name, tier, place)] of `lab.py truth`."""
    rows = [line.rstrip("\n").split("\t") for line in lines]
    return [(row[0], int(row[1]), *row[2:]) for row in rows]
