"""What the end-to-end benchmarks share: a run with its cost, medians, the machine, tables. Needs root."""
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))


def machine():
    """The machine in a few words: whoever compares figures must know."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", info)
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="utf-8"))
    return {"cpu": model.group(1) if model else platform.machine(), "cores": os.cpu_count(),
            "memory_gb": round(int(memory.group(1)) / 1e6), "kernel": platform.release()}


def tool(variable, name):
    """Path of a peer: from the environment, else Debian's, else None."""
    path = os.environ.get(variable)
    if path and not os.access(path, os.X_OK):
        sys.exit(f"{variable}={path}: no program there")
    return path or shutil.which(name)


class Peak(threading.Thread):
    """Looks at the resident memory of a group of processes ten times a second."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.peak_kb, self.is_over = pids, 0, threading.Event()

    def run(self):
        while not self.is_over.wait(0.1):
            total = 0
            for pid in self.pids():
                try:
                    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                except OSError:
                    continue
                found = re.search(r"VmRSS:\s*(\d+)", text)
                total += int(found.group(1)) if found else 0
            self.peak_kb = max(self.peak_kb, total)


def run(ns, *commands, timeout=140, stdin=None, cores=None):
    """Runs a pipeline of commands in a namespace; returns wall and CPU seconds (user + system, all of
    it, that is: with what of the far end's work the kernel does on a sender's account), peak memory
    and the last exit status."""
    procs, before, feed = [], None, stdin
    started = time.monotonic()
    for i, command in enumerate(commands):
        is_last = i == len(commands) - 1
        procs.append(subprocess.Popen(
            ["ip", "netns", "exec", ns.name, *(["taskset", "-c", cores] if cores else []), *command], stdin=feed or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_last else subprocess.PIPE, stderr=subprocess.PIPE if is_last
            else subprocess.DEVNULL))
        if before:
            before.stdout.close()
        before = procs[-1]
        feed = before.stdout
    peak = Peak(lambda: [p.pid for p in procs])
    peak.start()
    watchdog = threading.Timer(timeout, lambda: [p.kill() for p in procs if p.returncode is None])
    watchdog.start()
    try:
        said = procs[-1].stderr.read().decode(errors="replace")
        cpu = []
        for proc in procs:
            _, status, usage = os.wait4(proc.pid, 0)
            proc.returncode = os.waitstatus_to_exitcode(status)
            cpu.append((usage.ru_utime, usage.ru_stime))
    finally:
        watchdog.cancel()
    wall = time.monotonic() - started
    peak.is_over.set()
    peak.join()
    return {"wall_s": round(wall, 2), "cpu_s": round(sum(u + s for u, s in cpu), 2), "user_s": round(sum(u for u, _ in cpu), 2), "rss_mb": round(peak.peak_kb / 1024, 1),
            "exit": procs[-1].returncode, "said": said.strip().splitlines()[-1:] if procs[-1].returncode else []}


def softirq_seconds():
    """CPU seconds that the kernel has spent in interrupts so far, on all cores."""
    words = pathlib.Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()
    return (int(words[6]) + int(words[7])) / os.sysconf("SC_CLK_TCK")


def medians(rows):
    """Of rows of one method: the median of every number."""
    out = {}
    for key in rows[0]:
        values = [row[key] for row in rows if isinstance(row.get(key), (int, float))]
        if values and not isinstance(rows[0][key], bool):
            out[key] = round(statistics.median(values), 3)
    return out


def interleave(methods, runs):
    """Calls every method in turn, so many rounds; {name: [row, ...]}. A method that raises is left out of
    later rounds and its reason kept."""
    rows, failed = {name: [] for name in methods}, {}
    for number in range(runs):
        for name, method in methods.items():
            if name in failed:
                continue
            print(f"  {name}, run {number + 1} of {runs}", file=sys.stderr, flush=True)
            try:
                rows[name].append(method())
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
                failed[name] = f"{type(error).__name__}: {error}"
    return {k: v for k, v in rows.items() if v}, failed


def table(title, columns, rows):
    """A table for people on stderr: rows are dicts."""
    lines = [[str(row.get(column, "-")) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in lines)) if lines else len(column)
              for i, column in enumerate(columns)]
    print(f"\n{title}", file=sys.stderr)
    for line in [columns, *lines]:
        print("  " + "  ".join(text.rjust(width) if i else text.ljust(width)
                               for i, (text, width) in enumerate(zip(line, widths))), file=sys.stderr)
    print(file=sys.stderr, flush=True)


def masscan_services(path):
    """{address: set of the services that masscan named there, maybe empty} of its -oJ output. By pattern: it
    puts banners into the lines as they are, so that not every line is JSON."""
    out = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            address = re.search(r'"ip":\s*"([^"]+)"', line)
            if not address:
                continue
            names = out.setdefault(address.group(1), set())
            service = re.search(r'"service":\s*{\s*"name":\s*"([^"]*)"', line)
            if service:
                names.add(service.group(1))
    return out


def read_records(path):
    """The records of an output of ours, plain or compressed."""
    text = subprocess.run(["zstd", "-dcqf", path], capture_output=True, check=True, timeout=120).stdout
    return [json.loads(line) for line in text.splitlines()]
