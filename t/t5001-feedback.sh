#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir feedback: parse writes nothing, parked reports can be looked at,
# believed and dropped, the table of reasons can be asked and added to
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest
D=$SRC/t/data/feedback

parse() { "$BIN/mailweir" feedback parse "$@" >"$W/out" 2>"$W/err"; }
t 'parse without any configuration' parse "$D/dsn-postfix.eml" "$D/arf-abuse.eml"
t 'three events of two files' sh -c "test \$(wc -l <'$W/out') = 3"
t 'each line is JSON with all keys' "$PYTHON" - "$W/out" <<'EOT'
import json, sys
keys = """file event kind recipient original_recipient action status code reason
hard feedback_type reporter message_id list_id feedback_id token diagnostic
agent confidence""".split()
for line in open(sys.argv[1], encoding="utf-8"):
    assert list(json.loads(line)) == keys, line
EOT
t 'standard input' sh -c "'$BIN/mailweir' feedback parse - <'$D/jmrp.eml' |
	grep -q '\"kind\":\"complaint\"'"
t 'no feedback: exit 65, and why' exits 65 parse "$D/chatter.eml" "$D/mdn.eml"
t 'says which' has "$W/err" 'chatter\.eml: neither bounce'
t 'and goes on' has "$W/out" 'mdn\.eml.*"kind":"other"'
t 'a missing file' exits 66 parse "$W/absent"
t 'no file' exits 64 parse

cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[stream news]
class = bulk
match_sender = news@sender.example
scopes = news
[feedback]
bounces = $W/own.conf
EOT
echo 'blocked text="frobnicated" code=5*' >"$W/own.conf"
MW="$BIN/mailweir -c $W/conf"
reason() { $MW feedback reason "$@" >"$W/out" 2>&1; }
t 'init' $MW init
t 'a row of our own' reason --code 550 'It was Frobnicated.'
t 'is named' has "$W/out" "^blocked ours \\($W/own.conf:1\\)"
t 'the built-in rows stand behind it' reason --status 5.1.1
t 'and are named, too' has "$W/out" '^userunknown hard \(builtin:[0-9]+\)'
echo 'blocked colour=red' >>"$W/own.conf"
t 'a faulty row is refused' not reason --status 5.1.1
t 'by file and line' has "$W/out" 'own\.conf:2: unknown condition: colour=red'
: >"$W/own.conf"

# a forged bounce is parked; an operator may believe it
ingest() { "$BIN/mailweir-ingest" -d -c "$W/conf" --stdin -r "$2" <"$1" >"$W/log" 2>&1; }
t 'a bounce that nobody vouches for' ingest "$D/dsn-postfix.eml" b@b.sender.example
t 'is not believed' has "$W/log" 'feedback .*recipient=ann@far\.example result=parked .*why=no-token'
t 'and parked' $MW feedback parked list
$MW feedback parked list >"$W/list"
ID=$(cut -d ' ' -f 1 "$W/list")
t 'with the reason' has "$W/list" "no-token-and-no-listed-reporter  <> -> b@b\.sender"
t 'shown whole' sh -c "$MW feedback parked show $ID | tail -n +3 | cmp - '$D/dsn-postfix.eml'"
t 'accept' $MW feedback parked accept "$ID"
shows() { $MW show --json "$1" >"$W/show"; has "$W/show" "$2"; }
t 'now the store has it' shows ann@far.example '"hard-bounce"'
t 'and the folder no more' sh -c "test -z \"\$($MW feedback parked list)\""
t 'nothing recognised cannot be accepted' sh -c "
	'$BIN/mailweir-ingest' -d -c '$W/conf' --stdin -r x@b.sender.example <'$D/chatter.eml' 2>/dev/null &&
	id=\$($MW feedback parked list | cut -d ' ' -f 1) &&
	! $MW feedback parked accept \$id && $MW feedback parked drop \$id"
t 'an id is no path' exits 64 $MW feedback parked drop ../../etc/passwd
t 'vacation is counted, neither stored nor parked' ingest "$D/vacation.eml" b@b.sender.example
t 'one line says so' has "$W/log" 'kind=vacation .*result=counted'
t 'nothing is parked' sh -c "test -z \"\$($MW feedback parked list)\""
t_done
