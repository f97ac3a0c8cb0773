protocol check_mk
title    "Checkmk agent"
source   "https://docs.checkmk.com/latest/en/agent_linux.html (output of the agent)"
ports    6556
speaks-first yes

rule output rank 92
    pattern /<<<(?:check_mk|uname|local|cmk_agent_ctl_status)[^>\n]*>>>\n/

extract /<<<check_mk>>>\n(?:[^\n]*\n){0,3}?Version: (?<version>[^\n]+)/
extract /<<<check_mk>>>\n(?:[^\n]*\n){0,4}?AgentOS: (?<os>[^\n]+)/
extract /<<<check_mk>>>\n(?:[^\n]*\n){0,5}?Hostname: (?<hostname>[^\n]+)/

accept "<<<check_mk>>>\nVersion: 2.1.0p20\nAgentOS: linux\nHostname: srv\n" as output version "2.1.0p20" os "linux" first
reject "<<<x>>>\n"
