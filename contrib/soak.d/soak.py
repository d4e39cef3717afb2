#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""soak.py - run it all for its time, then draw the balance; see contrib/soak

usage: soak.py --dir DIR --bin BIN --hours N --rate N --suite four|chain
       --smtp PORT --sink PORT --web PORT [--json]
"""
import argparse
import collections
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import books
import events
import people
import programs
import traffic

CLIENTS = 6
SHOWN = 40                      # reasons that are printed
TOLD = 130                      # status of a run that was told to end, sound


class Soak:
    def __init__(self, o):
        self.o = o
        self.seconds = o.hours * 3600
        self.etc = os.path.join(o.dir, "pf", "etc")
        self.why, self.lock = [], threading.Lock()
        self.reloads = 0
        self.people = people.People()
        self.traffic = traffic.Traffic(self.people, o.smtp, o.rate,
                                       min(1, 30 / self.seconds + 0.15),
                                       self.etc, self.wrong)
        self.mailweir = [os.path.join(o.bin, "mailweir"), "-c",
                         os.path.join(o.dir, "mailweir.conf")]
        self.events = events.Events(o.dir, self.mailweir, self.people, o.web,
                                    self.wrong)
        self.programs = []
        self.world = None
        self.stop = threading.Event()
        self.told = threading.Event()   # to end before its time
        self.began = time.monotonic()

    def wrong(self, why):
        with self.lock:
            self.why.append("%4.0f s: %s" % (time.monotonic() - self.began,
                                             why))

    def lost(self, failure):
        """A thread of ours that fails would go unseen, with what it checks."""
        self.wrong("the soak itself failed: %r" % failure.exc_value)
        threading.__excepthook__(failure)

    def end_now(self, *_):
        """A signal: first draw the balance; at the second leave it."""
        if self.told.is_set():
            raise KeyboardInterrupt
        self.told.set()

    # -- start --------------------------------------------------------------

    def start(self):
        self.world = subprocess.Popen([
            sys.executable, os.path.join(os.path.dirname(__file__),
                                         "world.py"),
            str(self.o.sink), self.o.dir])
        for name in programs.MILTERS[self.o.suite] + ["ingest"]:
            self.add(name, programs.listener(
                path=os.path.join(self.o.dir, "run", name + ".sock")))
        self.add("web", programs.listener(port=self.o.web))
        for p in self.programs:
            self.wait_for(p)
        subprocess.run(["postfix", "-c", self.etc, "start"], check=True,
                       capture_output=True)
        self.began = time.monotonic()

    def add(self, name, fd):
        p = programs.Program(name, self.o.dir, self.o.bin, fd)
        p.start()
        self.programs.append(p)

    def wait_for(self, p):
        until = time.monotonic() + 30
        while not p.started():
            if p.ended() is not None or time.monotonic() > until:
                sys.exit("soak: mailweir-%s does not start, see %s" %
                         (p.name, p.log))
            time.sleep(0.05)

    # -- what happens now and then ------------------------------------------

    def every(self, seconds, what):
        """A thread that does it until the end, as often as seconds says."""
        def loop():
            while not self.stop.wait(seconds):
                what()
        t = threading.Thread(target=loop, daemon=True)
        t.start()
        return t

    def reload(self):
        """All of them, with a configuration that differs a little."""
        path = os.path.join(self.o.dir, "mailweir.conf")
        with open(path) as f:
            text = re.sub(r"gen\d+:", "gen%d:" % (self.reloads + 1), f.read())
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
        with self.lock:
            for p in self.programs:
                p.reload()
            self.reloads += 1

    def restart(self):
        """The next in turn, in the first half: the second half shows how
        memory goes when nothing is restarted."""
        if time.monotonic() - self.began > self.seconds / 2:
            return
        with self.lock:
            p = min(self.programs, key=lambda p: p.starts)
            status = p.stop()
            p.start()
            self.wait_for(p)    # before that a reload would end it
        if status != 0:
            self.wrong("mailweir-%s ended with %s" % (p.name, status))

    def look(self):
        """Is everybody there, and how big?"""
        with self.lock:
            dead = [(p, s) for p in self.programs
                    if (s := p.ended()) is not None]
            for p, _ in dead:
                p.start()
            if not dead:
                for p in self.programs:
                    p.sample()
        for p, status in dead:
            self.wrong("mailweir-%s died: %s" % (p.name, status))

    def progress(self):
        if not sys.stderr.isatty():
            return
        gone = min(time.monotonic() - self.began, self.seconds)
        part = gone / self.seconds
        left = int(self.seconds - gone)
        sys.stderr.write("\r[%-30s] %3d%%  %d messages, %.0f/s, %d:%02d left, "
                         "%d wrong " % (
                             "#" * int(30 * part), 100 * part,
                             len(self.traffic.messages),
                             len(self.traffic.messages) / max(gone, 1),
                             left // 60, left % 60, len(self.why)))

    # -- the run ------------------------------------------------------------

    def run(self):
        n = len(self.programs)
        often = min(60, self.seconds / 4)
        threads = [threading.Thread(target=self.traffic.work, daemon=True)
                   for _ in range(CLIENTS)]
        for t in threads:
            t.start()
        beside = [self.every(*job) for job in (
            (often, self.reload),
            (min(60, self.seconds / 2 / (n + 1)), self.restart),
            (often, self.events.replace_list),
            (min(2, self.seconds / 15), self.events.add_or_remove),
            (min(2, self.seconds / 15), self.events.feedback),
            (max(0.5, self.seconds / 720), self.look),
            (1, self.progress))]
        try:
            self.told.wait(self.seconds)
        finally:
            self.stop.set()
            for t in beside:
                t.join()
            self.traffic.ending = True
            for t in threads:
                t.join()

    def settle(self):
        """Until the queue is empty, but for what is held."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            busy = [q for q in ("maildrop", "incoming", "active", "deferred")
                    for _, _, names in os.walk(os.path.join(
                        self.o.dir, "pf", "queue", q)) if names]
            if not busy:
                return
            time.sleep(0.2)
        self.wrong("mail still waits in " + " ".join(busy))

    def judge_processes(self):
        """Flat? The figures of each."""
        figures = {}
        for p in self.programs:
            p.sample()
            figures[p.name] = p.figures()
            for why in p.judge(figures[p.name]):
                self.wrong(why)
        return figures

    def end(self):
        for p in self.programs:
            status = p.stop()
            if status != 0:
                self.wrong("mailweir-%s ended with %s" % (p.name, status))
        subprocess.run(["postfix", "-c", self.etc, "stop"], check=False,
                       capture_output=True)
        self.world.terminate()
        self.world.wait()

    def judge_store(self):
        for sentence in (["journal", "verify"], ["verify"]):
            self.events.command(*sentence)
        if self.events.seen:
            self.events.command(
                "dkim", "verify", *self.signed(), "--keys",
                os.path.join(self.o.dir, "zone"))

    def signed(self):
        """Kept messages without the envelope in front."""
        for path in self.events.seen:
            text = events.compose.delivered(path)[0]
            with open(path, "w", encoding="utf-8",
                      errors="surrogateescape") as f:
                f.write(text)
        return self.events.seen

    def balance(self):
        b = books.Books(self.o.dir, self.etc, self.wrong)
        b.read([p.log for p in self.programs])
        b.balance(self.traffic.messages, self.people)
        return b.total

    def summary(self, processes, total, took):
        facts = {"seconds": round(took), "suite": self.o.suite,
                 "rate": round(total["messages"] / took, 1),
                 "reloads": self.reloads,
                 "restarts": sum(p.starts - 1 for p in self.programs),
                 "mail": dict(total), "events": self.events.count,
                 "processes": processes, "wrong": self.why,
                 "told to end": self.told.is_set()}
        with open(os.path.join(self.o.dir, "summary.json"), "w") as f:
            json.dump(facts, f, indent=1)
        if self.o.json:
            print(json.dumps(facts, indent=1))
        else:
            tell(facts)


