#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""sink.py - an SMTP server that writes each message to a file

usage: sink.py PORT DIR

Files DIR/1, DIR/2 ...: envelope lines "MAIL ..." and "RCPT ...", then the
message as it came. Runs until it is killed.
"""
import os
import socketserver
import sys
import threading

COUNT = [0]
LOCK = threading.Lock()


class Session(socketserver.StreamRequestHandler):
    timeout = 20

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink")
        envelope = []
        for line in self.rfile:
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                self.say("250 sink")
            elif verb in (b"MAIL", b"RCPT"):
                envelope.append(line)
                self.say("250 ok")
            elif verb == b"DATA":
                self.say("354 go on")
                self.keep(envelope)
                envelope = []
                self.say("250 kept")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def keep(self, envelope):
        lines = []
        for line in self.rfile:
            if line in (b".\r\n", b".\n"):
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        with LOCK:
            COUNT[0] += 1
            name = os.path.join(sys.argv[2], str(COUNT[0]))
        with open(name + ".new", "wb") as f:
            f.writelines(envelope + lines)
        os.rename(name + ".new", name)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
