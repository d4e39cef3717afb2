#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# one message to many through a real Postfix, split by the milter or by Postfix
# alone (the recipe of mailweir-unsubscribe(8)): each gets one copy, with his
# own link, signed; killed and started again in the middle, still each gets one
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
need_built mailweir-chain
suite_new
BACK=$(free_port)
{ printf '[chain]\n'; suite_socket chain; } | suite_conf
suite_conf <<EOT
[keyword]
rules = $W/rules.d
[unsubscribe]
split_server = 127.0.0.1:$BACK
[key ed]
domain = sender.example
selector = ed
file = $W/ed.pem
[stream news]
match_sender = news@sender.example
class = bulk
unsubscribe = require
require_signing = yes
multiple = split
hold_score = 5
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
[stream single]
match_sender = single@sender.example
class = bulk
unsubscribe = require
require_signing = yes
multiple = reject
unsubscribe_url = https://u.sender.example/u/
EOT
echo 'header T_HOLD Message-ID =~ /^<hold/
score T_HOLD 5' >"$W/rules.d/t.cf"
MILTER="{ unix:$W/mailweir-chain.sock, default_action=tempfail }"

message() { # FROM ID
	printf 'From: %s\nTo: list@world.example\nSubject: x\nMessage-ID: <%s@sender.example>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n\nHello.\n.dot\n' "$1" "$2"
}
many() { # HOW MANY - addresses with commas
	i=0; list=
	while [ $i -lt "$1" ]; do i=$((i + 1)); list="$list,r$i@world.example"; done
	echo "${list#,}"
}
submit() { # FROM ID RCPTS
	message "$1" "$2" >"$W/msg"
	"$SRC/t/smtp.py" "$PF_PORT" "$1" "$3" "$W/msg" >"$W/said" 2>&1
	rc=$?; tail -n 3 "$W/said"; return $rc
}
# each_one N - N files in the world, N recipients, N links that name them
each_one() {
	pf_settle 30 || return 1
	"$PYTHON" - "$1" "$PF_DIR"/world/[0-9]* <<-'EOP'
	import collections, email, re, sys
	rcpts, links = collections.Counter(), set()
	for name in sys.argv[2:]:
	    raw = open(name, "rb").read().decode("utf-8", "replace")
	    to = re.findall(r"(?m)^X-Rcpt-Args: <([^>]*)>", raw)
	    assert len(to) == 1, (name, to)
	    rcpts[to[0]] += 1
	    m = email.message_from_string(raw)
	    assert m["X-Mailweir-Split"] is None, name
	    assert m["List-Unsubscribe-Post"] and m["DKIM-Signature"], name
	    links.add(m["List-Unsubscribe"].split(">")[0])
	    assert raw.count("Hello.\n.dot\n") == 1, raw
	want = int(sys.argv[1])
	assert len(rcpts) == want, (len(rcpts), want)
	twice = {r: n for r, n in rcpts.items() if n > 1}
	assert not twice, twice
	assert len(links) == want, len(links)
	EOP
}
empty_world() { rm -f "$PF_DIR"/world/[0-9]*; }
signed() {
	for f in "$PF_DIR"/world/[0-9]*; do
		MW dkim verify --keys "$W/keys" "$f" || return 1
	done
}

t 'keys'	sh -c '"$1" -c "$2" dkim genkey --domain sender.example --selector ed \
    --algorithm ed25519 --out "$3/ed.pem" --plain >"$3/keys"' x "$BIN/mailweir" "$CONF" "$W"
t 'init'	MW init
cat >>"$PF_DIR/etc/master.cf" <<EOT
127.0.0.1:$BACK inet n - n - - smtpd
    -o syslog_name=postfix/back -o content_filter=
    -o smtpd_milters=\$back_milters
    -o smtpd_authorized_xforward_hosts=127.0.0.0/8
single unix - - n - - smtp
    -o smtp_send_xforward_command=yes
EOT
pf_conf "smtpd_milters = $MILTER" "back_milters = $MILTER" \
    'milter_default_action = tempfail' "non_smtpd_milters = $MILTER" \
    'single_destination_recipient_limit = 1' 'smtpd_client_connection_count_limit = 0'
