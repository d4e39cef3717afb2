#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# replay: verdict, edits and events of every policy for a message file, no MTA
. "$(dirname "$0")/lib.sh"
need_built mailweir
CONF=$W/mailweir.conf
MAILWEIR_FAKE_TIME=1795284000
export MAILWEIR_FAKE_TIME
mkdir "$W/rules.d"
cat >"$CONF" <<EOT
$(conf_paths)
[keyword]
rules = $W/rules.d
[chain]
max_headers = 20
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
unsubscribe = add
unsubscribe_mailto = u@u.sender.example
[stream sales]
match_sasl = sales
class = transactional
tag_score = 2
hold_score = 5
EOT
cat >"$W/rules.d/t.cf" <<'EOT'
body  T_ACCOUNT	/\bnew bank account\b/i
score T_ACCOUNT	6
EOT
cat >"$W/m.eml" <<'EOT'
From news@sender.example Sat Nov 21 12:00:00 2026
From: News <news@sender.example>
To: ann@world.example
Cc: "Gone" <gone@world.example>
Subject: hello

Three things.
EOT
printf 'From: x@sender.example\nTo: ann@world.example\nSubject: a\n\nWe have a new bank account.\n' >"$W/hold.eml"
{ i=0; while [ $i -lt 30 ]; do echo "X-$i: v"; i=$((i + 1)); done; echo; echo x; } >"$W/many.eml"

MW() { "$BIN/mailweir" -c "$CONF" "$@"; }
json() { MW replay --json "$@" >"$W/json" && "$PYTHON" -c '
import json, sys
print(json.dumps(json.load(open(sys.argv[1])), indent=1))' "$W/json"; }
last() { echo "$W/out.$N"; }

t 'init'			MW init
t 'one has left'		MW add gone@world.example --scope newsletter --reason complaint
t 'the envelope from the header' MW replay "$W/m.eml"
t 'one goes through'		has "$W/out.3" '^recipient <ann@world.example>: continue$'
t 'one is refused'		has "$W/out.3" '^recipient <gone@world.example>: reject 550 5\.'
t 'events are there'		has "$W/out.3" '^event [a-z_]* policy=suppress .*complaint'
t 'edits are there'		has "$W/out.3" '^edit unsubscribe: [a-z]* .*List-Unsubscribe: <mailto:u'
t 'and the verdict'		has "$W/out.3" '^verdict continue$'
t 'other people'		MW replay "$W/m.eml" --to bob@world.example --from '<x@sender.example>'
t 'nothing for them'		hasnt "$W/out.9" 'List-Unsubscribe|gone@'
t 'without an SMTP client'	MW replay "$W/m.eml" --local
t 'nobody is refused at RCPT'	hasnt "$W/out.11" '^recipient .*reject'
t 'but deleted'			has "$W/out.11" '^edit suppress: delete-rcpt <gone@world.example>$'
t 'standard input'		sh -c '"$1" -c "$2" replay - --policy keyword <"$3"' x "$BIN/mailweir" "$CONF" "$W/m.eml"
t 'one policy only'		hasnt "$W/out.14" 'suppress|unsubscribe'
t 'held'			MW replay "$W/hold.eml" --sasl sales
t 'as an edit'			has "$W/out.16" '^edit keyword: quarantine '
t 'over a limit'		MW replay "$W/many.eml" --to ann@world.example
t 'has its verdict'		has "$W/out.18" '^verdict reject by frame: 552 5\.3\.4'
t 'JSON'			json "$W/m.eml"
t 'holds the same'		has "$W/out.20" '"address": "<gone@world.example>"'
t 'the message'			MW replay "$W/m.eml" --output "$W/out.eml"
t 'as it would leave'		sh -c 'grep -q "^List-Unsubscribe: <mailto:u" "$1" && grep -q "^Three things" "$1" && ! grep -q "^From news" "$1"' x "$W/out.eml"
t 'no such file'		exits 66 MW replay "$W/none.eml"
t 'no such policy'		exits 64 MW replay --policy none "$W/m.eml"
t 'no file'			exits 64 MW replay
t 'help'			MW replay --help
t_done
