#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# what entries mean, day by day: soft bounces, the retry after expiry, a clock
# that goes back, whole domains
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

cat >>"$W/m.conf" <<END
[store]
soft_threshold = 3
soft_decay = 7d
expire_soft_bounce = 14d
expire_hard_bounce = 90d
END
# mw DAY... - as if it were that day
mw() {
	at=$((1795284000 + $1 * 86400)); shift
	MAILWEIR_FAKE_TIME=$at "$BIN/mailweir" -c "$W/m.conf" "$@"
}
on() { says 'in force' mw "$1" show "$2" --scope news; }
off() { mw "$1" show "$2" --scope news >"$W/said" && hasnt "$W/said" ': in force'; }
bounce() { mw "$1" add "$2" --scope news --reason "${3:-soft}-bounce"; }
bounces() {	# bounces ADDRESS DAY...
	who=$1; shift
	for day; do bounce "$day" "$who" || return 1; done
}
verdict() { says "$1" mw "$2" explain "$3" --stream news; }

mw 0 init >/dev/null || bail 'no store'

t 'ten soft bounces of one day' bounces a@l.example 0 0 0 0 0 0 0 0 0 0
t 'are one step'	off 0 a@l.example
t 'the second day'	bounces a@l.example 1 1
t 'is below the threshold' off 1 a@l.example
t 'the third'		bounce 2 a@l.example
t 'is not'		on 2 a@l.example
t 'two weeks later'	on 15 a@l.example
t 'it expires'		off 17 a@l.example
t 'one more bounce closes it at once' bounce 17 a@l.example
t 'for twice as long'	on 44 a@l.example
t 'no longer'		off 46 a@l.example

t 'two, then three quiet weeks' bounces b@l.example 0 1 22 23
t 'what was before is forgotten' off 23 b@l.example
t 'not what came since' bounce 24 b@l.example
t 'in force'		on 24 b@l.example

t 'a hard bounce'	bounce 0 h@l.example hard
t 'holds'		on 89 h@l.example
t 'its 90 days'		off 91 h@l.example
t 'bounces again'	bounce 91 h@l.example hard
t 'holds 180'		on 270 h@l.example
t 'and no more'		off 272 h@l.example

# the clock goes back by ten days, and on again
t 'day 50'		bounce 50 c@l.example hard
t 'a change on day 40'	bounce 40 d@l.example hard
t 'stands'		on 40 d@l.example
t 'the other, too'	on 40 c@l.example
t 'each expires when it must' off 131 d@l.example
t 'not before'		on 139 c@l.example
t 'nor after'		off 141 c@l.example
t 'a soft bounce before the last one' bounces e@l.example 50 40 40 39
t 'is no step'		off 50 e@l.example
t 'the journal'		says '^sound' mw 40 journal verify
t 'the whole'		says '^0 faults' mw 60 verify

t 'a whole domain'	mw 0 add @bad.example --scope news \
    --reason invalid-domain --expires 30d
t 'its users'		on 1 any.one@BAD.example
t 'not its sub-domains'	says 'not in the store' mw 1 show a@x.bad.example
t 'explain says so'	verdict 'domain' 1 a@bad.example
t 'it expires'		off 31 any.one@bad.example
t 'it goes'		says ': removed' mw 1 remove @bad.example --scope news
t 'for its users'	says 'not in the store' mw 1 show any.one@bad.example
t 'all of it is sound'	says '^0 faults' mw 60 verify
t_done
