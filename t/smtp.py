#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""smtp.py - send one message by SMTP and print every reply, one a line

usage: smtp.py PORT FROM TO[,TO...] [FILE] [--helo NAME] [--lmtp]

FILE or standard input is the message; bare LF becomes CRLF. FROM and TO
without brackets, "" for the null sender. Prints "MAIL 250 ...", "RCPT a@b
550 ...", "DATA ..." (one for each recipient with --lmtp, PORT being a socket
path). Exit status: 0 when the message was accepted, 1 when refused for good,
2 when told to try later, 3 when the dialogue broke.
"""
import re
import socket
import sys


class Dialogue:
    def __init__(self, where):
        if where.isdigit():
            self.sock = socket.create_connection(("127.0.0.1", int(where)), 60)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(60)
            self.sock.connect(where)
        self.file = self.sock.makefile("rb")
        self.reply()

    def reply(self):
        text = []
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("connection closed")
            line = line.decode("utf-8", "replace").rstrip("\r\n")
            text.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), " ".join(text)

    def say(self, line):
        self.sock.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def data(self, message, replies):
        message = re.sub(rb"\r?\n", b"\r\n", message)
        if not message.endswith(b"\r\n"):
            message += b"\r\n"
        message = re.sub(rb"(?m)^\.", b"..", message)
        self.sock.sendall(message + b".\r\n")
        return [self.reply() for _ in range(replies)]


def main(argv):
    helo, lmtp, args = "client.sender.example", False, []
    while argv:
        arg = argv.pop(0)
        if arg == "--helo":
            helo = argv.pop(0)
        elif arg == "--lmtp":
            lmtp = True
        else:
            args.append(arg)
    port, sender, rcpts = args[0], args[1], args[2].split(",")
    if len(args) > 3:
        with open(args[3], "rb") as f:
            message = f.read()
    else:
        message = sys.stdin.buffer.read()

    codes = []
    d = Dialogue(port)
    d.say(("LHLO " if lmtp else "EHLO ") + helo)
    code, text = d.say("MAIL FROM:<%s>" % sender)
    print("MAIL", code, text)
    if code != 250:
        codes.append(code)
    else:
        good = 0
        for rcpt in rcpts:
            code, text = d.say("RCPT TO:<%s>" % rcpt)
            print("RCPT", rcpt, code, text)
            if code == 250:
                good += 1
            else:
                codes.append(code)
        if good:
            code, text = d.say("DATA")
            if code == 354:
                codes = []
                for code, text in d.data(message, good if lmtp else 1):
                    print("DATA", code, text)
                    codes.append(code)
            else:
                print("DATA", code, text)
                codes.append(code)
    try:
        d.say("QUIT")
    except (OSError, EOFError):
        pass
    worst = max(codes) if codes else 250
    if any(400 <= c < 500 for c in codes):
        return 2
    return 0 if worst < 400 else 1


try:
    sys.exit(main(sys.argv[1:]))
except (OSError, EOFError) as e:
    print("smtp.py:", e)
    sys.exit(3)
