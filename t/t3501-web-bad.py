#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t3501-web-bad.py - requests that no client of good faith sends

usage: t3501-web-bad.py CASE PORT TOKEN [PID]

FOREIGN in the environment is a token of another installation.
"""
import errno
import os
import resource
import select
import signal
import socket
import sys
import time

CASE, PORT, TOKEN = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
FOREIGN = os.environ.get("FOREIGN", "").encode()
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CLICK = b"List-Unsubscribe=One-Click"


def connect():
    return socket.create_connection(("127.0.0.1", PORT), 10)


def answer(s, seconds=10):
    """All that comes until the other side closes, or a whole answer."""
    s.settimeout(seconds)
    data = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                break
            data += part
            head, _, body = data.partition(b"\r\n\r\n")
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    if len(body) >= int(line.split(b":")[1]):
                        return data
    except ConnectionError:
        pass
    return data


def ask(raw, seconds=10):
    s = connect()
    try:
        s.sendall(raw)
    except ConnectionError:
        pass
    data = answer(s, seconds)
    s.close()
    return data


def status(data):
    return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.") else 0


def request(path, method=b"GET", head=b"", body=b""):
    return (method + b" " + path + b" HTTP/1.1\r\nHost: u\r\n" + head +
            (b"Content-Length: %d\r\n" % len(body) if body else b"") +
            b"Connection: close\r\n\r\n" + body)


def body_of(data):
    return data.partition(b"\r\n\r\n")[2]


def expect(what, data, *want):
    got = status(data)
    if got not in want:
        print("%s: status %d, expected %s" % (what, got, want))
        print(data[:300])
        sys.exit(1)


def alive():
    expect("a good request", ask(request(b"/u/" + TOKEN)), 200)


def flip(i):
    c = b"B" if TOKEN[i:i + 1] == b"A" else b"A"
    return TOKEN[:i] + c + TOKEN[i + 1:]


def alike():
    """Every link that leads nowhere: one status, one body, one header."""
    paths = [b"/u/" + t for t in (
        b"", b"x", TOKEN[:-1], TOKEN + b"A", flip(0), flip(1), flip(2),
        flip(20), flip(47), TOKEN.lower(), b"A" * 48, b"a" * 58, b"A" * 5000,
        TOKEN + b"/", TOKEN + b"/x", b"confirm/", b"confirm/" + b"A" * 62,
        b"confirm/" + TOKEN, b"%00", TOKEN + b"%00", TOKEN[:-1] + b"%zz",
        b"../u/" + TOKEN, b"%2e%2e/u/" + TOKEN, b"./" + TOKEN, b"/" + TOKEN,
        b"logo", TOKEN.replace(TOKEN[5:6], b"%2F", 1), b"\xff\xfe")]
    paths += [b"/", b"/u", b"//u/" + TOKEN, b"/U/" + TOKEN, b"/u//" + TOKEN,
              b"/%75/" + TOKEN, b"/u%2f" + TOKEN, b"/etc/passwd",
              b"/api/v1/get", b"/metrics", b"/healthz", b"\\u\\" + TOKEN]
    first = None
    for path in paths:
        for method, head, body in ((b"GET", b"", b""),
                                   (b"POST", FORM, CLICK)):
            data = ask(request(path, method, head, body))
            expect(repr(path), data, 404)
            head = [line for line in data.partition(b"\r\n\r\n")[0]
                    .split(b"\r\n") if not line.startswith(b"Date:")]
            whole = head, body_of(data)
            first = first or whole
            if whole != first:
                print(path, method, "differs", whole, first)
                sys.exit(1)


def same():
    """What makes the same URL is the same link."""
    odd = b"".join(b"%%%02X" % c if i % 3 == 0 else b"%c" % c
                   for i, c in enumerate(TOKEN))
    expect("percent-encoded", ask(request(b"/u/" + odd)), 200)
    expect("a query", ask(request(b"/u/" + TOKEN + b"?utm_source=x&y=%")), 200)
    expect("HTTP/1.0", ask(b"GET /u/" + TOKEN + b" HTTP/1.0\r\n\r\n"), 200)


def methods():
    for method in (b"TRACE", b"PUT", b"DELETE", b"PATCH", b"CONNECT",
                   b"PROPFIND", b"get", b"X" * 40):
        expect(repr(method), ask(request(b"/u/" + TOKEN, method)), 405, 400,
               501)
    data = ask(request(b"/u/" + TOKEN, b"HEAD"))
    expect("HEAD", data, 200)
    assert body_of(data) == b"", "HEAD with a body"
    data = ask(request(b"/u/" + TOKEN, b"TRACE", b"X-Secret: echo-me\r\n"))
    assert b"echo-me" not in data, "TRACE echoes"


def forms():
    """None of these is a press, none is a fault of ours."""
    multi = b"Content-Type: multipart/form-data; boundary=xx\r\n"
    part = b"--xx\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
    for what, head, body, want in (
            ("JSON", b"Content-Type: application/json\r\n",
             b'{"List-Unsubscribe":"One-Click"}', 415),
            ("plain text", b"Content-Type: text/plain\r\n", CLICK, 415),
            ("two types", b"Content-Type: text/plain, "
             b"application/x-www-form-urlencoded\r\n", CLICK, 415),
            ("two values", FORM, CLICK + b"&List-Unsubscribe=x", 400),
            ("empty", FORM, b"", 400),
            ("empty value", FORM, b"List-Unsubscribe=", 400),
            ("other case", FORM, b"list-unsubscribe=one-click", 400),
            ("NUL", FORM, b"List-Unsubscribe=One-Click%00", 400),
            ("half an escape", FORM, CLICK + b"&a=%", 400),
            ("1000 fields", FORM, b"a=b&" * 1000 + CLICK, 400),
            ("no boundary", b"Content-Type: multipart/form-data\r\n",
             b"x", 400),
            ("another boundary", multi, b"--yy--", 400),
            ("no end", multi, part % (b"List-Unsubscribe", b"One-Click"),
             400),
            ("long name", multi, part % (b"n" * 4000, b"x") + b"--xx--", 400),
            ("too large", FORM, b"a" * 100000, 413)):
        expect(what, ask(request(b"/u/" + TOKEN, b"POST", head, body)), want)


def chunked():
    def go(chunks, extra=b""):
        return ask(b"POST /u/" + TOKEN + b" HTTP/1.1\r\nHost: u\r\n" + FORM +
                   extra + b"Transfer-Encoding: chunked\r\n"
                   b"Connection: close\r\n\r\n" + chunks, 8)
    expect("no such key, in chunks", go(b"2\r\na=\r\n1\r\nb\r\n0\r\n\r\n"),
           400)
    for what, chunks in (("no number", b"zz\r\nabc\r\n0\r\n\r\n"),
                         ("huge", b"ffffffffffffffffff\r\na"),
                         ("negative", b"-1\r\na\r\n0\r\n\r\n"),
                         ("too much", b"".join(
                             b"1000\r\n" + b"a" * 4096 + b"\r\n"
                             for _ in range(64)) + b"0\r\n\r\n"),
                         ("without its end", b"5\r\nabcdefgh\r\n0\r\n\r\n")):
        got = status(go(chunks))
        if got not in (0, 400, 413):
            print("chunks, %s: status %d" % (what, got))
            sys.exit(1)
    # both lengths: a smuggler's; whatever it is, it is no press
    got = status(go(b"0\r\n\r\n", b"Content-Length: 26\r\n"))
    assert got in (0, 400), "both lengths: %d" % got


def headers():
    """A megabyte of header, ten thousand fields: refused, soon, in bounds."""
    for what, head in (("one field", b"X: " + b"a" * (1 << 20) + b"\r\n"),
                       ("10,000 fields", b"X: a\r\n" * 10000),
                       ("no colon", b"nonsense\r\n" * 3),
                       ("binary", bytes(range(1, 256)) + b"\r\n")):
        got = status(ask(request(b"/u/" + TOKEN, b"GET", head)))
        if got not in (0, 200, 400, 413, 431, 494):
            print(what, got)
            sys.exit(1)
    got = status(ask(b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n"))
    assert got in (0, 400, 404, 413, 414, 431), got
    for junk in (b"\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n"
                 b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00"):
        s = connect()
        s.sendall(junk)
        s.shutdown(socket.SHUT_WR)
        got = status(answer(s))
        s.close()
        assert got in (0, 400, 404, 405, 414, 505), (junk, got)


def slow():
    """request_timeout is 2 s: an octet now and then does not help."""
    for raw in (b"GET /u/x HTTP/1.1\r\nHost: u\r\nX: ",
                b"POST /u/" + TOKEN + b" HTTP/1.1\r\nHost: u\r\n" + FORM +
                b"Content-Length: 1000\r\n\r\n"):
        s = connect()
        s.sendall(raw)
        for _ in range(100):
            time.sleep(0.1)
            try:
                s.sendall(b"a")
            except ConnectionError:
                break
            if select.select([s], [], [], 0)[0] and not s.recv(1000):
                break
        else:
            print("still connected after 10 s")
            sys.exit(1)
        s.close()


def rss(pid):
    with open("/proc/%s/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])


def crowd():
    """Very many connections that say nothing; memory stays in bounds and
    those who come after them are served."""
    pid = sys.argv[4]
    want = 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < want + 100:
        want = hard - 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, want + 100), hard))
    before = rss(pid)
    crowd = []
    for i in range(want):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(("127.0.0.1", PORT))
        except OSError as e:
            if e.errno not in (errno.EINPROGRESS, errno.EAGAIN):
                break
        crowd.append(s)
    for s in crowd:
        try:
            s.send(b"POST /u/")
        except OSError:
            pass
    time.sleep(1)
    grown = rss(pid) - before
    fds = len(os.listdir("/proc/%s/fd" % pid))
    for s in crowd:
        s.close()
    print("%d connections: %d kB more, %d descriptors" % (len(crowd), grown,
                                                          fds))
    assert fds < 400, fds
    assert grown < 64 * 1024, grown
    for _ in range(100):
        try:
            if status(ask(request(b"/u/" + TOKEN), 2)) == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    print("not served any more")
    sys.exit(1)


def full():
    """As many as max_connections, all shut in the same moment: the threads
    hear of 128 ends each, at which libmicrohttpd's own loop goes to sleep."""
    crowd = [connect() for _ in range(256)]
    for s in crowd:
        s.sendall(b"POST /u/")
    for s in crowd:
        s.settimeout(15)
        try:
            assert s.recv(1000) == b""
        except ConnectionError:
            pass
        s.close()


