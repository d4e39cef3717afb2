#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fuzz: every fuzz target over its seeds and past findings, under sanitizers
. "$(dirname "$0")/lib.sh"
dir=${BIN%/bin}/fuzz
[ -d "$dir" ] || skip_all "no fuzz targets in $dir"

for f in "$dir"/fuzz-*; do
	n=${f##*/fuzz-}
	t "$n has seeds" test -n "$(ls "$SRC/t/fuzz/corpus/$n" 2>/dev/null)"
	t "$n" timeout 60 "$f" "$SRC/t/fuzz/corpus/$n"
done
t_done
