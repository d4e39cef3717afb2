#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# keyword: several messages of one session get what their stream says; rules
# are read anew on a signal, and a file with a fault leaves the old ones
. "$(dirname "$0")/lib.sh"
need_built mailweir-keyword

mkdir "$W/rules.d"
cat >"$W/rules.d/a.cf" <<'END'
if (mailweir)
phrase   WIRE	wire the money
describe WIRE	Wants money wired
score    WIRE	2
ok       WIRE	Wire the money
phrase   BANK	new bank account
describe BANK	A new bank account
score    BANK	2.5
action   BANK	tag payment
ok       BANK	our new bank account
endif
END
cat >"$W/m.conf" <<END
run_dir = $W
[keyword]
time_budget_ms = 20000
[rules ours]
path = $W/rules.d
owner = finance
may = tag
[stream news]
class = bulk
match_sender = @news.example
tag_score = 2
hold_score = 4
[stream strict]
class = bulk
match_sender = @strict.example
reject_score = 2
END

session() {
	"$PYTHON" "$SRC/t/t2000-keyword.py" "$W/mailweir-keyword.sock" "$1" \
	    >"$W/$1"
}

reload() { kill -USR1 "$(cat "$W/mailweir-keyword.pid")"; }
logged() { has "$W/mailweir-keyword.log" "$1"; }

add_rule() {
	cat >>"$W/rules.d/b.cf" <<-END
	body     NEW_WORD	/completely new/
	describe NEW_WORD	$1
	score    NEW_WORD	2
	ok       NEW_WORD	$2
	END
}

may_not() {
	echo 'action WIRE reject no' >>"$W/rules.d/a.cf"
	exits 78 "$BIN/mailweir-keyword" -n -c "$W/m.conf" 2>"$W/err"
	rc=$?
	sed -i '$d' "$W/rules.d/a.cf"
	[ $rc = 0 ] && has "$W/err" 'a.cf:12: WIRE: action reject: not allowed'
}

t 'the configuration is good'	"$BIN/mailweir-keyword" -n -c "$W/m.conf"
t 'what a file may not do'	may_not
t 'start'		milter_daemon mailweir-keyword -c "$W/m.conf"
t 'a session'		session several
t 'clean: a score'	has "$W/several" '^clean h X-Mailweir-Score +0\.0$'
t 'clean: no more'	hasnt "$W/several" '^clean [qy]|^clean h .*(Tag|Hits)'
t 'held: forged score out' has "$W/several" '^held m X-Mailweir-Score *$'
t 'held: score'		has "$W/several" '^held h X-Mailweir-Score +4\.5$'
t 'held: hits'		has "$W/several" \
			    '^held h X-Mailweir-Hits +WIRE=2\.0, BANK=2\.5$'
t 'held: label'		has "$W/several" '^held h X-Mailweir-Tag +payment$'
t 'held: quarantine'	has "$W/several" '^held q .*score 4\.5'
t 'refused'		has "$W/several" '^refused y 550 5\.7\.1 Message refused'
t 'a folded subject'	has "$W/several" '^folded h X-Mailweir-Hits +WIRE=2\.0$'
t 'logged'		logged 'scored qid=4Qid .*score=4\.50 verdict=hold'

add_rule 'A new rule' 'something else'
t 'a bad file'		reload
t 'is refused'		wait_until 10 logged \
			    'reload_failed .*b\.cf:4: NEW_WORD: the example'
t 'the old rules stay'	session again
t 'and know no new word' has "$W/again" '^again h X-Mailweir-Score +0\.0$'
rm "$W/rules.d/b.cf"
add_rule 'A new rule' 'completely new'
t 'a good file'		reload
t 'is taken'		wait_until 10 logged '^[^ ]+ .*reloaded'
t 'a session under it'	session again
t 'knows the new word'	has "$W/again" '^again h X-Mailweir-Hits +NEW_WORD=2\.0$'
t_done
