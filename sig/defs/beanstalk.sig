protocol beanstalk
title    "beanstalkd work queue"
source   "https://github.com/beanstalkd/beanstalkd/blob/master/doc/protocol.txt"
ports    11300

probe beanstalk
    send "stats\r\n"

rule unknown rank 88
    pattern /(?:UNKNOWN_COMMAND\r\n|BAD_FORMAT\r\n)+/

rule stats rank 90
    pattern /(?:UNKNOWN_COMMAND\r\n|BAD_FORMAT\r\n)*OK [0-9]+\r\n---\ncurrent-jobs-urgent: [0-9]/

extract /(?:UNKNOWN_COMMAND\r\n)*OK [0-9]+\r\n---\n.{0,900}?\nversion: "?(?<version>[0-9][^"\n]*)/

accept "UNKNOWN_COMMAND\r\nUNKNOWN_COMMAND\r\n" as unknown from "beanstalkd 1.12"
accept "OK 957\r\n---\ncurrent-jobs-urgent: 0\ncurrent-jobs-ready: 0\nversion: \"1.12\"\n" as stats version "1.12"
reject "OK 957\r\n"
reject "UNKNOWN_COMMAND\n"
