protocol ganglia
title    "Ganglia monitoring daemon"
source   "Ganglia 3.7 (DTD that gmond and gmetad send)"
ports    8649
maybe-ports 8651 8652
speaks-first yes

rule xml rank 90
    pattern /<\?xml [^>]{0,100}\?>\s*<!DOCTYPE GANGLIA_XML \[/

extract /.{200,1023}?<GANGLIA_XML VERSION="(?<version>[^"]+)"/

accept "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"yes\"?>\n<!DOCTYPE GANGLIA_XML [\n   <!ELEMENT" as xml first
reject "<?xml version=\"1.0\"?>\n<!DOCTYPE html>"
