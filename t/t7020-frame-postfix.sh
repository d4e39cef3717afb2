#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# frame: every kind of edit arrives at a real Postfix as it was meant, where it
# was meant; replies, and mail from sendmail(1)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
BIN=$BIN/../t
need_built frame-toy
CONF=$W/toys.conf
pf_new "$W/pf" || bail 'no Postfix'
at_exit pf_stop
# shellcheck disable=SC2016
pf_conf "smtpd_milters = { unix:$W/frame-toy.sock, default_action=tempfail }" \
    'non_smtpd_milters = $smtpd_milters'

cat >"$W/mail" <<'EOT'
From: a@sender.example
Subject: hello
Message-ID: <1@sender.example>
Date: Sat, 21 Nov 2026 12:00:00 +0000
X-Spaces:   three  blanks
X-Folded: one
  two
X-Twice: 1
X-Twice: 2

body
EOT
toys() {
	printf 'run_dir = %s\n[toys]\nsocket_mode = 0666\n[toy]\n' "$W" >"$CONF"
	for line; do printf '%s\n' "$line"; done >>"$CONF"
	if [ -s "$W/frame-toy.pid" ]; then
		n=$(grep -c ': reloaded ' "$W/frame-toy.log")
		kill -USR1 "$(cat "$W/frame-toy.pid")"
		wait_until 5 eval 'test $(grep -c ": reloaded " "$W/frame-toy.log") -gt $n'
	else
		milter_daemon frame-toy -c "$CONF"
	fi
}
send() {	# TO - then wait; what came out is in $W/out, its header in $W/head
	rm -f "$PF_DIR"/world/[0-9]*
	"$SRC/t/smtp.py" "$PF_PORT" a@sender.example "$1" "$W/mail" >"$W/reply"
	rc=$?
	pf_settle 10
	result
	return $rc
}
result() {
	cat "$PF_DIR"/world/[0-9]* >"$W/out" 2>/dev/null
	# without what smtp-sink put in front, its own Received among it
	awk '/^Received:/ && !seen { seen = 1; skip = 1; next }
	    skip && /^[ \t]/ { next } { skip = 0 } seen { print }' "$W/out" >"$W/msg"
	sed -n '/^[^ \t]/s/:.*//p; /^$/q' "$W/msg" | tr '\n' ' ' >"$W/head"
}
order() { echo "$1 " >"$W/want"; tr -d '\n' <"$W/want" | diff - "$W/head"; }
all='From Subject Message-ID Date X-Spaces X-Folded X-Twice X-Twice'

t 'start'			toys 'insert = X-New: 1' 'insert_at = 0'
t 'Postfix starts'		pf_start
t 'above everything'		send b@world.example
t 'above Received, too'		order "X-Seen X-New Received $all"
t 'values as they were'		has "$W/msg" '^X-Spaces:   three  blanks$'
t 'one space, no more'		has "$W/msg" '^X-New: 1$'
t 'folds as they should be'	sh -c 'grep -A1 "^X-Folded: one$" "$1" | grep -q "^  two$" &&
    grep -A1 "^X-Seen: eoh" "$1" | grep -q "^	headers="' x "$W/msg"
t 'reload'			toys 'insert = X-New: 1' 'insert_at = 1'
t 'below the first'		send b@world.example
t 'which is not Received'	order "X-Seen Received From X-New ${all#From }"
t 'reload'			toys 'insert = X-New: 1' 'insert_at = 4' 'append = X-End: 2'
t 'somewhere'			send b@world.example
t 'counted as we count'		order "X-Seen Received From Subject Message-ID Date X-New ${all#* * * * } X-End"
t 'reload'			toys 'change = X-Twice: changed' 'remove = Subject: x'
t 'change and delete'		send b@world.example
t 'that field'			order "X-Seen Received From ${all#From Subject }"
t 'the first of that name'	sh -c 'grep "^X-Twice" "$1" | tr "\n" , | grep -q "^X-Twice: changed,X-Twice: 2,$"' x "$W/msg"
t 'reload'			toys 'footer = -- the end' 'sender = <new@sender.example>' \
    'delete = <gone@world.example>' 'add = <more@world.example>'
t 'envelope and body'		send b@world.example,gone@world.example
t 'new sender'			has "$W/out" '^X-Mail-Args: <new@sender.example>'
t 'one more'			has "$W/out" '^X-Rcpt-Args: <more@world.example>'
t 'one less'			hasnt "$W/out" '^X-Rcpt-Args: <gone@world.example>'
t 'the footer'			sh -c 'tail -n 3 "$1" | tr "\n" , | grep -q "^body,-- the end,"' x "$W/msg"
t 'reload'			toys 'delete = <gone@world.example>' 'refuse = <no@world.example>'
rm -f "$PF_DIR"/world/[0-9]*
# the list of recipients is put in quotes by the second one
t 'sendmail(1)'			pf_sendmail -f a@sender.example gone@world.example '"q q"@world.example' <"$W/mail"
t 'delivered'			pf_settle 10
result
t 'known as such'		has "$W/msg" 'smtp=no client=localhost'
t 'without the one'		hasnt "$W/out" '^X-Rcpt-Args: <gone@world.example>'
t 'with the other'		has "$W/out" '^X-Rcpt-Args: <"q q"@world.example>'
t 'one recipient refused'	send b@world.example,no@world.example
t 'with the text, % and all'	has "$W/reply" '^RCPT no@world.example 550 5.7.1 100% refused, "so"$'
t 'the other gets it'		has "$W/out" '^X-Rcpt-Args: <b@world.example>'
t 'reload'			toys 'hold = because'
t 'held'			send b@world.example
t 'in the hold queue'		test -n "$(pf_queue hold)"
t 'not outside'			test ! -s "$W/out"
t 'reload'			toys 'fault = newline' 'insert = X-New: 1'
t 'a fault'			exits 2 send b@world.example
t '451'				has "$W/reply" '^DATA 451 4.3.0 Try again later'
t_done
