# SPDX-License-Identifier: BSD-2-Clause
"""people.py - who may get what, as the store acknowledged it

Each change of somebody's suppression has a begin (the request leaves) and an
end (it was acknowledged). Between them either answer is right; outside there
is one right answer, and state() says which.
"""
import random
import threading
import time

FOREVER = float("inf")


class People:
    """Mailboxes r* take part in all, c* are added and removed, i* stand on
    lists, gone* do not exist."""

    def __init__(self):
        self.lock = threading.Lock()
        self.history = {}       # (address, kind of mail) -> [[b, e, on]]
        self.recent = []        # suppressed lately: worth a try

    def begin(self, address, on, kinds=("bulk",)):
        """A request leaves; the tickets to acknowledge."""
        now = time.monotonic()
        tickets = []
        with self.lock:
            for kind in kinds:
                ticket = [now, FOREVER, on]
                self.history.setdefault((address, kind), []).append(ticket)
                tickets.append(ticket)
            if on:
                self.recent = self.recent[-200:] + [address]
        return tickets

    def acknowledged(self, tickets):
        now = time.monotonic()
        with self.lock:
            for ticket in tickets:
                ticket[1] = now

    def state(self, address, kind, since, until):
        """True: suppressed all that time; False: never; None: either."""
        if address.startswith("gone"):
            return None
        value = False
        with self.lock:
            for begin, end, on in self.history.get((address, kind), ()):
                if end <= since:
                    value = on
                elif begin < until:
                    return None
        return value

    def pick(self):
        """Somebody to write to."""
        dice = random.random()
        if dice < 0.25 and self.recent:
            with self.lock:
                return random.choice(self.recent)
        if dice < 0.30:
            return "c%03d@world.example" % random.randrange(300)
        if dice < 0.40:
            return "i%05d@world.example" % random.randrange(400)
        if dice < 0.43:
            return "gone%03d@world.example" % random.randrange(200)
        return "r%05d@world.example" % random.randrange(20000)
