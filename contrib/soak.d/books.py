# SPDX-License-Identifier: BSD-2-Clause
"""books.py - what became of each recipient of each message

accepted = delivered + held + discarded + returned, one of them, once; what
was not accepted has none.
"""
import collections
import os
import re
import subprocess

ERRORS = re.compile(r"^\S+ \S+ (\w*(?:_error|_failed|_refused)|mta_refuses|"
                    r"over_limit|busy|libmilter_ended|no_thread) ")


class Books:
    def __init__(self, top, etc, wrong):
        self.top, self.etc, self.wrong = top, etc, wrong
        self.uid_of = {}        # queue id -> uid
        self.fates = collections.defaultdict(list)  # (uid, rcpt) -> fates
        self.marks = {}         # (uid, rcpt) -> marks of world.py
        self.total = collections.Counter()

    def read(self, logs):
        self.read_world()
        self.read_maillog()
        self.read_hold()
        for log in logs:
            self.read_events(log)

    def read_world(self):
        with open(os.path.join(self.top, "delivered")) as f:
            for line in f:
                uid, rcpt, marks = line.split()
                self.fates[uid, rcpt].append("delivered")
                self.marks[uid, rcpt] = marks

    def read_maillog(self):
        ident = re.compile(r": (\w+): message-id=<(\w+)@soak\.example>")
        back = re.compile(r": (\w+): to=<([^>]*)>.* status=bounced")
        with open(os.path.join(self.top, "pf", "maillog"),
                  errors="replace") as f:
            for line in f:
                if found := ident.search(line):
                    self.uid_of[found.group(1)] = found.group(2)
                elif found := back.search(line):
                    qid, rcpt = found.groups()
                    if qid in self.uid_of:
                        self.fates[self.uid_of[qid], rcpt].append("returned")
                    else:
                        self.wrong("no message of ours bounced: " + line)

    def read_hold(self):
        hold = os.path.join(self.top, "pf", "queue", "hold")
        ids = [n for _, _, names in os.walk(hold) for n in names]
        for i in range(0, len(ids), 100):
            text = subprocess.run(
                ["postcat", "-c", self.etc, "-e", "-h", "-q"] +
                ids[i:i + 100], check=False, capture_output=True,
                text=True, errors="replace").stdout
            for one in text.split("*** ENVELOPE RECORDS ")[1:]:
                uid = re.search(r"^X-Soak: (\w+)", one, re.M).group(1)
                for rcpt in re.findall(r"^recipient: (\S+)", one, re.M):
                    self.fates[uid, rcpt].append("held")

    def read_events(self, path):
        """Recipients that suppress took out, copies that were refused."""
        out = re.compile(r" suppressed .* rcpt=<([^>]*)> sender=<\w+\+"
                         r"(\w+)@.* action=(discard|delete) ")
        copy = re.compile(r" split_copy qid=(\w+) .* rcpt=<([^>]*)> "
                          r"result=refused ")
        with open(path, errors="replace") as f:
            for line in f:
                if found := out.search(line):
                    rcpt, uid, _ = found.groups()
                    self.fates[uid, rcpt].append("discarded")
                elif found := copy.search(line):
                    uid = self.uid_of.get(found.group(1))
                    self.fates[uid, found.group(2)].append("refused")
                elif found := ERRORS.search(line):
                    self.wrong("%s said: %s" % (os.path.basename(path),
                                                line.strip()))

    def balance(self, messages, people):
        for m in messages:
            self.total["messages"] += 1
            for rcpt in m.rcpts:
                said = m.fate.get(rcpt, "nothing")
                fates = self.fates.pop((m.uid, rcpt), [])
                self.total["recipients"] += 1
                self.total[said] += 1
                self.one(m, rcpt, said, fates, people)
        for (uid, rcpt), fates in self.fates.items():
            self.wrong("%s for %s: %s, and nobody sent it" %
                       (uid, rcpt, fates))

    def one(self, m, rcpt, said, fates, people):
        """A recipient's line of the books."""
        if "discarded" in fates and m.tries:
            # told at each attempt, also at one that came to nothing, after
            # which a list may have let him go
            fates = [f for f in fates if f != "discarded"] or ["discarded"]
        if said == "accepted":
            if "refused" in fates and "discarded" in fates:
                # suppress took him off; Postfix does not tell the milters
                # behind, so that his copy was tried, and refused as well
                fates.remove("refused")
            right = len(fates) == 1
        elif said == "unknown" or (said == "refused" and m.tries and
                                   m.stream == "members"):
            right = len(fates) <= 1     # its copy may have gone earlier
        else:
            right = all(f in ("refused", "discarded") for f in fates)
        if not right:
            self.wrong("%s to %s (%s, try %d): the client heard %s, then %s" %
                       (m.uid, rcpt, m.stream, m.tries, said,
                        " and ".join(fates) or "nothing of it came"))
        if said == "accepted":
            for fate in fates:
                self.total[fate] += 1
        if "delivered" in fates:
            self.delivered(m, rcpt, people)
        if (m.kind == "hold" and said == "accepted") != ("held" in fates):
            self.wrong("%s, of kind %s: %s" % (m.uid, m.kind, fates))

    def delivered(self, m, rcpt, people):
        if people.state(rcpt, m.mail_class, m.since, m.until) is True:
            self.wrong("%s to %s: delivered after his suppression" %
                       (m.uid, rcpt))
        marks = self.marks[m.uid, rcpt]
        clicks = m.stream == "members" or (m.stream == "news" and
                                           len(m.rcpts) == 1)
        if "S" not in marks or (clicks and "U" not in marks):
            self.wrong("%s to %s (%s) has marks %s" % (m.uid, rcpt, m.stream,
                                                       marks))
