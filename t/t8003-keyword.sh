#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# keyword on a real Postfix: pass, tag, hold, reject by the stream's thresholds;
# what was held goes out when it is released; forged score fields do not
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
suite_new
suite_conf <<EOT
[keyword]
$(suite_socket keyword)
rules = $W/rules.d
[stream sales]
match_sender = sales@sender.example
class = bulk
tag_score = 2
hold_score = 5
reject_score = 9
[stream rest]
class = personal
EOT
for n in 1 2 3; do
	printf 'body T_WORD%s /\\bword%s\\b/\ndescribe T_WORD%s Says word%s\nscore T_WORD%s 3\n' \
	    $n $n $n $n $n
done >"$W/rules.d/t.cf"
LOG=$W/mailweir-keyword.log

mail() {	# NAME WORDS
	printf 'From: Sales <sales@sender.example>\nTo: x@world.example\nSubject: %s\nX-Mailweir-Score: 99\nMessage-ID: <%s@sender.example>\n\n%s\n' \
	    "$1" "$1" "$2" >"$W/$1"
}
out() { send "${2:-sales@sender.example}" "$1@world.example" "$W/$1" && pf_settle 20; }
got() { cat "$(pf_world "$1@world.example")" >"$W/got.$1"; }
held() { [ "$(pf_queue hold | wc -l)" = "$1" ]; }
release() { postsuper -c "$PF_DIR/etc" -H ALL && pf_settle 20; }

mail plain 'nothing of note'
mail tag 'this has word1 in it'
mail hold 'this has word1 and word2 in it'
mail refuse 'this has word1, word2 and word3 in it'
mail other 'this has word1, word2 and word3 in it'

t 'start'			suite_start keyword
t 'plain: accepted'		out plain
t 'plain: delivered'		in_world plain@world.example
got plain
t 'plain: a score'		has "$W/got.plain" '^X-Mailweir-Score: 0'
t 'plain: the forged one is gone' hasnt "$W/got.plain" '^X-Mailweir-Score: 99'
t 'plain: no tag'		hasnt "$W/got.plain" '^X-Mailweir-Tag:'
t 'tag: accepted'		out tag
got tag
t 'tag: tagged'			has "$W/got.tag" '^X-Mailweir-Tag: '
t 'tag: names its rule'		has "$W/got.tag" '^X-Mailweir-Hits: .*T_WORD1'
t 'hold: accepted'		out hold
t 'hold: not delivered'		not_in_world hold@world.example
t 'hold: in the hold queue'	held 1
t 'hold: logged with its hits'	has "$LOG" 'verdict=hold.* hits="T_WORD1=3.0, T_WORD2=3.0"'
t 'reject: refused'		exits 1 out refuse
t 'reject: at the end, with 5.7' has "$W/reply" '^DATA 5[0-9][0-9] 5\.7\.[0-9] '
t 'reject: not delivered'	not_in_world refuse@world.example
t 'another stream: accepted'	out other ann@other.example
t 'another stream: delivered'	in_world other@world.example
t 'release'			release
t 'hold: delivered now'		in_world hold@world.example
t 'nothing is held any more'	held 0
t_done
