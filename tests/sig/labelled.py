"""Labelled answers, and what synspect identify says about them. Used by measure.py and corpus.

A labelled answer is (id, label, kind, sent, data): label names the protocol; kind is positive,
negative (nothing may be named) or partial (a cut answer: nothing or the right name)."""
import base64
import json
import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = TOP.parent / "shared" / "corpus"
LAB = TOP / "tests" / "lab"


def find_program():
    """The synspect to ask: $SYNSPECT, or the one of the build in the current folder."""
    return os.environ.get("SYNSPECT", "./synspect")


def read_corpus(directory=CORPUS):
    """All records of a corpus directory in its own form, or [] when there is none."""
    records = []
    for name in ("captures", "banners", "negatives"):
        path = pathlib.Path(directory) / (name + ".jsonl")
        if path.exists():
            records += [json.loads(line) for line in path.open(encoding="utf-8") if line.strip()]
    return records


def corpus_answers(records):
    """(id, label, kind, sent, data) of corpus records; what is not sure to be right is left out."""
    for r in records:
        if r["label"] == "uncertain":
            continue
        kind = "negative" if r["label"] == "unknown" else r.get("kind", "positive")
        yield (r["id"], r["label"], kind, base64.b64decode(r["client_b64"]),
               base64.b64decode(r["data_b64"]))


def lab_answers(path):
    """(id, label, kind, sent, data) of an answer matrix of the lab (tests/lab/matrix.py says its form),
    or of one with a record for each service and probe, whose chunks are [seconds, banner|reply, hex]."""
    probes = {}
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f):
            r = json.loads(line)
            if "probes" in r:
                probes = {name: bytes.fromhex(text) for name, text in r["probes"].items()}
            elif "answers" in r:
                for name, (index, *_) in r["answers"].items():
                    if index >= 0:
                        yield (f"{path}:{n}:{name}", r["protocol"], "positive", probes.get(name, b""),
                               bytes.fromhex(r["replies"][index]))
            elif r.get("chunks"):
                is_banner = r["chunks"][0][1] == "banner"
                yield (f"{path}:{n}", r["truth"], "positive",
                       b"" if is_banner else bytes.fromhex(r["sent"] or ""),
                       bytes.fromhex("".join(chunk[2] for chunk in r["chunks"])))


def identify(answers, with_sent):
    """What synspect says: {id: object} for the answers, told or not told what had been sent."""
    lines = []
    for name, _, _, sent, data in answers:
        line = {"id": name, "data": base64.b64encode(data).decode()}
        if with_sent and sent:
            line["probe"] = base64.b64encode(sent[:1024]).decode()
        lines.append(json.dumps(line))
    run = subprocess.run([find_program(), "identify"], input="\n".join(lines) + "\n", text=True,
                         capture_output=True, check=False, timeout=120)
    if run.returncode != 0:
        raise SystemExit(f"synspect identify: exit {run.returncode}: {run.stderr.strip()}")
    return {a["id"]: a for a in map(json.loads, run.stdout.splitlines())}
