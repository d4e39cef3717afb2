#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# wire faults: what no MTA sends, at each milter: it hangs up on it, lives, and
# the next good message gets what it always got
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain

talk() { "$PYTHON" "$SRC/t/t9010-wire-faults.py" "$2" "unix:$W/mailweir-$1.sock"; }
# only_mail LOG - a start and messages, nothing else
only_mail() { if grep -Ev ': started | qid=' "$1"; then return 1; fi; }

t 'configuration'		faults_conf
for m in $FIVE; do
	t "$m: starts"				faults_start $m
	t "$m: health probes and the lost"	talk $m strangers
	t "$m: of whom the log says nothing"	only_mail "$W/mailweir-$m.log"
	t "$m: the MTA goes away at each step"	talk $m gone
	t "$m: truncated packets"		talk $m truncated
	t "$m: strings without an end"		talk $m unterminated
	t "$m: macros without a value"		talk $m macros
	t "$m: that is logged"	has "$W/mailweir-$m.log" ': bad_packet why='
	t "$m: macros again, too late"		talk $m again
	t "$m: unknown commands"		talk $m unknown
	t "$m: lengths of 0 and up to 4 GB"	talk $m lengths
	t "$m: steps out of order"		talk $m order
	t "$m: an MTA octet by octet"		talk $m slow
	t "$m: one in pieces"			talk $m pieces
	t "$m: octets behind a QUIT"		talk $m leftovers
	t "$m: stops"				stop mailweir-$m
done
t_done
