#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t3004-split.py CASE - one case of t3004-split.sh

A server of SMTP that does as it is told stands for the way back into Postfix.
It writes down every copy it was given, whether it said so or not.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from milter import Closed, Milter, connect

W, BIN = os.environ["W"], os.environ["BIN"]
SOCK = os.path.join(W, "split.sock")
THREE = ("<ann@a.example>", "<bob@b.example>", "<eve@e.example>")
HEAD = [(b"From", b" news@s.example"), (b"Subject", b" a\n\tfold"),
        (b"Message-ID", b" <1@s.example>")]
BODY = b"Hi\r\n.dot\r\n" + b"\xc3\xbc" * 9 + b"\r\n"


def fail(text):
    sys.exit(str(text))


def equal(got, want):
    if got != want:
        fail("got  %r\nwant %r" % (got, want))


class Server:
    """says(event, to, n): a reply instead of the usual one, "" to hang up;
    n counts the copies taken so far."""

    def __init__(self, says=None):
        self.says = says or (lambda event, to, n: None)
        self.copies = []        # (sender, recipient, octets)
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def serve(self, c):
        try:
            self.dialogue(c, c.makefile("rb"))
        except OSError:
            pass
        finally:
            c.close()

    def dialogue(self, c, f):
        def say(text):
            c.sendall(text.encode() + b"\r\n")
        say("220 back.example ESMTP")
        sender = to = ""
        while True:
            line = f.readline().decode().strip()
            word = line[:4].upper()
            event = {"MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}.get(word)
            if word == "RCPT":
                to = line[line.index("<"):]
            told = event and self.says(event, to, len(self.copies))
            if not line or word == "QUIT" or told == "":
                return
            if told:
                say(told)
            elif word == "EHLO":
                say("250-back.example\r\n250-SIZE 1000000\r\n250 8BITMIME")
            elif word == "MAIL":
                sender = line[line.index("<"):line.index(">") + 1]
                say("250 2.1.0 Ok")
            elif word == "DATA":
                say("354 go on")
                data = b""
                while True:
                    line = f.readline()
                    if line == b".\r\n":
                        break
                    if not line:
                        return
                    data += line[1:] if line.startswith(b".") else line
                told = self.says("dot", to, len(self.copies))
                if told is None:
                    self.copies.append((sender, to, data))
                    told = self.says("taken", to, len(self.copies))
                if told == "":
                    return
                say(told or "250 2.0.0 Ok: queued")
            else:
                say("250 2.0.0 Ok")

    def got(self):
        return sorted(to for _, to, _ in self.copies)


class Daemon:
    def __init__(self, port, extra=""):
        self.conf = os.path.join(W, "split.conf")
        with open(self.conf, "w") as f:
            f.write("""run_dir = %s
state_dir = %s/state
token_key_file = %s/token.key
store_key_file = %s/store.key
[unsubscribe]
split_server = 127.0.0.1:%d
%s
[stream news]
class = bulk
match_sender = news@s.example, <>
unsubscribe = require
multiple = split
unsubscribe_url = https://u.example/u/
""" % (W, W, W, W, port, extra))
        self.start()

    def start(self):
        if os.path.exists(SOCK):
            os.unlink(SOCK)
        self.log = open(os.path.join(W, "split.log"), "a")
        self.p = subprocess.Popen(
            [BIN + "/mailweir-unsubscribe", "-d", "-c", self.conf, "-p",
             "unix:" + SOCK], stderr=self.log, stdin=subprocess.DEVNULL)
        for _ in range(200):
            try:
                connect("unix:" + SOCK).close()
                return
            except OSError:     # no socket yet, or nobody listens on it
                time.sleep(0.05)
        fail("the milter does not start")

    def kill(self):
        self.p.send_signal(signal.SIGKILL)
        self.p.wait()

    def stop(self):
        self.p.terminate()
        for _ in range(100):
            try:
                Milter("unix:" + SOCK).quit()
            except (OSError, Closed):
                pass
            if self.p.poll() is not None:
                break
            time.sleep(0.1)
        equal(self.p.wait(), 0)


def send(rcpts=THREE, head=None, body=BODY, sender="<news@s.example>"):
    """(edits, answer) or None when the milter died."""
    try:
        m = Milter("unix:" + SOCK)
        m.hello()
        got = m.message(rcpts, head or HEAD, body, sender)
        m.quit()
        return got
    except (Closed, OSError):
        return None


def verdict(got):
    if got is None:
        return "died"
    cmd, data = got[1]
    return {b"d": "discard", b"a": "accept", b"c": "continue",
            b"y": data[:-1].decode()}.get(cmd, repr(cmd))


def marks(server):
    return [re.search(rb"^X-Mailweir-Split: (\S+)\r\n", d).group(1)
            for _, _, d in server.copies]


def each(d, s):
    """A copy for each, with his own mark, else octet for octet the message."""
    equal(verdict(send()), "discard")
    equal(s.got(), sorted(THREE))
    equal(len(set(marks(s))), 3)
    for sender, _, data in s.copies:
        equal(sender, "<news@s.example>")
        equal(data.split(b"\r\n", 1)[1],
              b"From: news@s.example\r\nSubject: a\r\n\tfold\r\n"
              b"Message-ID: <1@s.example>\r\n\r\n" + BODY)


def again(d, s):
    """The same message a second time makes no second copy."""
    each(d, s)
    equal(verdict(send()), "discard")
    d.kill()
    d.start()
    equal(verdict(send()), "discard")
    equal(len(s.copies), 3)
    # another message does, and so does one without a Message-ID
    equal(verdict(send(body=b"Other\r\n")), "discard")
    equal(len(s.copies), 6)
    for n in (9, 12):
        equal(verdict(send(head=HEAD[:2])), "discard")
        equal(len(s.copies), n)


def one_waits(d, s):
    """451 for one: the others get theirs, and nobody a second one."""
    s.says = lambda e, to, n: ("451 4.3.0 Busy" if e == "rcpt" and
                               "bob" in to else None)
    equal(verdict(send()),
          "451 4.3.0 1 of 3 recipients wait: 451 4.3.0 Busy")
    equal(s.got(), ["<ann@a.example>", "<eve@e.example>"])
    s.says = lambda e, to, n: None
    equal(verdict(send()), "discard")
    equal(s.got(), sorted(THREE))


def one_is_left(d, s):
    """451, and by the retry RCPT leaves one: no second copy for him, but
    his first for who had none; nor is a copy taken for a retry."""
    for head in HEAD, HEAD[:2]:
        s.copies.clear()
        s.says = lambda e, to, n: ("451 4.3.0 Busy" if e == "rcpt" and
                                   "bob" in to else None)
        equal(verdict(send(head=head))[:3], "451")
        equal(s.got(), ["<ann@a.example>", "<eve@e.example>"])
        for mark in marks(s)[:1]:
            edits, answer = send(THREE[:1], [(b"X-Mailweir-Split",
                                              b" " + mark)] + head)
            equal(answer[0] in b"ac", True)
        edits, answer = send(THREE[1:2], head)
        equal(answer[0] in b"ac", True)
        equal(b"List-Unsubscribe-Post" in b"".join(e[1] for e in edits), True)
        # what has been here and has its link is on its way, not a retry
        link = [(b"List-Unsubscribe", b" <https://u.example/u/x>"),
                (b"List-Unsubscribe-Post", b" List-Unsubscribe=One-Click")]
        equal(send(THREE[:1], head + link)[1][0] in b"ac", True)
        equal(verdict(send(THREE[:1], head)), "discard")
        equal(len(s.copies), 2)


def one_refused(d, s):
    """550 for one: the sender is told, once."""
    s.says = lambda e, to, n: ("550 5.1.1 No such user" if e == "rcpt" and
                               "bob" in to else None)
    for _ in range(2):
        equal(verdict(send()), "discard")
        equal(s.got(), ["<ann@a.example>", "<eve@e.example>",
                        "<news@s.example>"])
    notice = [c for c in s.copies if c[1] == "<news@s.example>"][0]
    equal(notice[0], "<>")
    for want in (b"Final-Recipient: rfc822; bob@b.example\r\n"
                 b"Action: failed\r\nStatus: 5.1.1\r\n"
                 b"Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n",
                 b"\r\nMessage-ID: <1@s.example>\r\n"):
        if want not in notice[2]:
            fail(notice)
    s.says = lambda e, to, n: None
    # what was refused may be taken later
    equal(verdict(send()), "discard")
    equal(s.got(), sorted(THREE + ("<news@s.example>",)))


def bounce_refused(d, s):
    """Nobody is told of what was refused to the null sender."""
    s.says = lambda e, to, n: ("550 5.1.1 No" if e == "rcpt" and
                               "bob" in to else None)
    equal(verdict(send(sender="<>")), "discard")
    equal([c[:2] for c in s.copies],
          [("<>", "<ann@a.example>"), ("<>", "<eve@e.example>")])


def all_refused(d, s):
    s.says = lambda e, to, n: "554 5.7.1 Never" if e == "dot" else None
    equal(verdict(send()), "550 5.7.1 All recipients were refused, the first "
          "with: 554 5.7.1 Never")
    equal(s.copies, [])


def away(d, s):
    s.sock.shutdown(socket.SHUT_RDWR)
    s.sock.close()
    got = verdict(send())
    if not got.startswith("451 4.3.0 3 of 3 recipients wait: 127.0.0.1:"):
        fail(got)


def hangs_up(d, s):
    """The line breaks before the end of a message: nothing was taken."""
    s.says = lambda e, to, n: "" if e == "data" and n == 1 else None
    if not verdict(send()).startswith("451 4.3.0 2 of 3 "):
        fail("no 451")
    equal(len(s.copies), 1)
    s.says = lambda e, to, n: None
    equal(verdict(send()), "discard")
    equal(s.got(), sorted(THREE))


def killed(when, count):
    """kill -9 at this event of the second copy, then the sender comes again:
    nobody is left out, and nobody gets two when there need not be."""
    def case(d, s):
        def says(event, to, n):
            if event == when[0] and n == when[1]:
                s.says = lambda e, to, n: None
                d.kill()
                return when[2]
            return None
        s.says = says
        equal(verdict(send()), "died")
        d.start()
        equal(verdict(send()), "discard")
        equal(sorted(set(s.got())), sorted(THREE))
        equal(len(s.copies), count)
        equal(verdict(send()), "discard")
        equal(len(s.copies), count)
    return case


def marked(d, s):
    """A copy comes back: its mark goes, the recipient gets his link."""
    each(d, s)
    for (_, to, _), mark in list(zip(s.copies, marks(s))):
        head = [(b"X-Mailweir-Split", b" " + mark)] + HEAD
        edits, answer = send((to,), head)
        equal(answer[0] in b"ac", True)
        text = b"".join(e[1] for e in edits)
        equal([e for e in edits if e[0] == b"m"],
              [(b"m", b"\0\0\0\1X-Mailweir-Split\0\0")])
        equal(b"List-Unsubscribe-Post" in text, True)
    equal(len(s.copies), 3)


def loop(d, s):
    """A genuine mark on a message to several is a loop."""
    each(d, s)
    head = [(b"X-Mailweir-Split", b" " + marks(s)[0])] + HEAD
    got = verdict(send(THREE, head, b"x\r\n"))
    if not got.startswith("554 5.4.6 "):
        fail(got)
    equal(len(s.copies), 3)


def forged(d, s):
    """A mark of somebody else's is worth nothing, and does not go out."""
    each(d, s)
    bad = bytearray(marks(s)[0])
    bad[-1] = ord("A") if bad[-1] != ord("A") else ord("B")
    for mark in (bytes(bad), b"", b"x" * 5000, marks(s)[0][:-1]):
        head = [(b"X-Mailweir-Split", b" " + mark)] + HEAD
        n = len(s.copies)
        equal(verdict(send(THREE, head, b"body " + mark[-5:] + b"\r\n")),
              "discard")
        equal(len(s.copies), n + 3)
        for _, _, data in s.copies[n:]:
            equal(data.count(b"X-Mailweir-Split:"), 1)
    # ann's mark on bob's mail
    head = [(b"X-Mailweir-Split", b" " + marks(s)[0])] + HEAD
    edits, _ = send(("<carl@c.example>",), head)
    equal([e[1] for e in edits if e[0] == b"m"],
          [b"\0\0\0\1X-Mailweir-Split\0\0"])
    with open(os.path.join(W, "split.log")) as f:
        equal(f.read().count(" split_mark ") >= 5, True)


def at_once(d, s):
    """Two of the same message at once: one has it, the other waits."""
    gate = threading.Event()

    def says(event, to, n):
        if event == "dot" and n == 1:
            gate.wait(10)
        return None
    s.says = says
    first = []
    t = threading.Thread(target=lambda: first.append(verdict(send())))
    t.start()
    while len(s.copies) < 1 and t.is_alive():
        time.sleep(0.02)
    time.sleep(0.1)
    equal(verdict(send()), "451 4.3.0 3 of 3 recipients wait: the same "
          "message is at work")
    gate.set()
    t.join()
    equal(first, ["discard"])
    equal(s.got(), sorted(THREE))


def large(d, s):
    got = verdict(send(body=b"x" * 70 + b"\r\n" + b"y\r\n" * 100000))
    if not got.startswith("552 5.3.4 "):
        fail(got)
    equal(s.copies, [])


def addresses(d, s):
    """Quoted, international and broken ones go out as they came in."""
    rcpts = ('<"a b"@a.example>', '<"x@y"@a.example>', "<j\u00f6rg@a.example>",
             "<ann>", "<a@b@c.example>", "<%s@a.example>" % ("x" * 64),
             "<e\rv\nil@a.example>", "<e%0d%0aRSET@a.example>")
    m = Milter("unix:" + SOCK)
    m.hello()
    got = m.message(rcpts, HEAD, BODY, '<"news"@s.example>')
    m.quit()
    equal(verdict(got), "continue" if got[1][0] == b"c" else "discard")
    if not s.copies:
        fail("nothing was sent")
    want = sorted(r for r in rcpts if "\n" not in r)
    equal([r for r in s.got() if r != '<"news"@s.example>'], want)


def no_ledger(d, s):
    """Where nothing can be remembered nothing is sent."""
    with open(os.path.join(W, "state"), "w"):
        pass
    got = verdict(send())
    os.unlink(os.path.join(W, "state"))
    if not got.startswith("451 4.3.0 3 of 3 "):
        fail(got)
    equal(s.copies, [])


CASES = {
    "each": each, "again": again, "one_waits": one_waits,
    "one_is_left": one_is_left,
    "one_refused": one_refused, "bounce_refused": bounce_refused,
    "all_refused": all_refused, "away": away, "hangs_up": hangs_up,
    "killed_at_rcpt": killed(("rcpt", 1, ""), 3),
    "killed_at_dot": killed(("dot", 1, ""), 3),
    # taken, but our 250 finds nobody: RFC 1047, the one that may come twice
    "killed_before_250": killed(("taken", 2, ""), 4),
    # the ledger had it: MAIL of the third copy comes behind its fsync
    "killed_behind_250": killed(("mail", 2, ""), 3),
    "marked": marked, "loop": loop, "forged": forged, "at_once": at_once,
    "large": large, "addresses": addresses, "no_ledger": no_ledger,
}


def main(name):
    server = Server()
    d = Daemon(server.port, "max_body = 64K" if name == "large" else "")
    if name != "no_ledger":
        os.makedirs(os.path.join(W, "state"), exist_ok=True)
    try:
        CASES[name](d, server)
        d.stop()
    finally:
        if d.p.poll() is None:
            d.p.kill()
            d.p.wait()


main(sys.argv[1])
