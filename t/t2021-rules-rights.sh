#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rules: a department's file does what its section allows, to its own rules, in
# its own streams; and what expires does so without a reload
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-keyword

# conf EARLIER LATER - sections in that order; the department is [rules dept]
conf() {
	printf 'run_dir = %s\n' "$W" >"$W/m.conf"
	for s; do
		printf '[rules %s]\npath = %s/%s.cf\n' "$s" "$W" "$s"
		[ "$s" = global ] || printf 'may = tag, hold\nstreams = news\n'
	done >>"$W/m.conf"
	printf '[stream news]\nclass = bulk\nmatch_sender = @news.example\n[stream rest]\nclass = personal\n' \
	    >>"$W/m.conf"
}
rule() { printf 'body %s /\\b%s\\b/i\ndescribe %s Says it\nok %s %s\n' "$1" "$1" "$1" "$1" "$1"; }
rule WORD >"$W/global.cf"
rule MINE >"$W/dept.cf"
cp "$W/dept.cf" "$W/dept"

check() { "$BIN/mailweir" -c "$W/m.conf" rules check >"$W/out" 2>"$W/err"; }
good() { check || { cat "$W/err"; return 1; }; }
# refused LINE WHY - the department's file with this line, whoever is read first
refused() {
	for order in 'dept global' 'global dept'; do
		# shellcheck disable=SC2086 # words
		conf $order
		{ cat "$W/dept"; echo "$1"; } >"$W/dept.cf"
		exits 78 check && has "$W/err" "dept\.cf:4: $2" || return 1
	done
	cp "$W/dept" "$W/dept.cf"
}
global_may() {
	conf dept global && cp "$W/global.cf" "$W/global" &&
	printf 'action WORD reject no\naction WORD notify x\nscore MINE 2\n' \
	    >>"$W/global.cf" && good && cp "$W/global" "$W/global.cf"
}
dept_may() {
	printf 'action MINE hold\naction MINE tag a\nstream MINE news\nmeta BOTH WORD && MINE\ndescribe BOTH Both\nok BOTH word mine\n' \
	    >>"$W/dept.cf" && good && cp "$W/dept" "$W/dept.cf"
}
score() {	# STREAM WANT
	printf 'To: a\n\nword mine\n' >"$W/m" &&
	"$BIN/mailweir" -c "$W/m.conf" rules score --stream "$1" "$W/m" >"$W/got" &&
	has "$W/got" "	$2$"
}
old() { MAILWEIR_FAKE_TIME=$1 "$BIN/mailweir" rules score --strict --rules "$W/old.cf" "$W/m" >"$W/got" && has "$W/got" "	$2$"; }

conf global dept
t 'both are good'		good
t 'its rules in its stream'	score news WORD,MINE
t 'and in no other'		score rest WORD
t 'what it may do'		dept_may
t 'what global files may do'	global_may
t 'refuse mail'			refused 'action MINE reject no' 'MINE: action reject: not allowed'
t 'notify'			refused 'action MINE notify x' 'MINE: action notify: not allowed'
t 'another stream'		refused 'stream MINE rest' 'MINE: stream rest: not one of those'
for line in 'score WORD 0' 'expires WORD 2001-01-01' 'action WORD hold' \
    'tflags WORD nosubject' 'stream WORD news' 'describe WORD no'; do
	t "others' rule: $line"	refused "$line" 'WORD: belongs to'
done
t 'links of all'		refused 'util_rb_tld x' 'util_rb_tld: not allowed'

{ rule WORD; echo 'expires WORD 2027-02-01'; rule MINE
  printf 'meta BOTH WORD && MINE\ndescribe BOTH Both\nok BOTH word mine\n'; } >"$W/old.cf"
t 'a day before'		old 1801439999 WORD,MINE,BOTH
t 'the day: it is not run, and refuses no load' old 1801440000 MINE
t_done
