# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# table.sh - what went in, what came out, and why, as rows

ROWS=0 WRONG=0

# wrap WIDTH TEXT - fold at blanks, or hard
wrap() { printf '%s\n' "$2" | fold -s -w "$1" | sed 's/ *$//'; }

dashes() { printf "%${1}s" '' | tr ' ' -; }

# line MARK C1 C2 C3
line() { printf '%-3s %-26s %-32s %s\n' "$@"; }

head_line() {
	echo
	line '' 'what went in' 'what came out' 'why'
	line '' "$(dashes 26)" "$(dashes 32)" "$(dashes 56)"
}

# row IN OUT WHY RIGHT - one row; RIGHT is "ok", or what should have been
row() {
	ROWS=$((ROWS + 1))
	if [ "$4" = ok ]
	then mark='ok'
	else mark='BAD'; WRONG=$((WRONG + 1))
	fi
	wrap 26 "$1" >"$D/tmp/c1"
	wrap 32 "$2" >"$D/tmp/c2"
	wrap 56 "$3" >"$D/tmp/c3"
	paste "$D/tmp/c1" "$D/tmp/c2" "$D/tmp/c3" |
	    while IFS= read -r l; do
		line "$mark" "$(printf '%s' "$l" | cut -f 1)" \
		    "$(printf '%s' "$l" | cut -f 2)" \
		    "$(printf '%s' "$l" | cut -f 3)"
		mark=
	done | sed 's/ *$//'
	[ "$4" = ok ] || echo "    ^ should be: $4"
}

summary() {
	echo
	if [ "$WRONG" = 0 ]; then
		echo "quickstart: all $ROWS outcomes are as they should be"
		exit 0
	fi
	echo "quickstart: $WRONG of $ROWS outcomes are not as they should be;" \
	    "logs: $D/log, $D/pf/maillog"
	exit 1
}
