#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9020-no-memory.py SOCKET CONTROL - the n-th allocation of a session fails

for every n. Whatever fails, the message gets the edits that it always got, or
451 (or the milter hangs up, which Postfix makes a 451 of): never others, never
a part of them with an acceptance. CONTROL is the file of t/wire/oom.c.
"""
import mmap
import os
import socket
import struct
import sys

import milter
from milter import Milter

WHERE = sys.argv[1]
STEP = int(os.environ.get("STEP", "1"))

HTML = b"""\
--b\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
Three things h=E4ppened. We have a new bank account.\r
--b\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PHA+TmV3IGJhbmsgYWNjb3VudDxhIGhyZWY9Imh0dHA6Ly94LmV4YW1wbGUvIj54PC9hPjwvcD4K\r
--b--\r
"""
MESSAGES = {
    "news": ("<news@sender.example>", [
        (b"From", b" News <news@sender.example>"),
        (b"To", b" ann@world.example"),
        (b"Subject", b" =?utf-8?B?V2hhdCBpcyBuZXc=?="),
        (b"MIME-Version", b" 1.0"),
        (b"Content-Type", b" multipart/alternative; boundary=\"b\"")], HTML),
    "foot": ("<foot@sender.example>", [
        (b"From", b" News <foot@sender.example>"),
        (b"Subject", b" new"),
        (b"MIME-Version", b" 1.0"),
        (b"Content-Type", b" text/html; charset=us-ascii")],
        b"<html><body><p>New bank account</p></body></html>\r\n"),
}


def control(left):
    with open(sys.argv[2], "r+b") as f:
        m = mmap.mmap(f.fileno(), 24)
        failed = struct.unpack("=qqq", m[:24])[2]
        m[:24] = struct.pack("=qqq", left, 0, 0)
        m.close()
    return failed


def session(which):
    """All that it said: replies to RCPT, edits, the last answer."""
    sender, headers, body = MESSAGES[which]
    m = Milter(WHERE)
    m.sock.settimeout(20)
    try:
        first = m.hello(client_name="client.example")
        if first[0] != b"c":
            return [first]
        said = [m.mail(sender, auth_authen="ann", i="4Qid")]
        if said[0][0] != b"c":
            return said
        said += [m.rcpt(r) for r in ("<bob@world.example>",
                                     "<ann@world.example>")]
        got = m.data(headers, body, 100)
        if got is not None:
            return said + [got]
        edits, answer = m.eom()
        return said + [edits, answer]
    finally:
        m.sock.close()


def soft(answer):
    return answer[0] == b"t" or (answer[0] == b"y" and answer[1][:1] == b"4")


def plain(said):
    """A refusal without memory for its text is one all the same."""
    return [b"5" if isinstance(a, tuple) and
            (a[0] == b"r" or (a[0] == b"y" and a[1][:1] == b"5")) else a
            for a in said]


def wrong(said, want):
    """None if a sender may see this."""
    said, want = plain(said), plain(want)
    if said == want:
        return None
    if any(soft(a) for a in said if isinstance(a, tuple)):
        # what was not put off must have been as ever
        for a, b in zip(said[:3], want[:3]):
            if a != b and not soft(a):
                return "another answer to the envelope"
        return None
    return "neither as ever nor 451"


def one(which):
    want = session(which)
    if session(which) != want:
        sys.exit("two sessions differ")
    counts = {"as ever": 0, "put off": 0, "hung up": 0}
    n, bad = 1, 0
    while True:
        control(n)
        try:
            said = session(which)
            verdict = wrong(said, want)
            how = "as ever" if said == want else "put off"
        except ConnectionRefusedError:
            sys.exit("%s, allocation %d: it died" % (which, n - STEP))
        except (milter.Closed, ConnectionError):
            verdict, how = None, "hung up"
        except (socket.timeout, struct.error) as e:
            verdict, how, said = repr(e), "hung up", []
        if control(0) == 0 and how == "as ever":
            break
        counts[how] += 1
        if verdict is None and how != "as ever" and session(which) != want:
            verdict = "the message behind it is not as ever"
        if verdict is not None:
            bad += 1
            if bad <= 8:
                print("%s, allocation %d: %s\ngot  %r\nwant %r" %
                      (which, n, verdict, said, want))
        n += STEP
    if session(which) != want:
        sys.exit("afterwards it is not as it was")
    print("%s: %d allocations failed; %s" % (which, sum(counts.values()),
          ", ".join("%d %s" % (v, k) for k, v in counts.items())))
    return bad


sys.exit(1 if sum([one(w) for w in MESSAGES]) else 0)
