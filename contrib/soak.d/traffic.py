# SPDX-License-Identifier: BSD-2-Clause
"""traffic.py - applications that send mail, at a bounded rate

Each message has an id of its own, in X-Soak, Message-ID and the sender. What
the dialogue said of each recipient is kept for the books; what can be judged
at once, by the answer to RCPT or to the message, is.
"""
import base64
import collections
import os
import random
import smtplib
import subprocess
import threading
import time

ORDERS = {                      # words of rules.cf, and what they bring
    "tag": "Our new bank account is below.",
    "hold": "A risk-free offer: wire the money to our new bank account.",
    "reject": "A risk-free offer: wire the money to our new bank account.",
}
# stream -> weight, class, is a suppressed recipient refused at RCPT?
STREAMS = {
    "news": (40, "bulk", True), "members": (5, "bulk", True),
    "promo": (8, "bulk", False), "lists": (8, "bulk", False),
    "account": (14, "all", True), "orders": (25, "all", True),
}
NOISE = base64.encodebytes(os.urandom(1 << 20)).replace(b"\n", b"\r\n")
LINE = 78                       # octets of a line of it
TRIES = 20                      # of a sender that is told to come again


class Message:
    def __init__(self, uid, people, kept):
        self.uid = uid
        self.stream = random.choices(
            list(STREAMS), [w for w, _, _ in STREAMS.values()])[0]
        self.kind = random.choices(["plain", "tag", "hold", "reject"],
                                   [90, 4, 2, 4])[0] \
            if self.stream == "orders" else "plain"
        several = {"members": 4, "promo": 8, "lists": 8, "orders": 5}
        n = random.randint(1, several.get(self.stream, 1))
        if self.stream == "news" and random.random() < 0.1:
            n = random.randint(2, 30)
        self.rcpts = list({people.pick() for _ in range(n)})
        self.fate = {}          # recipient -> refused, accepted, unknown
        self.left = list(self.rcpts)
        self.sendmail = random.random() < 0.01
        self.cut = not self.sendmail and random.random() < 0.02
        self.keep = (self.stream == "news" and n == 1 and not self.cut and
                     random.random() < kept)
        self.lines = random.choices([26, 260, 1900, 11500],
                                    [65, 26, 8, 1])[0]
        # the same at each try
        self.start = random.randrange(len(NOISE) // LINE - self.lines) * LINE
        self.tries, self.due = 0, 0.0
        self.since = self.until = None
        self.mail_class = STREAMS[self.stream][1]

    @property
    def sender(self):
        return "%s+%s@sender.example" % (self.stream, self.uid)

    def text(self):
        words = ORDERS.get(self.kind, "Three things happened this month.")
        subject = "ACT NOW" if self.kind == "reject" else "What is new"
        head = (
            "From: Sender <%s@sender.example>\r\nTo: %s\r\nSubject: %s\r\n"
            "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n"
            "Message-ID: <%s@soak.example>\r\nX-Soak: %s%s\r\n%s"
            "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n%s\r\n" % (
                self.stream, self.rcpts[0], subject, self.uid, self.uid,
                " keep" if self.keep else "",
                "List-Id: <lists.sender.example>\r\n"
                if self.stream == "lists" else "", words))
        return head.encode() + NOISE[self.start:self.start + self.lines * LINE]


class Traffic:
    def __init__(self, people, port, rate, kept, etc, wrong):
        self.people, self.port, self.rate = people, port, rate
        self.kept = kept        # this part of the newsletters comes back
        self.etc, self.wrong = etc, wrong
        self.lock = threading.Lock()
        self.messages = []              # all of them, for the books
        self.later = collections.deque()
        self.slot = time.monotonic()
        self.ending = False
        self.gave_up = 0

    def next(self):
        """A message whose time has come; None when all is done."""
        with self.lock:
            now = time.monotonic()
            if self.later and self.later[0].due <= now:
                return self.later.popleft()
            if self.ending:
                return None
            self.slot = max(self.slot + 1 / self.rate, now - 1)
            wait = self.slot - now
            uid = "%06x%s" % (len(self.messages), os.urandom(3).hex())
            m = Message(uid, self.people, self.kept)
            self.messages.append(m)
        if wait > 0:
            time.sleep(wait)
        return m

    def work(self):
        """A client: sessions of some messages, to the end."""
        while not (self.ending and not self.later):
            try:
                self.session()
            except (OSError, smtplib.SMTPException):
                pass            # its message was put aside by attempt()

    def session(self):
        conn = None
        for _ in range(random.randint(1, 8)):
            m = self.next()
            if m is None:
                time.sleep(0.05)
                break
            m.since = m.since or time.monotonic()
            if m.sendmail:
                self.by_command(m)
                continue
            try:
                if conn is None:
                    conn = smtplib.SMTP("127.0.0.1", self.port,
                                        "client.sender.example", 60)
                    conn.ehlo()
                self.attempt(conn, m)
            except (OSError, smtplib.SMTPException):
                self.again(m)
                raise
            if m.cut:
                return conn.close()
        if conn is not None:
            conn.quit()

    def again(self, m):
        """What is left of it comes a second later."""
        m.until = time.monotonic()
        if not m.left:
            return
        m.tries += 1
        if m.tries == TRIES:
            self.gave_up += 1
            self.wrong("%s was told %d times to come again" % (m.uid, TRIES))
            return
        m.due = m.until + 1
        with self.lock:
            self.later.append(m)

    def close(self, m, rcpt, fate):
        m.fate[rcpt] = fate
        m.left.remove(rcpt)

    def by_command(self, m):
        done = subprocess.run(
            ["sendmail", "-C", self.etc, "-f", m.sender] + m.rcpts,
            input=m.text().replace(b"\r\n", b"\n"), check=False)
        for rcpt in m.rcpts:
            self.close(m, rcpt, "accepted" if done.returncode == 0
                       else "unknown")
        m.until = time.monotonic() + 30         # pickup takes its time

    def attempt(self, conn, m):
        code, _ = conn.mail(m.sender)
        if code != 250:
            conn.rset()
            return self.again(m)
        good = [r for r in list(m.left) if self.rcpt(conn, m, r)]
        if m.cut:
            for rcpt in list(m.left):
                self.close(m, rcpt, "cut")
            if good and random.random() < 0.5:  # in the middle of the text
                conn.docmd("DATA")
                conn.send(m.text()[:-1000])
            return None
        if good:
            self.data(conn, m, good)
        else:
            conn.rset()
        return self.again(m)

    def rcpt(self, conn, m, rcpt):
        """Was it taken? Judge the answer."""
        before = time.monotonic()
        code, text = conn.rcpt(rcpt)
        state = self.people.state(rcpt, m.mail_class, before,
                                  time.monotonic())
        if code == 250:
            if state is True and STREAMS[m.stream][2]:
                self.wrong("%s: RCPT %s taken after his suppression" %
                           (m.uid, rcpt))
            return True
        if code >= 500:
            self.close(m, rcpt, "refused")
            if state is False:
                self.wrong("%s: RCPT %s refused without cause: %s" %
                           (m.uid, rcpt, text.decode()))
        return False

    def data(self, conn, m, good):
        try:
            code, text = conn.data(m.text())
        except smtplib.SMTPServerDisconnected:
            code, text = 0, b"hung up"
        except smtplib.SMTPDataError as e:
            code, text = e.smtp_code, e.smtp_error
        if 400 <= code < 500:
            return
        fate = {250: "accepted", 0: "unknown"}.get(code, "refused")
        for rcpt in good:
            self.close(m, rcpt, fate)
        if fate != "unknown" and (fate == "refused") != (m.kind == "reject") \
                and not self.nobody_left(m, good):
            self.wrong("%s, of kind %s, from %s: %s" % (m.uid, m.kind,
                                                       m.stream, text))

    def nobody_left(self, m, good):
        """May all of them be suppressed, as a stream finds out that takes
        recipients out at the end of the message?"""
        now = time.monotonic()
        return m.stream in ("lists", "members") and not any(
            self.people.state(r, m.mail_class, m.since, now) is False
            for r in good)
