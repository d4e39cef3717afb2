#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""verify.py - check every DKIM signature of a message with dkimpy

usage: verify.py DELIVERED KEYS

DELIVERED is smtp-sink's file, KEYS holds the published records as a zone file
(`NAME. IN TXT ( "..." "..." )`), which stands for DNS. Prints one line for
each signature: "ALGORITHM valid|INVALID covers=HEADER,HEADER". Ends with status
0 when there is at least one and all are valid.
"""
import re
import sys

import dkim


def records(path):
    with open(path, encoding="ascii") as f:
        text = re.sub(r"(?m)^\s*;.*$", "", f.read())
    out = {}
    for m in re.finditer(r"(?m)^(\S+)\s+(?:\d+\s+)?IN\s+TXT\s+"
                         r"((?:\(|\)|\s|\"[^\"]*\")+)", text):
        value = "".join(re.findall(r'"([^"]*)"', m.group(2)))
        out[m.group(1).rstrip(".").lower().encode()] = value.encode()
    return out


def main(path, keys):
    zone = records(keys)
    with open(path, "rb") as f:
        raw = f.read()
    raw = re.sub(rb"\A(X-[A-Za-z]*-(Args|Addr|Proto): .*\n)+", b"", raw)
    raw = re.sub(rb"\r?\n", b"\r\n", raw)

    def lookup(name, timeout=5):
        return zone.get(name.rstrip(b".").lower())

    d = dkim.DKIM(raw)
    fields = [v for k, v in d.headers if k.lower() == b"dkim-signature"]
    bad = not fields
    for i, field in enumerate(fields):
        tags = dict(re.findall(r"([a-z]+)\s*=\s*([^;]*)",
                               re.sub(r"\s+", "", field.decode())))
        try:
            good = dkim.DKIM(raw).verify(idx=i, dnsfunc=lookup)
        except dkim.DKIMException as e:
            print(e)
            good = False
        bad = bad or not good
        names = {h.lower() for h in tags.get("h", "").split(":")}
        wanted = ("list-unsubscribe", "list-unsubscribe-post", "feedback-id",
                  "x-mailweir-score")
        print("%s %s covers=%s" % (
            tags.get("a"), "valid" if good else "INVALID",
            ",".join(h for h in wanted if h in names) or "-"))
    return 1 if bad else 0


sys.exit(main(*sys.argv[1:]))
