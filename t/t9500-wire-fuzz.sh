#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# wire fuzz: bad MTAs by the thousand at each milter; it lives, answers the good
# ones among them as ever, and holds no more at the end than at the beginning
#
# FUZZ_SECONDS for each program, FUZZ_SEED for another beginning; by default
# each run has a new one, which t/wire/fuzz.c prints.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
FUZZ=$BIN/../t/wire-fuzz
need_built mailweir mailweir-chain ../t/wire-fuzz
seconds=2
[ "${MAILWEIR_LONG:-0}" != 1 ] || seconds=60
seconds=${FUZZ_SECONDS:-$seconds}
# what AddressSanitizer keeps of freed memory would look like a leak
ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=4

fuzz() {
	"$FUZZ" -s "${FUZZ_SEED:-$(date +%s)}" -t "$seconds" \
	    -p "$(cat "$W/mailweir-$1.pid")" "$W/mailweir-$1.sock" \
	    >"$W/fuzz.$1"; rc=$?
	cat "$W/fuzz.$1"; return $rc
}

# held NAME - descriptors as at first; memory as when it was warm, and a half
held() {
	sed 's/[:,]//g' "$W/fuzz.$1" | awk '
	/^held first/	{ fds = $3 }
	/^held warm/	{ kb = $5 }
	/^held last/	{ n++; if ($3 > fds || $5 > kb * 1.5 + 40000) bad = 1 }
	END		{ exit bad || n != 1 }'
}

# again NAME - with thread numbers that are given out twice
again() { FUZZ=$FUZZ unshare -rpf --mount-proc "$SRC/t/wire/again.sh" "$1"; }
own_world() {
	unshare -rpf --mount-proc sh -c 'echo 99 >/proc/sys/kernel/ns_last_pid'
}

# stops_amid NAME - told to stop while sessions begin and end
stops_amid() {
	"$FUZZ" -c 16 -t 2 "$W/mailweir-$1.sock" >/dev/null 2>&1 & noise=$!
	sleep 0.5
	stop "mailweir-$1"; rc=$?
	wait "$noise"
	return $rc
}

t 'configuration'		faults_conf
for m in $FIVE; do
	t "$m: starts"		faults_start $m
	t "$m: $seconds s of noise" fuzz $m
	grep -h sessions "$W/fuzz.$m" | sed "s/^/# $m: /"
	t "$m: holds no more"	held $m
	t "$m: stops amid it"	stops_amid $m
done
if own_world 2>/dev/null
then t 'numbers again: no leak'	again unsubscribe
else t_skip 'numbers again: no leak' 'no process namespace of its own'
fi
# that the good session was one that shows something
t 'one was refused, one edited'	has "$W/fuzz.chain" '^good: O.*yc?[ih+-]*'
t_done
