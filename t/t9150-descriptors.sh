#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# descriptors: when a milter has no more of them it serves those it has; who
# comes too late waits, and gets his turn
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain
need prlimit

crowd() { "$PYTHON" "$SRC/t/t9150-descriptors.py" "$W/mailweir-$1.sock"; }
once() { [ "$(grep -c ': no_descriptor why=' "$1")" = 1 ]; }

t 'configuration'	faults_conf
for m in $FIVE; do
	t "$m: starts with 40 descriptors"	eval \
	    'WRAP="prlimit --nofile=40:40" faults_start $m'
	t "$m: too many clients"	crowd $m
	t "$m: said once"		once "$W/mailweir-$m.log"
	t "$m: stops"			stop mailweir-$m
done
t_done
