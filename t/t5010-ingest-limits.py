#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t5010-ingest-limits.py SOCKET connections|memory|silent|slow

mailweir-ingest up to a limit of t5010-ingest-limits.sh, beyond it, and when
there is room again.
"""
import socket
import sys
import time

WHERE = sys.argv[1]


class Client:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(WHERE)
        self.lines = self.sock.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        """The last line of a reply; b"" when it hung up."""
        while (line := self.lines.readline())[3:4] == b"-":
            pass
        return line.rstrip()

    def say(self, text):
        self.sock.sendall(text + b"\r\n")
        return self.reply()

    def hello(self):
        expect(self.greeting, b"220")
        expect(self.say(b"LHLO x"), b"250")
        return self

    def to_data(self):
        self.hello()
        expect(self.say(b"MAIL FROM:<>"), b"250")
        expect(self.say(b"RCPT TO:<x@b.example>"), b"250")
        expect(self.say(b"DATA"), b"354")
        return self


def expect(got, want):
    if not got.startswith(want):
        sys.exit("wanted %r, got %r" % (want, got))


def in_time(what):
    """Try until it does what it should: a session's end takes a moment."""
    for _ in range(100):
        if what():
            return
        time.sleep(0.1)
    sys.exit("no room came back")


def connections():
    held = [Client().hello() for _ in range(3)]
    for _ in range(2):
        late = Client()
        expect(late.greeting, b"421 4.3.2")
        expect(late.reply(), b"")
    expect(held[0].say(b"NOOP"), b"250")
    expect(held[0].say(b"QUIT"), b"221")
    in_time(lambda: Client().greeting.startswith(b"220"))


def memory():
    """Two of 600 KB that do not end, of 1 MB in all: the second has to come
    again, whole; a small one as well, while the first is there."""
    text = b"0123456789\r\n" * 50000
    first, second = Client().to_data(), Client().to_data()
    first.sock.sendall(text)
    time.sleep(0.3)                 # it has been read
    second.sock.sendall(text)
    expect(second.say(b"."), b"452 4.3.1")
    expect(first.say(b"."), b"250")
    expect(second.say(b"RSET"), b"250")
    again = Client().to_data()
    again.sock.sendall(text)
    expect(again.say(b"."), b"250")


def silent():
    """timeout = 2s: one who says nothing is told, and it ends."""
    c = Client().hello()
    expect(c.reply(), b"421 4.4.2")
    expect(c.reply(), b"")
    Client().hello()


def slow():
    """data_timeout = 3s: one who speaks on and on, within the timeout."""
    c = Client().to_data()
    c.sock.settimeout(0.3)
    for _ in range(50):
        try:
            c.sock.sendall(b"x\r\n")
            got = c.reply()
        except socket.timeout:
            c.lines = c.sock.makefile("rb")
            continue
        except (BrokenPipeError, ConnectionResetError):
            return
        return expect(got, b"421 4.4.2")
    sys.exit("it listens still")


{"connections": connections, "memory": memory, "silent": silent,
 "slow": slow}[sys.argv[2]]()
