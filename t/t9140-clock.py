#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9140-clock.py - the wall clock jumps ten years, and back, under a milter

CLOCK is the file that libfaketime reads the time from, at every look.
"""
import os
import re
import sys
import time

from milter import Milter

WHERE = "unix:%s/mailweir-chain.sock" % os.environ["W"]
HEADERS = [(b"From", b" <news@sender.example>"), (b"Subject", b" hello")]


def set_clock(text):
    with open(os.environ["CLOCK"] + ".new", "w") as f:
        f.write(text + "\n")
    os.rename(os.environ["CLOCK"] + ".new", os.environ["CLOCK"])


def begin():
    m = Milter(WHERE)
    m.hello()
    m.mail("<news@sender.example>")
    return m


def refused(rcpt):
    return begin().rcpt(rcpt)[1][:3] == b"550"


def end(m):
    """The year of its signatures."""
    if m.rcpt("<ann@world.example>")[0] != b"c":
        sys.exit("ann was not accepted")
    m.data(HEADERS, b"x\r\n")
    edits, answer = m.eom()
    if answer[0] != b"c":
        sys.exit("END %r" % (answer,))
    times = {int(t) for _, data in edits
             for t in re.findall(rb"[\s;]t=(\d+)", data)}
    if len(times) != 1:
        sys.exit("times of one message: %r" % times)
    return time.gmtime(times.pop()).tm_year


def equal(what, got, want):
    print(what, got)
    if got != want:
        sys.exit("%s: got %r, want %r" % (what, got, want))


now = time.gmtime().tm_year
set_clock("+0")
equal("now", end(begin()), now)
equal("bob is refused", refused("<bob@world.example>"), True)
equal("cal, for a day", refused("<cal@world.example>"), True)
under_way = begin()
set_clock("+3653d")
equal("in ten years", end(begin()), now + 10)
equal("one that was under way", end(under_way), now + 10)
equal("bob is refused", refused("<bob@world.example>"), True)
equal("cal's day is over", refused("<cal@world.example>"), False)
under_way = begin()
set_clock("-3653d")
equal("ten years ago", end(begin()) <= now - 9, True)
equal("one that was under way", end(under_way) <= now - 9, True)
equal("bob is refused", refused("<bob@world.example>"), True)
equal("cal is refused again", refused("<cal@world.example>"), True)
set_clock("+0")
equal("now", end(begin()), now)
