"""Candidate probes for the answer matrix: what a client may say first, by name.

Each is bytes built here from the protocol's specification (named beside it). tests/lab/matrix.py
tries every one on every server; tests/lab/greedy.py finds which few name the most.

No probe may harm: QUIT is not among them, because ClamAV's daemon obeys it by shutting down.
"""

import hashlib
import struct


def _filler(tag, length):
    """Bytes that look random and are the same every time."""
    return hashlib.shake_128(tag.encode()).digest(length)


def _vector(data, width):
    return len(data).to_bytes(width, "big") + data


def _extension(number, data):
    return struct.pack(">H", number) + _vector(data, 2)


def client_hello(tls13=True, extra=b"", session=None, share=None, extra_type=0xFDE8):
    """A ClientHello (RFC 8446 section 4.1.2), accepted by servers of TLS 1.0 to 1.3. extra: content of
    a private-use extension; session: legacy session id, up to 32 bytes; share: 32 bytes that stand for
    a public point of x25519, at the end of the hello."""
    ciphers = (0xC02F, 0xC02B, 0xC030, 0xC02C, 0xC013, 0xC014, 0x009C, 0x002F, 0x0035, 0x000A)
    anonymous = (0x0034, 0x003A, 0x006C)  # nrpe speaks only these
    extensions = [
        _extension(10, _vector(struct.pack(">4H", 0x001D, 0x0017, 0x0018, 0x0019), 2)),
        _extension(11, b"\x01\x00"),
        _extension(13, _vector(struct.pack(">9H", 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806,
                                           0x0401, 0x0501, 0x0201), 2)),
        _extension(23, b""),
        _extension(0xFF01, b"\x00"),
    ]
    if tls13:
        ciphers = (0x1301, 0x1302, 0x1303) + ciphers
        extensions.append(_extension(43, _vector(struct.pack(">4H", 0x0304, 0x0303, 0x0302, 0x0301), 1)))
        entry = struct.pack(">H", 0x001D) + _vector(share or _filler("x25519", 32), 2)
        key_share = _extension(51, _vector(entry, 2))
    if extra:
        extensions.append(_extension(extra_type, extra))
    if tls13:
        extensions.append(key_share)
    suites = struct.pack(f">{len(ciphers) + 3}H", *ciphers, *anonymous)
    body = (b"\x03\x03" + _filler("random", 32) + _vector(_filler("id", 32) if session is None
            else session, 1) + _vector(suites, 2) + b"\x01\x00" + _vector(b"".join(extensions), 2))
    return b"\x16\x03\x01" + _vector(b"\x01" + _vector(body, 3), 2)


def _der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x81, len(content)]) + content


def _kerberos():
    """AS-REQ over TCP (RFC 4120 sections 5.4.1 and 7.2.2)."""
    realm = _der(0x1B, b"LAB")
    name = _der(0x30, _der(0xA0, b"\x02\x01\x02"), _der(0xA1, _der(0x30, _der(0x1B, b"krbtgt"), realm)))
    body = _der(0x30, _der(0xA0, b"\x03\x05\x00\x00\x00\x00\x10"), _der(0xA2, realm), _der(0xA3, name),
                _der(0xA5, _der(0x18, b"20370913024805Z")), _der(0xA7, b"\x02\x04\x1d\xca\x11\x01"),
                _der(0xA8, _der(0x30, b"\x02\x01\x12\x02\x01\x11\x02\x01\x17")))
    return _vector(_der(0x6A, _der(0x30, _der(0xA1, b"\x02\x01\x05"), _der(0xA2, b"\x02\x01\x0a"),
                                   _der(0xA4, body))), 4)


def _smb1_header():
    return b"\xffSMB\x72" + bytes(4) + b"\x18\x53\xc8" + bytes(12) + b"\xff\xff" + bytes(6)


def _smb(*dialects):
    """SMB_COM_NEGOTIATE in a session message ([MS-SMB] 2.2.4.5.1, RFC 1002 4.3.1)."""
    names = b"".join(b"\x02" + d.encode() + b"\x00" for d in dialects)
    return _vector(_smb1_header() + b"\x00" + struct.pack("<H", len(names)) + names, 4)


