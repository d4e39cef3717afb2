#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir-ingest: LMTP word by word, once is once, nothing lost, nothing told
# before it is on disk; Maildir and standard input
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest

MW="$BIN/mailweir -c $W/conf"
S=$W/mailweir-ingest.sock
LOG=$W/mailweir-ingest.log
conf() {	# LINES... - of [ingest], [feedback] and beyond
	cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[stream news]
match_sender = news@sender.example
class = bulk
scopes = news
[ingest]
socket = unix:$S
max_message_size = 1M
max_recipients = 3
timeout = 20s
EOT
	for line; do echo "$line" >>"$W/conf"; done
}
token() { $MW token make "$1" --scope news | head -n 1; }
# the token in its spelling for mail, from the mailto link or as it is
mailtoken() { $MW token make "$1" --scope news | grep -oE '\b[a-z2-7]{58}\b' | head -n 1; }
say() { "$PYTHON" "$SRC/t/lmtp.py" "$S"; }
shows() { $MW show --json "$1" >"$W/show"; has "$W/show" "$2"; }
knows_nothing() { $MW show --json "$1" >"$W/show"; hasnt "$W/show" '"reason"'; }
hello='< 220
> LHLO x
< PIPELINING.*SIZE 1048576.*8BITMIME'

conf
mkdir -p "$W/state" "$W/run"
t 'init makes the store' $MW init
t 'the configuration is good' "$BIN/mailweir-ingest" -n -c "$W/conf"
t 'it starts' daemon mailweir-ingest -c "$W/conf"

A=$(mailtoken ann@example.com)
t 'a token was made' test -n "$A"
unsubscribe() {	# TOKEN REPLY
	say <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<u+$1@u.sender.example>
> DATA
< 250
< 250
< 354
>> Subject: unsubscribe
>> From: whoever@example.net
>> Message-ID: <1@example.net>
>>
> .
< $2
> QUIT
< 221
eof
EOT
}
t 'unsubscribe by mail, pipelined' unsubscribe "$A" '250 2\.0\.0'
t 'it is stored' shows ann@example.com '"optout"'
t 'one event line' has "$LOG" 'feedback .*kind=optout .*result=changed scope=news stored=optout'
t 'the same again is taken' unsubscribe "$A" '250 2\.0\.0'
t 'and known' has "$LOG" 'feedback .*kind=optout .*result=known'

t 'one reply for each recipient, limits, order of commands' say <<EOT
$hello
> DATA
< 503
> RCPT TO:<a@b.example>
< 503
> MAIL FROM:<a@b.example> SIZE=99999999
< 552 5\.3\.4
> MAIL FROM:a@b.example
< 501
> MAIL FROM:<"a>b\\" c"@b.example>
< 250
> RCPT TO:<>
< 501
>> RCPT TO:<one@b.example>
>> RCPT TO:<two@b.example>
>> RCPT TO:<three@b.example>
>> RCPT TO:<four@b.example>
> DATA
< 250
< 250
< 250
< 452 4\.5\.3
< 354
>> Subject: hello
>>
>> ..
>> .x
> .
< 250
< 250
< 250
> EHLO x
< 500
> RSET
< 250
> NOOP
< 250
> VRFY x
< 252
> QUIT
< 221
EOT
t 'a mail that is nothing is parked, per recipient' \
    sh -c "test \$(ls '$W/state/parked' | wc -l) = 3"
