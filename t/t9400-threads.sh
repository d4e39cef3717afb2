#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# threads: forty clients at each milter while it reloads and the store is
# written to
#
# With BIN of a build with -DTSAN=ON this is the test for data races;
# contrib/check --long makes one (t9401). More of it by CLIENTS and SESSIONS.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain
TSAN_OPTIONS=suppressions=$SRC/t/tsan.supp:log_path=$W/san:exitcode=99:second_deadlock_stack=1
# GLib's slices would look like races to it
G_SLICE=always-malloc
export TSAN_OPTIONS G_SLICE

crowd() { "$PYTHON" "$SRC/t/t9400-threads.py" "$1"; }

t 'configuration'	faults_conf
for m in $FIVE; do
	t "$m: starts"		faults_start $m
	t "$m: forty clients"	crowd $m
	sed 's/^/# /' "$W/out.$N"
	t "$m: did reload"	has "$W/mailweir-$m.log" ': reloaded '
	t "$m: no fault of its own"	hasnt "$W/mailweir-$m.log" \
	    'reload_failed|edit_refused|apply_failed|store_error|refused_busy'
	t "$m: stops"		stop mailweir-$m
done
t_done
