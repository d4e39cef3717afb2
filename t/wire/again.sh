#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# again.sh NAME - a milter whose workers get the numbers of earlier ones
#
# usage: W=... BIN=... CONF=... FUZZ=... unshare -rpf --mount-proc again.sh NAME
#
# In a world of processes of its own the next number can be chosen. A sanitizer
# that takes a worker for a dead one of the same number says, at the stop, that
# what the worker holds is lost (milters/frame/sanitize.c).
set -eu
sock=$W/mailweir-$1.sock last=/proc/sys/kernel/ns_last_pid
rm -f "$sock"
"$BIN/mailweir-$1" -d -c "$CONF" & milter=$!
tries=0
while [ ! -S "$sock" ] && [ $tries -lt 200 ]; do
	sleep 0.05; tries=$((tries + 1))
done
first=$(cat $last)
"$FUZZ" -s 1 -c 16 -n 600 "$sock"
most=$(cat $last)
echo "$first" >$last
"$FUZZ" -s 2 -c 16 -n 60 "$sock"
again=0
for n in /proc/$milter/task/*; do
	n=${n##*/}
	[ "$n" -le "$first" ] || [ "$n" -gt "$most" ] || again=$((again + 1))
done
echo "$again threads of numbers used before"
[ $again -gt 0 ]
kill $milter
wait $milter
