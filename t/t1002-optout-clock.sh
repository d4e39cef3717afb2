#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# the clock of opt-outs: from the opt-out in the journal to the last message
# let through, in the log and in the counters of each scope; an alarm; none for
# mail that is stopped
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/optout.sh"
cat >>"$W/m.conf" <<END
[stream bills]
class = transactional
match_sender = @bills.example
scopes = news
END
refused() { [ "$(from "$1" ann@a.example | head -n 1)" = 'ann@a.example y' ]; }
counted() { # NAME VALUE - of scope news
	m stats >"$W/stats"
	grep -Eq "^ *$2  mailweir_$1\{scope=\"news\"\}\$" "$W/stats" || { cat "$W/stats"; return 1; }
}
case_of_journal() { # the case in the log is the beginning of the journal's recipient
	c=$(sed -n 's/.* optout_late .*case=\([0-9a-f]*\).*/\1/p' "$LOG" | head -n 1)
	[ ${#c} = 10 ] && m journal show ann@a.example >"$W/journal" &&
	    has "$W/journal" "$c" && has "$W/journal" '2026-11-21T18:00:00Z'
}

t 'init'		m init
export MAILWEIR_FAKE_TIME=$LEFT
t 'ann leaves'		m add ann@a.example --scope news --reason optout --source web
unset MAILWEIR_FAKE_TIME
t 'an hour later'	at 3600
t 'her newsletter is refused'	refused a@news.example
t 'the clock stands'	hasnt "$LOG" 'optout_late'
t 'her bill passes'	from a@bills.example ann@a.example
t 'which is no fault'	hasnt "$LOG" 'optout_late'
t 'but counted'		counted optout_exempt_total 1
t 'a stream that observes'	from a@watch.example bob@b.example ann@a.example
t 'the clock says so'	has "$LOG" 'optout_late .*stream=watch scope=news seconds=3600 alarm=no case=[0-9a-f]{10} source=web'
t 'for her alone'	test "$(grep -c ' optout_late ' "$LOG")" = 1
t 'the journal proves it'	case_of_journal
t 'two days later'	at 172800
t 'again'		from a@watch.example ann@a.example
t 'an alarm'		has "$LOG" 'optout_late .*seconds=172800 alarm=yes'
t 'messages'		counted optout_late_total 2
t 'their seconds'	counted optout_late_seconds_total 176400
t 'the longest'		counted optout_late_seconds_max 172800
t 'alarms'		counted optout_alarms_total 1
t 'she comes back'	m remove ann@a.example --scope news --reason optout
t 'and is no late one'	from a@watch.example ann@a.example
t 'the count stays'	counted optout_late_total 2
t_done
