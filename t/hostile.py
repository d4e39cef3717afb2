#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hostile.py - mails that are made to break a parser, given to mailweir-ingest

usage: hostile.py INGEST CONF | make NAME

One line for each: its name, octets, milliseconds of processor time, and the
memory that the process had at its largest beyond what it needs for a mail of
one line, in parts of the mail's size.
"""
import os
import subprocess
import sys
import tempfile

HEAD = b"From: MAILER-DAEMON@a.example\nSubject: failure notice\n"
MULTI = HEAD + b"Content-Type: multipart/report; boundary=x\n\n"
STATUS = b"--x\nContent-Type: message/delivery-status\n\n"
CASES = {
    "small": lambda: b"Subject: x\n\nx\n",
    "50-MB-of-text": lambda: HEAD + b"\n" + b"some words of a text that goes on\n" * 1400000,
    "50-MB-one-line": lambda: HEAD + b"\n" + b"x" * 50000000,
    "50-MB-returned": lambda: MULTI + STATUS
    + b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n"
    + b"--x\nContent-Type: message/rfc822\n\nFrom: a@b.c\n\n" + b"line of a body\n" * 3300000,
    "10,000-parts": lambda: MULTI + b"--x\n\n<a@b.example>: failed\n" * 10000,
    "1,000-nested-messages": lambda: (HEAD + b"Content-Type: message/rfc822\n\n") * 1000,
    "278-KB-one-line": lambda: HEAD + b"\n" + b"a.b@c " * 46000,
    "NUL": lambda: HEAD + b"\n" + b"\0" * 1000000,
    "NUL-in-header": lambda: b"From: MAILER-DAEMON@a.example\0\nSub\0ject: x\n\nfailed\0",
    "CR-only": lambda: b"From: MAILER-DAEMON@a.example\rSubject: x\r\r" + b"text\r" * 100000,
    "empty": lambda: b"",
}


def run(name):
    """octets, peak KB and milliseconds of processor time"""
    with tempfile.TemporaryFile() as mail, open(os.devnull, "wb") as null:
        # a process begins with the peak of its parent, so another makes the mail
        subprocess.run([sys.executable, __file__, "make", name], stdout=mail, check=True)
        size = mail.seek(0, os.SEEK_END)
        mail.seek(0)
        p = subprocess.Popen(
            [sys.argv[1], "-d", "-c", sys.argv[2], "--stdin", "-r", "x@b.example"],
            stdin=mail, stderr=null)
        _, status, usage = os.wait4(p.pid, 0)
    if status != 0:
        sys.exit("exit status %d" % status)
    return size, usage.ru_maxrss, (usage.ru_utime + usage.ru_stime) * 1000


if sys.argv[1] == "make":
    sys.stdout.buffer.write(CASES[sys.argv[2]]())
    sys.exit(0)
_, base, start = run("small")
for case in CASES:
    if case != "small":
        octets, peak, ms = run(case)
        print("%-24s %9d octets %6.0f ms  %4.1f times its size" % (
            case, octets, ms - start, (peak - base) * 1024 / max(octets, 1 << 20)))
