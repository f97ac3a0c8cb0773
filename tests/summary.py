#!/usr/bin/python3
"""tests/summary.py RESULTS: counts what the stages of tests/all left behind.

stages.tsv has a line a stage: name, exit status, seconds. RESULTS/NAME/ holds automake's *.trs with
their *.log, and JUnit *.xml; each case of a cmocka test, and of pytest (by its XML, or by the end of
its log), counts as one test. Prints failures and skips with their reasons, and alone on the last line:
N passed, N failed, N skipped.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree

PYTEST = re.compile(r"^(?:=+ )?((?:\d+ \w+, )*\d+ \w+) in [0-9.]+s", re.MULTILINE)
PYTEST_SKIP = re.compile(r"^SKIPPED \[(\d+)\] (.*)$", re.MULTILINE)
PYTEST_FAIL = re.compile(r"^FAILED (.*)$|^ERROR (.*)$", re.MULTILINE)
PYTEST_WHY = re.compile(r"^E   +(\S.*)$", re.MULTILINE)
CMOCKA = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)$", re.MULTILINE)


def last_line(path):
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "no reason given"


def count_pytest(name, counts, text):
    """Yields the cases of a pytest run by its closing line ("3 passed, 1 skipped in 2s")."""
    skips = [reason for n, reason in PYTEST_SKIP.findall(text) for _ in range(int(n))]
    fails = [a or b for a, b in PYTEST_FAIL.findall(text)] or PYTEST_WHY.findall(text)
    for count, word in re.findall(r"(\d+) (\w+)", counts):
        word = {"error": "failed", "errors": "failed", "xfailed": "passed"}.get(word, word)
        reasons = {"skipped": skips, "failed": fails}.get(word, [])
        if word in ("passed", "failed", "skipped"):
            for i in range(int(count)):
                yield name, word, reasons[i] if i < len(reasons) else "no reason given"


def count_trs(path):
    """Yields (name, result, reason) of one automake test; cmocka's cases one by one."""
    name = str(path.with_suffix(""))
    result = re.search(r"^:test-result: (\S+)", path.read_text(), re.MULTILINE)
    result = result.group(1) if result else "ERROR"
    log = path.with_suffix(".log")
    text = log.read_text(errors="replace") if log.exists() else ""
    # The list of failures at the end of a cmocka log repeats names: keep each once.
    cases = {case: outcome for outcome, case in CMOCKA.findall(text)}
    for case, outcome in cases.items():
        word = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[outcome]
        yield f"{name}: {case}", word, "cmocka skip()" if word == "skipped" else ""
    counts = PYTEST.search(text)
    if counts and not cases:
        yield from count_pytest(name, counts.group(1), text)
        cases = {"pytest": "FAILED" if "failed" in counts.group(1) else "OK"}
    if result == "SKIP":
        yield name, "skipped", last_line(log)
    elif result not in ("PASS", "XFAIL"):
        if "FAILED" not in cases.values():
            yield name, "failed", last_line(log)
    elif not cases:
        yield name, "passed", ""


def count_junit(path):
    """Yields (name, result, reason) of each pytest case."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}: {case.get('name')}"
        skipped = case.find("skipped")
        broken = case.find("failure")
        if broken is None:
            broken = case.find("error")
        if broken is not None:
            yield name, "failed", (broken.get("message") or "no message").splitlines()[0]
        elif skipped is not None:
            yield name, "skipped", skipped.get("message") or "no reason given"
        else:
            yield name, "passed", ""


def count_stage(folder, name, status):
    tests = []
    for path in sorted(folder.rglob("*.trs")):
        tests += count_trs(path)
    for path in sorted(folder.rglob("*.xml")):
        tests += count_junit(path)
    output = folder / "output.txt"
    if status == 77:
        tests.append((name, "skipped", last_line(output)))
    elif status and not any(result == "failed" for _, result, _ in tests):
        tests.append((name, "failed", f"exit {status}: {last_line(output)}"))
    elif not tests:
        tests.append((name, "passed", ""))
    return tests


def main():
    results = pathlib.Path(sys.argv[1])
    total = {"passed": 0, "failed": 0, "skipped": 0}
    stages = results / "stages.tsv"
    rows = [line.split("\t") for line in stages.read_text().splitlines()] if stages.exists() else []
    if not rows:
        sys.exit("tests/summary.py: no stage ran: see tests/stages.txt for their names")
    print()
    for name, status, seconds in rows:
        tests = count_stage(results / name, name, int(status))
        counts = {word: sum(result == word for _, result, _ in tests) for word in total}
        for word in total:
            total[word] += counts[word]
        print(f"{name:12} {int(seconds):5} s  {counts['passed']} passed, {counts['failed']} failed, "
              f"{counts['skipped']} skipped")
        for test, result, reason in tests:
            if result != "passed":
                test = test.replace(f"{results}/", "")
                print(f"  {result}: {test}: {reason}")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    sys.exit(1 if total["failed"] else 0)


if __name__ == "__main__":
    main()
