#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t9400-threads.py NAME - forty clients, reloads, and a writer of the store"""
import os
import signal
import subprocess
import sys
import threading
import time

from milter import Milter

W = os.environ["W"]
NAME = sys.argv[1]
WHERE = "unix:%s/mailweir-%s.sock" % (W, NAME)
CLIENTS = int(os.environ.get("CLIENTS", "40"))
SESSIONS = int(os.environ.get("SESSIONS", "3"))
SENDERS = ["news", "foot", "must", "a"]


def one_message(m, n):
    sender = "<%s@sender.example>" % SENDERS[n % len(SENDERS)]
    body = b"We have a new bank account.\r\n" * (1 + n * 7919 % 1000)
    headers = [(b"From", b" " + sender.encode()), (b"Subject", b" hello"),
               (b"Content-Type", b" text/plain; charset=utf-8")]
    if n % 5 == 4:
        m.mail(sender)
        m.rcpt("<ann@world.example>")
        m.abort()
    _, answer = m.message(rcpts=("<bob@world.example>", "<ann@world.example>"),
                          sender=sender, headers=headers, body=body,
                          qid="4Q%d" % n)
    if answer[0] not in (b"c", b"y"):
        raise AssertionError(answer)
    if answer[0] == b"y" and answer[1][:1] == b"4":
        raise AssertionError(answer)


def client(number, failures):
    try:
        for s in range(SESSIONS):
            m = Milter(WHERE)
            m.sock.settimeout(120)
            m.hello()
            for i in range(4):
                one_message(m, number + s * 4 + i)
            m.quit()
    except BaseException as e:      # pylint: disable=broad-except
        failures.append("client %d: %r" % (number, e))


def writer(done):
    """An entry comes and goes, as mailweir-ingest and admins have it."""
    n = 0
    while not done.is_set():
        n += 1
        for sentence in ("add", "remove"):
            subprocess.run([os.environ["BIN"] + "/mailweir", "-c",
                            os.environ["CONF"], sentence,
                            "w%d@world.example" % (n % 7), "--scope",
                            "newsletter"] +
                           (["--reason", "optout"] if sentence == "add"
                            else []), check=True, stdout=subprocess.DEVNULL)
    print("%d entries came and went" % n)


def main():
    with open("%s/mailweir-%s.pid" % (W, NAME)) as f:
        pid = int(f.read())
    failures, done = [], threading.Event()
    threads = [threading.Thread(target=client, args=(i, failures))
               for i in range(CLIENTS)]
    store = threading.Thread(target=writer, args=(done,))
    for t in threads + [store]:
        t.start()
    reloads = 0
    while any(t.is_alive() for t in threads):
        reloads += 1
        os.kill(pid, signal.SIGUSR1 if reloads % 2 else signal.SIGHUP)
        time.sleep(0.1)
    done.set()
    for t in threads + [store]:
        t.join()
    print("%d messages, %d reloads" % (CLIENTS * SESSIONS * 4, reloads))
    if failures:
        sys.exit("\n".join(failures[:10]))


main()