def gone():
    """Who sends half a request and goes while nobody looks is not waited for:
    those behind the crowd are served before request_timeout, times and
    times."""
    pid = int(sys.argv[4])
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(256):
                s = connect()
                s.sendall(b"POST /u/")
                s.close()
            s = connect()
        finally:
            os.kill(pid, signal.SIGCONT)
        s.sendall(request(b"/u/" + TOKEN))
        s.shutdown(socket.SHUT_WR)      # has said all, and waits
        expect("half-closed", answer(s, 15), 200)
        s.close()


def kinds(i):
    """Links that are none, of every kind; i makes each a new one."""
    body = b"%024x%024x" % (i * 0x9e3779b97f4a7c15 % (1 << 96), i)
    last = TOKEN[:-11] + body[-11:]
    return {"forged": last,
            "truncated": TOKEN[:1 + i % (len(TOKEN) - 1)],
            "other key": TOKEN[:2] + b"9" + last[3:],
            "other version": b"9" + last[1:],
            "other installation": FOREIGN,
            "noise": body,
            "long": last + b"A" * (i % 200)}


def flood():
    """Forged tokens, very many, in ever new kinds: each answer is the first,
    octet by octet but for its Date; memory stays where it is."""
    total = 1000000 if os.environ.get("MAILWEIR_LONG") == "1" else 4200
    pid, names = sys.argv[4], list(kinds(0))
    first = None
    before, took = 0, {name: [] for name in names}
    s = connect()
    s.settimeout(60)
    pending = b""
    for at in range(0, total, 50 * len(names)):
        if at == 1400:          # buffers and counters are there by now
            before = rss(pid)
        for name in names:      # 50 of a kind in one go
            begin = time.monotonic()
            s.sendall(b"".join(
                request(b"/u/" + kinds(at + k)[name], b"POST", FORM, CLICK)
                .replace(b"Connection: close\r\n", b"") for k in range(50)))
            for _ in range(50):
                if first is None:
                    while b"</html>\n" not in pending:
                        pending += s.recv(65536)
                    expect(name, pending, 404)
                    first = pending[:pending.index(b"</html>\n") + 8]
                    date = first.index(b"Date: ")
                    head, tail = first[:date], first[date + 35:]
                while len(pending) < len(first):
                    part = s.recv(1 << 20)
                    assert part, "closed"
                    pending += part
                data, pending = pending[:len(first)], pending[len(first):]
                if not (data.startswith(head) and data.endswith(tail)):
                    print(name, "differs", data[:400])
                    sys.exit(1)
            took[name].append(time.monotonic() - begin)
    for name in names:          # to look at; a test asserts no time
        middle = sorted(took[name])[len(took[name]) // 2]
        print("%-20s %6.1f us each" % (name, middle / 50 * 1e6))
    grown = rss(pid) - before
    print("%d links: %d kB more" % (total, grown))
    assert grown < 16 * 1024, grown


globals()[CASE]()
alive()
