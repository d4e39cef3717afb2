#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# no memory: each allocation of a message's life fails once, in each milter; it
# lives, and the sender sees 451 or what he always saw
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
OOM=$BIN/../t/liboom.so
need_built mailweir mailweir-chain ../t/liboom.so
MAILWEIR_OOM=$W/oom
export MAILWEIR_OOM
# the sanitizer's malloc comes behind ours; GLib's slices are one malloc
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:quarantine_size_mb=4
G_SLICE=always-malloc
# what the dynamic linker keeps is known to the leak finder by its caller, which
# is ours here
echo 'leak:_dl_' >"$W/lsan"
LSAN_OPTIONS=suppressions=$W/lsan:print_suppressions=0
export G_SLICE LSAN_OPTIONS
head -c 24 /dev/zero >"$MAILWEIR_OOM"

start() { WRAP="env LD_PRELOAD=$OOM" faults_start "$1"; }
fail_each() {
	"$PYTHON" "$SRC/t/t9020-no-memory.py" "unix:$W/mailweir-$1.sock" \
	    "$MAILWEIR_OOM" && kill -0 "$(cat "$W/mailweir-$1.pid")"
}

t 'configuration'	faults_conf
for m in $FIVE; do
	t "$m: starts"			start $m
	t "$m: every allocation"	fail_each $m
	grep allocations "$W/out.$N" | sed 's/^/# /'
	t "$m: stops"			stop mailweir-$m
done
t_done
