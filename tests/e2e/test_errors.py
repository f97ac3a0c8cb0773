"""Bad input: one line that says what, where and what to do; the exit status of the contract; and no
packet, no file that looks whole."""
import re
import subprocess

import pytest

USAGE, FAILED = 2, 1
TARGET = "10.77.1.1"


def error_line(stderr):
    """The one line of the error; a progress line or a second complaint fails the test."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    assert len(lines) == 1, stderr
    assert len(lines[0]) < 300
    return lines[0]


def refused(lab, tmp_path, *arguments, status, says, before=()):
    out = tmp_path / "out.jsonl"
    done = lab.run("scan", *before, lab.synspect, "scan", *(["-o", str(out)] if "-o" not in arguments
                                                            else []), *arguments)
    line = error_line(done.stderr)
    assert done.returncode == status, line
    assert re.search(says, line), line
    assert not out.exists() or out.stat().st_size == 0, "something was written"
    return line


@pytest.mark.parametrize("arguments,says", [
    (["--no-such-option", TARGET], r"--no-such-option"),
    (["--rate", "fast", "-p", "80", TARGET], r"rate.*fast"),
    (["--rate", "-5", "-p", "80", TARGET], r"rate"),
    (["--timeout", "10 parsecs", "-p", "80", TARGET], r"timeout"),
    (["--format", "xml", "-p", "80", TARGET], r"format.*xml"),
    (["--shards", "2", "--shard", "2", "-p", "80", TARGET], r"shard"),
    (["-p", "0", TARGET], r"port.*0|0.*port"),
    (["-p", "70000", TARGET], r"70000"),
    (["-p", "80,", TARGET], r"port"),
    ([f"{TARGET}:70000"], r"70000"),
    (["-p", "80", "10.77.0.0/33"], r"/33"),
    (["-p", "80", "fd00:77::/129"], r"/129"),
    (["-p", "80", "10.77.1.9-10.77.1.1"], r"10\.77\.1\.9"),
    (["-p", "80", "10.77.1.300"], r"10\.77\.1\.300"),
    ([TARGET], r"port"),
    ([], r"target"),
    (["--probes", "telepathy", "-p", "80", TARGET], r"telepathy"),
])
def test_wrong_words_are_usage_errors(web_lab, tmp_path, arguments, says):
    refused(web_lab, tmp_path, *arguments, status=USAGE, says=says)


@pytest.mark.parametrize("text,where", [
    ("10.77.1.1:80\n10.77.0.0/33\n", "2:"),
    ("10.77.1.1:80\n\n# fine\n10.77.1.2:99999\n", "4:"),
    ("10.77.1.1:80\n10.77.1.2:80 and more\n", "2:"),
])
def test_a_malformed_target_file_is_named_with_its_line(web_lab, tmp_path, text, where):
    listed = tmp_path / "targets.txt"
    listed.write_text(text)
    line = refused(web_lab, tmp_path, "-t", str(listed), status=USAGE, says=r"targets\.txt:")
    assert re.search(rf"targets\.txt:{where}\d+", line), line


def test_a_missing_target_file_is_named(web_lab, tmp_path):
    refused(web_lab, tmp_path, "-t", str(tmp_path / "none.txt"), status=FAILED,
            says=r"none\.txt.*No such file")


def test_an_empty_target_set_is_said(web_lab, tmp_path):
    refused(web_lab, tmp_path, "-p", "80", "-x", "10.77.1.0/24", TARGET, status=USAGE,
            says=r"(no target|empty|excluded)")


def test_an_unknown_interface_is_named(web_lab, tmp_path):
    refused(web_lab, tmp_path, "-i", "nope0", "-p", "80", TARGET, status=FAILED, says=r"nope0")


@pytest.mark.parametrize("far,family", [("10.77.1.1", "-4"), ("fd00:77::1", "-6")])
def test_no_route_for_a_family_is_said(web_lab, tmp_path, far, family):
    """In a namespace of its own whose one interface has no route."""
    script = ("ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && "
              "ip link set v1 up && ip addr add 10.88.0.1/24 dev v0 && "
              "ip addr add fd00:88::1/64 dev v0 nodad && exec \"$@\"")
    refused(web_lab, tmp_path, "-p", "80", far, status=FAILED, says=r"route",
            before=["unshare", "-n", "sh", "-c", script, "sh"])


def test_a_gateway_that_does_not_answer_is_named(web_lab, tmp_path):
    """The cable's other end belongs to nobody who would answer ARP."""
    script = ("ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && "
              "ip link set v1 up && ip addr add 10.88.0.1/24 dev v0 && "
              "ip route add default via 10.88.0.254 && exec \"$@\"")
    refused(web_lab, tmp_path, "-p", "80", TARGET, status=FAILED, says=r"10\.88\.0\.254",
            before=["unshare", "-n", "sh", "-c", script, "sh"])


def test_a_missing_privilege_is_said(web_lab, tmp_path):
    tmp_path.chmod(0o777)
    refused(web_lab, tmp_path, "-p", "80", "-o", "-", TARGET, status=FAILED,
            says=r"(root|CAP_NET_RAW|privilege)",
            before=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                    "--bounding-set=-all"])


def test_a_missing_database_is_named(web_lab, tmp_path):
    refused(web_lab, tmp_path, "--geoip", str(tmp_path / "none.mmdb"), "-p", "80", TARGET,
            status=FAILED, says=r"none\.mmdb")


def test_a_corrupt_database_is_named(web_lab, tmp_path):
    bad = tmp_path / "bad.mmdb"
    bad.write_bytes(b"\x00" * 4096)
    refused(web_lab, tmp_path, "--geoip", str(bad), "-p", "80", TARGET, status=USAGE,
            says=r"bad\.mmdb")


def test_an_unwritable_output_is_named(web_lab, tmp_path):
    refused(web_lab, tmp_path, "-o", str(tmp_path / "no" / "out.jsonl"), "-p", "80", TARGET,
            status=FAILED, says=r"no/out\.jsonl")


def test_help_and_version_are_no_errors(synspect):
    for arguments, word in ((["scan", "--help"], "--rate"), (["--version"], "synspect ")):
        done = subprocess.run([synspect, *arguments], capture_output=True, text=True, check=False,
                              timeout=10)
        assert done.returncode == 0 and word in done.stdout and done.stderr == ""
