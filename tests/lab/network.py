"""The lab's two network namespaces: a scanner's and the net's, one veth pair, no way out.

  synlab-scan-PID   10.99.0.1/24, fd00:99::1/64; default routes through the net
  synlab-net-PID    10.99.0.2 (the gateway), 10.99.0.50 (on-link hosts), and every address of
                    10.77.0.0/16 and fd00:77::/48, all local, so that a server answers on each

PID is the keeper's, so that labs can coexist and a dead keeper's leavings can be told (sweep).
"""

import os
import pathlib
import re
import shutil
import subprocess

from definitions import GATE4, GATE6, LAB4, LAB6, ONLINK4, ONLINK6, SCAN4, SCAN6

SCAN_DEVICE, NET_DEVICE = "syn0", "net0"
SYSCTL = {  # both namespaces; what a kernel does not know is left out
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv6/conf/all/disable_ipv6": "0",
    "net/ipv6/conf/default/disable_ipv6": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
}
SYSCTL_NET = {
    "net/ipv4/ip_local_port_range": "61000 65535",
    "net/ipv4/ip_unprivileged_port_start": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/core/somaxconn": "4096",
}


def run(*command, **more):
    """A command that must succeed; its words are part of the error when it does not."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:120]}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _set_sysctl(namespace, values):
    script = "".join(f"test ! -w /proc/sys/{k} || echo '{v}' >/proc/sys/{k}\n"
                     for k, v in values.items())
    run("ip", "netns", "exec", namespace, "sh", "-c", script)


def build(pid, addresses):
    """Makes both namespaces for the keeper pid; addresses: the servers' own, given to the net's lo.
    Returns their names (scan, net). Raises RuntimeError; what was made is then removed."""
    scan, net = f"synlab-scan-{pid}", f"synlab-net-{pid}"
    try:
        for name in (scan, net):
            run("ip", "netns", "add", name)
            _set_sysctl(name, SYSCTL)
        _set_sysctl(net, SYSCTL_NET)
        run("ip", "link", "add", SCAN_DEVICE, "netns", scan, "type", "veth", "peer", "name",
            NET_DEVICE, "netns", net)
        for name, device in ((scan, SCAN_DEVICE), (net, NET_DEVICE)):
            run("ip", "netns", "exec", name, "ethtool", "-K", device, "tx", "off", "tso", "off",
                "gso", "off", "gro", "off")
        run("ip", "-n", scan, "-batch", "-", input=f"""
            link set lo up
            addr add {SCAN4}/24 dev {SCAN_DEVICE}
            addr add {SCAN6}/64 dev {SCAN_DEVICE} nodad
            link set {SCAN_DEVICE} up
            route add default via {GATE4}
            route add default via {GATE6}
            """)
        lines = [f"addr add {a}/{32 if '.' in a else 128} dev lo" for a in addresses]
        run("ip", "-n", net, "-batch", "-", input="\n".join([
            "link set lo up",
            f"addr add {GATE4}/24 dev {NET_DEVICE}",
            f"addr add {GATE6}/64 dev {NET_DEVICE} nodad",
            f"addr add {ONLINK4}/24 dev {NET_DEVICE}",
            f"addr add {ONLINK6}/64 dev {NET_DEVICE} nodad",
            f"link set {NET_DEVICE} up",
            f"route add local {LAB4} dev lo",
            f"route add local {LAB6} dev lo",
            *lines]) + "\n")
    except RuntimeError:
        destroy(pid)
        raise
    return scan, net


def redirect(net, redirects):
    """Sends random ports to the built-in ports of servers that cannot move: [(server, from, to)]."""
    rules = []
    for server, random_port, usual in redirects:
        rules.append(f"ip daddr {server.addr4} tcp dport {random_port} dnat ip to "
                     f"{server.addr4}:{usual}")
        rules.append(f"ip6 daddr {server.addr6} tcp dport {random_port} dnat ip6 to "
                     f"[{server.addr6}]:{usual}")
    if rules:
        run("ip", "netns", "exec", net, "nft", "-f", "-", input="table inet synlab {\n"
            "chain moved {\ntype nat hook prerouting priority dstnat;\n" + "\n".join(rules) +
            "\n}\n}\n")


def destroy(pid):
    """Removes the namespaces of keeper pid, whatever of them exists; the veth pair goes with them."""
    for name in (f"synlab-scan-{pid}", f"synlab-net-{pid}"):
        if os.path.exists(f"/run/netns/{name}"):
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=60)


def sweep():
    """Removes what keepers left that were killed with -9: namespaces and lab directories."""
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    for name in names:
        match = re.fullmatch(r"synlab-(?:scan|net)-(\d+)", name)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            destroy(int(match[1]))
    for path in pathlib.Path("/tmp").glob("synlab-[0-9]*-*"):
        pid = path.name.split("-")[1]
        if path.stat().st_uid == 0 and path.is_dir() and not os.path.exists(f"/proc/{pid}"):
            shutil.rmtree(path, ignore_errors=True)
