#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t7000-frame-wire.py CASE SOCKET - one dialogue of t7000-frame-wire.sh"""
import os
import signal
import socket
import struct
import sys
import threading
import time

import milter
from milter import Milter

WHERE = ""


def equal(got, want):
    if got != want:
        sys.exit("got  %r\nwant %r" % (got, want))


def holds(text, part):
    if part not in text:
        sys.exit("%r is not in %r" % (part, text))


def begin(**kw):
    m = Milter(WHERE, **kw)
    m.hello()
    return m


def seen(edits):
    """What the second policy wrote down."""
    for cmd, data in edits:
        if cmd == b"i" and b"X-Seen" in data:
            return " ".join(data.split(b"\0")[-2].decode().split())
    sys.exit("no X-Seen in %r" % edits)


def pid():
    with open(os.environ["PIDFILE"]) as f:
        return int(f.read())


def log():
    with open(os.environ["LOGFILE"]) as f:
        return f.read()


def configure(text):
    with open(os.environ["CONF"], "w") as f:
        f.write("run_dir = %s\n%s\n" % (os.environ["W"], text))


def until(what, condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    sys.exit("waited in vain for " + what)


def reload(how, event):
    before = log().count(event)
    os.kill(pid(), how)
    until(event, lambda: log().count(event) > before)


# ---- negotiation ----

def negotiation_unix():
    m = begin()
    equal(m.version, 6)
    equal(m.actions & ~milter.SETSYMLIST, milter.ADDHDRS | milter.CHGHDRS)
    equal(m.steps & (milter.NOBODY | milter.NOHDRS | milter.NOEOH),
          milter.NOBODY)
    nr = milter.NR_CONN | milter.NR_MAIL | milter.NR_HDR | milter.NR_EOH | \
        milter.NR_BODY
    equal(m.steps & nr, nr)
    equal(m.steps & milter.NR_RCPT, 0)
    equal(m.steps & (milter.NODATA | milter.NOUNKNOWN | milter.LEADSPC),
          milter.NODATA | milter.NOUNKNOWN | milter.LEADSPC)
    equal(m.macros[2], ["i", "{auth_authen}"])
    holds(m.macros[0], "{client_connections}")


def negotiation_inet():
    m = begin()
    nr = milter.NR_CONN | milter.NR_MAIL | milter.NR_HDR | milter.NR_EOH
    equal(m.steps & (nr | milter.NR_BODY | milter.SKIP), nr | milter.SKIP)
    edits, answer = m.message(body=b"y" * 300000)
    equal(answer[0], b"c")
    # eight octets were asked for: the rest need not come
    equal(m.skipped, True)
    holds(seen(edits), "kept=8 total=65535")


def negotiation_poor():
    """An MTA that offers nothing beyond version 2: all steps, no spaces."""
    m = begin(steps=0, actions=0x3f)
    edits, answer = m.message(headers=[(b"Subject", b"hello")])
    equal(answer[0], b"c")
    equal(edits[0], (b"i", struct.pack(">I", 0) + b"X-Top\0one\0"))
    m = milter.connect(WHERE)
    m.sendall(struct.pack(">I", 13) + b"O" + struct.pack(">III", 6, 0, 0))
    equal(m.recv(1), b"")           # it may not add headers: hangs up
    holds(log(), "mta_refuses")


# ---- messages ----

def edits_in_order():
    m = begin()
    edits, answer = m.message(body=b"text\r\n")
    equal(answer, (b"c", b""))
    top = struct.pack(">I", 0)
    equal(edits[:7], [
        (b"i", top + b"X-Top\0 one\0"),
        (b"h", b"X-End\0 last\0"),
        (b"m", struct.pack(">I", 1) + b"Subject\0 [tag]\0"),
        (b"-", b"<b@w.example>\0"),
        (b"+", b"<d@w.example>\0"),
        (b"e", b"<c@s.example>\0"),
        (b"b", b"text\r\n-- foot\r\n"),
    ])
    equal(edits[7][0], b"i")
    holds(seen(edits), "headers=4 rcpts=1 sender=<a@s.example>")


def held():
    """The policy behind the one that holds is asked, too."""
    edits, answer = begin().message()
    equal((edits[0], answer[0]), ((b"q", b"because\0"), b"c"))
    equal([e[1][4:11] for e in edits[1:]], [b"X-Seen\0"])


def large_body():
    """Replaced in pieces that the protocol can carry."""
    m = begin()
    body = b"0123456789abcdef" * 20000
    edits, answer = m.message(body=body)
    equal(answer[0], b"c")
    got = b"".join(data for cmd, data in edits if cmd == b"b")
    equal(got == body + b"-- foot\r\n", True)
    equal(max(len(d) for c, d in edits if c == b"b") <= 65535, True)
    # nothing at all is a body as well
    edits, answer = m.message(body=b"")
    equal([d for c, d in edits if c == b"b"], [b"-- foot\r\n"])


def several_messages():
    m = begin()
    for i in range(3):
        edits, answer = m.message(body=b"x" * 100 * (i + 1))
        equal(answer[0], b"c")
        equal(seen(edits).startswith(
            "eoh=1/2 body=%d/1 " % (100 * (i + 1))), True)
        holds(seen(edits), "rcpts=1 ")


def aborted():
    m = begin()
    for at in range(4):
        m.mail()
        if at > 0:
            m.rcpt("<b@w.example>")
        if at > 1:
            m.header(b"X-Old", b" 1")
        if at > 2:
            m.step(b"N")
            m.step(b"B", b"old\r\n")
        m.abort()
    edits, answer = m.message()
    equal(answer[0], b"c")
    equal(seen(edits).startswith("eoh=1/2 body=3/1 kept=0 total=3 "
                                 "headers=2 rcpts=1 "), True)
    m.mail()                        # and a connection that just ends
    m.sock.close()


def refused_rcpt():
    m = begin()
    m.mail()
    equal(m.rcpt("<b@w.example>")[0], b"c")
    equal(m.rcpt("<no@w.example>"),
          (b"y", b'550 5.7.1 100%% refused, "so"\0'))
    equal(m.rcpt("<c@w.example>")[0], b"c")
    m.data([(b"From", b" x")], b"x\r\n")
    edits, answer = m.eom()
    equal(answer[0], b"c")
    holds(seen(edits), "rcpts=2 ")


def discarded():
    m = begin()
    edits, answer = m.message(rcpts=["<b@w.example>", "<void@w.example>"])
    equal((edits, answer[0]), (None, b"d"))
    edits, answer = m.message()
    equal(answer[0], b"c")


def verdict_late():
    """Where no answer is due, the verdict comes with the next that is."""
    m = begin()
    edits, answer = m.message(body=b"x" * 200000)
    equal((edits, answer),
          ([], (b"y", b"550 5.7.1 Message refused by policy\0")))


def faulty_edit():
    m = begin()
    edits, answer = m.message()
    equal((edits, answer), ([], (b"y", b"451 4.3.0 Try again later\0")))


def local_mail():
    m = Milter(WHERE)
    m.define(b"C", j="mx.example", v="Postfix 3.7.11", daemon_name="mx")
    m.step(b"C", b"localhost\x004" + struct.pack(">H", 0) + b"127.0.0.1\0")
    m.step(b"H", b"localhost\0")
    edits, answer = m.message(rcpts=["b@w.example"], sender="a@s.example")
    holds(seen(edits), "sender=<a@s.example> smtp=no client=localhost")
    m = Milter(WHERE)               # Sendmail: no address at all
    m.step(b"C", b"localhost\x00U")
    edits, answer = m.message()
    holds(seen(edits), "smtp=no")
    m = Milter(WHERE)               # Sendmail with a client
    m.step(b"C", b"client.example\x004" + struct.pack(">H", 25) +
           b"192.0.2.9\0")
    edits, answer = m.message()
    holds(seen(edits), "smtp=yes client=client.example[192.0.2.9]")


def login():
    m = begin()
    m.mail(auth_authen="ann", i="4First")
    m.rcpt("<no@w.example>")
    holds(log(), "toy_refused qid=4First policy=toy")
    m.data([(b"From", b" x")], b"x\r\n")
    edits, answer = m.eom()
    holds(seen(edits), "login=ann")


# ---- limits ----

def ten_thousand_headers():
    m = begin()
    headers = [(b"X-%d" % i, b" v") for i in range(10000)]
    edits, answer = m.message(headers=headers)
    equal((edits, answer[0]), ([], b"y"))
    equal(answer[1].startswith(b"552 5.3.4 "), True)
    edits, answer = m.message(headers=[(b"X-Long", b"a" * 60000)] * 10)
    equal(answer[1][:9], b"552 5.3.4")
    holds(log(), "what=headers limit=2000 verdict=reject")
    holds(log(), "what=header_size limit=524288 verdict=reject")
    edits, answer = m.message()
    equal(answer[0], b"c")


def long_line():
    m = begin()
    edits, answer = m.message(headers=[(b"X-Long", b"a" * (1 << 20))])
    equal((edits, answer[1][:9]), ([], b"552 5.3.4"))
    equal(m.message()[1][0], b"c")
    m.mail()                        # more than any packet may hold
    try:
        m.header(b"X-Long", b"a" * (8 << 20))
        m.eom()
        sys.exit("it took a packet of 8 MB")
    except (milter.Closed, BrokenPipeError, ConnectionResetError):
        pass
    equal(begin().message()[1][0], b"c")


def octets():
    m = begin()
    edits, answer = m.message(
        headers=[(b"X-Eight", b" gr\xfc\xdf\xff"), (b"X", b"")],
        body=bytes(range(256)) * 10)
    equal(answer[0], b"c")
    holds(seen(edits), "body=2560/1")


def in_flight():
    held = [begin() for _ in range(3)]
    for m in held[:2]:
        m.mail()
        equal(m.rcpt("<b@w.example>")[0], b"c")
    held[2].mail()
    equal(held[2].rcpt("<b@w.example>"),
          (b"y", b"451 4.3.2 Too busy, try again later\0"))
    holds(log(), "refused_busy what=messages verdict=tempfail ")
    held[0].abort()
    until("room", lambda: begin().message()[1][0] == b"c")


def memory():
    m = begin()
    edits, answer = m.message(body=b"x" * (3 << 20))
    equal((edits, answer[1][:9]), ([], b"451 4.3.2"))
    holds(log(), ": busy qid=- policy=toy what=memory verdict=tempfail")
    equal(m.message()[1][0], b"c")


def connections():
    """The fourth of three is told at its message, also at its second one;
    when one goes there is room for a new one."""
    held = [begin() for _ in range(3)]
    late = begin()
    for _ in range(2):
        late.mail()
        equal(late.rcpt("<b@w.example>")[1][:9], b"451 4.3.2")
    holds(log(), "refused_busy what=connections verdict=tempfail ")
    equal(held[2].message()[1][0], b"c")
    held[0].quit()
    late.quit()
    until("room", lambda: begin().message()[1][0] == b"c")


def too_slow(answer=b"y"):
    """A message that takes more than max_time, at RCPT and in the body."""
    m = begin()
    for _ in range(2):
        m.mail()
        equal(m.rcpt("<b@w.example>")[0], b"c")
        time.sleep(1.2)
        if answer == b"y":
            equal(m.rcpt("<c@w.example>")[1][:9], b"451 4.3.2")
        m.data([(b"From", b" a@s.example")], b"text\r\n")
        edits, got = m.eom()
        equal((edits, got[0]), ([], answer))
    holds(log(), ": busy qid=- policy=toy what=time verdict=")
    equal(m.message()[1][0], b"c")


def passed():
    """over_load = pass: such mail goes as it is, the next is seen again."""
    held = [begin() for _ in range(3)]
    for m in held[:2]:
        m.mail()
        equal(m.rcpt("<b@w.example>")[0], b"c")
    held[2].mail()
    equal(held[2].rcpt("<b@w.example>")[0], b"a")
    holds(log(), "refused_busy what=messages verdict=pass ")
    for m in held[:2]:
        m.abort()
    until("room", lambda: begin().message()[0] != [])
    too_slow(b"a")


# ---- reload ----

def reload_good():
    configure("[toy]\ninsert = X-Top: one\n")
    reload(signal.SIGUSR1, ": reloaded ")
    old = begin()
    old.mail()
    old.rcpt("<b@w.example>")
    configure("[toy]\ninsert = X-Top: two\n")
    reload(signal.SIGUSR1, ": reloaded ")
    new = begin()
    edits, answer = new.message()
    equal(edits[0][1], struct.pack(">I", 0) + b"X-Top\0 two\0")
    old.data([(b"From", b" x")], b"x\r\n")
    edits, answer = old.eom()
    equal(edits[0][1], struct.pack(">I", 0) + b"X-Top\0 one\0")
    edits, answer = old.message()   # the next one on the same connection
    equal(edits[0][1], struct.pack(">I", 0) + b"X-Top\0 two\0")
    # HUP is a reload as well, not libmilter's stop
    configure("[toy]\ninsert = X-Top: three\n")
    reload(signal.SIGHUP, ": reloaded ")
    equal(begin().message()[0][0][1],
          struct.pack(">I", 0) + b"X-Top\0 three\0")


def reload_needs_more():
    """A connection that was not asked for bodies stays with the old."""
    configure("[toy]\ninsert = X-Top: one\n")
    reload(signal.SIGUSR1, ": reloaded ")
    old = begin()
    configure("[toy]\ninsert = X-Top: two\nfooter = foot\n")
    reload(signal.SIGUSR1, ": reloaded ")
    equal(old.message()[0][0][1], struct.pack(">I", 0) + b"X-Top\0 one\0")
    equal(begin().message()[0][1][0], b"b")


def reload_bad():
    m = begin()
    m.mail()
    for text in ("[toy]\ninsrt = X-Top: four\n", "[toys]\nmax_headers = 0\n",
                 "[toy\n"):
        configure(text)
        reload(signal.SIGUSR1, ": reload_failed ")
    last = [x for x in log().split("\n") if "reload_failed" in x]
    holds(last[-3], "toys.conf:3: insrt: ")
    holds(last[-2], "toys.conf:3: max_headers: ")
    equal(begin().message()[1][0], b"c")
    os.unlink(os.environ["CONF"])
    reload(signal.SIGUSR1, ": reload_failed ")
    equal(begin().message()[1][0], b"c")
    m.rcpt("<b@w.example>")
    m.data([(b"From", b" x")], b"x\r\n")
    equal(m.eom()[1][0], b"c")
    configure("")
    reload(signal.SIGUSR1, ": reloaded ")


# ---- strangers ----

def garbage():
    seven = os.urandom(4096)
    for junk in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\0\1\0",
                 seven, b"\0\0\0\0", b"\xff\xff\xff\xffO", b"\0\0\0\1Z",
                 b"\0\0\0\5O\0\0\0\6", b"\0\0\0\1E" * 50,
                 b"\0\0\0\1R" + b"\0\0\0\1M" + b"\0\0\0\1L"):
        s = milter.connect(WHERE)
        try:
            s.sendall(junk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
    for cmd in (b"E", b"L", b"N", b"B", b"R", b"A", b"T", b"U", b"M", b"?"):
        m = begin()                 # steps out of order
        m.send(cmd, b"a\0b\0")
        m.sock.settimeout(0.2)
        try:
            m.receive()
        except (milter.Closed, socket.timeout):
            pass
        m.sock.close()
    equal(begin().message()[1][0], b"c")


# ---- the end ----

def term_in_flight():
    """A hook that sleeps when TERM comes ends, and its answer arrives."""
    busy = [begin() for _ in range(4)]
    for m in busy:
        m.mail()
        m.rcpt("<b@w.example>")
        m.data([(b"From", b" x")], b"x\r\n")
    answers = []
    threads = [threading.Thread(target=lambda m=m: answers.append(m.eom()))
               for m in busy]
    for t in threads:
        t.start()
    time.sleep(0.3)
    os.kill(pid(), signal.SIGTERM)
    until("stopping", lambda: ": stopping in_flight=4" in log())
    try:
        late = begin()
        late.mail()
        equal(late.rcpt("<b@w.example>")[0], b"y")
    except (milter.Closed, OSError):
        pass                        # not even spoken to
    for t in threads:
        t.join()
    equal([a[1][0] for a in answers], [b"c"] * 4)
    equal(all(a[0][0][1].endswith(b"X-Top\0 one\0") for a in answers), True)


def term_stuck():
    """A hook that outstays stop_timeout is left behind."""
    m = begin()
    m.mail()
    m.rcpt("<b@w.example>")
    m.data([(b"From", b" x")], b"x\r\n")
    m.send(b"E")
    time.sleep(0.3)
    os.kill(pid(), signal.SIGTERM)
    try:
        m.receive()
        m.receive()
    except (milter.Closed, ConnectionResetError):
        return
    sys.exit("it waited for a hook of 30 s")


def main():
    global WHERE
    WHERE = sys.argv[2]
    globals()[sys.argv[1]]()


main()
