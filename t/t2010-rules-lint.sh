#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rules: our own words stand in files that SpamAssassin reads, too
. "$(dirname "$0")/lib.sh"
need_built mailweir
R="$BIN/mailweir rules"

mkdir "$W/rules"
cat >"$W/rules/a.cf" <<'END'
body     ONE	/\bone\b/i
describe ONE	Says one
score    ONE	1.5
ifplugin Mailweir
phrase   TWO	pay now
describe TWO	Says pay now
action   TWO	hold
ok       TWO	PAY  now
endif
END

ours() {
	$R list --rules "$W/rules/a.cf" >"$W/list" &&
	has "$W/list" '^ONE	body	' && has "$W/list" '^TWO	phrase	'
}
theirs() {
	spamassassin --lint --configpath="$W/rules" \
	    --siteconfigpath="$W/rules" >"$W/lint" 2>&1
	hasnt "$W/lint" 'failed to parse|TWO'
}
t 'inside of ifplugin Mailweir they are ours' ours
if command -v spamassassin >/dev/null; then
	t 'and SpamAssassin passes them over' theirs
else
	t_skip 'and SpamAssassin passes them over' 'no spamassassin here'
fi
t_done
