#!/usr/bin/python3
"""Writes tests/vectors/packets/*.hex: frames built by scapy, and what decoding must find in them.

A file: comment lines (#), "key value" lines, then "hex" and the bytes. tests/unit/test_decode.c
reads them. Run it in the top folder after a change; the difference is to be reviewed.
"""
import logging
import os
import struct

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import (ARP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, ICMP, ICMPv6DestUnreach,
                       ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                       ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, IPOption_Router_Alert, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, Raw, raw)

US4, PEER4 = "10.9.8.7", "192.0.2.7"
US6, PEER6 = "fd00::9", "2001:db8::7"
US_MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
ETH = Ether(dst=US_MAC, src=PEER_MAC)
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packets")
LINUX = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (0x11223344, 0xfffffffe)), ("NOP", None),
         ("WScale", 7)]


def write(name, comment, frame, kind, link="ethernet", **keys):
    data = raw(frame)
    with open(os.path.join(OUT, name + ".hex"), "w", encoding="ascii") as f:
        f.write(f"# {comment}\nlink {link}\nkind {kind}\n")
        for key, value in keys.items():
            f.write(f"{key} {value}\n")
        f.write("hex\n")
        for i in range(0, len(data), 16):
            f.write(data[i:i + 16].hex(" ") + "\n")


def ip4(**k):
    return IP(src=PEER4, dst=US4, ttl=57, id=0x4242, **k)


def ip6(**k):
    return IPv6(src=PEER6, dst=US6, hlim=57, **k)


def tcp(flags="SA", **k):
    return TCP(sport=443, dport=40001, seq=0xfffffffe, ack=0x80000001, flags=flags, window=65160, **k)


def seg(is_v6, flags, options_len=0, payload_len=0, **more):
    keys = {"laddr": US6 if is_v6 else US4, "raddr": PEER6 if is_v6 else PEER4, "lport": 40001,
            "rport": 443, "seq": 0xfffffffe, "ack": 0x80000001, "window": 65160, "ttl": 57,
            "flags": sum(FLAGS[c] for c in flags), "options_len": options_len,
            "payload_len": payload_len, "mss": 0, "tsval": 0, "tsecr": 0, "wscale": 0}
    keys.update(more)
    return keys


LINUX_KEYS = dict(options_len=20, mss=1460, tsval=0x11223344, tsecr=0xfffffffe, wscale=7)


def with_bytes(frame, changes):
    data = bytearray(raw(frame))
    for at, value in changes.items():
        data[at] = value
    return bytes(data)


def partial(frame, at, pseudo):
    """Leaves in the checksum field what a local sender leaves for the card to complete."""
    data = bytearray(raw(frame))
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    data[at:at + 2] = struct.pack(">H", total)
    return bytes(data)


def make_tcp():
    synack4, synack6 = ip4() / tcp(options=LINUX), ip6() / tcp(options=LINUX)
    write("tcp4_synack", "SYN-ACK with the options of Linux", ETH / synack4, "tcp",
          **seg(0, "SA", **LINUX_KEYS))
    write("tcp6_synack", "the same over IPv6", ETH / synack6, "tcp", **seg(1, "SA", **LINUX_KEYS))
    write("tcp4_raw", "without link header: tun, WireGuard", synack4, "tcp", link="raw",
          **seg(0, "SA", **LINUX_KEYS))
    write("tcp6_raw", "without link header", synack6, "tcp", link="raw", **seg(1, "SA", **LINUX_KEYS))
    write("tcp4_data", "data of odd length", ETH / ip4() / tcp("PA") / Raw(b"220 hi\r\n!"), "tcp",
          **seg(0, "PA", payload_len=9, payload="3232302068690d0a21"))
    write("tcp6_data", "data of odd length", ETH / ip6() / tcp("PA") / Raw(b"220 hi\r\n!"), "tcp",
          **seg(1, "PA", payload_len=9, payload="3232302068690d0a21"))
    write("tcp4_rst", "RST without options, padded to 60 bytes as Ethernet wants",
          raw(ETH / ip4() / tcp("R")) + b"\xee" * 6, "tcp", **seg(0, "R"))
    write("tcp4_all_flags", "FIN SYN RST PSH ACK URG, and ECN's two, which are not ours",
          ETH / ip4() / tcp(0xff), "tcp", **seg(0, "FSRPAU"))
    write("tcp4_ip_options", "an IPv4 header with options",
          ETH / ip4(options=[IPOption_Router_Alert()]) / tcp("A") / Raw(b"abc"), "tcp",
          **seg(0, "A", payload_len=3, payload="616263"))
    write("tcp4_vlan", "a VLAN tag that the kernel left", ETH / Dot1Q(vlan=7) / synack4, "tcp",
          **seg(0, "SA", **LINUX_KEYS))
    write("tcp6_qinq", "two tags", ETH / Dot1AD(vlan=5) / Dot1Q(vlan=7) / synack6, "tcp",
          **seg(1, "SA", **LINUX_KEYS))
    write("tcp4_wscale_20", "a window scale beyond 14 is 14 (RFC 7323 section 2.3)",
          ETH / ip4() / tcp(options=[("WScale", 20), ("NOP", None)]), "tcp",
          **seg(0, "SA", options_len=4, wscale=14))
    for name, options in {"zero_len": b"\x02\x00\x05\xb4", "too_long": b"\x02\x05\x05\xb4",
                          "cut": b"\x01\x01\x01\x02", "odd_mss": b"\x02\x03\x05\x00",
                          "after_end": b"\x00\x02\x04\x05"}.items():
        t = raw(tcp())
        t = t[:12] + bytes([0x60]) + t[13:20] + options
        write("tcp4_options_" + name, "options that make no sense: the segment counts, they do not",
              ETH / ip4(proto=6) / Raw(checksum4(t)), "tcp", **seg(0, "SA", options_len=4))


