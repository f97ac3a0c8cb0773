protocol qmp
title    "QEMU machine protocol"
source   "QEMU docs/interop/qmp-spec, server greeting"
maybe-ports 4444
speaks-first yes

rule greeting rank 94
    pattern /\{"QMP": ?\{"version": ?\{/
    set product "QEMU"

accept "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n" \
    as greeting first product "QEMU" from "QEMU 7.2"
reject "{\"QMP\": 1}\r\n"
