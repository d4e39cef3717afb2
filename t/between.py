#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""between.py LISTEN MILTER CONTROL - stands between an MTA and a milter

Passes everything on. The file CONTROL says what to do when the next packet of
a step is on its way to the milter: "E kill PID", "L stop PID", "B slow MS".
It is done once (slow: at every answer), before the packet is passed on.
"""
import os
import signal
import socket
import struct
import sys
import threading
import time


def order():
    try:
        with open(sys.argv[3]) as f:
            return f.read().split()
    except FileNotFoundError:
        return []


def act(cmd):
    what = order()
    if not what or what[0] != cmd or what[1] == "slow":
        return
    os.unlink(sys.argv[3])
    os.kill(int(what[2]), signal.SIGKILL if what[1] == "kill"
            else signal.SIGSTOP)
    time.sleep(0.05)


def exactly(s, n):
    out = b""
    while len(out) < n:
        got = s.recv(n - len(out))
        if not got:
            raise ConnectionError
        out += got
    return out


def packets(source, to, milter):
    """Until one of them hangs up; then the other is hung up on."""
    try:
        while True:
            head = exactly(source, 4)
            data = exactly(source, struct.unpack(">I", head)[0])
            if milter:
                act(data[:1].decode("latin-1"))
            else:
                what = order()
                if what and what[1] == "slow":
                    time.sleep(int(what[2]) / 1000)
            to.sendall(head + data)
    except OSError:
        pass
    for s in (source, to):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o666)
    listener.listen(64)
    while True:
        mta, _ = listener.accept()
        milter = socket.socket(socket.AF_UNIX)
        try:
            milter.connect(sys.argv[2])
        except OSError:
            mta.close()
            continue
        for args in ((mta, milter, True), (milter, mta, False)):
            threading.Thread(target=packets, args=args, daemon=True).start()


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
main()
