#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""activate.py SOCKET LOG PROGRAM ARGS... - what systemd does with a socket unit

Holds the unix socket SOCKET and gives it to PROGRAM as descriptor 3. HUP and
USR1 are handed on, USR2 ends the program and starts it again, TERM ends both.
A program that ends by itself is started again, and "died" goes to LOG.
"""
import os
import signal
import socket
import sys


def listen(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen(512)
    return s


def start(held, argv, log):
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(log, 2)
        if held.fileno() != 3:
            os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ["LISTEN_FDS"] = "1"
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.execv(argv[0], argv)
    return pid


def end(pid):
    os.kill(pid, signal.SIGTERM)
    return os.waitpid(pid, 0)[1]


def main():
    wanted = {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM,
              signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    held = listen(sys.argv[1])
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    pid = start(held, sys.argv[3:], log)
    while True:
        got = signal.sigwait(wanted)
        if got in (signal.SIGHUP, signal.SIGUSR1):
            os.kill(pid, got)
        elif got == signal.SIGCHLD:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                os.write(log, b"activate: it died\n")
                pid = start(held, sys.argv[3:], log)
        else:
            status = end(pid)
            if status != 0:
                os.write(log, b"activate: it died: %d\n" % status)
            if got != signal.SIGUSR2:
                os.unlink(sys.argv[1])
                sys.exit(1 if status else 0)
            pid = start(held, sys.argv[3:], log)


main()
