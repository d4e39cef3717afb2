#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# large: 100 MB, 10,000 header fields, a header line of 1 MB, junk - through all
# four milters on a real Postfix: an answer, bounded memory, no crash
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=4
suite_new
pf_conf 'message_size_limit = 300000000' 'mailbox_size_limit = 0' \
    'header_size_limit = 4000000' 'smtpd_timeout = 120s'
suite_conf <<EOT
[suppress]
$(suite_socket suppress)
[keyword]
$(suite_socket keyword)
rules = $W/rules.d
[unsubscribe]
$(suite_socket unsubscribe)
[dkim]
$(suite_socket dkim)
[key a]
domain = sender.example
selector = a
file = $W/a.pem
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
unsubscribe = add
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
hold_score = 5
EOT
cat >"$W/rules.d/x.cf" <<'EOT'
body     T_WORD	/\bcompletely absent words\b/
describe T_WORD	A rule that looks at everything
score    T_WORD	1
EOT

# make NAME - one message of each kind
make() {
	"$PYTHON" - "$1" >"$W/$1" <<'EOT'
import sys
w = sys.stdout.buffer.write
what = sys.argv[1]
w(b"From: Sender News <news@sender.example>\nTo: x@world.example\n"
  b"Subject: " + what.encode() + b"\nMessage-ID: <" + what.encode() +
  b"@sender.example>\n")
if what == "headers":
    for i in range(10000):
        w(b"X-Field-%d: value %d\n" % (i, i))
elif what == "longline":
    w(b"X-Long: " + b"word " * 209715 + b"\n")
elif what == "mime":
    w(b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"\xff\xfe\n")
else:
    w(b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n")
w(b"\n")
if what == "body":
    line = b"Seventy octets of a body that says nothing, again and again and again.\n"
    w(line * (100000000 // len(line)))
elif what == "junk":
    w(bytes(i * 7919 % 251 for i in range(200000)).replace(b"\r", b".") + b"\n")
elif what == "mime":
    w(b"--\xff\xfe\nContent-Type: multipart/mixed; boundary=a\n\n" +
      b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 5000)
else:
    w(b"body\n")
EOT
}

# through NAME - it is delivered or refused, each with its log line
through() {
	make "$1" && send news@sender.example "$1@world.example" "$W/$1"
	rc=$?
	[ $rc -le 2 ] || return 1
	[ $rc != 0 ] || pf_settle 60
}
answered() { grep -Eq '^(DATA|RCPT .*) (250|[45][0-9][0-9]) ' "$W/reply"; }
alive() { for p in $PIDS; do kill -0 "$p" || return 1; done; }

# peak PROGRAM MEGABYTES - at most so much memory at any time
peak() {
	kb=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' \
	    "/proc/$(cat "$W/$1.pid")/status")
	echo "$1: $((kb / 1024)) MB"
	[ "$kb" -lt $(($2 * 1024)) ]
}

MW dkim genkey --domain sender.example --selector a --out "$W/a.pem" \
    >"$W/zone" 2>&1
t 'start'			suite_start suppress keyword unsubscribe dkim
newsletter x@world.example >"$W/small"
t 'a small one first'		send news@sender.example small@world.example "$W/small"
for kind in body headers longline junk mime; do
	t "$kind: an answer"	through $kind
	t "$kind: a proper one"	answered
	t "$kind: all alive"	alive
done
for p in suppress keyword unsubscribe dkim; do
	t "$p: bounded memory"	peak mailweir-$p 300
done
t 'a small one last'		send news@sender.example small@world.example "$W/small"
t 'is delivered'		pf_settle 30
t 'twice'			test "$(pf_world small@world.example | wc -l)" = 2
cat "$W"/out.* | grep '^mailweir-.* MB$' | sed 's/^/# /'
t_done
