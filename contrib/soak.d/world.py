#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""world.py - the SMTP server that stands for the world

usage: world.py PORT DIR

DIR/delivered gets a line for each recipient of each message: UID RECIPIENT
MARKS, where MARKS is U for one-click headers and S for a signature. A message
that asks for it (X-Soak: UID keep) is kept in DIR/world/UID as smtp-sink
would write it. Mailboxes gone* do not exist; now and then a recipient or a
message is to come again.
"""
import asyncio
import os
import random
import re
import sys

DIR = sys.argv[2]
LOG = open(os.path.join(DIR, "delivered"), "a", buffering=1)
LATER = 0.005


def keep(uid, sender, rcpts, data):
    path = os.path.join(DIR, "world", uid)
    with open(path + ".new", "wb") as f:
        f.write(b"X-Mail-Args: <%s>\n" % sender.encode())
        for rcpt in rcpts:
            f.write(b"X-Rcpt-Args: <%s>\n" % rcpt.encode())
        f.write(re.sub(rb"(?m)^\.", b"", data).replace(b"\r\n", b"\n"))
    os.rename(path + ".new", path)


def deliver(sender, rcpts, data):
    head = data.split(b"\r\n\r\n", 1)[0] + b"\r\n"
    found = re.search(rb"(?m)^X-Soak: (\S+)( keep)?\r$", head)
    if found is None:           # a bounce, a notice
        return
    uid = found.group(1).decode()
    marks = "".join(mark for mark, name in (
        ("U", rb"List-Unsubscribe-Post"), ("S", rb"DKIM-Signature"))
        if re.search(rb"(?mi)^" + name + rb":", head)) or "-"
    if found.group(2):
        keep(uid, sender, rcpts, data)
    LOG.write("".join("%s %s %s\n" % (uid, r, marks) for r in rcpts))


async def message(reader):
    """The octets up to the dot."""
    line = await reader.readuntil(b"\r\n")
    if line == b".\r\n":
        return b""
    return line + (await reader.readuntil(b"\r\n.\r\n"))[:-3]


def path(line):
    return re.search(r"<([^>]*)>", line).group(1).lower()


async def session(reader, writer):
    sender, rcpts = "", []
    writer.write(b"220 world ESMTP\r\n")
    while line := (await reader.readline()).decode("latin-1"):
        verb = line[:4].upper().strip()
        answer = b"250 2.0.0 ok"
        if verb == "MAIL":
            sender, rcpts = path(line), []
        elif verb == "RCPT":
            if path(line).startswith("gone"):
                answer = b"550 5.1.1 No such user here"
            elif random.random() < LATER:
                answer = b"451 4.2.0 Come again"
            else:
                rcpts.append(path(line))
        elif verb == "DATA":
            writer.write(b"354 go on\r\n")
            data = await message(reader)
            if random.random() < LATER:
                answer = b"451 4.3.0 Come again"
            else:
                deliver(sender, rcpts, data)
        elif verb == "QUIT":
            answer = b"221 2.0.0 bye"
        writer.write(answer + b"\r\n")
        await writer.drain()
        if verb == "QUIT":
            break
    writer.close()


async def guarded(reader, writer):
    try:
        await session(reader, writer)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def main():
    server = await asyncio.start_server(
        guarded, "127.0.0.1", int(sys.argv[1]), limit=1 << 25)
    async with server:
        await server.serve_forever()

asyncio.run(main())
