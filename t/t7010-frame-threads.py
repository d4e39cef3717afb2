#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t7010-frame-threads.py CASE - many clients at once, while it reloads"""
import os
import signal
import struct
import sys
import threading
import time

from milter import Milter

W = os.environ["W"]
WHERE = "unix:%s/frame-toy.sock" % W
CLIENTS = int(os.environ.get("CLIENTS", "40"))
SESSIONS = int(os.environ.get("SESSIONS", "5"))


def configure(generation):
    """Footer and header of one generation must never be mixed."""
    with open(os.environ["CONF"] + ".new", "w") as f:
        f.write("run_dir = %s\n[toy]\ninsert = X-Top: gen %d\n"
                "footer = gen %d\nrefuse = <no@w.example>\n"
                "[see]\nsee_body = yes\nkeep = 64K\n"
                % (W, generation, generation))
    os.rename(os.environ["CONF"] + ".new", os.environ["CONF"])


def one_message(m, n):
    body = b"z" * (n * 7919 % 150000)
    if n % 5 == 4:
        m.mail()
        m.rcpt("<b@w.example>")
        m.abort()
    edits, answer = m.message(rcpts=("<b@w.example>", "<no@w.example>"),
                              body=body)
    assert answer[0] == b"c", answer
    top = edits[0][1]
    got = b"".join(d for c, d in edits if c == b"b")
    prefix = struct.pack(">I", 0) + b"X-Top\0 gen "
    assert top.startswith(prefix), top
    want = body + b"gen " + top[len(prefix):-1] + b"\r\n"
    assert got == want, "a message of two generations"
    seen = edits[-1][1]
    assert b"body=%d/" % len(want) in seen, seen


def client(number, failures):
    try:
        for s in range(SESSIONS):
            m = Milter(WHERE)
            m.hello()
            for i in range(3):
                one_message(m, number + s * 3 + i)
            m.quit()
    except BaseException as e:      # pylint: disable=broad-except
        failures.append("client %d: %r" % (number, e))


def main():
    with open(os.environ["PIDFILE"]) as f:
        pid = int(f.read())
    failures = []
    threads = [threading.Thread(target=client, args=(i, failures))
               for i in range(CLIENTS)]
    for t in threads:
        t.start()
    generation = 1
    while any(t.is_alive() for t in threads):
        generation += 1
        configure(generation)
        os.kill(pid, signal.SIGUSR1 if generation % 2 else signal.SIGHUP)
        time.sleep(0.05)
    for t in threads:
        t.join()
    print("%d messages, %d generations" % (CLIENTS * SESSIONS * 3, generation))
    if failures:
        sys.exit("\n".join(failures))


if len(sys.argv) > 1 and sys.argv[1] == "configure":
    configure(1)
else:
    main()
