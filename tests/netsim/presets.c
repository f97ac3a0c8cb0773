/* presets: ready populations, in the same text that a configuration file holds. Sources of the
 * shares in "paper": Izhikevich, Teixeira, Durumeric, "LZR", USENIX Security 2021, sections 3 and 4
 * (popular ports): of the SYN-ACKing services that never acknowledge data 73 % reset, 13 % announce
 * window 0, 10 % stay mute; 2 % of addresses are HyperACKtive; 1.6 % shun after one connection. */
#include "tests/netsim/config.h"

#include <string.h>

#define SERVICES_COMMON                                                                                \
	"service.http = 40\nservice.tls = 22\nservice.ssh = 10\nservice.ftp = 4\nservice.smtp = 5\n"   \
	"service.pop3 = 2\nservice.imap = 2\nservice.mysql = 3\nservice.vnc = 1\nservice.telnet = 4\n" \
	"service.rtsp = 1\n"

static const char paper[] =
    "# about 5 % of the targets answer; of these 2 % HyperACKtive, 25 % silent\n"
    "answer = 4.72\nclosed = 25\nassigned = 90\n"
    "host.hyperacktive = 0.1\nhost.hyperacktive_service = 20\nhyperacktive.ports = 80,443,22\n"
    "host.synproxy = 0.1\nhost.shun = 0.08\n"
    "behaviour.service = 53\nbehaviour.silent = 26.5\nbehaviour.reset = 12\nbehaviour.no_ack = 2\n"
    "behaviour.close = 2\nbehaviour.unknown = 4\nbehaviour.zero_window = 0.5\n" SERVICES_COMMON
    "rtt = 10-120\ntrait.slow = 2\n";

static const char dense[] =
    "# every target answers HTTP\n"
    "prefix.aliased = 100\nprefix.dense = 100\nprefix.ports = 1-65535\n"
    "answer = 100\nports = 1-65535\nbehaviour.service = 1\nservice.http = 1\nassigned = 0\n";

#define MIXED                                                                                          \
	"answer = 40\nclosed = 20\nprohibited = 1\nassigned = 60\n"                                    \
	"host.hyperacktive = 4\nhost.hyperacktive_service = 30\nhyperacktive.ports = 80,443,22,8080\n" \
	"host.pseudo = 1\nhost.synproxy = 2\nhost.tarpit = 1\nhost.shun = 1\n"                         \
	"prefix.aliased = 10\nprefix.dense = 5\nprefix.ports = 22,80,443,8080\n"                       \
	"behaviour.service = 60\nbehaviour.silent = 10\nbehaviour.no_ack = 4\nbehaviour.reset = 5\n"   \
	"behaviour.close = 5\nbehaviour.zero_window = 2\nbehaviour.unreachable = 2\n"                  \
	"behaviour.unknown = 4\nbehaviour.drip = 2\nbehaviour.data_reset = 4\n" SERVICES_COMMON        \
	"service.nntp = 1\nservice.rsync = 1\nservice.nats = 1\nservice.mpd = 1\nservice.svn = 1\n"    \
	"service.irc = 1\nservice.xmpp = 1\nservice.amqp = 1\nservice.rdp = 1\nservice.redis = 1\n"    \
	"service.memcached = 1\nservice.postgres = 1\nservice.mqtt = 1\nservice.modbus = 1\n"          \
	"service.dns = 1\nservice.smb = 1\nservice.ldap = 1\nservice.sip = 1\nservice.socks5 = 1\n"    \
	"trait.slow = 4\ntrait.slow_synack = 3\ntrait.reorder = 3\ntrait.duplicate = 3\n"              \
	"trait.small_mss = 2\ntrait.garble = 2\ntrait.exthdr = 2\ntrait.synack_data = 2\ntrait.keepalive = 2\ntrait.hostile = 2\ntrait.overlap = 2\ntrait.fragment = 2\ntrait.halt = 2\nrtt = 5-80\n"

static const struct {
	const char *name;
	const char *text;
} presets[] = {
    {"paper", paper},
    {"dense", dense},
    {"mixed", "# everything at once\n" MIXED},
    {"lossy-1", MIXED "loss = 1\n"},
    {"lossy-5", MIXED "loss = 5\n"},
    {"lossy-20", MIXED "loss = 20\n"},
};

const char *preset_text(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, name) == 0)
			return presets[i].text;
	return NULL;
}