def _smb2():
    """SMB2 NEGOTIATE ([MS-SMB2] 2.2.3)."""
    header = (b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 0, 0, 0, 31, 0, 0, 0, 0, 0, 0) + bytes(16))
    body = struct.pack("<HHHHI", 36, 2, 1, 0, 0) + _filler("guid", 16) + bytes(8) + b"\x02\x02\x10\x02"
    return _vector(header + body, 4)


def _dns(kind, cls, *labels):
    """A question over TCP (RFC 1035 sections 4.1 and 4.2.2)."""
    name = b"".join(_vector(label.encode(), 1) for label in labels) + b"\x00"
    return _vector(struct.pack(">6H", 0x5353, 0, 1, 0, 0, 0) + name + struct.pack(">HH", kind, cls), 2)


def _rpc(program, version):
    """A null call with a record mark (RFC 5531 sections 9 and 11)."""
    call = struct.pack(">10I", 0x53594E53, 0, 2, program, version, 0, 0, 0, 0, 0)
    return struct.pack(">I", 0x80000000 | len(call)) + call


def _iscsi():
    """A login request for a discovery session (RFC 7143 section 11.12)."""
    keys = b"InitiatorName=iqn.2020-01.test.lab:scan\0SessionType=Discovery\0AuthMethod=None\0"
    padded = keys + bytes(-len(keys) % 4)
    return (b"\x43\x87\x00\x00" + b"\x00" + len(keys).to_bytes(3, "big") + b"\x80\x00\x00\x01\x00\x00"
            + bytes(2) + bytes(4) + b"\x00\x01\x00\x00" + struct.pack(">II", 1, 0) + bytes(16) + padded)


def _firebird():
    """op_connect of the XDR protocol (Firebird wire protocol documentation, section 5.1)."""
    path = b"lab"
    user = b"\x01\x03lab"
    pad = lambda b: _vector(b, 4) + bytes(-len(b) % 4)
    protocols = b"".join(struct.pack(">5I", v, 1, 0, 5, w) for v, w in ((10, 2), (0x800D, 4)))
    return struct.pack(">4I", 1, 19, 3, 1) + pad(path) + struct.pack(">I", 2) + pad(user) + protocols


def _pptp():
    """Start-Control-Connection-Request (RFC 2637 section 2.1)."""
    return (struct.pack(">HHIHHHHIIHH", 156, 1, 0x1A2B3C4D, 1, 0, 0x0100, 0, 1, 1, 0, 0)
            + b"scan".ljust(64, b"\0") + bytes(64))


def _mqtt(level=4, name=b"MQTT"):
    """CONNECT (MQTT 3.1.1 section 3.1)."""
    body = _vector(name, 2) + bytes([level, 2]) + struct.pack(">H", 10) + _vector(b"scan", 2)
    return b"\x10" + _vector(body, 1)


def _postgres():
    """StartupMessage 3.0 (PostgreSQL documentation, message formats)."""
    return _vector_self(struct.pack(">I", 0x00030000) + b"user\0scan\0database\0scan\0\0")


def _vector_self(data):
    return struct.pack(">I", len(data) + 4) + data


def _mssql():
    """TDS PRELOGIN ([MS-TDS] 2.2.6.5)."""
    options = b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + b"\x0f\x00\x00\x00\x00\x00" + b"\x02"
    return b"\x12\x01" + struct.pack(">H", 8 + len(options)) + b"\x00\x00\x01\x00" + options


def _mongodb():
    """OP_MSG hello (MongoDB wire protocol)."""
    body = b"\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0"
    bson = struct.pack("<I", len(body) + 4) + body
    message = bytes(4) + b"\0" + bson
    return struct.pack("<iiii", 16 + len(message), 1, 0, 2013) + message


def _bittorrent():
    """The handshake (BEP 3)."""
    return b"\x13BitTorrent protocol" + bytes(8) + _filler("torrent", 20) + b"-SY0001-" + _filler("p", 12)


def _bitcoin():
    """A version message for the main network (protocol documentation)."""
    payload = struct.pack("<iQq", 70015, 0, 0) + bytes(52) + _filler("nonce", 8) + b"\0" + bytes(5)
    check = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    return b"\xf9\xbe\xb4\xd9" + b"version".ljust(12, b"\0") + struct.pack("<I", len(payload)) + check + payload


def _erlang():
    """send_name of the distribution handshake, version 5 (Erlang distribution protocol)."""
    return _vector(b"n" + struct.pack(">HI", 5, 0x00037FBD) + b"scan@lab", 2)


