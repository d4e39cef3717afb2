#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9300-reload.py RELOADS RESTARTS - both under load, and what came of it

Eight clients send without a pause through Postfix while the configuration
changes from generation to generation, and the milter is restarted with its
socket held (activate.py). Afterwards: each message that was accepted lies in
the world once, and all that one message got is of one generation.
"""
import glob
import os
import re
import signal
import smtplib
import sys
import threading
import time

import dkim

W = os.environ["W"]
CONF = os.environ["CONF"]
LOG = os.environ["LOGFILE"]
PORT = int(os.environ["PF_PORT"])
CLIENTS = 8
VERIFIED = 1000                 # so many signatures are looked at, if there are

MESSAGE = """\
From: News <news@sender.example>\r
To: ann@world.example\r
Subject: What is new\r
Message-ID: <%s@sender.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
We have a new bank account.\r
%s"""


def log():
    with open(LOG, errors="replace") as f:
        return f.read()


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit("waited in vain for " + what)
        time.sleep(0.005)


class Client(threading.Thread):
    """One message a session, each until it is taken."""
    def __init__(self, number, stop):
        super().__init__()
        self.number, self.stop = number, stop
        self.accepted, self.put_off, self.failed = [], 0, []

    def send(self, name, size):
        with smtplib.SMTP("127.0.0.1", PORT, timeout=60) as s:
            s.sendmail("news@sender.example", ["ann@world.example"],
                       MESSAGE % (name, "x\r\n" * size))

    def run(self):
        n = 0
        while not self.stop.is_set():
            n += 1
            name = "m%d.%d" % (self.number, n)
            while True:
                try:
                    self.send(name, n * 7919 % 20000 if n % 9 == 0 else 3)
                    self.accepted.append(name)
                    break
                except (smtplib.SMTPResponseException,
                        smtplib.SMTPRecipientsRefused) as e:
                    code = getattr(e, "smtp_code", None) or \
                        list(e.recipients.values())[0][0]
                    if code // 100 != 4:
                        self.failed.append("%s: %r" % (name, e))
                        return
                    self.put_off += 1
                    time.sleep(0.02)
                except OSError as e:
                    self.failed.append("%s: %r" % (name, e))
                    return


def configure(generation):
    with open(W + "/template") as f:
        text = f.read().replace("@G@", str(generation))
    with open(CONF + ".new", "w") as f:
        f.write(text)
    os.rename(CONF + ".new", CONF)


def change(activator, reloads, restarts):
    """Spread the restarts over the reloads."""
    done = 0
    for g in range(1, reloads + 1):
        configure(g)
        n = log().count(": reloaded ")
        os.kill(activator, signal.SIGHUP if g % 2 else signal.SIGUSR1)
        until("reload %d" % g, lambda: log().count(": reloaded ") > n)
        if done < restarts and g * restarts >= (done + 1) * reloads:
            done += 1
            n = log().count(": started ")
            os.kill(activator, signal.SIGUSR2)
            until("restart %d" % done, lambda: log().count(": started ") > n)
    return done


def generations(raw):
    """The generation of all that bears one; a set of one, if all is well."""
    head = re.sub(rb"\r?\n[ \t]+", b" ", raw.split(b"\n\n", 1)[0])
    found = []
    for pattern in (rb"(?im)^List-Id: <gen(\d+)\.news",
                    rb"(?im)^Feedback-ID: .*:sender(\d+)\s*$",
                    rb"(?im)^X-Mailweir-Tag: (\d+)\s*$",
                    rb"(?im)^DKIM-Signature: .*\bs=rsa(\d+);",
                    rb"(?im)^DKIM-Signature: .*\bs=ed(\d+);"):
        got = re.findall(pattern, head)
        if len(got) != 1:
            sys.exit("%r: %d times in\n%s" % (pattern, len(got),
                                               head.decode(errors="replace")))
        found.append(int(got[0]))
    return set(found)


def key(name, timeout=0):
    """The public key, whatever the generation that the selector names."""
    with open(W + ("/rsa.txt" if name.startswith(b"rsa") else "/ed.txt"),
              "rb") as f:
        return f.read().split(b" ", 1)[1].strip()


def verify(raw):
    message = b"\n".join(x for x in raw.split(b"\n")
                         if not re.match(rb"X-(Client|Helo|Mail|Rcpt)-", x))
    message = re.sub(rb"\r?\n", b"\r\n", message.rstrip(b"\n")) + b"\r\n"
    d = dkim.DKIM(message)
    return all(d.verify(idx=i, dnsfunc=key) for i in (0, 1))


def judge(accepted):
    delivered, mixed, bad, seen = {}, 0, 0, set()
    files = glob.glob(W + "/pf/world/[0-9]*")
    for i, path in enumerate(files):
        with open(path, "rb") as f:
            raw = f.read()
        name = re.search(rb"(?im)^Message-ID: <([^@]*)@", raw)[1].decode()
        delivered[name] = delivered.get(name, 0) + 1
        g = generations(raw)
        mixed += len(g) != 1
        seen |= g
        if i % (1 + len(files) // VERIFIED) == 0 and not verify(raw):
            bad += 1
            print("%s: %s does not verify" % (path, name))
    twice = [n for n, k in delivered.items() if k > 1]
    lost = set(accepted) - set(delivered)
    more = set(delivered) - set(accepted)
    print("%d accepted, %d delivered, %d generations seen; lost %d, twice %d, "
          "unasked %d, mixed %d, bad signatures %d" %
          (len(accepted), len(delivered), len(seen), len(lost), len(twice),
           len(more), mixed, bad))
    return not (lost or twice or more or mixed or bad) and len(accepted) > 0


def main():
    reloads, restarts = int(sys.argv[1]), int(sys.argv[2])
    with open(W + "/activate.pid") as f:
        activator = int(f.read())
    stop = threading.Event()
    clients = [Client(i, stop) for i in range(CLIENTS)]
    begin = time.monotonic()
    for c in clients:
        c.start()
    try:
        done = change(activator, reloads, restarts)
    finally:
        stop.set()
        for c in clients:
            c.join()
    print("%d reloads, %d restarts in %d s, %d times 4xx" %
          (reloads, done, time.monotonic() - begin,
           sum(c.put_off for c in clients)))
    failed = [x for c in clients for x in c.failed]
    until("the queue", lambda: not any(
        files for q in ("incoming", "active", "deferred", "maildrop")
        for _, _, files in os.walk("%s/pf/queue/%s" % (W, q))), 120)
    if not judge([n for c in clients for n in c.accepted]) or failed:
        sys.exit("\n".join(failed[:10]) or 1)


main()
