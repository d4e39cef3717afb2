#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""optout.py SOCKET SENDER RCPT... - one message; prints the answer
to each RCPT and to the whole"""
import sys

from milter import Milter

m = Milter("unix:" + sys.argv[1])
m.hello()
m.mail("<%s>" % sys.argv[2])
for rcpt in sys.argv[3:]:
    print(rcpt, m.rcpt("<%s>" % rcpt)[0].decode())
if m.data([(b"From", b" x@y.example")], b"x\r\n") is None:
    print("end", m.eom()[1][0].decode())
m.quit()
