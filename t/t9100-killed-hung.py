#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9100-killed-hung.py PORT NAME [ACTION] - one message by SMTP, step by step

ACTION "kill PID" or "stop PID" is done when Postfix has answered DATA: the
step that our milters are not told of; "lose" hangs up there. Prints the
replies; status 0: accepted, 2: 4xx, 1: 5xx, 3: Postfix hung up.
"""
import os
import signal
import smtplib
import sys

MESSAGE = """\
From: News <news@sender.example>\r
To: ann@world.example\r
Subject: What is new\r
Message-ID: <%s@sender.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain\r
\r
We have a new bank account.\r
"""


def reply(what, got):
    print(what, got[0], got[1].decode())
    sys.stdout.flush()
    if got[0] >= 400:
        sys.exit(2 if got[0] < 500 else 1)


def act(words):
    if words[0] in ("kill", "stop"):
        os.kill(int(words[1]), signal.SIGKILL if words[0] == "kill"
                else signal.SIGSTOP)
    elif words[0] == "wait":        # for the test to do something
        open(words[1], "w").close()
        while os.path.exists(words[1]):
            pass


def main():
    try:
        s = smtplib.SMTP(timeout=60)
        reply("CONNECT", s.connect("127.0.0.1", int(sys.argv[1])))
        reply("EHLO", s.ehlo("client.example"))
        reply("MAIL", s.mail("news@sender.example"))
        reply("RCPT", s.rcpt("ann@world.example"))
        code = s.docmd("DATA")
        print("DATA", code[0])
        if code[0] >= 400:
            sys.exit(2 if code[0] < 500 else 1)
        act(sys.argv[3:] or ["none"])
        s.send(MESSAGE % sys.argv[2] + ".\r\n")
        reply("END", s.getreply())
    except (smtplib.SMTPServerDisconnected, ConnectionError) as e:
        print("LOST", e)
        sys.exit(3)


main()
