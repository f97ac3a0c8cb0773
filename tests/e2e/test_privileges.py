"""What the process may still do after the drop: its work, and nothing else. Needs root."""
import os
import pathlib
import pwd
import signal

import pytest

from netns import Netns

BUILD = pathlib.Path(os.environ.get("BUILDDIR", "."))
PRIVTOOL = str((BUILD / "tests/e2e/privtool").resolve())
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(name="ns", scope="module")
def fixture_ns():
    ns = Netns("p")
    yield ns
    ns.close()


@pytest.fixture(name="has_filter", scope="module")
def fixture_has_filter(ns):
    """Builds with a sanitizer have no filter (sandbox.h)."""
    return drop(ns, "filter").stdout == "filter ok\n"


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
    """A folder that only root may write in, on the way to which others may pass."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    return tmp_path


def drop(ns, *args, cwd="/"):
    return ns.run(PRIVTOOL, *args, check=False, cwd=cwd)


def status(text):
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def expect_nothing_left(got, uid):
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(got[name], 16) == 0, name
    assert got["Uid"].split() == [str(uid)] * 4
    assert got["NoNewPrivs"] == "1"


def test_root_becomes_nobody_without_anything(ns, has_filter):
    proc = drop(ns, "status")
    got = status(proc.stdout)
    assert got["Seccomp"] == ("2" if has_filter else "0")
    expect_nothing_left(got, NOBODY.pw_uid)
    assert got["Gid"].split() == [str(NOBODY.pw_gid)] * 4
    assert got["Groups"].strip() in ("", str(NOBODY.pw_gid))


def test_threads_made_later_have_nothing_either(ns, has_filter):
    proc = drop(ns, "thread")
    assert status(proc.stdout)["Seccomp"] == ("2" if has_filter else "0")
    assert proc.stdout.endswith("thread ok\n")
    expect_nothing_left(status(proc.stdout), NOBODY.pw_uid)


def test_a_named_user(ns):
    daemon = pwd.getpwnam("daemon")
    expect_nothing_left(status(drop(ns, "-u", "daemon", "status").stdout), daemon.pw_uid)
    proc = drop(ns, "-u", "no-such-user", "status")
    assert proc.returncode == 1 and "--user no-such-user: no such user" in proc.stderr


def test_root_stays_to_write_files_but_without_capabilities(ns, folder):
    proc = drop(ns, "-w", "status", "write", cwd=folder)
    expect_nothing_left(status(proc.stdout), 0)
    assert "write ok" in proc.stdout and (folder / "state").read_text() == "1\n"
    # Somebody else's folder is closed to it: no CAP_DAC_OVERRIDE.
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    assert "write Permission denied" in drop(ns, "-w", "write", cwd=folder).stdout


def test_a_named_user_writes_where_it_may(ns, folder):
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    assert "write ok" in drop(ns, "-w", "-u", "nobody", "write", cwd=folder).stdout


def test_the_work_of_a_scan_goes_on(ns):
    proc = drop(ns, "send", "read", "thread", "send")
    assert proc.returncode == 0
    assert [line for line in proc.stdout.splitlines() if ":" not in line] == [
        "send ok", "read ok", "thread ok", "send ok"]


def test_names_resolve_when_asked_for(ns):
    proc = drop(ns, "-r", "resolve", "read")
    assert proc.returncode == 0 and proc.stdout == "resolve ok\nread ok\n"


@pytest.mark.parametrize("act", ["write", "resolve", "exec", "fork", "socket", "packet", "code",
                                 "root"])
def test_everything_else_kills(ns, folder, has_filter, act):
    proc = drop(ns, "read", act, cwd=folder)
    if has_filter:
        assert proc.returncode == -signal.SIGSYS and proc.stdout == "read ok\n"
    else:
        assert proc.returncode == 0


@pytest.mark.parametrize("act", ["resolve", "fork", "socket", "code"])
def test_only_the_filter_stops_them(ns, act):
    assert drop(ns, "-x", act).stdout == f"{act} ok\n"


def test_unconfined_has_no_filter_but_no_capabilities_either(ns):
    got = status(drop(ns, "-x", "status").stdout)
    assert got["Seccomp"] == "0" and int(got["CapEff"], 16) == 0
    assert "packet Operation not permitted" in drop(ns, "-x", "packet").stdout
    assert "root Operation not permitted" in drop(ns, "-x", "root").stdout


def test_a_drop_with_threads_running_is_refused(ns, has_filter):
    """Sanitizers run threads of their own, so that their builds cannot look."""
    proc = drop(ns, "-t", "status")
    if has_filter:
        assert proc.returncode == 1 and "threads are running" in proc.stderr
    else:
        assert proc.returncode == 0


def test_missing_capabilities_are_named_with_the_command_that_helps(ns):
    run = lambda *caps: ns.run("setpriv", f"--bounding-set={','.join(caps)}", PRIVTOOL, check=False)
    proc = run("-net_raw")
    assert proc.returncode == 1
    assert proc.stderr.startswith("CAP_NET_RAW is missing: run as root (sudo), or once: setcap ")
    assert PRIVTOOL in proc.stderr
    proc = run("-net_admin")
    assert proc.stderr.startswith("CAP_NET_ADMIN is missing") and "--no-rst-guard" in proc.stderr


def test_a_process_that_was_given_the_capabilities_only(ns):
    """setcap on the file, or ambient capabilities of a service: not root, and not after it."""
    proc = ns.run("setpriv", "--reuid=daemon", "--clear-groups", "--inh-caps=+net_raw,+net_admin",
                  "--ambient-caps=+net_raw,+net_admin", PRIVTOOL, "status", "send", check=False)
    got = status(proc.stdout)
    uid = pwd.getpwnam("daemon").pw_uid
    assert got["Uid"].split() == [str(uid)] * 4 and "send ok" in proc.stdout
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(got[name], 16) == 0, name
