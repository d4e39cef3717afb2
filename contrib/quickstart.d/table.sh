# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# table.sh - what went in, what came out, and why, as rows

ROWS=0 WRONG=0

# wrap WIDTH TEXT - fold at blanks, or hard
wrap() { printf '%s\n' "$2" | fold -s -w "$1"; }

head_line() {
	echo
	printf '    %-28s %-34s %s\n' 'what went in' 'what came out' 'why'
	printf '    %-28s %-34s %s\n' "$(dashes 28)" "$(dashes 34)" "$(dashes 44)"
}

dashes() { printf "%${1}s" '' | tr ' ' -; }

# row IN OUT WHY RIGHT - one row; RIGHT is "ok", or what should have been
row() {
	ROWS=$((ROWS + 1))
	if [ "$4" = ok ]; then mark='ok '; else mark='BAD'; WRONG=$((WRONG + 1)); fi
	wrap 27 "$1" >"$D/tmp/c1"
	wrap 33 "$2" >"$D/tmp/c2"
	wrap 64 "$3" >"$D/tmp/c3"
	paste "$D/tmp/c1" "$D/tmp/c2" "$D/tmp/c3" |
	    awk -F '\t' -v m="$mark" '
		{ printf "%-3s %-28s %-34s %s\n", m, $1, $2, $3; m = "" }'
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
