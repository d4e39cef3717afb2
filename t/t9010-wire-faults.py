#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9010-wire-faults.py CASE SOCKET - packets that no MTA sends, and hangs-up

After each, a good message must get what it got before.
"""
import socket
import struct
import sys
import time

import milter
from milter import Milter

WHERE = sys.argv[2]
STEPS = ["connect", "helo", "mail", "rcpt", "header", "eoh", "body", "eom"]


def begin():
    m = Milter(WHERE)
    m.hello()
    return m


def play(m, upto):
    """A session up to and with this step."""
    def done(step):
        return STEPS.index(step) <= STEPS.index(upto)
    if done("mail"):
        m.mail("<news@sender.example>")
    if done("rcpt"):
        m.rcpt("<ann@world.example>")
    if done("header"):
        m.header(b"From", b" <news@sender.example>")
    if done("eoh"):
        m.step(b"N")
    if done("body"):
        m.step(b"B", b"We have a new bank account.\r\n")
    if done("eom"):
        m.send(b"E")


def good():
    m = begin()
    got = m.message(rcpts=["<ann@world.example>"],
                    sender="<news@sender.example>",
                    headers=[(b"From", b" <news@sender.example>"),
                             (b"Subject", b" hello")],
                    body=b"We have a new bank account.\r\n")
    m.quit()
    if got[1][0] != b"c":
        sys.exit("a good message got %r" % (got,))
    return got


def hung_up(m):
    """It closes, after whatever answers; nothing else is allowed to last."""
    m.sock.settimeout(20)
    try:
        while m.sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    m.sock.close()


def raw(m, data):
    """What it does not read, it need not."""
    try:
        m.sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def gone():
    """The MTA goes away at each step, by a hang-up and by an abort."""
    for step in STEPS:
        m = begin()
        play(m, step)
        m.sock.close()
        m = begin()
        play(m, step)
        if step != "eom":
            m.abort()
        m.sock.close()


def strangers():
    """Health probes and the lost: bare connects, TLS, HTTP, SMTP, noise, and
    many who stay and say nothing."""
    probes = (b"", b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + b"x" * 500,
              b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"EHLO x\r\nQUIT\r\n",
              b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", b"\r\n", b"\0" * 64,
              bytes(range(256)) * 16)
    for junk in probes * 20:
        s = milter.connect(WHERE)
        try:
            s.sendall(junk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
    stay = [milter.connect(WHERE) for _ in range(200)]
    want = good()
    for s in stay:
        s.close()
    if good() != want:
        sys.exit("other edits among strangers")


def truncated():
    """A packet that ends in its length, its command, its data."""
    for step in STEPS:
        for part in (b"\0", b"\0\0\0", b"\0\0\0\x10", b"\0\0\0\x10L",
                     b"\0\0\0\x10LFrom\0"):
            m = begin()
            play(m, step)
            raw(m, part)
            m.sock.shutdown(socket.SHUT_WR)
            hung_up(m)


def unterminated():
    """No NUL where one must be; nothing at all where something must be."""
    for cmd in b"CHMRLTUD":
        for data in (b"", b"x", b"x\0y", b"\0", b"C", b"Cx"):
            m = begin()
            play(m, "rcpt")
            raw(m, struct.pack(">IB", len(data) + 1, cmd) + data)
            m.sock.shutdown(socket.SHUT_WR)
            hung_up(m)


def macros():
    """A name without a value: libmilter would walk off its list."""
    for where in b"CHMRTNE":
        for data in (b"j\0", b"j\0x\0{auth_authen}\0", b"\0", b"i\0x\0y"):
            m = begin()
            play(m, "rcpt")
            raw(m, struct.pack(">IcB", len(data) + 2, b"D", where) + data)
            raw(m, struct.pack(">IcB", 3, b"D", where) + b"\0")
            raw(m, b"\0\0\0\1E")
            m.sock.shutdown(socket.SHUT_WR)
            hung_up(m)
    m = Milter(WHERE)
    raw(m, b"\0\0\0\4DCj\0")
    hung_up(m)                      # at once, not when we go


def again():
    """Macros of a step that is over, in the middle of the message: libmilter
    frees those it had."""
    want = good()
    for at in ("mail", "rcpt", "header", "eoh", "body"):
        m = begin()
        play(m, at)
        for where in (b"C", b"H", b"M", b"R"):
            m.define(where, j="other.example", daemon_name="other" * 20,
                     auth_authen="other" * 30)
        m.abort()
    m = begin()
    m.mail("<news@sender.example>", auth_authen="ann" * 50)
    m.rcpt("<ann@world.example>")
    m.define(b"C", j="other.example")
    m.define(b"M", auth_authen="bob" * 50)
    m.data([(b"From", b" <news@sender.example>"), (b"Subject", b" hello")],
           b"We have a new bank account.\r\n")
    if m.eom() != want:
        sys.exit("other macros, other edits")


def unknown():
    """Commands that are none, and "another session follows": it hangs up."""
    for cmd in range(256):
        if bytes([cmd]) in b"ADBCEHLMONQTRU":
            continue
        m = begin()
        play(m, "rcpt")
        raw(m, struct.pack(">IB", 1, cmd))
        hung_up(m)


def lengths():
    """0, and up to 4 GB: it hangs up, and does not wait for the rest."""
    for n in (0, 4194306, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff):
        for step in ("helo", "rcpt", "eoh"):
            m = begin()
            play(m, step)
            raw(m, struct.pack(">I", n) + b"B" + b"x" * 1000)
            if n == 0:
                m.sock.shutdown(socket.SHUT_WR)
            hung_up(m)


def order():
    """Every step where it does not belong."""
    for step in STEPS:
        for cmd in b"OCHMRLNBETUAK":
            m = begin()
            play(m, step)
            raw(m, struct.pack(">IB", 3, cmd) + b"a\0")
            m.sock.shutdown(socket.SHUT_WR)
            hung_up(m)
    s = milter.connect(WHERE)       # without a negotiation
    for cmd in b"CHMRLNBE":
        s.sendall(struct.pack(">IB", 3, cmd) + b"a\0")
    s.shutdown(socket.SHUT_WR)
    while s.recv(65536):
        pass


def slow():
    """One octet at a time, and another client meanwhile."""
    m = begin()
    packet = b"M<news@sender.example>\0"
    for octet in struct.pack(">I", len(packet)) + packet:
        m.sock.sendall(bytes([octet]))
    want = good()
    if not m.steps & milter.NR_MAIL:
        m.receive()
    m.rcpt("<ann@world.example>")
    m.data([(b"From", b" <news@sender.example>"),
            (b"Subject", b" hello")], b"We have a new bank account.\r\n", 1)
    if m.eom() != want:
        sys.exit("other edits for the slow one")


def tape(m, body):
    """The octets of a message, and how many answers come before its last."""
    out, answers = [], []

    def send(cmd, data=b""):
        out.append(struct.pack(">I", len(data) + 1) + cmd + data)

    def receive():
        answers.append(b"c")
        return b"c", b""
    m.send, m.receive = send, receive
    m.mail("<news@sender.example>")
    m.rcpt("<ann@world.example>")
    m.data([(b"From", b" <news@sender.example>"),
            (b"Subject", b" hello")], body)
    m.define(b"E", i="4Qid")
    m.send(b"E")
    del m.send, m.receive
    return b"".join(out), len(answers)


def pieces():
    """A message in one piece, and in two with the cut anywhere."""
    body = b"We have a new bank account.\r\n" * 1400
    cuts = set(range(0, 300, 11)) | set(range(16370, 16400)) | {32768, 40000}
    want = None
    for cut in sorted(cuts):
        m = begin()
        octets, answers = tape(m, body)
        m.sock.sendall(octets[:cut])
        time.sleep(0.001)
        m.sock.sendall(octets[cut:])
        for _ in range(answers):
            m.receive()
        got = m.verdict()
        m.quit()
        if want is not None and got != want:
            sys.exit("cut at %d: %r, before %r" % (cut, got, want))
        want = got


def leftovers():
    """What comes behind the end of a connection is nobody's."""
    want = good()
    for _ in range(30):
        m = begin()
        play(m, "mail")
        raw(m, struct.pack(">IB", 1, b"Q"[0]) +
            struct.pack(">I", 23) + b"M<other@sender.example>"[:23] + b"\0\0")
        m.sock.close()
        if good() != want:
            sys.exit("it met another connection's octets")


before = good()
globals()[sys.argv[1]]()
after = good()
if after != before:
    sys.exit("before %r\nafter %r" % (before, after))
