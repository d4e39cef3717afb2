#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9120-disk.py SOCKET SENDER RCPT... - one message; prints what each step got

Status 0: taken, 1: refused, 2: put off.
"""
import sys

from milter import Milter

m = Milter("unix:" + sys.argv[1])
m.hello(client_name="client.example")
sender = "<%s>" % sys.argv[2]
print("MAIL", m.mail(sender, i="4Qid"))
for rcpt in sys.argv[3:]:
    print("RCPT", rcpt, m.rcpt("<%s>" % rcpt))
got = m.data([(b"From", b" " + sender.encode()), (b"Subject", b" hello"),
              (b"Message-ID", b" <%s@x.example>" % sys.argv[3].encode())],
             b"We have a new bank account.\r\n")
if got is None:
    edits, got = m.eom()
    print("EDITS", [name for name, _ in edits])
print("END", got)
sys.exit(2 if got[0] == b"t" or got[1][:1] == b"4" else
         0 if got[0] in b"cad" else 1)
