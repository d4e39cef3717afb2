# SPDX-License-Identifier: BSD-2-Clause
"""events.py - what happens beside the mail: people complain, mailboxes die,
admins add, remove and import
"""
import http.client
import os
import random
import re
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..",
                                "quickstart.d"))
import compose  # noqa: E402  (the quickstart's mail)

LISTED = 400                    # i* that mail is sent to; lists have more
ROWS = 20000
SEEN = 40                       # kept messages whose signatures are checked


class Events:
    def __init__(self, top, mailweir, people, web, wrong):
        self.top, self.mailweir = top, mailweir
        self.people, self.web, self.wrong = people, web, wrong
        self.count = {}
        self.added = set()      # c* that stand in the store
        self.listed = set()     # i* that do
        self.seen = []          # files of messages, for signatures
        self.turn = 0

    def did(self, what):
        self.count[what] = self.count.get(what, 0) + 1

    # -- the command --------------------------------------------------------

    def command(self, *args):
        done = subprocess.run(self.mailweir + list(args), check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.wrong("mailweir %s: %s" % (" ".join(args[:2]),
                                            done.stderr.strip()))
        return done.returncode == 0

    def add_or_remove(self):
        address = "c%03d@world.example" % random.randrange(300)
        on = address not in self.added
        tickets = self.people.begin(address, on)
        args = ["add", address, "--scope", "newsletter", "--reason",
                "optout"] if on else ["remove", address, "--scope",
                                      "newsletter"]
        if self.command(*args):
            self.people.acknowledged(tickets)
            (self.added.add if on else self.added.remove)(address)
            self.did("added" if on else "removed")

    def replace_list(self):
        """A new list: half of the i*."""
        path = os.path.join(self.top, "lists", "partners.txt")
        rows = set(random.sample(range(ROWS), ROWS // 2))
        with open(path, "w", encoding="ascii") as f:
            f.writelines("i%05d@world.example\n" % i for i in rows)
        now = {i for i in rows if i < LISTED}
        tickets = []
        for i in now ^ self.listed:
            tickets += self.people.begin("i%05d@world.example" % i, i in now)
        if self.command("import", path, "--scope", "partners", "--reason",
                        "import", "--replace", "--max-shrink", "100%"):
            self.people.acknowledged(tickets)
            self.listed = now
            self.did("lists replaced")

    # -- what the world says of a message that it got -----------------------

    def feedback(self):
        """One of those kept, in turn: complaint, bounce, unsubscribe by
        mail, press of the button. False when none is there."""
        names = [n for n in os.listdir(os.path.join(self.top, "world"))
                 if not n.endswith(".new")]
        if not names:
            return False
        path = os.path.join(self.top, "world", names[0])
        _, head, rcpt = compose.delivered(path)
        if rcpt.startswith("r"):
            (self.complaint, self.press, self.bounce,
             self.unsubscribe)[self.turn % 4](path, head, rcpt)
            self.turn += 1
        if len(self.seen) < SEEN:
            self.seen.append(os.path.join(self.top, "lists", names[0]))
            os.rename(path, self.seen[-1])
        else:
            os.unlink(path)
        return True

    def lmtp(self, what, rcpt, sender, to, text, kinds=("bulk",)):
        tickets = self.people.begin(rcpt, True, kinds)
        for _ in range(5):      # a restart may hang up on us
            try:
                with smtplib.LMTP(os.path.join(self.top, "run",
                                               "ingest.sock")) as conn:
                    conn.sendmail(sender, [to], text.encode(
                        "utf-8", "surrogateescape"))
                self.people.acknowledged(tickets)
                return self.did(what)
            except (OSError, smtplib.SMTPException) as e:
                why = e
        return self.wrong("ingest took no %s: %s" % (what, why))

    def complaint(self, path, _, rcpt):
        self.lmtp("complaints", rcpt, "fbl@world.example",
                  "fbl@fbl.sender.example",
                  compose.complaint(path, "fbl@world.example",
                                    "fbl@fbl.sender.example"))

    def bounce(self, path, _, rcpt):
        to = compose.sender(path)
        self.lmtp("bounces", rcpt, "", to, compose.bounce(path, to),
                  ("bulk", "all"))

    def unsubscribe(self, path, _, rcpt):
        self.lmtp("unsubscribes by mail", rcpt, rcpt, compose.mailto(path),
                  compose.unsubscribe(path))

    def press(self, _, head, rcpt):
        where = re.search(r"<https://u\.sender\.example(/u/[^>]*)>",
                          re.sub(r"\n[ \t]+", " ", head)).group(1)
        tickets = self.people.begin(rcpt, True)
        for _ in range(5):
            try:
                conn = http.client.HTTPConnection("127.0.0.1", self.web,
                                                  timeout=30)
                conn.request("POST", where, "List-Unsubscribe=One-Click", {
                    "Content-Type": "application/x-www-form-urlencoded"})
                status = conn.getresponse().status
                conn.close()
                if status == 200:
                    self.people.acknowledged(tickets)
                    return self.did("presses")
                why = status
            except (OSError, http.client.HTTPException) as e:
                why = e
        return self.wrong("web took no press: %s" % why)