t 'dots are unstuffed' sh -c "cat '$W'/state/parked/* | tr -d '\r' | grep -qx '\.' &&
	cat '$W'/state/parked/* | tr -d '\r' | grep -qx x"

t 'only CRLF.CRLF ends a message' say <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<smuggle@b.example>
> DATA
< 250
< 250
< 354
! Subject: smuggled\\r\\n\\r\\na\\n.\\nb\\n.\\r\\nc\\r\\n.\\nd\\r.\\r
! \\n.\\r
! \\n
< 250
> QUIT
< 221
EOT

t 'too big: read to its end, refused, the session lives' say <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<big@b.example>
> DATA
< 250
< 250
< 354
* 40000 0123456789012345678901234567890123456789\\r\\n
> .
< 552 5\.3\.4
> NOOP
< 250
> QUIT
< 221
EOT

t 'a line without end is cut off' say <<EOT
$hello
* 5000 x
< 421
EOT
t 'NUL, 8-bit, CR only: taken and parked' say <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<junk@b.example>
> DATA
< 250
< 250
< 354
! \\0\\xff\\r\\r\\rSubject: x\\r\\0\\r\\n.\\r\\n
< 250
> QUIT
< 221
EOT
t 'twenty wrong commands are enough' sh -c '
	{ printf "< 220\n"; i=0; while [ $i -lt 19 ]; do
	printf "> FOO\n< 500\n"; i=$((i+1)); done; printf "> FOO\n< 500\n< 421\n"; } |
	"$PYTHON" "$SRC/t/lmtp.py" "'"$S"'"'

# --- at once
many() {
	i=0; pids=
	while [ $i -lt 8 ]; do
		unsubscribe "$(mailtoken "m$i@example.com")" 250 &
		pids="$pids $!"; i=$((i + 1))
	done
	for p in $pids; do wait "$p" || return 1; done
	i=0
	while [ $i -lt 8 ]; do
		shows "m$i@example.com" '"optout"' || return 1
		i=$((i + 1))
	done
}
t 'eight at once' many

# --- reload
conf '[feedback]' 'complaint_scope = *'
reload() {
	kill -"$1" "$(cat "$W/mailweir-ingest.pid")" &&
	    wait_until 5 has "$LOG" "$2"
}
t 'USR1 reloads' reload USR1 ' reloaded '
echo 'nonsense = 1' >>"$W/conf"
t 'a bad configuration is refused' reload HUP ' reload_failed .*nonsense'
t 'and the old one serves on' unsubscribe "$(mailtoken bob@example.com)" 250

# --- killed in the middle
conf
t 'killed while a message comes: nothing is told, nothing half done' sh -c "
	('$PYTHON' '$SRC/t/lmtp.py' '$S' <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<u+$(mailtoken cat@example.com)@u.sender.example>
> DATA
< 250
< 250
< 354
> Subject: half
. 1
eof
EOT
	) & sleep 0.5; kill -9 \$(cat '$W/mailweir-ingest.pid'); wait \$!"
PIDS=
t 'cat is not stored' knows_nothing cat@example.com
t 'it starts over the stale socket' daemon mailweir-ingest -c "$W/conf"
t 'what was told is there' shows bob@example.com '"optout"'

# --- nowhere to put it
t 'stops' stop mailweir-ingest
mv "$W/state/parked" "$W/parked.was"; : >"$W/state/parked"
t 'starts' daemon mailweir-ingest -c "$W/conf"
t 'what cannot be parked is 451' say <<EOT
$hello
>> MAIL FROM:<>
>> RCPT TO:<a@b.example>
> DATA
< 250
< 250
< 354
>> Subject: hello again
>>
> .
< 451 4\.3\.0
> QUIT
< 221
EOT
t 'and says why' has "$LOG" 'feedback_failed .*parked'

# --- Maildir and standard input
rm "$W/state/parked"
mkdir -p "$W/md/new" "$W/md/cur" "$W/md/tmp"
report() {	# TOKEN
	printf 'Delivered-To: u+%s@u.sender.example\nSubject: u\n\n' "$1"
}
report "$(mailtoken dan@example.com)" >"$W/md/new/1.a"
t 'a Maildir, once' "$BIN/mailweir-ingest" -d -c "$W/conf" --maildir "$W/md" --once
t 'moved to cur' test -f "$W/md/cur/1.a:2,S"
t 'and stored' shows dan@example.com '"optout"'
"$BIN/mailweir-ingest" -d -c "$W/conf" --maildir "$W/md" >"$W/md.log" 2>&1 &
MD=$!; PIDS="$PIDS $MD"
t 'a Maildir, watched' wait_until 10 has "$W/md.log" started
report "$(mailtoken eve@example.com)" >"$W/md/tmp/2.b"; mv "$W/md/tmp/2.b" "$W/md/new/"
t 'seen when it arrives' wait_until 10 test -f "$W/md/cur/2.b:2,S"
t 'stored, too' shows eve@example.com '"optout"'
stdin() { report "$1" | "$BIN/mailweir-ingest" -d -c "${2:-$W/conf}" --stdin; }
t 'standard input' stdin "$(mailtoken fay@example.com)"
t 'is stored' shows fay@example.com '"optout"'
sed "s|^store_key_file.*|store_key_file = $W/absent|" "$W/conf" >"$W/conf.bad"
named() {	# PARAMETER FILE - its file is for all to read
	chmod 644 "$2"
	exits 78 "$BIN/mailweir-ingest" -n -c "$W/conf" 2>"$W/named"
	rc=$?
	chmod 600 "$2"
	[ $rc = 0 ] && has "$W/named" "conf:[0-9]+: $1: .*chmod 0600"
}
t 'a store key for all: refused' named store_key_file "$W/store.key"
t 'a token key for all: refused' named token_key_file "$W/token.key"
t 'without its keys: keep the mail (75)' exits 75 stdin "$(mailtoken gil@example.com)" "$W/conf.bad"
t_done
