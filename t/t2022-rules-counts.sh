#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# keyword: which rules hit, take time, and run into match_limit; as many as
# rule_counters allows have counters, through reloads
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-keyword

cat >"$W/a.cf" <<'END'
body SLOW /^(a+)+$/
body ONE /\bone\b/
body TWO /\btwo\b/
END
conf() {	# COUNTERS
	printf 'run_dir = %s\n[keyword]\nrules = %s/a.cf\ntime_budget_ms = 20000\nrule_counters = %s\n[stream all]\nclass = bulk\n' \
	    "$W" "$W" "$1" >"$W/m.conf"
}
session() {	# TIMES
	for _ in $(seq "$1"); do
		"$PYTHON" "$SRC/t/t2000-keyword.py" "$W/mailweir-keyword.sock" \
		    slow >"$W/session" || return 1
	done
}
# stats TITLE ROW... - the table of that title begins with these rows
stats() {
	"$BIN/mailweir" -c "$W/m.conf" stats --rules >"$W/stats" &&
	grep -A 3 "^$1" "$W/stats" >"$W/table" || return 1
	shift
	for row; do has "$W/table" "^ +$row\$" || return 1; done
}
again() {
	conf 2 && sed -i 's/TWO/NEW/' "$W/a.cf" &&
	kill -USR1 "$(cat "$W/mailweir-keyword.pid")" &&
	wait_until 10 has "$W/mailweir-keyword.log" '^[^ ]+ .*reloaded' &&
	session 1
}
off() {
	stop mailweir-keyword && rm "$W"/*.metrics && conf 0 &&
	milter_daemon mailweir-keyword -c "$W/m.conf" && session 2 &&
	stats 'messages hit' - && stats 'times at' - && stats 'microseconds' -
}

conf 2
t 'start'			milter_daemon mailweir-keyword -c "$W/m.conf"
t 'two messages'		session 2
t 'two rules have counters'	stats 'messages hit' '2  ONE' '2  TWO'
t 'the third is one of others'	stats 'times at match_limit' '[1-9][0-9]*  other'
t 'and so is its time'		stats 'microseconds' '[0-9]{3,}  other'
t 'other rules after a reload'	again
t 'have none'			stats 'messages hit' '3  ONE' '2  TWO' '1  other'
t 'none at all'			off
t_done
