#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# disk: full for the store, the split ledger, parked reports and the log;
# read-only; and a store that somebody holds locked
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain mailweir-ingest
need mdb_load
mkdir "$W/state"
mount -t tmpfs -o size=6m,mode=755 tmpfs "$W/state" 2>/dev/null ||
    skip_all 'may not mount a small file system here'
at_exit "umount -l '$W/state'"

BACK=$(free_port)
"$PYTHON" "$SRC/t/sink.py" "$BACK" "$W/back" >/dev/null 2>&1 &
at_exit "kill $!"
mkdir "$W/back"

play() { "$PYTHON" "$SRC/t/t9120-disk.py" "$W/mailweir-chain.sock" "$@"; }
newsletter() { play news@sender.example "$1"@world.example; }
judges() {	# bob is refused, ann goes through, as ever
	newsletter bob >"$W/bob"; has "$W/bob" "^RCPT bob.*b'y', b'550 5.7.1" &&
	    newsletter ann
}
fill() { not dd if=/dev/zero of="$W/state/fill" bs=4k; }
fails() {	# WHY SENTENCE... - of the command
	why=$1; shift
	MW "$@" --scope newsletter >"$W/said" 2>&1; rc=$?; cat "$W/said"
	[ $rc -ge 64 ] && [ $rc -lt 80 ] && has "$W/said" "$why"
}
lmtp() { "$PYTHON" "$SRC/t/lmtp.py" "$W/mailweir-ingest.sock"; }

t 'configuration'	faults_conf
sed -i "s/^\[unsubscribe\]/&\nsplit_server = 127.0.0.1:$BACK/" "$CONF"
sed -i '/^\[stream newsletter\]/,$d' "$CONF"
cat >>"$CONF" <<EOT
[ingest]
socket = unix:$W/mailweir-ingest.sock
[stream split]
match_sender = split@sender.example
class = bulk
scopes = newsletter
unsubscribe = require
multiple = split
unsubscribe_url = https://u.sender.example/u/
EOT
faults_text 0 | sed -n '/^\[stream newsletter\]/,$p' >>"$CONF"
t 'chain starts'	faults_start chain
t 'ingest starts'	daemon mailweir-ingest -c "$CONF"
t 'judges'		judges

# full
t 'a full disk'		fill
t 'full: the milter judges as ever'	judges
t 'full: add fails and says why'	fails 'space|full' add eve@world.example
t 'full: and changed nothing'	eval 'MW show eve@world.example >"$W/eve"; hasnt "$W/eve" "in force"'
t 'full: a message to several is put off' exits 2 play split@sender.example \
    ann@world.example cal@world.example
t 'full: none of its copies went out'	not test -f "$W/back/1"
t 'full: that is logged'	has "$W/mailweir-chain.log" 'split_waits .*why=.*[Nn]o space'
t 'full: a report is told 451'	lmtp <<'EOT'
< 220
> LHLO x
< 250
>> MAIL FROM:<>
>> RCPT TO:<a@b.example>
> DATA
< 250
< 250
< 354
>> Subject: hello
>>
> .
< 451 4\.3\.0
> QUIT
< 221
EOT
t 'full: that is logged'	has "$W/mailweir-ingest.log" 'feedback_failed .*why=.*(almost full|[Nn]o space)'
rm "$W/state/fill"
t 'room: add goes through'	MW add eve@world.example --scope newsletter
t 'room: the message to several, each copy once' eval 'play split@sender.example \
    ann@world.example cal@world.example && test -f "$W/back/2" && not test -f "$W/back/3"'

# the log
stop mailweir-chain >/dev/null 2>&1
"$BIN/mailweir-chain" -d -c "$CONF" 2>/dev/full </dev/null &
echo $! >"$W/mailweir-chain.pid"; PIDS="$PIDS $!"
t 'the log is full: it starts'	wait_until 10 judges
t 'the log is full: it judges'	judges
t 'the log is full: it stops'	stop mailweir-chain

# locked: mdb_load takes the writer's lock and waits for its input
mkfifo "$W/pipe"
faults_start chain >/dev/null
mdb_load "$W/state/store" <"$W/pipe" >/dev/null 2>&1 &
holder=$!
exec 9>"$W/pipe"
printf 'VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n' >&9
sleep 0.5
t 'locked: the milter judges as ever'	judges
t 'locked: a writer waits'	exits 124 timeout 2 "$BIN/mailweir" -c "$CONF" \
    add fay@world.example --scope newsletter
kill -9 $holder; exec 9>&-
t 'its holder killed: the writer goes on' MW add fay@world.example --scope newsletter
t 'its holder killed: the store is sound' MW verify

# read-only: who only reads needs no lock there, for nobody writes
t 'stops'		stop mailweir-chain
stop mailweir-ingest >/dev/null 2>&1
t 'read-only'		mount -o remount,ro "$W/state"
t 'read-only: it starts all the same'	faults_start chain
t 'read-only: it judges as ever'	judges
t 'read-only: a message to several is put off' exits 2 play split@sender.example \
    dan@world.example cal@world.example
t 'read-only: add fails and says why'	fails 'ead-only' add gus@world.example
reads_without_slot() {
	mdb_stat -r "$W/state/store" >"$W/slots"
	not grep -q "^ *$(cat "$W/mailweir-chain.pid") " "$W/slots"
}
reads_with_slot() { judges >/dev/null; not reads_without_slot; }
t 'read-only: it reads without a lock'	reads_without_slot
t 'writable again'	mount -o remount,rw "$W/state"
t 'it opens it anew, with a lock'	wait_until 5 reads_with_slot
t 'that is logged'	has "$W/mailweir-chain.log" 'store_opened '
t 'add goes through'	MW add gus@world.example --scope newsletter
gus() { newsletter gus >"$W/gus"; has "$W/gus" "^RCPT gus.*b'y', b'550 5.7.1"; }
t 'and is seen'		gus
t 'it judges as ever'	judges
t 'it stops'		stop mailweir-chain
t_done
