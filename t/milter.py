#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""milter.py - the MTA's side of the milter protocol, version 6

For tests that need what miltertest cannot do: many connections at once,
garbage, exact packets. Milter(where) negotiates; message() plays a whole one.
"""
import socket
import struct

# actions
ADDHDRS, CHGBODY, ADDRCPT, DELRCPT = 0x01, 0x02, 0x04, 0x08
CHGHDRS, QUARANTINE, CHGFROM, SETSYMLIST = 0x10, 0x20, 0x40, 0x100
ALL_ACTIONS = 0x1ff
# steps
NOHELO, NORCPT, NOBODY, NOHDRS, NOEOH = 0x02, 0x08, 0x10, 0x20, 0x40
NR_HDR, NOUNKNOWN, NODATA, SKIP = 0x80, 0x100, 0x200, 0x400
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_EOH, NR_BODY, LEADSPC = 0x10000, 0x40000, 0x80000, 0x100000
ALL_STEPS = 0x1fffff

NR = {b"C": NR_CONN, b"H": NR_HELO, b"M": NR_MAIL, b"R": NR_RCPT,
      b"L": NR_HDR, b"N": NR_EOH, b"B": NR_BODY}
NO = {b"H": NOHELO, b"R": NORCPT, b"L": NOHDRS, b"N": NOEOH,
      b"B": NOBODY}
EDITS = b"+-bhimeq2"


def connect(where):
    """A socket; where is "unix:/path" or "inet:port@host"."""
    if where.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(where[5:])
        return s
    port, host = where[5:].split("@")
    return socket.create_connection((host, int(port)), 20)


class Closed(Exception):
    """The milter hung up."""


class Milter:
    def __init__(self, where, steps=ALL_STEPS, actions=ALL_ACTIONS):
        self.sock = connect(where)
        self.send(b"O", struct.pack(">III", 6, actions, steps))
        cmd, data = self.receive()
        if cmd != b"O":
            raise Closed("no negotiation: %r" % cmd)
        self.version, self.actions, self.steps = struct.unpack(
            ">III", data[:12])
        self.macros = self.symlists(data[12:])
        self.skipped = False

    @staticmethod
    def symlists(data):
        out = {}
        while data:
            where = struct.unpack(">I", data[:4])[0]
            text, data = data[4:].split(b"\0", 1)
            out[where] = text.decode().split()
        return out

    def send(self, cmd, data=b""):
        self.sock.sendall(struct.pack(">I", len(data) + 1) + cmd + data)

    def exactly(self, n):
        out = b""
        while len(out) < n:
            got = self.sock.recv(n - len(out))
            if not got:
                raise Closed("hung up")
            out += got
        return out

    def receive(self):
        n = struct.unpack(">I", self.exactly(4))[0]
        data = self.exactly(n)
        return data[:1], data[1:]

    def step(self, cmd, data=b""):
        """Send a command, unless unwanted; its answer, b"c" if none is due."""
        if self.steps & NO.get(cmd, 0) or (cmd == b"B" and self.skipped):
            return b"c", b""
        self.send(cmd, data)
        if self.steps & NR.get(cmd, 0):
            return b"c", b""
        got = self.receive()
        if got[0] == b"s":
            self.skipped = True
            return b"c", b""
        return got

    def define(self, cmd, **macros):
        data = cmd
        for name, value in macros.items():
            name = name if len(name) == 1 else "{%s}" % name
            data += name.encode() + b"\0" + value.encode() + b"\0"
        self.send(b"D", data)

    def hello(self, name="client.example", addr="192.0.2.7", **macros):
        self.define(b"C", j="mx.example", daemon_name="smtpd",
                    v="Postfix 3.7.11", client_connections="1", **macros)
        got = self.step(b"C", name.encode() + b"\0" + b"4" +
                        struct.pack(">H", 25) + addr.encode() + b"\0")
        self.step(b"H", b"helo.example\0")
        return got

    def mail(self, sender="<a@s.example>", **macros):
        self.skipped = False
        if macros:
            self.define(b"M", **macros)
        return self.step(b"M", sender.encode() + b"\0")

    def rcpt(self, rcpt):
        return self.step(b"R", rcpt.encode() + b"\0")

    def header(self, name, value):
        return self.step(b"L", name + b"\0" + value + b"\0")

    def data(self, headers, body, chunk=65535):
        """Header and body; the first answer that is no continue, or None."""
        steps = [(b"L", n + b"\0" + v + b"\0") for n, v in headers]
        steps.append((b"N", b""))
        steps += [(b"B", body[i:i + chunk])
                  for i in range(0, len(body), chunk)]
        for cmd, data in steps:
            got = self.step(cmd, data)
            if got[0] != b"c":
                return got
        return None

    def eom(self, qid="4Qid"):
        self.define(b"E", i=qid)
        self.send(b"E")
        return self.verdict()

    def verdict(self):
        """(edits, answer): what comes before the final word, and that."""
        edits = []
        while True:
            cmd, data = self.receive()
            if cmd in (b"+", b"-", b"b", b"h", b"i", b"m", b"e", b"q", b"2"):
                edits.append((cmd, data))
            elif cmd != b"p":
                return edits, (cmd, data)

    def message(self, rcpts=("<b@w.example>",), headers=None, body=b"x\r\n",
                sender="<a@s.example>", qid="4Qid"):
        """(edits, answer) of one message; edits None if it ended early."""
        if headers is None:
            headers = [(b"From", b" a@s.example"), (b"Subject", b" hello")]
        got = self.mail(sender)
        if got[0] != b"c":
            return None, got
        for rcpt in rcpts:
            got = self.rcpt(rcpt)
            if got[0] not in (b"c", b"y"):
                return None, got
        got = self.data(headers, body)
        if got is not None:
            return None, got
        return self.eom(qid)

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
        self.sock.close()
