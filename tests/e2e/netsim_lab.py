"""netsim at the far end of a veth: a namespace for the scanner, one for the Internet, nothing else."""
import json
import os
import pathlib
import subprocess
import tempfile

from netns import Netns, veth

BUILD = pathlib.Path(os.environ.get("BUILDDIR", ".")).resolve()
NETSIM = str(BUILD / "netsim")
SYNBLAST = str(BUILD / "synblast")

SELF = {4: "192.0.2.2", 6: "fd00:99::2"}
GATEWAY = {4: "192.0.2.1", 6: "fe80::1"}


def truth(targets, *options):
    """What netsim will be for (address, port) pairs: the list of its truth objects."""
    text = "".join(f"{address},{port}\n" for address, port in targets)
    proc = subprocess.run([NETSIM, "--truth", *options], input=text, text=True, capture_output=True,
                          timeout=300, check=True)
    return [json.loads(line) for line in proc.stdout.splitlines()]


class Lab:
    """Scanner namespace `scan` with device `nsim0`, netsim running in namespace `world`."""

    dev = "nsim0"

    def __init__(self):
        self.scan, self.world = Netns("s"), Netns("w")
        self.proc = None
        self.folder = tempfile.TemporaryDirectory(prefix="netsim-")
        veth(self.scan, self.world, self.dev, "nsim1")
        # frames must be whole when netsim reads them: no checksum or segmentation offload
        self.scan.run("ethtool", "-K", self.dev, "tx", "off")
        self.scan.ip(f"addr add {SELF[4]}/24 dev {self.dev}")
        self.scan.ip(f"-6 addr add {SELF[6]}/64 dev {self.dev} nodad")
        self.scan.ip(f"route add default via {GATEWAY[4]}")
        self.scan.ip(f"-6 route add default via {GATEWAY[6]} dev {self.dev}")

    def start(self, *options, max_runtime=300):
        """Starts netsim; returns when it answers."""
        self.stop()
        self.stats_path = os.path.join(self.folder.name, "stats.json")
        self.proc = self.world.popen(NETSIM, "--interface", "nsim1", "--stats", self.stats_path,
                                     "--max-runtime", str(max_runtime), *options)
        line = self.proc.stdout.readline()
        if not line.startswith("ready"):
            raise RuntimeError(f"netsim did not start: {line!r}")

    def stop(self):
        """Ends netsim; returns its statistics, or None when it was not running."""
        if not self.proc:
            return None
        self.proc.terminate()
        status = self.proc.wait(timeout=20)
        self.proc.stdout.close()
        self.proc.stdin.close()
        self.proc = None
        if status:
            raise RuntimeError(f"netsim exits {status}")
        with open(self.stats_path, encoding="utf-8") as file:
            return json.load(file)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def close(self):
        try:
            self.stop()
        finally:
            self.scan.close()
            self.world.close()
            self.folder.cleanup()
