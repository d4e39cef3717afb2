#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""compose.py - the mail of the quickstart, as an application or the world
would write it

usage: compose.py newsletter TO
       compose.py reset TO
       compose.py offer TO          many words that the rule file dislikes
       compose.py invoice TO        one such word
       compose.py complaint DELIVERED REPORTER TO
       compose.py bounce DELIVERED TO
       compose.py unsubscribe DELIVERED
       compose.py mailto DELIVERED  the mailto address of its header
       compose.py sender DELIVERED  its envelope sender

DELIVERED is a message as the world received it (smtp-sink's file). Prints a
message, or an address, on standard output.
"""
import re
import sys
import uuid
from email.utils import formatdate

NEWS = """\
<html><body><h1>What is new in November</h1>
<p>Dear reader, three things happened this month.</p></body></html>
"""


def message(headers, body):
    head = "".join("%s: %s\n" % h for h in headers)
    ident = "<%s@%s>" % (uuid.uuid4().hex[:16], headers[0][1].split("@")[1]
                         .strip(">"))
    return "%sDate: %s\nMessage-ID: %s\nMIME-Version: 1.0\n%s" % (
        head, formatdate(), ident, body)


def simple(sender, to, subject, text):
    return message(
        [("From", sender), ("To", to), ("Subject", subject)],
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n" + text)


def newsletter(to):
    return message(
        [("From", "Sender News <news@sender.example>"), ("To", to),
         ("Subject", "What is new in November")],
        "Content-Type: multipart/alternative; boundary=b1\n\n"
        "--b1\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n"
        "Three things happened this month: caf\u00e9, na\u00efve, \u96ea.\n"
        "\n--b1\nContent-Type: text/html; charset=utf-8\n\n"
        + NEWS + "\n--b1--\n")


def reset(to):
    return simple("Sender Accounts <account@sender.example>", to,
                  "Your password reset",
                  "Somebody, we hope you, asked for a new password.\n")


def offer(to):
    return simple("Sender Sales <sales@sender.example>", to,
                  "ACT NOW, 100% free",
                  "This risk-free offer expires tonight! Wire the money to\n"
                  "our new bank account and earn guaranteed profits.\n")


def invoice(to):
    return simple("Sender Accounts <billing@sender.example>", to,
                  "Invoice 1042",
                  "Please find the invoice below. Note our new bank account\n"
                  "on its last page.\n")


def delivered(path):
    """(message, header section, recipient) of smtp-sink's file."""
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        text = f.read()
    rcpt = re.search(r"^X-Rcpt-Args: <([^>]*)>", text, re.M).group(1)
    text = re.sub(r"\A(X-[A-Za-z]*-(Args|Addr|Proto): .*\n)+", "", text)
    return text, text.split("\n\n", 1)[0] + "\n", rcpt


def complaint(path, reporter, to):
    """RFC 5965, with the recipient left out, as many reporters do."""
    text, _, _ = delivered(path)
    return message(
        [("From", reporter), ("To", to), ("Subject", "Abuse report")],
        "Content-Type: multipart/report; report-type=feedback-report;\n"
        "\tboundary=f1\n\n--f1\nContent-Type: text/plain\n\n"
        "This is an email abuse report for a message received from\n"
        "192.0.2.1.\n\n--f1\nContent-Type: message/feedback-report\n\n"
        "Feedback-Type: abuse\nUser-Agent: World-FBL/1.0\nVersion: 1\n"
        "Source-IP: 192.0.2.1\n\n--f1\nContent-Type: message/rfc822\n\n"
        + text + "\n--f1--\n")


def bounce(path, to):
    """RFC 3464, the header section of the original returned."""
    _, head, rcpt = delivered(path)
    return message(
        [("From", "MAILER-DAEMON@mx.world.example"), ("To", to),
         ("Subject", "Undelivered Mail Returned to Sender"),
         ("Auto-Submitted", "auto-replied")],
        "Content-Type: multipart/report; report-type=delivery-status;\n"
        "\tboundary=d1\n\n--d1\nContent-Type: text/plain\n\n"
        "<%s>: host mx.world.example said: 550 5.1.1\n"
        "    No such user here (in reply to RCPT TO command)\n\n"
        "--d1\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.world.example\n\n"
        "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user here\n\n"
        "--d1\nContent-Type: text/rfc822-headers\n\n%s\n--d1--\n"
        % (rcpt, rcpt, head))


def mailto(path):
    _, head, _ = delivered(path)
    head = re.sub(r"\n[ \t]+", " ", head)
    value = re.search(r"^List-Unsubscribe:(.*)$", head, re.M | re.I).group(1)
    return re.search(r"<mailto:([^?>]*)", value).group(1)


def sender(path):
    """Where a bounce of it goes; smtp-sink wrote it down."""
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return re.search(r"^X-Mail-Args: <([^>]*)>", f.read(), re.M).group(1)


def unsubscribe(path):
    _, _, rcpt = delivered(path)
    return simple(rcpt, mailto(path), "unsubscribe", "unsubscribe\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    sys.stdout.write(globals()[sys.argv[1]](*sys.argv[2:]))
    if sys.argv[1] in ("mailto", "sender"):
        print()
