#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# clock: it jumps forward and back under a running milter; mail goes on, what is
# suppressed stays so, timeouts do not fire
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
unset MAILWEIR_FAKE_TIME
need_built mailweir mailweir-chain
lib=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null)
[ -n "$lib" ] || skip_all 'no libfaketime here'
CLOCK=$W/clock
export CLOCK

play() { "$PYTHON" "$SRC/t/t9140-clock.py"; }
start() {
	echo +0 >"$CLOCK"
	ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 \
	WRAP="env LD_PRELOAD=$lib FAKETIME_TIMESTAMP_FILE=$CLOCK FAKETIME_NO_CACHE=1 \
	    FAKETIME_DONT_FAKE_MONOTONIC=1" faults_start chain
}

t 'configuration'	faults_conf
t 'a day for cal'	MW add cal@world.example --scope newsletter --expires 1d
t 'starts'		start
t 'ten years on, and back'	play
t 'lives'		kill -0 "$(cat "$W/mailweir-chain.pid")"
t 'stops'		stop mailweir-chain
t_done
