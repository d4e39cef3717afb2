#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t4004-dkim-postfix.py - octets in, octets out, for DKIM through a real Postfix

usage: t4004-dkim-postfix.py sink PORT DIR	be the world; each message, as it
						came, to DIR/NNNNN.eml
       t4004-dkim-postfix.py send PORT FILE...	each file as it is, one session;
						prints FILE and the last reply
       t4004-dkim-postfix.py pair OURS THEIRS	from `dkim verify --json` on
						standard input: wherever the
						selector THEIRS passes, OURS does

Mail that others wrote is cleaned a little before it is sent: an mbox line in
front goes, and signatures, so that only new ones count.
"""
import collections
import json
import os
import re
import socket
import socketserver
import sys
import threading


class Sink(socketserver.StreamRequestHandler):
    number = 0
    lock = threading.Lock()

    def say(self, text):
        self.wfile.write(text + b"\r\n")

    def data(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if line == b".\r\n" or not line:
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        with Sink.lock:
            Sink.number += 1
            n = Sink.number
        path = os.path.join(self.server.folder, "%05d.eml" % n)
        with open(path + ".new", "wb") as f:
            f.write(b"".join(lines))
        os.rename(path + ".new", path)

    def handle(self):
        self.say(b"220 world")
        while True:
            verb = self.rfile.readline().strip().upper()
            if not verb:
                return
            if verb.startswith(b"EHLO"):
                self.say(b"250-world")
                self.say(b"250 8BITMIME")
            elif verb == b"DATA":
                self.say(b"354 go on")
                self.data()
                self.say(b"250 ok")
            elif verb == b"QUIT":
                self.say(b"221 bye")
                return
            else:
                self.say(b"250 ok")


class World(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def sink(port, folder):
    with World(("127.0.0.1", int(port)), Sink) as server:
        server.folder = folder
        server.serve_forever()


def clean(raw):
    raw = re.sub(rb"\AFrom .*\n", b"", raw)
    m = re.match(rb"(?s)(.*?\n)(\r?\n|\Z)(.*)", raw)
    if not m:
        return raw
    head, sep, body = m.groups()
    head = re.sub(rb"(?im)^dkim-signature:.*\n(?:[ \t].*\n)*", b"", head)
    return head + sep + body


def send(port, paths):
    sock = socket.create_connection(("127.0.0.1", int(port)), 60)
    f = sock.makefile("rwb")

    def reply():
        while True:
            line = f.readline()
            if not line:
                raise EOFError("closed")
            if line[3:4] != b"-":
                return line

    def say(text):
        f.write(text + b"\r\n")
        f.flush()
        return reply()

    reply()
    say(b"EHLO client.example")
    for path in paths:
        with open(path, "rb") as g:
            raw = clean(g.read())
        say(b"MAIL FROM:<ann@example.com> BODY=8BITMIME")
        say(b"RCPT TO:<bob@world.example>")
        say(b"DATA")
        # only what would end the data too early is touched
        f.write(re.sub(rb"(?m)^\.", b"..", raw))
        f.write(b".\r\n" if raw.endswith(b"\n") else b"\r\n.\r\n")
        f.flush()
        print(path.rsplit("/", 1)[-1], reply().decode().strip())
    say(b"QUIT")


def froms(path):
    with open(path, "rb") as f:
        head = re.split(rb"\r?\n\r?\n", f.read(), maxsplit=1)[0]
    return len(re.findall(rb"(?im)^from[ \t]*:", head))


def pair(ours, theirs):
    seen = collections.defaultdict(dict)
    for line in sys.stdin:
        one = json.loads(line)
        if one["result"] != "none":
            seen[one["file"]][one["selector"]] = one
    passes = collections.Counter()
    bad = 0
    for name in sorted(seen):
        good = {s: one["result"] == "pass" for s, one in seen[name].items()}
        passes.update(s for s in good if good[s])
        passes["not " + ours] += ours in good and not good[ours]
        passes["not " + theirs] += theirs in good and not good[theirs]
        if ours not in good and froms(name) != 1:
            continue        # refused, as it should be
        if good.get(theirs) and not good.get(ours):
            print(name, seen[name].get(ours, {"why": "unsigned"})["why"])
            bad = 1
        if ours in good and not good[ours]:
            print(name, "signed wrongly:", seen[name][ours]["why"])
            bad = 1
    print(dict(passes))
    return bad


def main(what, *args):
    if what == "sink":
        return sink(*args)
    if what == "send":
        return send(args[0], args[1:])
    return pair(*args)


sys.exit(main(*sys.argv[1:]))
