#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""lmtp.py - a dialogue with mailweir-ingest, octet by octet

usage: lmtp.py SOCKET < SCRIPT

Lines of the script:
  > TEXT      send TEXT and CRLF
  >> TEXT     add TEXT and CRLF to what the next > sends (pipelining)
  ! TEXT      send these octets, \\r \\n \\0 \\xHH understood, no CRLF
  * N OCTETS  send OCTETS N times
  f FILE      send a file with CRLF line ends and dots stuffed, then the dot
  < REGEX     the next reply (all its lines as one) matches
  . SECONDS   wait
  eof         the server hangs up
Exit status 1 and the dialogue on standard output at the first surprise.
"""
import re
import socket
import sys
import time

sock = socket.socket(socket.AF_UNIX)
sock.settimeout(30)
sock.connect(sys.argv[1])
stream = sock.makefile("rb")
pending = b""


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def reply():
    lines = []
    while True:
        line = stream.readline()
        if not line:
            return " ".join(lines) + "<eof>"
        lines.append(line.decode("latin-1").rstrip("\r\n"))
        if line[3:4] != b"-":
            return " ".join(lines)


def fail(want, got):
    print("expected: %s\ngot:      %s" % (want, got))
    sys.exit(1)


for line in sys.stdin:
    line = line.rstrip("\n")
    verb, _, rest = line.partition(" ")
    print(line)
    if verb == ">>":
        pending += rest.encode("utf-8") + b"\r\n"
    elif verb == ">":
        sock.sendall(pending + rest.encode("utf-8") + b"\r\n")
        pending = b""
    elif verb == "!":
        sock.sendall(unescape(rest))
    elif verb == "*":
        count, _, octets = rest.partition(" ")
        try:
            chunk = unescape(octets)
            per = max(1, 65536 // len(chunk))
            for _ in range(int(count) // per):
                sock.sendall(chunk * per)
            sock.sendall(chunk * (int(count) % per))
        except OSError as e:
            print("# %s" % e)
    elif verb == "f":
        data = open(rest, "rb").read().replace(b"\r\n", b"\n")
        data = data.replace(b"\n", b"\r\n")
        data = re.sub(rb"(?m)^\.", b"..", data)
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        sock.sendall(data + b".\r\n")
    elif verb == "<":
        got = reply()
        print("# " + got)
        if not re.search(rest, got):
            fail(rest, got)
    elif verb == ".":
        time.sleep(float(rest))
    elif verb == "eof":
        got = reply()
        if not got.endswith("<eof>"):
            fail("end of the connection", got)
    elif verb and not verb.startswith("#"):
        fail("a line of a script", line)
