#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# split: each recipient gets a copy of his own, nobody two, nobody none,
# whatever is refused, put off, breaks, or is killed on the way; marks cannot be
# forged
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-unsubscribe
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
cat >"$W/k.conf" <<END
run_dir = $W
token_key_file = $W/token.key
store_key_file = $W/store.key
END
(umask 077; printf '1 %064d\n' 7 >"$W/store.key")
case_of() { rm -rf "$W/state"; "$PYTHON" "$SRC/t/t3004-split.py" "$1" || { tail -n 20 "$W/split.log"; return 1; }; }

t 'keys'			"$BIN/mailweir" -c "$W/k.conf" token genkey
t 'a copy for each'		case_of each
t 'not twice when it comes again' case_of again
t 'one must wait'		case_of one_waits
t 'one is left'		case_of one_is_left
t 'one is refused'		case_of one_refused
t 'one is refused, no sender'	case_of bounce_refused
t 'all are refused'		case_of all_refused
t 'server away'			case_of away
t 'server hangs up'		case_of hangs_up
t 'killed at RCPT'		case_of killed_at_rcpt
t 'killed at the final dot'	case_of killed_at_dot
t 'killed before the 250'	case_of killed_before_250
t 'killed behind the 250'	case_of killed_behind_250
t 'a copy comes back'		case_of marked
t 'a loop'			case_of loop
t 'forged marks'		case_of forged
t 'twice at once'		case_of at_once
t 'strange addresses'		case_of addresses
t 'too large'			case_of large
t 'nothing to remember by'	case_of no_ledger
t_done
