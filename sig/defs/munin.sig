protocol munin
title    "Munin node"
source   "https://guide.munin-monitoring.org/en/latest/master/network-protocol.html"
ports    4949
speaks-first yes

rule greeting rank 92
    pattern /# munin node at (?<hostname>[^\r\n]+)\n/

accept "# munin node at lab.example.org\n" as greeting first open hostname "lab.example.org"
reject "# munin\n"
reject "munin node at x\n"
