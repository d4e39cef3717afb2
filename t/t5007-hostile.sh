#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# hostile mail from end to end: each is taken, parked with a reason, and costs
# bounded time and memory
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest
MW="$BIN/mailweir -c $W/conf"
cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
EOT
# what a sanitizer keeps of freed memory is not ours
ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=1
export ASAN_OPTIONS

t 'init' $MW init
t 'each is taken' eval '"$PYTHON" "$SRC/t/hostile.py" "$BIN/mailweir-ingest" "$W/conf" >"$W/out"'
sed 's/^/# /' "$W/out"
# processor time, of the whole program
t 'at most a second' awk '$4 > 1000 { bad = 1 } END { exit bad || NR != 10 }' "$W/out"
t 'at most four times the mail in memory' awk '$6 > 4 { bad = 1 } END { exit bad || NR != 10 }' "$W/out"
$MW feedback parked list >"$W/list"
t 'all are parked, and the small one they are measured by' \
    sh -c "test \$(wc -l <'$W/list') = 11"
t 'each with a reason' sh -c "awk '{ print \$3 }' '$W/list' | grep -cx '[a-z-]*' | grep -qx 11"
t 'nothing reached the store' sh -c "! $MW show --json a@b.example | grep hard-bounce"
t_done
