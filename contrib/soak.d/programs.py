# SPDX-License-Identifier: BSD-2-Clause
"""programs.py - our programs, on sockets that outlive them

The sockets are opened here and given as descriptor 3, as a systemd .socket
unit would: a client that comes while a program is away waits in the queue of
the socket.
"""
import fcntl
import os
import signal
import socket
import time

MILTERS = {"four": ["suppress", "keyword", "unsubscribe", "dkim"],
           "chain": ["chain"]}
STOP = 20                       # seconds that a stop may take
FLAT_KB = 2048                  # a leak is what climbs more than this and
FLAT_PART = 0.05                # this part of it, while nothing restarts
JUDGED = 300                    # seconds that are needed to judge memory
SPARE = 6                       # descriptors that may be opened on first use


def listener(path=None, port=None):
    """The number of a listening descriptor well above 3."""
    if path:
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        os.chmod(path, 0o666)
    else:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
    s.listen(512)
    fd = fcntl.fcntl(s.fileno(), fcntl.F_DUPFD_CLOEXEC, 100)
    s.close()
    return fd


class Program:
    def __init__(self, name, top, bin_dir, fd):
        self.name, self.fd = name, fd
        self.argv = [os.path.join(bin_dir, "mailweir-" + name), "-d", "-c",
                     os.path.join(top, "mailweir.conf")]
        self.log = os.path.join(top, "log", name)
        self.pid, self.starts = None, 0
        self.status = None      # of a life that has ended
        self.samples = []       # of this life: (time, KB, descriptors)
        self.idle = None        # descriptors before the first client

    def start(self):
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        self.pid = os.posix_spawn(
            self.argv[0], self.argv, os.environ, setsigmask=mask,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null",
                           os.O_RDONLY, 0),
                          (os.POSIX_SPAWN_DUP2, log, 1),
                          (os.POSIX_SPAWN_DUP2, log, 2),
                          (os.POSIX_SPAWN_DUP2, self.fd, 3)])
        os.close(log)
        self.status = None
        self.starts += 1
        self.samples = []

    def started(self):
        """Has this life said so? Its descriptors are counted then."""
        with open(self.log, errors="replace") as f:
            if f.read().count(" started ") < self.starts:
                return False
        if self.idle is None:
            self.idle = self.descriptors()
        return True

    def ended(self):
        """None while it runs, else the exit status (negative: a signal)."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def stop(self):
        """The exit status; that of KILL where TERM did not do."""
        if self.ended() is None:
            os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + STOP
        while time.monotonic() < until:
            if self.ended() is not None:
                return self.status
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.status = -signal.SIGKILL
        return self.status

    def reload(self):
        os.kill(self.pid, signal.SIGUSR1)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def sample(self):
        """Memory of its own: the mapped store grows with what is in it."""
        with open("/proc/%d/status" % self.pid) as f:
            kb = next(int(line.split()[1]) for line in f
                      if line.startswith("RssAnon:"))
        self.samples.append((time.monotonic(), kb, self.descriptors()))

    def growth(self):
        """(KB at the end, KB that the fitted line climbs, in seconds), of
        the later half of this life: a program warms up first."""
        late = self.samples[len(self.samples) // 2:]
        n = len(late)
        if n < 3:
            return self.samples[-1][1], 0.0, 0.0
        t = [s[0] for s in late]
        m = [s[1] for s in late]
        tm, mm = sum(t) / n, sum(m) / n
        slope = (sum((a - tm) * (b - mm) for a, b in zip(t, m)) /
                 sum((a - tm) ** 2 for a in t))
        return m[-1], slope * (t[-1] - t[0]), t[-1] - t[0]

    def figures(self):
        kb, climbed, seconds = self.growth()
        unjudged = "too short to judge" if seconds < JUDGED else \
            "not judged: built with sanitizers" if sanitized(self.argv[0]) \
            else ""
        return {"starts": self.starts, "anon_kb": kb, "unjudged": unjudged,
                "climbed_kb": round(climbed), "in_seconds": round(seconds),
                "fds_first": self.idle, "fds_last": self.samples[-1][2],
                "fds_most": max(s[2] for s in self.samples),
                "kb": [s[1] for s in self.samples[::10]]}

    def judge(self, f):
        """What its figures say against it."""
        if f["fds_last"] > f["fds_first"] + SPARE:
            yield "mailweir-%s has %d descriptors, %d at its start" % (
                self.name, f["fds_last"], f["fds_first"])
        if (not f["unjudged"] and
                f["climbed_kb"] > FLAT_KB + FLAT_PART * f["anon_kb"]):
            yield "mailweir-%s grew by %d KB in %d s" % (
                self.name, f["climbed_kb"], f["in_seconds"])


def sanitized(path):
    """A build with AddressSanitizer keeps freed memory: nothing to judge."""
    with open(path, "rb") as f:
        return b"__asan_init" in f.read()
