#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t7030-limits.py SOCKET LIMIT ANSWER - up to a limit, and beyond it

ANSWER: what a reply begins with, or pass, tag, hold, reject.
"""
import sys
import time

from milter import Milter

WHERE, ANSWER = sys.argv[1], sys.argv[3]


def begin():
    m = Milter(WHERE)
    m.hello()
    return m


def fields(n):
    return [(b"X-%d" % i, b" v") for i in range(n)]


def good(got):
    """It went through, and was looked at."""
    edits, answer = got
    if answer[0] != b"c" or not edits:
        sys.exit("a good one got %r" % (got,))


def beyond(got):
    """It got ANSWER, and no edit."""
    edits, (cmd, text) = got
    fits = cmd == b"a" if ANSWER == "pass" else \
        cmd == b"y" and text.decode().startswith(ANSWER + " ")
    if edits or not fits:
        sys.exit("wanted %s, got %r" % (ANSWER, got))


def headers():
    m = begin()
    good(m.message(headers=fields(10)))
    beyond(m.message(headers=fields(11)))
    good(m.message(headers=fields(10)))


def header_size():
    m = begin()
    good(m.message(headers=[(b"Subject", b"x" * 1017)]))
    good(m.message(headers=[(b"Subject", b"x" * 511), (b"X-Other", b"x" * 499)]))
    beyond(m.message(headers=[(b"Subject", b"x" * 1018)]))
    beyond(m.message(headers=[(b"Subject", b"x" * 511),
                              (b"X-Other", b"x" * 500)]))
    good(m.message())


def recipients():
    m = begin()
    good(m.message(["<r%d@w.example>" % i for i in range(3)]))
    beyond(m.message(["<r%d@w.example>" % i for i in range(4)]))
    good(m.message())


def until_good():
    """Room comes back, soon."""
    end = time.monotonic() + 10
    while True:
        got = begin().message()
        if got[0]:
            return good(got)
        if time.monotonic() > end:
            sys.exit("it stays %r" % (got,))
        time.sleep(0.05)


def in_flight():
    held = [begin() for _ in range(3)]
    for m in held[:2]:
        m.mail()
        m.rcpt("<b@w.example>")
    beyond(held[2].message())
    m.data(fields(1), b"x\r\n")
    good(m.eom())
    good(held[2].message())
    for m in held:
        m.quit()
    until_good()


def connections():
    held = [begin() for _ in range(3)]
    late = begin()
    beyond(late.message())
    for m in held:
        good(m.message())
        m.quit()
    late.quit()
    until_good()


def memory():
    m = begin()
    good(m.message(body=b"x" * 900000))
    beyond(m.message(body=b"x" * 1100000))
    good(m.message(body=b"x" * 900000))


def slow(seconds):
    m = begin()
    m.mail()
    m.rcpt("<b@w.example>")
    m.data(fields(1), b"x\r\n")
    time.sleep(seconds)
    return m.eom()


def too_long():
    good(slow(0))
    beyond(slow(1.2))
    good(slow(0))


def marked(got):
    """What became of it: the verdict, as in the log."""
    edits, answer = got
    if answer[0] == b"y":
        return {b"5": "reject", b"4": "tempfail"}[answer[1][:1]]
    if any(cmd == b"q" for cmd, _ in edits):
        return "hold"
    if any(b"X-Mailweir-Tag" in data for _, data in edits):
        return "tag"
    return "pass" if any(b"X-Mailweir-Score" in data for _, data in edits) \
        else "not looked at"


def expect(got, want):
    if marked(got) != want:
        sys.exit("wanted %s, got %s: %r" % (want, marked(got), got))


def scan():
    m = begin()
    expect(m.message(body=b"x" * 2046 + b"\r\n"), "pass")
    expect(m.message(body=b"x" * 2047 + b"\r\n"), ANSWER)
    expect(m.message(body=b"x\r\n" * 100000), ANSWER)
    expect(m.message(), "pass")


def budget():
    expect(begin().message(body=b"x" * 1000000), ANSWER)


{"headers": headers, "header_size": header_size, "recipients": recipients,
 "in_flight": in_flight, "connections": connections, "memory": memory,
 "time": too_long, "scan": scan, "budget": budget}[sys.argv[2]]()
