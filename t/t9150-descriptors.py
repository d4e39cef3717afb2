#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9150-descriptors.py SOCKET - more connections than there are descriptors

Who comes too late waits, without an answer (Postfix says 451 after its
timeout), and is served when somebody goes.
"""
import socket
import sys

import milter
from milter import Milter

WHERE = "unix:" + sys.argv[1]
OFFER = b"\0\0\0\x0dO" + b"\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"


def message(m):
    m.hello()
    _, answer = m.message(sender="<news@sender.example>",
                          rcpts=["<ann@world.example>"],
                          headers=[(b"From", b" <news@sender.example>")])
    return answer


served, late = [], None
for _ in range(200):
    s = milter.connect(WHERE)
    s.settimeout(1)
    s.sendall(OFFER)
    try:
        s.recv(65536)
        served.append(s)
    except socket.timeout:
        late = s
        break
if late is None or len(served) < 5:
    sys.exit("%d connections, and still room" % len(served))
print("%d were served, the next waits" % len(served))
for s in served[len(served) // 2:]:
    s.close()
late.settimeout(20)
if not late.recv(65536):
    sys.exit("who waited was not served")
answer = message(Milter(WHERE))
print("then", answer)
if answer[0] != b"c":
    sys.exit(1)
