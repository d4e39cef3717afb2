#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suppress: on the wire - a suppressed recipient is refused, a neighbour is
# not; discards, headers, sendmail(1), a store that is away and comes back
. "$(dirname "$0")/lib.sh"
need miltertest
need_built mailweir mailweir-suppress

cat >"$W/m.conf" <<END
$(conf_paths "$W/run")
[suppress]
non_smtp_daemons = pickup
[stream news]
class = bulk
match_sender = @news.example
[stream reset]
class = security
match_sender = @reset.example
reply = This mailbox is dead (\${reason}), case \${case}
[stream quiet]
class = bulk
match_sender = @quiet.example
scopes = news
hit = discard
[stream list]
class = bulk
match_header = X-List
scopes = news
END
m() { "$BIN/mailweir" -c "$W/m.conf" "$@"; }
log=$W/mailweir-suppress.log
part() { milter mailweir-suppress t1000-suppress.lua -D "PART=$1"; }
# logged REGEX COUNT - so many lines
logged() {
	[ "$(grep -Ec -e "$1" "$log")" = "$2" ] || { cat "$log"; return 1; }
}

t 'store'			m init
t 'an opt-out'			m add Ann@X.example --scope news --reason optout
t 'a dead address'		m add dead@x.example --reason hard-bounce
t 'configuration is good'	"$BIN/mailweir-suppress" -n -c "$W/m.conf"
t 'daemon starts'		milter_daemon mailweir-suppress -c "$W/m.conf"

t 'at RCPT'			part rcpt
t 'logged once'			logged ' suppressed .*<ANN@X.example>.* stream=news .*reason=optout scope=news action=reject' 1
t 'another message'		part reset
t 'discard'			part discard
t 'logged as such'		logged ' suppressed .*action=discard' 2
t 'nobody left is logged'	logged ' discarded .*rcpts=1' 1
t 'a message given up'		part abort
t 'known by header'		part header
t 'logged at the end'		logged ' suppressed .*stream=list .*action=delete' 1
t 'all of them refused'		logged ' suppressed .*stream=list .*action=reject' 2
t 'sendmail(1)'			part cli
t 'deletes'			logged ' suppressed .*stream=news .*action=delete' 2

# the reply itself, octet by octet, as the client gets it
reply() {
	"$PYTHON" - "unix:$W/mailweir-suppress.sock" "$1" "$2" <<'END'
import os, sys
sys.path.insert(0, os.path.join(os.environ["SRC"], "t"))
from milter import Milter
m = Milter(sys.argv[1])
m.send(b"C", b"app.example\0" + b"4" + b"\x04\xd2" + b"192.0.2.1\0")
if not m.steps & 0x1000: m.receive()
m.send(b"M", sys.argv[2].encode() + b"\0")
if not m.steps & 0x4000: m.receive()
m.send(b"R", sys.argv[3].encode() + b"\0")
print(m.receive())
END
}
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
t 'explain'			m explain ann@x.example --stream news
case_id=$(sed -n 's/^case *//p' "$W/out.$N")
said=$(sed -n 's/^reply *//p' "$W/out.$N")
t 'the reply'			reply '<a@news.example>' '<ann@x.example>'
t 'is what explain says'	grep -Fq "$said" "$W/out.$N"
t 'it has the reason'		grep -q '^550 5\.7\.1 .*(optout): unsubscribed; stream news, class bulk' <<END
$said
END
t 'and the case'		test "${#case_id}" = 10
t 'of the log, too'		has "$log" "rcpt=<ANN@X.example>.*case=$case_id"
t 'the journal'			m journal show
t 'knows it, too'		has "$W/out.$N" "reason=optout id=1:$case_id"
t 'not the address'		sh -c '! printf %s "$1" | grep -iq ann' x "$said"
t 'a text of its own'		reply '<a@reset.example>' '<dead@x.example>'
t 'with the status'		has "$W/out.$N" '550 5\.1\.1 This mailbox is dead \(hard-bounce\), case [0-9a-f]{10}'

t 'counted'			m stats
t 'by verdict'			has "$W/out.$N" ' mailweir_suppress_verdicts_total\{verdict="reject"\}'
t 'by reason'			has "$W/out.$((N - 1))" ' mailweir_suppressed_total\{reason="optout"\}'
t 'a removal'			m remove ann@x.example --scope news
t 'is heard at once'		reply '<a@news.example>' '<ann@x.example>'
t 'he passes'			has "$W/out.$N" "b'c'"

# a store that is away
mv "$W/state/store" "$W/state/away"
t 'daemon stops'		stop mailweir-suppress
t 'it starts without a store'	milter_daemon mailweir-suppress -c "$W/m.conf"
t 'and says so'			logged ' store_unavailable ' 1
t '451 at RCPT'			part away
t 'for each recipient a line'	logged ' store_error .*rcpt=<bob@x.example>' 1
t 'the reply says 4.3.0'	reply '<a@news.example>' '<bob@x.example>'
t 'as it should'		has "$W/out.$N" '451 4\.3\.0 '
t 'sendmail(1): at the end'	part away_cli
mv "$W/state/away" "$W/state/store"
t 'the store is back'		wait_until 10 part rcpt_bob
t 'which is logged'		logged ' store_opened ' 1

# a backup put in the store's place while we run
stops_zoe() { reply '<a@news.example>' '<zoe@x.example>' | grep -q '550 5'; }
t 'a backup'			m backup "$W/backup"
t 'has no zoe'			not stops_zoe
mv "$W/state/store" "$W/state/old" && mv "$W/backup" "$W/state/store"
t 'she is added after it'	m add zoe@x.example --scope news
t 'the restored store is asked'	wait_until 10 stops_zoe
t 'which is logged, too'	logged ' store_unavailable .*replaced' 1
t_done
