#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# feedback parse against mail that others wrote and what reference programs and
# people say of it: the agreement must not drop below what it was
. "$(dirname "$0")/lib.sh"
need_built mailweir
TOOL=$CORPORA/../tools/agree-feedback
[ -d "$CORPORA/sisimai" ] && [ -f "$TOOL" ] || skip_all "no corpora at $CORPORA"

t 'every floor is kept' sh -c "'$PYTHON' '$TOOL' '$BIN/mailweir' '$CORPORA' >'$W/agree'"
sed 's/^/# /' "$W/agree"

# what RATE: not less (strays: not more) than it was
kept() { awk -v w="$1" -v r="$2" '$1 == "all" && $2 == w {
	exit !(w == "strays" ? $3 <= r : $3 >= r); bad = 1 }' "$W/agree"; }
t 'recipients' kept recipients 0.9939
t 'strays' kept strays 0.0030
t 'reason' kept reason 0.9903
t 'hard or soft' kept hard 0.9935
t 'status' kept status 0.9918
t 'feedback type' kept feedback 1.0000
t 'kind' kept kind 1.0000
t 'a mailto unsubscribe is none of them' sh -c "
	'$BIN/mailweir' feedback parse '$CORPORA'/unsubscribe/*.eml |
	grep -q '\"kind\":\"optout\"'"
t_done