def checksum4(segment):
    pseudo = raw(ip4())[12:20] + struct.pack(">HH", 6, len(segment))
    data = pseudo + segment + b"\0" * (len(segment) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return segment[:16] + struct.pack(">H", total ^ 0xffff) + segment[18:]


def make_ip6_extensions():
    ext = IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting(addresses=[])
    write("tcp6_extensions", "hop-by-hop, destination and routing headers", ETH / ip6() / ext / tcp("A"),
          "tcp", **seg(1, "A"))
    write("tcp6_atomic", "an atomic fragment is whole (RFC 6946)",
          ETH / ip6() / IPv6ExtHdrFragment(id=7) / tcp("A"), "tcp", **seg(1, "A"))
    chain = IPv6ExtHdrDestOpt()
    for _ in range(15):
        chain = chain / IPv6ExtHdrDestOpt()
    write("tcp6_sixteen", "sixteen extension headers are borne", ETH / ip6() / chain / tcp("A"), "tcp",
          **seg(1, "A"))
    write("tcp6_seventeen", "seventeen are somebody playing", ETH / ip6() / IPv6ExtHdrDestOpt() / chain / tcp("A"),
          "malformed")
    jumbo = bytes([6, 0, 0xc2, 4]) + struct.pack(">L", 28)
    write("tcp6_jumbogram", "a jumbogram (RFC 2675): no path of ours carries one",
          ETH / ip6(nh=0, plen=0) / Raw(jumbo) / tcp("A"), "malformed")
    auth = bytes([6, 4, 0, 0]) + struct.pack(">LL", 1, 1) + b"\x55" * 12
    segment = raw(ip6() / tcp("A"))[40:]
    write("tcp6_authentication", "an authentication header, 24 bytes",
          ETH / ip6(nh=51) / Raw(auth + segment), "tcp", **seg(1, "A"))
    write("tcp6_no_next", "no next header (59)", ETH / ip6(nh=59) / Raw(b"12345678"), "other")


def make_fragments():
    first = ip4(flags="MF") / tcp("A") / Raw(b"123456789012")
    write("frag4_first", "the first of several pieces", ETH / first, "fragment")
    write("frag4_later", "a later piece", ETH / ip4(frag=3, proto=6) / Raw(b"x" * 24), "fragment")
    write("frag6_first", "the first of several pieces",
          ETH / ip6() / IPv6ExtHdrFragment(m=1, id=7) / tcp("A") / Raw(b"1234"), "fragment")
    write("frag6_later", "a later piece", ETH / ip6() / IPv6ExtHdrFragment(offset=3, id=7, nh=6) /
          Raw(b"x" * 24), "fragment")
    write("frag6_later_options", "a later piece whose bytes only look like another extension header",
          ETH / ip6() / IPv6ExtHdrFragment(offset=3, id=7, nh=60) / Raw(b"\xff" * 24), "fragment")
    write("frag4_odd", "more pieces follow, but this ends between two places for them",
          ETH / ip4(flags="MF") / tcp("A") / Raw(b"12345"), "malformed")
    write("frag6_odd", "the same over IPv6", ETH / ip6() / IPv6ExtHdrFragment(m=1, id=7) / tcp("A") / Raw(b"12345"),
          "malformed")
    write("frag4_beyond", "a last piece that ends beyond 65,535 bytes",
          ETH / ip4(frag=8191, proto=6) / Raw(b"x" * 24), "malformed")
    write("frag6_empty", "a piece of nothing", ETH / ip6() / IPv6ExtHdrFragment(offset=3, id=7, nh=6), "malformed")


def make_bad():
    synack4, synack6 = raw(ETH / ip4() / tcp(options=LINUX)), raw(ETH / ip6() / tcp(options=LINUX))
    write("bad4_ip_checksum", "the IPv4 header's checksum is wrong", with_bytes(synack4, {24: 0, 25: 1}),
          "bad_checksum")
    write("bad4_tcp_checksum", "the TCP checksum is wrong", with_bytes(synack4, {50: 0x12, 51: 0x34}),
          "bad_checksum")
    write("bad6_tcp_checksum", "the TCP checksum is wrong", with_bytes(synack6, {70: 0x12, 71: 0x34}),
          "bad_checksum")
    n = len(synack4) - 34
    write("partial4", "the checksum field holds the pseudo header's sum: left by a local sender",
          partial(synack4, 50, synack4[26:34] + struct.pack(">HH", 6, n)), "tcp",
          **seg(0, "SA", **LINUX_KEYS))
    n = len(synack6) - 54
    write("partial6", "the same over IPv6", partial(synack6, 70, synack6[22:54] +
          struct.pack(">LL", n, 6)), "tcp", **seg(1, "SA", **LINUX_KEYS))
    write("bad4_length", "an IPv4 length beyond the frame", ETH / ip4(len=200) / tcp("A"), "malformed")
    write("bad6_length", "an IPv6 length beyond the frame", ETH / ip6(plen=200) / tcp("A"), "malformed")
    write("bad4_header_length", "an IPv4 header of 16 bytes", ETH / ip4(ihl=4) / tcp("A"), "malformed")
    write("bad4_version", "IP version 5", ETH / IP(version=5, src=PEER4, dst=US4) / tcp("A"), "malformed")
    write("bad4_data_offset", "a TCP header of 16 bytes", ETH / ip4() / tcp("A", dataofs=4), "malformed")
    write("bad4_data_offset_long", "a TCP header beyond the segment", ETH / ip4() / tcp("A", dataofs=15),
          "malformed")
    write("bad4_short", "half a TCP header", ETH / ip4(proto=6) / Raw(b"1234567890"), "malformed")
    write("other_udp", "UDP", ETH / ip4() / UDP(sport=53, dport=40001) / Raw(b"abc"), "other")
    write("other_ethertype", "not IP", Ether(dst=US_MAC, src=PEER_MAC, type=0x88cc) / Raw(b"x" * 50),
          "other")


def make_icmp():
    ours4 = IP(src=US4, dst=PEER4, ttl=3, id=9, flags="DF") / TCP(sport=40001, dport=443,
                                                               seq=0x89abcdef, flags="S")
    ours6 = IPv6(src=US6, dst=PEER6, hlim=3) / TCP(sport=40001, dport=443, seq=0x89abcdef, flags="S")
    four = dict(laddr=US4, raddr=PEER4, lport=40001, rport=443, seq=0x89abcdef, is_v6=0)
    six = dict(laddr=US6, raddr=PEER6, lport=40001, rport=443, seq=0x89abcdef, is_v6=1)

    def from4(**k):
        return IP(src="198.51.100.1", dst=US4) / ICMP(**k)

    def from6(what):
        return IPv6(src="2001:db8:ffff::1", dst=US6) / what
    write("icmp4_host", "host unreachable, quoting the promised 8 bytes only",
          ETH / from4(type=3, code=1) / Raw(raw(ours4)[:28]), "icmp", type=3, code=1, mtu=0, **four)
    write("icmp4_admin", "prohibited by an administrator", ETH / from4(type=3, code=13) / ours4, "icmp",
          type=3, code=13, mtu=0, **four)
    write("icmp4_rewritten", "the quoted header's checksum and length are broken: routers do that",
          ETH / from4(type=3, code=3) / Raw(with_bytes(ours4, {2: 0, 3: 0, 10: 0, 11: 0})), "icmp",
          type=3, code=3, mtu=0, **four)
    write("icmp4_too_big", "fragmentation needed (RFC 1191)",
          ETH / from4(type=3, code=4, nexthopmtu=1400) / ours4, "icmp", type=3, code=4, mtu=1400, **four)
    write("icmp4_too_big_old", "a router older than RFC 1191 names no size: 576 is meant",
          ETH / from4(type=3, code=4, nexthopmtu=0) / ours4, "icmp", type=3, code=4, mtu=576, **four)
    write("icmp4_quotes_piece", "the quoted packet is a later fragment: no TCP header in there",
          ETH / from4(type=3, code=1) / IP(src=US4, dst=PEER4, frag=5, proto=6) / Raw(b"x" * 24), "other")
    write("icmp4_quotes_udp", "about somebody else's packet", ETH / from4(type=3, code=3) /
          IP(src=US4, dst=PEER4) / UDP(sport=53, dport=53), "other")
    write("icmp4_short", "quotes only 4 bytes of TCP", ETH / from4(type=3, code=1) /
          Raw(raw(ours4)[:24]), "malformed")
    write("icmp4_echo", "an echo reply", ETH / from4(type=0, code=0) / Raw(b"x" * 30), "other")
    write("icmp4_bad_checksum", "a wrong checksum", ETH / IP(src="198.51.100.1", dst=US4) /
          ICMP(type=3, code=1, chksum=0x1234) / ours4, "bad_checksum")
    write("icmp6_admin", "prohibited by an administrator",
          ETH / from6(ICMPv6DestUnreach(code=1)) / Raw(raw(ours6)), "icmp", type=1, code=1, mtu=0, **six)
    write("icmp6_too_big", "packet too big", ETH / from6(ICMPv6PacketTooBig(mtu=1400)) /
          Raw(raw(ours6)), "icmp", type=2, code=0, mtu=1400, **six)
    write("icmp6_too_big_liar", "less than 1280 is not believed (RFC 8201 section 4)",
          ETH / from6(ICMPv6PacketTooBig(mtu=500)) / Raw(raw(ours6)), "icmp", type=2, code=0, mtu=1280,
          **six)
    write("icmp6_too_big_zero", "nor is 0", ETH / from6(ICMPv6PacketTooBig(mtu=0)) / Raw(raw(ours6)),
          "icmp", type=2, code=0, mtu=1280, **six)
    write("icmp6_too_big_huge", "a number that does not fit", ETH /
          from6(ICMPv6PacketTooBig(mtu=0xfffffff0)) / Raw(raw(ours6)), "icmp", type=2, code=0, mtu=65535,
          **six)
    write("icmp6_echo", "an echo reply", ETH / from6(ICMPv6EchoReply()), "other")
    write("icmp6_bad_checksum", "a wrong checksum", ETH / from6(ICMPv6DestUnreach(code=1, cksum=0x1234)) /
          Raw(raw(ours6)), "bad_checksum")


def make_neighbours():
    write("arp_reply", "192.0.2.7 is at 02:..:02", ETH / ARP(op=2, hwsrc=PEER_MAC, psrc=PEER4,
          hwdst=US_MAC, pdst=US4), "neighbour", addr=PEER4, mac=PEER_MAC, is_request=0)
    write("arp_request", "who has 10.9.8.7?", Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER_MAC) /
          ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=US4), "neighbour", addr=US4, mac=PEER_MAC,
          is_request=1, **{"from": PEER4})
    write("arp_rarp", "reverse ARP", ETH / ARP(op=3, hwsrc=PEER_MAC, psrc=PEER4), "other")
    write("arp_other", "ARP of other hardware", ETH / ARP(hwtype=6, op=2, hwsrc=PEER_MAC, psrc=PEER4),
          "other")
    na = ICMPv6ND_NA(tgt=PEER6, S=1) / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC)
    ns = ICMPv6ND_NS(tgt=US6) / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
    write("ndp_advertisement", "2001:db8::7 is at 02:..:02", ETH / IPv6(src=PEER6, dst=US6) / na,
          "neighbour", addr=PEER6, mac=PEER_MAC, is_request=0)
    write("ndp_solicitation", "who has fd00::9?", ETH / IPv6(src=PEER6, dst="ff02::1:ff00:9") / ns,
          "neighbour", addr=US6, mac=PEER_MAC, is_request=1, **{"from": PEER6})
    write("ndp_routed", "a hop limit below 255: forged from afar (RFC 4861 section 7.1.2)",
          ETH / IPv6(src=PEER6, dst=US6, hlim=254) / na, "malformed")
    write("ndp_no_address", "an advertisement without the option", ETH / IPv6(src=PEER6, dst=US6) /
          ICMPv6ND_NA(tgt=PEER6), "other")


os.makedirs(OUT, exist_ok=True)
make_tcp()
make_ip6_extensions()
make_fragments()
make_bad()
make_icmp()
make_neighbours()