def tell(facts):
    print("soak: %(suite)s, %(seconds)d s, %(rate)s messages/s, "
          "%(reloads)d reloads, %(restarts)d restarts" % facts)
    mail = collections.Counter(facts["mail"])
    print("mail: %(messages)d to %(recipients)d recipients: %(accepted)d "
          "accepted, %(refused)d refused, %(cut)d cut off by the client, "
          "%(unknown)d without an answer" % mail)
    print("  accepted = %(delivered)d delivered + %(held)d held + "
          "%(discarded)d discarded + %(returned)d returned" % mail)
    print("events: " + ", ".join(
        "%d %s" % (n, what) for what, n in facts["events"].items()))
    for name, p in facts["processes"].items():
        print("%-12s %5d KB, climbed %+d KB in %d s%s; descriptors %d, %d at "
              "most, %d at its start" % (
                  name, p["anon_kb"], p["climbed_kb"], p["in_seconds"],
                  p["unjudged"] and " (%(unjudged)s)" % p,
                  p["fds_last"], p["fds_most"], p["fds_first"]))
    for why in facts["wrong"][:SHOWN]:
        print("WRONG " + why)
    if len(facts["wrong"]) > SHOWN:
        print("WRONG and %d more, in summary.json" %
              (len(facts["wrong"]) - SHOWN))
    print("soak: " + ("%d things are wrong" % len(facts["wrong"])
                      if facts["wrong"] else "sound") +
          (", but told to end early" if facts["told to end"] else ""))


def main():
    p = argparse.ArgumentParser()
    for name, kind in (("dir", str), ("bin", str), ("hours", float),
                       ("rate", float), ("suite", str), ("smtp", int),
                       ("sink", int), ("web", int)):
        p.add_argument("--" + name, type=kind, required=True)
    p.add_argument("--json", action="store_true")
    s = Soak(p.parse_args())
    threading.excepthook = s.lost
    for signo in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signo, s.end_now)
    try:
        s.start()
        s.run()
        took = time.monotonic() - s.began
        s.settle()
        processes = s.judge_processes()
    except KeyboardInterrupt:
        sys.exit("soak: left at once, no balance was drawn")
    finally:
        s.end()
    s.judge_store()
    s.summary(processes, s.balance(), took)
    return 1 if s.why else TOLD if s.told.is_set() else 0


sys.exit(main())
