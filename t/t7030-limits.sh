#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# limits: at each of them a message is what it always was; one octet, field,
# recipient, message, connection or moment more gets the configured answer
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain
LOG=$W/mailweir-chain.log

# SLOW1 to SLOW40 take too long for a millisecond on a body of many x
slow_rules() {
	i=0
	while [ $((i += 1)) -le 40 ]; do
		echo "full SLOW$i /(.+).\\1[A-W]{$i}/"
	done >"$W/rules.d/slow.cf"
}
# limits 'CHAIN LINES' ['KEYWORD LINES'] - of these, and nothing else, from now
limits() {
	faults_text 0 | awk -v chain="$1" -v keyword="${2:-}" '
	    /^time_budget_ms/ && keyword ~ /time_budget_ms/ { next }
	    { print }
	    $0 == "[chain]" { print chain }
	    $0 == "[keyword]" { print keyword }' >"$CONF"
	[ -S "$W/mailweir-chain.sock" ] || { faults_start chain; return; }
	n=$(grep -c ': reloaded ' "$LOG")
	kill -USR1 "$(cat "$W/mailweir-chain.pid")" &&
	    wait_until 10 reloaded $((n + 1))
}
reloaded() { [ "$(grep -c ': reloaded ' "$LOG")" = "$1" ]; }
say() { "$PYTHON" "$SRC/t/t7030-limits.py" "unix:$W/mailweir-chain.sock" "$@"; }

t 'configuration'	faults_conf

# --- more than there may be of a message: over_limit
tell=reject
for answer in '552 5.3.4' '451 4.3.4' pass; do
	t "over_limit = $tell"	limits "max_headers = 10
max_header_size = 1K
max_recipients = 3
over_limit = $tell"
	t 'fields'		say headers "$answer"
	t 'octets of them'	say header_size "$answer"
	t 'recipients'		say recipients "$answer"
	for what in 'headers limit=10' 'header_size limit=1024' \
	    'recipients limit=3'; do
		t "logged: $what" has "$LOG" ": over_limit qid=.* what=$what verdict=$tell"
	done
	case $tell in reject) tell=tempfail ;; *) tell=pass ;; esac
done

# --- more than there may be at a time, or than it may take: over_load
tell=tempfail
for answer in '451 4.3.2' pass; do
	t "over_load = $tell"	limits "max_connections = 3
max_in_flight = 2
over_load = $tell"
	t 'messages'		say in_flight "$answer"
	t 'logged'		has "$LOG" ": refused_busy what=messages verdict=$tell "
	t 'connections'		say connections "$answer"
	t 'logged'		has "$LOG" ": refused_busy what=connections verdict=$tell "
	t 'less memory'		limits "max_memory = 1M
max_body = 4M
over_load = $tell" 'scan_size = 4M'
	t 'octets of all'	say memory "$answer"
	t 'logged'		has "$LOG" ": busy qid=.* what=memory verdict=$tell"
	t 'less time'		limits "max_time = 1s
over_load = $tell"
	t 'time of a message'	say time "$answer"
	t 'logged'		has "$LOG" ": busy qid=.* what=time verdict=$tell"
	tell=pass
done

# --- what is scanned, and how long
for answer in pass tag hold reject; do
	t "over_size = $answer"	limits '' "scan_size = 2K
over_size = $answer"
	t 'a larger body'	say scan $answer
done
t 'what was cut is logged'	has "$LOG" ': scored .* truncated=1'
slow_rules
for answer in pass tag hold tempfail; do
	t "over_budget = $answer"	limits '' "time_budget_ms = 1
over_budget = $answer"
	t 'a slow one'		say budget $answer
	t 'logged'	has "$LOG" ": over_time_budget qid=.* rule=[A-Z0-9_]+ us=[0-9]+ verdict=$answer"
done
t_done