OWN = {
    "ssh": b"SSH-2.0-scan\r\n",  # RFC 4253 4.2
    "telnet": b"\xff\xfd\x03\xff\xfb\x18",  # RFC 854
    "ehlo": b"EHLO scan.test\r\n",  # RFC 5321
    "lhlo": b"LHLO scan.test\r\n",  # RFC 2033
    "imap": b"a CAPABILITY\r\n",  # RFC 9051
    "pop3": b"CAPA\r\n",  # RFC 2449
    "nntp": b"CAPABILITIES\r\n",  # RFC 3977
    "ftp": b"FEAT\r\n",  # RFC 2389
    "help": b"HELP\r\n",
    "redis": b"PING\r\n",
    "resp": b"*1\r\n$4\r\nPING\r\n",  # redis.io protocol specification
    "memcached": b"stats\r\n",  # memcached doc/protocol.txt
    "memcached-binary": b"\x80\x0b" + bytes(22),
    "beanstalk": b"stats\r\n",
    "irc": b"NICK scan\r\nUSER scan 0 * :scan\r\n",  # RFC 2812
    "sip": b"OPTIONS sip:scan SIP/2.0\r\nVia: SIP/2.0/TCP scan;branch=z9hG4bKsyn\r\nFrom: <sip:s@scan>;"
           b"tag=1\r\nTo: <sip:scan>\r\nCall-ID: 1@scan\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n"
           b"Content-Length: 0\r\n\r\n",  # RFC 3261
    "rtsp": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",  # RFC 2326
    "xmpp": b"<?xml version='1.0'?><stream:stream to='lab.test' xmlns='jabber:client' "
            b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",  # RFC 6120
    "ldap": bytes.fromhex("300c020101600702010304008000"),  # RFC 4511 4.2, anonymous bind
    "smb": _smb("NT LM 0.12", "SMB 2.002", "SMB 2.???"),
    "smb1": _smb("NT LM 0.12"),
    "smb2": _smb2(),
    "netbios": b"\x81\x00\x00\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\0 CACACACACACACACACACACACACACACAAA\0",
    "dns": _dns(1, 1, "lab", "test"),
    "dns-version": _dns(16, 3, "version", "bind"),
    "rpc": _rpc(100000, 2),
    "x11": b"l\x00\x0b\x00" + bytes(8),  # X Window System Protocol, section 8
    "rdp": bytes.fromhex("030000130ee000000000000100080003000000"),  # [MS-RDPBCGR] 2.2.1.1
    "rdp-plain": bytes.fromhex("0300000b06e00000000000"),
    "mqtt": _mqtt(),
    "amqp": b"AMQP\x00\x00\x09\x01",  # AMQP 0-9-1 section 2.2.4
    "stomp": b"CONNECT\naccept-version:1.2\nhost:scan\n\n\0",  # STOMP 1.2
    "openwire": bytes.fromhex("0000000c0141637469766 54d510000000c".replace(" ", "")),
    "kerberos": _kerberos(),
    "postgres": _postgres(),
    "postgres-ssl": struct.pack(">II", 8, 80877103),
    "mysql": b"\x01\x00\x00\x01\x0e",
    "mssql": _mssql(),
    "mongodb": _mongodb(),
    "cassandra": b"\x04\x00\x00\x00\x05\x00\x00\x00\x00",  # native protocol v4, OPTIONS
    "firebird": _firebird(),
    "zookeeper": b"ruok",
    "zookeeper-connect": struct.pack(">IIQIQI", 44, 0, 0, 30000, 0, 16) + bytes(16),
    "ajp": b"\x12\x34\x00\x01\x0a",  # AJPv13 CPing
    "jrmi": b"JRMI\x00\x02\x4b",  # Java RMI specification 10.2
    "jdwp": b"JDWP-Handshake",
    "epmd": b"\x00\x01n",  # Erlang distribution protocol, NAMES_REQ
    "erlang": _erlang(),
    "git": b"0025git-upload-pack /\0host=scan.test\0",  # gitprotocol-pack
    "svn": b"( 2 ( edit-pipeline svndiff1 ) 11:svn://scan/ ) ",
    "rsync": b"@RSYNCD: 31.0\n",
    "socks5": b"\x05\x01\x00",  # RFC 1928
    "socks4": b"\x04\x01\x00\x50\x00\x00\x00\x01\x00",
    "openvpn": b"\x00\x0e\x38" + _filler("openvpn", 8) + bytes(5),
    "pptp": _pptp(),
    "iscsi": _iscsi(),
    "nbd": b"\x00\x00\x00\x03IHAVEOPT\x00\x00\x00\x03\x00\x00\x00\x00",
    "bgp": b"\xff" * 16 + b"\x00\x1d\x01\x04\xfd\xea\x00\xb4\x0a\x63\x00\x01\x00",  # RFC 4271 4.2
    "bittorrent": _bittorrent(),
    "bitcoin": _bitcoin(),
    "modbus": bytes.fromhex("5353000000050 02b0e0100".replace(" ", "")),  # read device identification
    "s7": bytes.fromhex("0300001611e00000000100c0010ac1020100c2020102"),  # RFC 1006, RFC 905
    "enip": struct.pack("<HHII8sI", 0x63, 0, 0, 0, b"\0" * 8, 0),  # ListIdentity
    "dnp3": bytes.fromhex("056405c90000ffff e9a2".replace(" ", "")),
    "iec104": bytes.fromhex("680443000000"),  # TESTFR act
    "opcua": b"HELF" + struct.pack("<I", 46) + struct.pack("<5I", 0, 65535, 65535, 0, 0)
             + struct.pack("<I", 14) + b"opc.tcp://scan",
    "fox": b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\nid=i:1\n};;\n",
    "gearman": b"\0REQ\x00\x00\x00\x10\x00\x00\x00\x04scan",  # ECHO_REQ
    "zabbix": b"ZBXD\x01" + struct.pack("<Q", 10) + b"agent.ping",
    "spamd": b"PING SPAMC/1.2\r\n\r\n",
    "clamd": b"zVERSION\0",
    "sane": bytes.fromhex("000000000100000300000005") + b"scan\0",
    "sphinx": b"\x00\x00\x00\x01",
    "distcc": b"DIST00000001ARGC00000001ARGV00000002ccDOTI00000000",
    "iperf3": b"a" * 36 + b"\0",
    "lpd": b"\x03lp\n",  # RFC 1179 5.3
    "finger": b"root\r\n",  # RFC 1288
    "ident": b"22, 4000\r\n",  # RFC 1413
    "tor-control": b"PROTOCOLINFO\r\n",
    "gpsd": b"?VERSION;\n",
    "nats": b"CONNECT {}\r\nPING\r\n",
    "jetdirect": b"\x1b%-12345X@PJL INFO ID\r\n",
    "cvs": b"BEGIN AUTH REQUEST\n/\nscan\nA\nEND AUTH REQUEST\n",
    "nut": b"VER\n",
    "stun": b"\x00\x01\x00\x00\x21\x12\xa4\x42" + _filler("stun", 12),  # RFC 8489 section 5
    "mpd": b"status\n",
    "oracle": bytes.fromhex("003a0000010000000139012c00000800 7fff860e0000010000000018003a00000000"
                            .replace(" ", "")) + bytes(8) + b"(CONNECT_DATA=(X=Y))"[:16],
    "tn3270": b"\xff\xfb\x18\xff\xfd\x19",
}

