#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# many scopes: one recipient in each; 3,000 of them with MAILWEIR_LONG=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

cat >"$W/m.conf" <<END
$(conf_paths "$W/run")
[stream news]
class = bulk
scopes = s7
[stream other]
class = bulk
scopes = other
END
SCOPES=80
[ "${MAILWEIR_LONG:-0}" = 0 ] || SCOPES=3000
# soon COMMAND... - not a matter of the number of scopes
soon() { timeout 10 "$BIN/mailweir" -c "$W/m.conf" "$@"; }
fill() {
	seq "$SCOPES" | xargs -P 2 -I '{}' "$BIN/mailweir" -c "$W/m.conf" \
	    add ann@l.example --reason optout --scope 's{}'
}

mw init >/dev/null || bail 'no store'
t 'one recipient in all' fill
t 'each is counted'	sh -c '[ "$("$0" -c "$1" stats --scopes |
    grep -o "\bs[0-9][0-9]*\b" | sort -u | wc -l)" = "$2" ]' \
    "$BIN/mailweir" "$W/m.conf" "$SCOPES"
t 'the last is there'	says 'in force' soon show ann@l.example --scope "s$SCOPES"
t 'explain: a stream of one of them' says 'scope s7' \
    soon explain ann@l.example --stream news
t 'refuses'		hasnt "$W/said" '^verdict +pass'
t 'a stream of none'	says '^verdict +pass' \
    soon explain ann@l.example --stream other
seq 2000 | sed 's/.*/u&@l.example/' >"$W/list"
t 'import into one'	says '2000 added, 0 removed' \
    soon import "$W/list" --scope s7
t 'the row'		says 'in force' soon show u2000@l.example --scope s7
t 'in no other'		says 'not in the store' \
    soon show u2000@l.example --scope s8
t 'export of one'	says ',s8,optout,' soon export --scope s8
t 'holds no other'	hasnt "$W/said" ',s7,'
t 'all is sound'	says '^0 faults' soon verify
t_done
