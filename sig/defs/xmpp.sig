protocol xmpp
title    "Extensible Messaging and Presence Protocol"
source   "RFC 6120 sections 4.2 and 4.9"
ports    5222 5269
maybe-ports 5223 5280 5298

probe xmpp
    send "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' " \
         "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"

# Only the one who was called gives the stream an id (RFC 6120 section 4.7.3).
rule stream rank 92
    pattern /(?:<\?xml [^>]{0,80}\?>\s*)?<stream:stream(?=[^>]{0,400}?\sid=)[^>]{0,400}?(?:http:\/\/etherx\.jabber\.org\/streams|jabber:(?:client|server))/

extract /(?:<\?xml [^>]{0,80}\?>\s*)?<stream:stream[^>]{0,400}? from=["'](?<hostname>[^"']+)["']/
extract /(?:<\?xml [^>]{0,80}\?>\s*)?<stream:stream[^>]{0,400}?jabber:server/ extra "server to server"

accept "<?xml version='1.0'?><stream:stream version='1.0' xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' xml:lang='en' from='lab.local' id='af2d'>" \
    as stream hostname "lab.local" from "Prosody 0.12"
accept "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id=''>"
reject "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>"
reject "<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
reject "<stream:stream>"
