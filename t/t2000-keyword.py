#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t2000-keyword.py SOCKET several|again|word|slow - one session with mailweir-keyword

Prints what the milter asks for, a line each: NAME, command, text.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import milter


def show(m, name, sender, headers, body):
    edits, answer = m.message(sender=sender, headers=headers, body=body)
    for cmd, data in (edits or []) + [answer]:
        if cmd == b"m":         # an index comes before the name
            data = data[4:]
        text = data.replace(b"\0", b" ").strip().decode("utf-8", "replace")
        print(name, cmd.decode(), text.replace("\n", "\\n"))


def main():
    m = milter.Milter("unix:" + sys.argv[1])
    m.hello()
    if sys.argv[2] == "several":
        show(m, "clean", "<a@news.example>", [(b"Subject", b" hello")],
             b"nothing\r\n")
        show(m, "held", "<a@news.example>",
             [(b"Subject", b" hello"), (b"X-Mailweir-Score", b" -9")],
             b"please wire the money\r\nto a new bank\r\naccount\r\n")
        show(m, "refused", "<a@strict.example>", [(b"Subject", b" x")],
             b"WIRE THE MONEY\r\n")
        show(m, "folded", "<a@news.example>",
             [(b"Subject", b" wire\n the money")], b"x\r\n")
    elif sys.argv[2] == "word":
        show(m, "word", "<a@news.example>", [(b"Subject", b" x")],
             b"a word\r\n")
    elif sys.argv[2] == "slow":
        show(m, "slow", "<a@news.example>", [(b"Subject", b" x")],
             b"a" * 100 + b"b one two\r\n")
    else:
        show(m, "again", "<a@news.example>", [(b"Subject", b" x")],
             b"a completely new word\r\n")
    m.quit()


main()
