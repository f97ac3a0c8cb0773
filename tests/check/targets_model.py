"""Random target sets, enumerated with ipaddress and compared with what `synspect targets` prints.

targets_model.py PROGRAM [ROUNDS [SEED]]

The model knows the manual (synspect-targets(5)) and nothing of the program: it keeps Python sets of
(address, port) and subtracts. Each round draws inputs of all forms, both families, overlapping on
purpose in a few small networks, and checks: the set in random order, in list order (also which comes
first), as files plain, gzip and zstd, through a pipe; the union of shards; --count; --max-targets as a
prefix of the whole sequence; and two runs of one seed.
"""
import gzip
import ipaddress
import os
import random
import shutil
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 12
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 20261122

BASES = [ipaddress.ip_address(a) for a in ("10.1.2.0", "198.18.7.0", "2001:db8:1::", "fd00::fff0")]


def run(*args, stdin=None, status=0):
    done = subprocess.run(
        [PROGRAM, "targets", *args], input=stdin, capture_output=True, timeout=60, check=False)
    if done.returncode != status:
        sys.exit(f"targets {args}: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode().split("\n")[:-1]


def text_of(target):
    addr, port = target
    return f"[{addr}]:{port}" if addr.version == 6 else f"{addr}:{port}"


def draw_address(rng):
    return rng.choice(BASES) + rng.randrange(40)


def draw_hosts(rng):
    """One TARGET without ports and the addresses it means, in order."""
    addr = draw_address(rng)
    form = rng.randrange(4)
    if form == 0:
        return str(addr), [addr]
    if form == 1:
        length = addr.max_prefixlen - rng.randrange(0, 7)
        net = ipaddress.ip_network(f"{addr}/{length}", strict=False)
        return f"{addr}/{length}", list(net)
    if form == 2:
        last = addr + rng.randrange(20)
        return f"{addr}-{last}", [addr + i for i in range(int(last) - int(addr) + 1)]
    if addr.version == 4 and rng.random() < 0.5:
        return f"::ffff:{addr}", [addr]
    return str(addr.exploded if addr.version == 6 else addr), [addr]


def draw_ports(rng):
    """A port list and its ports, in order, each once."""
    parts, ports = [], []
    for _ in range(rng.randrange(1, 4)):
        low = rng.randrange(1, 30)
        high = low + rng.randrange(4) if rng.random() < 0.4 else low
        parts.append(f"{low}-{high}" if high > low else str(low))
        ports += [p for p in range(low, high + 1) if p not in ports]
    return ",".join(parts), ports


def draw_item(rng, default_ports, is_line):
    text, addrs = draw_hosts(rng)
    if default_ports is not None and rng.random() < 0.5:
        item, ports = text, default_ports
    else:
        ports_text, ports = draw_ports(rng) if rng.random() < 0.3 else (str(rng.randrange(1, 30)), None)
        ports = ports or [int(ports_text)]
        item = f"[{text}]:{ports_text}" if ":" in text else f"{text}:{ports_text}"
    if is_line:
        item = rng.choice(["", " ", "\t"]) + item + rng.choice(["", " # note", "\t#x", "\r"])
    return item, [(addr, port) for addr in addrs for port in ports]


def draw_exclusions(rng):
    texts, addrs = [], set()
    for _ in range(rng.randrange(5)):
        text, hosts = draw_hosts(rng)
        texts.append(text)
        addrs.update(hosts)
    return texts, addrs


def check(what, got, want, args):
    if got != want:
        extra = [t for t in got if t not in set(want)][:3]
        missing = [t for t in want if t not in set(got)][:3]
        sys.exit(f"{what}: {len(got)} targets, model {len(want)}; extra {extra}, missing {missing}\n{args}")


def pack(path, how):
    if how == "gzip":
        with open(path, "rb") as f, gzip.open(path + ".gz", "wb") as g:
            shutil.copyfileobj(f, g)
        return path + ".gz"
    if how == "zstd" and shutil.which("zstd"):
        subprocess.run(["zstd", "-qf", path], check=True)
        return path + ".zst"
    return path


def one_round(rng, folder):
    ports_text, default_ports = draw_ports(rng) if rng.random() < 0.8 else (None, None)
    args_items = [draw_item(rng, default_ports, False) for _ in range(rng.randrange(1, 8))]
    line_items = [draw_item(rng, default_ports, True) for _ in range(rng.randrange(8))]
    excludes, excluded = draw_exclusions(rng)
    file_excludes, file_excluded = draw_exclusions(rng)
    excluded |= file_excluded
    common = ["--seed", str(rng.getrandbits(64)), "--allow-reserved"]
    if ports_text:
        common += ["-p", ports_text]
    for text in excludes:
        common += ["-x", text]
    with open(f"{folder}/exclude", "w", encoding="ascii") as f:
        f.write("# those who asked\n\n" + "".join(f"{t}  # {i}\n" for i, t in enumerate(file_excludes)))
    common += ["-X", f"{folder}/exclude"]

    ordered, seen = [], set()
    for _, targets in args_items + line_items:
        for target in targets:
            if target not in seen and target[0] not in excluded:
                ordered.append(text_of(target))
                seen.add(target)
    names = [text for text, _ in args_items]
    lines = "".join(text + "\n" for text, _ in line_items)
    with open(f"{folder}/list", "w", encoding="ascii", newline="") as f:
        f.write(lines)
    packed = pack(f"{folder}/list", rng.choice(["plain", "gzip", "zstd"]))
    inputs = common + ["-t", packed] + names if line_items else common + names

    shuffled = run("--order", "random", *inputs)
    check("random order", sorted(shuffled), sorted(ordered), inputs)
    check("same seed, same order", run("--order", "random", *inputs), shuffled, inputs)
    check("list order", run("--order", "list", *inputs), ordered, inputs)
    check("auto", sorted(run(*inputs)), sorted(ordered), inputs)
    if line_items:
        piped = common + ["--order", "list", "-t", "-"] + names
        check("pipe", run(*piped, stdin=lines.encode()), ordered, piped)
    check("count", run("--count", *inputs), [str(len(ordered))], inputs)
    n_shards = rng.randrange(1, 65)
    parts = []
    for shard in range(n_shards):
        part = run("--order", "random", "--shards", str(n_shards), "--shard", str(shard), *inputs)
        check("shard", part, shuffled[shard::n_shards], inputs + [n_shards, shard])
        parts += part
    check("shards", sorted(parts), sorted(ordered), inputs)
    n = rng.randrange(1, len(ordered) + 2)
    check("max-targets", run("--order", "random", "--max-targets", str(n), *inputs), shuffled[:n], inputs)


def check_cut_archives(folder):
    """Half a gzip or zstd file: an error that says so, after everything that can be read."""
    # So long that the cut is behind the part that is looked at before the scan starts.
    rng = random.Random(1)
    lines = "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:{rng.randrange(1, 65536)}\n" for i in range(60000))
    with open(f"{folder}/cut", "w", encoding="ascii") as f:
        f.write(lines)
    for how in ("gzip", "zstd"):
        path = pack(f"{folder}/cut", how)
        if path == f"{folder}/cut":
            continue
        size = os.path.getsize(path)
        os.truncate(path, size // 2)
        for order in ("list", "random"):
            done = subprocess.run([PROGRAM, "targets", "--order", order, "-t", path],
                                  capture_output=True, timeout=60, check=False)
            out, err = done.stdout.decode(), done.stderr.decode()
            if done.returncode == 0 or "too early" not in err or len(err.splitlines()) != 1:
                sys.exit(f"half a {how} file, {order}: exit {done.returncode}: {err}")
            if order == "list" and (not out or not lines.startswith(out)):
                sys.exit(f"half a {how} file: {len(out)} bytes of targets, not a part of the list")
        os.unlink(path)


def main():
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        check_cut_archives(folder)
        for number in range(ROUNDS):
            one_round(rng, folder)
            for name in os.listdir(folder):
                os.unlink(f"{folder}/{name}")
    print(f"{ROUNDS} random target sets agree with the model")


main()