t 'chain starts'	daemon mailweir-chain -c "$CONF"
t 'Postfix starts'	pf_start

t 'five are taken'	submit news@sender.example five "$(many 5)"
t 'each has one'	each_one 5
t 'signed'		signed
t 'the message itself ended' has "$PF_DIR/maillog" 'milter-discard: END-OF-MESSAGE'
t 'it comes again'	submit news@sender.example five "$(many 5)"
t 'still each has one'	each_one 5

local_one() { message news@sender.example local | pf_sendmail -f news@sender.example a@world.example b@world.example; }
empty_world
t 'sendmail(1)'		local_one
t 'arrives'		wait_until 15 in_world b@world.example
t 'with a link of his own'	each_one 2

# Postfix refuses one copy: that is an end, not a reason to wait
local_two() { message news@sender.example two | pf_sendmail -f news@sender.example gone@world.example here@world.example; }
empty_world
t 'gone unsubscribed'	MW add gone@world.example --scope news --reason optout
t 'sendmail(1) to gone and here' local_two
t 'here has it'		wait_until 15 in_world here@world.example
t 'gone has not'	not_in_world gone@world.example
t 'nothing waits'	pf_settle 15

# what is held has its link and its signature when it is released; of several
# it is not split, for the copies would not be held
release() { postsuper -c "$PF_DIR/etc" -H ALL >"$W/postsuper" 2>&1; pf_settle 15; }
held() { [ "$(pf_queue hold | wc -l)" = "$1" ]; }
empty_world
t 'one is taken'	submit news@sender.example hold1 r1@world.example
t 'and held'		held 1
t 'released'		release
t 'with its link, signed' each_one 1
empty_world
t 'two are taken'	submit news@sender.example hold2 "$(many 2)"
t 'held as one'		held 1
t 'released as one'	release
t 'both have it'	wait_until 15 in_world r2@world.example
t 'as it was sent'	sh -c '! grep -l ^List-Unsubscribe "$@"' x "$PF_DIR"/world/[0-9]*
t 'and it is signed'	signed

# a client that comes again until it is taken, while the milter is killed
stubborn() {
	tries=0
	until submit news@sender.example killed "$(many 60)" >"$W/try"; do
		tries=$((tries + 1)); cat "$W/try"
		[ $tries -lt 15 ] || return 1
		sleep 0.3
	done
	[ $tries -gt 0 ]
}
# killer - when some copies went out, twice
killer() {
	for after in 10 35; do
		until [ "$(find "$W/state/split" -type f -size +"$((after * 33))"c 2>/dev/null | wc -l)" -gt 0 ]; do
			sleep 0.02
		done
		p=$(cat "$W/mailweir-chain.pid")
		kill -9 "$p"; forget "$p"; wait "$p" 2>/dev/null
		SOCK='' daemon mailweir-chain -c "$CONF" >>"$W/killer" 2>&1
	done
	echo 'killed and back' >>"$W/killer"
}
# at_most - nobody without; twice only who was on the way at a death
at_most() {
	pf_settle 30 || return 1
	n=$(cat "$PF_DIR"/world/[0-9]* | sed -n 's/^X-Rcpt-Args: //p' | sort | uniq -c | awk '{ n++; extra += $1 - 1 } END { print n, extra }')
	echo "recipients, copies beyond one: $n"
	[ "${n% *}" = 60 ] && [ "${n#* }" -le 2 ]
}
empty_world; rm -f "$W"/state/split/*
stubborn >"$W/stubborn" 2>&1 & S=$!
killer
t 'killed twice'	has "$W/killer" '^killed and back$'
t 'taken at last'	wait $S
t 'nobody is left out'	at_most

# the recipe
empty_world
postconf -c "$PF_DIR/etc" -P "127.0.0.1:$PF_PORT/inet/content_filter=single:[127.0.0.1]:$BACK" \
    "127.0.0.1:$PF_PORT/inet/smtpd_milters="
t 'Postfix splits by itself' pf_reload
t 'seven are taken'	submit single@sender.example seven "$(many 7)"
t 'each has one'	each_one 7
t 'and signed'		signed
t_done
