#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t0007-systemd.py - start one program as systemd would, and watch it

usage: t0007-systemd.py [--deaf] FOLDER PROGRAM ARGS...

A listening socket is descriptor 3, named by LISTEN_FDS; FOLDER/notify takes
what the program says. It must say READY=1 when it listens; WATCHDOG=1 again
and again; RELOADING=1 and READY=1 on SIGUSR1; STOPPING=1 on SIGTERM, and end
well. With --deaf: nothing more of the watchdog once its socket takes nobody.
Status 1 and the reason if not.
"""
import os
import signal
import socket
import sys
import time

PATIENCE = 20
deaf = sys.argv[1] == "--deaf"
where, argv = sys.argv[1 + deaf], sys.argv[2 + deaf:]
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(os.path.join(where, "notify"))
notify.settimeout(PATIENCE)

pid = os.fork()
if pid == 0:
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)         # it may have been 3 before
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1",
                      NOTIFY_SOCKET=os.path.join(where, "notify"),
                      WATCHDOG_PID=str(os.getpid()), WATCHDOG_USEC="900000")
    os.execv(argv[0], argv)


def fail(why):
    os.kill(pid, signal.SIGKILL)
    sys.exit("%s: %s" % (argv[0], why))


def expect(word):
    """The next that is said starts with it, WATCHDOG=1 aside."""
    while True:
        try:
            said = notify.recv(4096).decode()
        except socket.timeout:
            fail("waited in vain for " + word)
        if said.startswith(word):
            return said
        if said != "WATCHDOG=1":
            fail("said %r, not %s" % (said, word))


def quiet(seconds):
    """Does it say nothing for so long?"""
    notify.settimeout(seconds)
    try:
        return notify.recv(4096) is None
    except socket.timeout:
        return True
    finally:
        notify.settimeout(PATIENCE)


expect("READY=1")
socket.create_connection(listener.getsockname(), PATIENCE).close()
for _ in range(3):
    expect("WATCHDOG=1")
os.kill(pid, signal.SIGUSR1)
if "MONOTONIC_USEC=" not in expect("RELOADING=1"):
    fail("RELOADING=1 without MONOTONIC_USEC")
expect("READY=1")
expect("WATCHDOG=1")
if deaf:
    listener.shutdown(socket.SHUT_RDWR)
    until = time.monotonic() + PATIENCE
    while not quiet(2):
        if time.monotonic() > until:
            fail("says WATCHDOG=1 though nobody can connect")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    sys.exit(0)
os.kill(pid, signal.SIGTERM)
expect("STOPPING=1")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if status != 0:
    sys.exit("%s ended with %d" % (argv[0], status))
