#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rules: the command over rule files and mail, the samples, and how far we
# agree with SpamAssassin over mail that nobody here wrote
. "$(dirname "$0")/lib.sh"
need_built mailweir
R="$BIN/mailweir rules"

cat >"$W/a.cf" <<'END'
body     ONE	/\bone\b/i
describe ONE	Says one
score    ONE	1.5
ok       ONE	One
fail     ONE	none
header   __TWO	Subject =~ /two/
meta     BOTH	ONE && __TWO
describe BOTH	Both
ok       BOTH	Subject: two\n\none
END
printf 'To: a\nSubject: two\n\nand ONE\n' >"$W/m1"
printf 'To: a\n\nnothing\n' >"$W/m2"
sed 's/^fail     ONE	none/fail     ONE	one/' "$W/a.cf" >"$W/bad.cf"
echo 'body X /(/' >>"$W/bad.cf"

run() {	# OUT ARGS...
	out=$1; shift
	# shellcheck disable=SC2086 # R is words
	$R "$@" >"$W/$out" 2>"$W/$out.err" || { rc=$?; cat "$W/$out.err"; return $rc; }
}

scored() {
	run score score --rules "$W/a.cf" "$W/m1" "$W/m2" &&
	printf '%s\t%s\t%s\n' "$W/m1" 2.500 ONE,BOTH "$W/m2" 0.000 '' >"$W/want" &&
	same "$W/want" "$W/score"
}
subrules() {
	run sub score --rules "$W/a.cf" --subrules --plugins none "$W/m1" &&
	printf '%s\t%s\t%s\t%s\n' "$W/m1" 2.500 ONE,BOTH __TWO >"$W/want" &&
	same "$W/want" "$W/sub"
}
stdin() { run stdin score --rules "$W/a.cf" - <"$W/m1" && has "$W/stdin" '^-	2.500	ONE,BOTH$'; }
explained() {
	run ex score --rules "$W/a.cf" --explain "$W/m1" &&
	has "$W/ex" "^	ONE	1.500	body:1:4	\"ONE\"	.*a.cf:1\$"
}
json() {
	run json score --rules "$W/a.cf" --json --explain "$W/m1" &&
	"$PYTHON" -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert o["score"] == 2.5 and o["hits"][0]["rule"] == "ONE", o
assert o["hits"][0]["text"] == "ONE", o' "$W/json"
}
faults() { exits 78 run bad check --strict --rules "$W/bad.cf"; }
# every fault at once, each with its line
all_faults() {
	has "$W/bad.err" 'bad.cf:5: ONE: the example should not hit' &&
	has "$W/bad.err" 'bad.cf:10: X: missing closing parenthesis' &&
	has "$W/bad.err" 'bad.cf:10: X: has no description' &&
	has "$W/bad.err" 'bad.cf:10: X: has no example'
}
examples() { run ex1 test --rules "$W/a.cf" && has "$W/ex1" '^3 examples as they should be, 0 not$'; }
failing() { exits 65 run ex2 test --rules "$W/bad.cf" && has "$W/ex2" 'bad.cf:5: ONE: should not hit: one'; }
one_text() {
	run try test --rules "$W/a.cf" ONE 'number one' && has "$W/try" '^hit' &&
	exits 1 run try test --rules "$W/a.cf" ONE 'number 1'
}
listed() { run list list --rules "$W/a.cf" && has "$W/list" '^ONE	body	1.500	.*a.cf:1	Says one$'; }
samples() { run samples check --strict --rules "$SRC/etc/rules.d"; }

changed() {
	mkdir -p "$W/mail/new" "$W/mail/cur" && cp "$W/m1" "$W/mail/new" &&
	cp "$W/m2" "$W/mail/cur" && sed 's/one\\b/nothing\\b/' "$W/a.cf" >"$W/b.cf" &&
	run diff diff "$W/a.cf" "$W/b.cf" "$W/mail" &&
	has "$W/diff" '^.*/new/m1	2.500	0.000	-ONE,-BOTH$' &&
	has "$W/diff" '^.*/cur/m2	0.000	1.500	\+ONE$' &&
	has "$W/diff" '^# \+ONE	1$' && has "$W/diff" '^# 2 of 2 mails differ$'
}
catastrophic() {
	echo 'body SLOW /^(a+)+$/' >"$W/slow.cf"
	run slow check --rules "$W/slow.cf" &&
	has "$W/slow.err" 'slow.cf:1: SLOW: catastrophic on one letter'
}
profiled() { run prof score --rules "$W/a.cf" --profile "$W/m1" && has "$W/prof" '^ONE	[0-9.]+	[0-9]+	1	0$'; }
# the prefilter changes nothing, over every tenth mail of the corpora
prefilter() {
	find "$CORPORA"/sa-public "$CORPORA"/sa-cjk "$CORPORA"/phishing-pot \
	    "$CORPORA"/mime -name '*.eml' | sort | awk 'NR % 10 == 3' >"$W/list"
	mkdir "$W/core" && cp "$CORPORA"/sa-rules/[0-9]*.cf "$W/core" || return 1
	for how in '' --no-prefilter; do
		# shellcheck disable=SC2086 # R and $how are words
		xargs -a "$W/list" $R score --rules "$W/core" --subrules $how \
		    >"$W/pre$how" 2>"$W/pre.err" || { cat "$W/pre.err"; return 1; }
	done
	[ -s "$W/pre" ] && same "$W/pre" "$W/pre--no-prefilter"
}

# agree - the figures of the last time must not fall
agree() {
	"$PYTHON" "$SRC/t/t2001-rules.py" "$BIN/mailweir" "$CORPORA" \
	    "$SRC/t/data/rules/agreement"
}

t 'score'			scored
t 'with sub-rules'		subrules
t 'standard input'		stdin
t 'where and what'		explained
t 'json'			json
t 'a fault ends with 78'	faults
t 'all faults at once'		all_faults
t 'examples'			examples
t 'examples that fail'		failing
t 'one rule on a text'		one_text
t 'list'			listed
t 'the samples are in order'	samples
t 'what a change would do'	changed
t 'a catastrophic pattern is named' catastrophic
t 'where the time goes'		profiled
if [ -d "$CORPORA/sa-rules" ]; then
	t 'agreement with SpamAssassin'	agree
	t 'the prefilter changes nothing' prefilter
else
	t_skip 'agreement with SpamAssassin' "no $CORPORA"
fi
marks() {	# other brackets than < and > are not passed over in silence
	printf 'replace_start [\nreplace_end >\n' >"$W/marks.cf"
	run marks check --rules "$W/marks.cf" &&
	has "$W/marks.err" 'marks.cf:1: tags are read between' &&
	hasnt "$W/marks.err" 'marks.cf:2'
}
t 'replace_start'		marks
t 'a file without --rules'	exits 64 run bare check "$W/a.cf"
t_done
