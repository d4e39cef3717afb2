#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# the journal proves when the last mail went to somebody who left: records
# "late" from the milter, kept over restarts, no address in them; a store that
# cannot be written is read all the same, and the log tells what is missing
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/optout.sh"
passes() { from a@watch.example "$@" >"$W/said"; hasnt "$W/said" ' [^ac]$'; }
late() { m journal show "$@" >"$W/j" && grep ' late ' "$W/j" >"$W/late"; }
lates() { late ann@a.example; [ "$(wc -l <"$W/late")" = "$1" ] || { cat "$W/j"; return 1; }; }
last() { lates "$1" && tail -n 1 "$W/late" >"$W/last" && has "$W/last" "$2"; }

t 'init'		m init
export MAILWEIR_FAKE_TIME=$LEFT
t 'ann leaves'		m add ann@a.example --scope news --reason optout --source web
t 'the whole of b.example leaves'	m add @b.example --scope news --reason optout
unset MAILWEIR_FAKE_TIME
t 'an hour later'	at 3600
t 'mail that is refused'	from x@news.example ann@a.example
t 'is none to note'	not late ann@a.example
t 'three messages pass'	eval 'passes ann@a.example && passes ann@a.example carl@c.example && passes ann@a.example'
t 'one or more records say so'	wait_until 10 late ann@a.example
t 'two days later'	at 172800
summed() {	# the messages of all records
	n=0; late ann@a.example
	for c in $(sed -n 's/.* count=\([0-9]*\).*/\1/p' "$W/late"); do n=$((n + c)); done
	[ $n = "$1" ]
}
t 'nothing was lost by the stop'	summed 3
t 'with seconds, scope, stream'	has "$W/late" ' mailweir-suppress late scope=news reason=optout id=[^ ]* count=[1-3] seconds=3600 note="stream watch"'
before=$(wc -l <"$W/late")
t 'one more'		passes ann@a.example
t 'its record'		wait_until 10 last $((before + 1)) 'count=1 seconds=172800 '
t 'no address in it'	hasnt "$W/late" '@|ann'
t 'as JSON'		eval 'm journal show --json >"$W/json" && has "$W/json" "\"op\":\"late\".*\"seconds\":172800"'
t 'the counters of the scope'	eval 'm stats >"$W/stats" && has "$W/stats" "172800  mailweir_optout_late_seconds_max.scope=.news."'
t 'the chain holds'	m verify
t 'again after a restart'	eval 'at 200000 && passes ann@a.example && wait_until 10 last $((before + 2)) "seconds=200000 "'

t 'stop'		stop mailweir-suppress
t 'entries are as they were'	eval 'm show --json ann@a.example >"$W/show" && has "$W/show" "\"count\":1[,}]"'

rm -f "$W/mailweir-suppress.pid"
# a store that the milter may not write
if [ "$(id -u)" = 0 ]; then
	chmod 777 "$W"
	mkdir -p "$W/run" && chown -R nobody "$W/state" "$W/run" "$W"/*.key
	chown root "$W/state/store/data.mdb" && chmod 644 "$W/state/store/data.mdb"
	sed -i 's/^\[suppress\]/&\nuser = nobody/' "$W/m.conf"
else
	chmod 400 "$W/state/store/data.mdb"
fi
unrecorded() { has "$LOG" 'optout_unrecorded .*n=1 why=".*reading'; }
t 'unwritable: it starts'	at 300000
t 'unwritable: mail is judged as ever'	eval 'passes ann@a.example && from x@news.example ann@a.example'
t 'unwritable: the log tells, once'	eval 'wait_until 10 unrecorded && sleep 2.2 && [ "$(grep -c optout_unrecorded "$LOG")" = 1 ]'
t 'unwritable: and what was lost by the stop'	eval 'stop mailweir-suppress && [ "$(grep -c optout_unrecorded "$LOG")" = 2 ]'
t 'the message stands in the log'	has "$LOG" 'optout_late .*seconds=300000 '
t 'and not in the journal'	lates $((before + 2))
t_done