GET10 = b"GET / HTTP/1.0\r\n\r\n"
_GET11 = b"GET / HTTP/1.1\r\nHost: scan.test\r\nUser-Agent: scan\r\nAccept: */*\r\n\r\n"
_TEXT_AFTER = {
    "crlf": b"\r\n\r\n", "stats": b"stats\r\n", "ping": b"PING\r\n", "help": b"help\r\n",
    "version": b"version\r\n", "user": b"USER s 0 * :s\r\nNICK s\r\n",
    "ruok": b"ruok\r\n", "zver": b"zVERSION\0\r\n",
    "stats-help": b"stats\r\nHELP\r\n", "ping-crlf": b"PING s\r\n\r\n\r\n",
    "rtsp": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", "ident": b"22, 4000\r\n",
    "sip": OWN["sip"], "nul": b"\0\r\n\0\r\n",
}

GENERAL = {
    "crlf": b"\r\n", "newlines": b"\r\n\r\n", "lf": b"\n", "nuls": bytes(16), "ffs": b"\xff" * 16,
    "http10": GET10, "http10-accept": b"GET / HTTP/1.0\r\nAccept: */*\r\n\r\n",
    "http10-body": b"GET / HTTP/1.0\r\nContent-Length: 7\r\n\r\nstats\r\n", "http11": _GET11,
    "http11-nohost": b"GET / HTTP/1.1\r\n\r\n", "http09": b"GET /\r\n",
    "http-head": b"HEAD / HTTP/1.0\r\n\r\n", "http-options": b"OPTIONS / HTTP/1.0\r\n\r\n",
    "http-bad-version": b"GET / HTTP/9.9\r\n\r\n",
    "rtsp-slash": b"OPTIONS / RTSP/1.0\r\n\r\n",
    "tls12": client_hello(tls13=False), "tls": client_hello(),
}
GENERAL.update({f"http10+{k}": GET10 + v for k, v in _TEXT_AFTER.items()})
GENERAL.update({f"{k}+http10": v + GET10 for k, v in _TEXT_AFTER.items()})
GENERAL.update({f"tls+{k}": client_hello() + v for k, v in _TEXT_AFTER.items() if k != "sip"})
GENERAL.update({
    "tls+http10": client_hello() + GET10,
    "tls+crlf+http10+stats": client_hello() + b"\r\n\r\n" + GET10 + b"stats\r\n",
    # The text inside the hello: TLS servers see nothing odd.
    "tls(stats)": client_hello(extra=b"\r\n\r\nstats\r\n\r\n"),
    "tls(http10+stats)": client_hello(extra=b"\r\n\r\n" + GET10 + b"stats\r\n"),
    "tls12(http10+stats)": client_hello(False, extra=b"\r\n\r\n" + GET10 + b"stats\r\n"),
    # The same, where every hello has bytes of free choice: in the session id, and at the very end.
    "tls-lines": client_hello(session=b"see RFC 8446:\r\n\r\nstats\r\nhelp\r\n\r\n",
                              share=b"a public point on x25519....\r\n\r\n"),
    "tls-end": client_hello(share=b"a public point on x25519....\r\n\r\n"),
    "tls(ping)": client_hello(extra=b"\r\n\r\nPING s\r\n\r\n"),
    "tls(sip)": client_hello(extra=b"\r\n\r\n" + OWN["sip"]),
    "tls(text)": client_hello(extra=b"\r\n\r\n" + GET10 + b"stats\r\nhelp\r\n22, 4000\r\n" + OWN["sip"]),
    "http10+stats+sip": GET10 + b"stats\r\n" + OWN["sip"],
    "http10+stats+ident": GET10 + b"stats\r\n22, 4000\r\n",
    "http10+lines": GET10 + b"stats\r\nPING s\r\nhelp\r\n22, 4000\r\n\r\n\r\n",
    "sip+http10+stats": OWN["sip"] + GET10 + b"stats\r\n",
    "sip10": b"OPTIONS / SIP/2.0\r\n\r\n",
    "sip+stats": OWN["sip"] + b"stats\r\n",
    # A SIP request that an HTTP server reads as a bad version and a line reader as many commands.
    "sip-first+lines": OWN["sip"] + b"stats\r\nPING s\r\nhelp\r\n22, 4000\r\n\r\n",
    "smb+text": _smb("NT LM 0.12", "SMB 2.002", "SMB 2.???") + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "smb(text)": _smb("NT LM 0.12", "SMB 2.002", "SMB 2.???", "\r\n\r\nstats\r\n\r\n"),
    "smb(http)": _smb("NT LM 0.12", "SMB 2.002", "SMB 2.???",
                      "\r\n\r\nGET / HTTP/1.0\r\n\r\nstats\r\n"),
    "smb+tls": _smb("NT LM 0.12", "SMB 2.002", "SMB 2.???") + client_hello(),
    "x11+text": OWN["x11"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "dns+text": OWN["dns"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "postgres+text": OWN["postgres"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "ldap+text": OWN["ldap"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "rpc+text": OWN["rpc"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "mqtt+text": OWN["mqtt"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "rdp+text": OWN["rdp"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "socks5+text": OWN["socks5"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
    "jrmi+text": OWN["jrmi"] + b"\r\n\r\n" + GET10 + b"stats\r\n",
})

PROBES = {"wait": b"", **GENERAL, **{f"own:{k}": v for k, v in OWN.items()}}
