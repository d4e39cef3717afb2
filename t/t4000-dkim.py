#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t4000-dkim.py - what dkimpy says of signatures, and helpers of t4000 and t4001

usage: t4000-dkim.py verify KEYS FILE...	each file's every signature passes
       t4000-dkim.py bh FILE...			FILE, a= and bh= of each signature
       t4000-dkim.py covers FILE NAME...	each signature's h= has the names
       t4000-dkim.py deaf FILE			no signature covers another

KEYS: lines of NAME DATA. Line ends become CRLF, as SMTP has them.
"""
import re
import sys

import dkim


def load(path):
    with open(path, "rb") as f:
        raw = f.read()
    # what smtp-sink puts in front
    raw = re.sub(rb"\A(X-[A-Za-z]*-(Args|Addr|Proto): .*\n)+", b"", raw)
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def signatures(raw):
    head = re.split(rb"\r\n\r\n", raw, maxsplit=1)[0] + b"\r\n"
    out = []
    for m in re.finditer(rb"(?im)^dkim-signature:((?:.*\r\n)(?:[ \t].*\r\n)*)",
                         head):
        flat = re.sub(rb"\s+", b"", m.group(1)).decode()
        out.append(dict(re.findall(r"([a-z]+)=([^;]*)", flat)))
    return out


def verify(keys, paths):
    zone = {}
    with open(keys, encoding="ascii") as f:
        for line in f:
            name, data = line.rstrip("\n").split(" ", 1)
            zone[name.lower().encode()] = data.encode()
    bad = 0
    for path in paths:
        raw = load(path)
        n = len(signatures(raw))
        good = 0
        for i in range(n):
            try:
                good += dkim.DKIM(raw, minkey=1024).verify(
                    idx=i, dnsfunc=lambda name, timeout=5: zone.get(
                        name.rstrip(b".").lower()))
            except dkim.DKIMException as e:
                print("%s: %s" % (path, e))
        if n == 0 or good != n:
            print("%s: dkimpy passes %d of %d" % (path, good, n))
            bad = 1
    return bad


def main(what, *args):
    if what == "verify":
        return verify(args[0], args[1:])
    if what == "bh":
        for path in args:
            for s in signatures(load(path)):
                print(path.rsplit("/", 1)[-1], s["a"], s["bh"])
        return 0
    found = signatures(load(args[0]))
    for s in found:
        names = s["h"].lower().split(":")
        if what == "covers" and any(n.lower() not in names
                                    for n in args[1:]):
            print(s["h"])
            return 1
        if what == "deaf" and "dkim-signature" in names:
            print(s["h"])
            return 1
    return 0 if found else 1


sys.exit(main(*sys.argv[1:]))
