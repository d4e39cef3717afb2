#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fuzz hunt: each target by libFuzzer for FUZZ_SECONDS, from its seeds; only
# with contrib/check --long. A finding stays in build-fuzz/findings/NAME/: mend
# the code and move the file to t/fuzz/corpus/NAME/.
. "$(dirname "$0")/lib.sh"
[ "${MAILWEIR_LONG:-0}" = 1 ] || skip_all 'only with contrib/check --long'
need cmake clang-14
build=$SRC/build-fuzz
seconds=${FUZZ_SECONDS:-300}

configure() { CC=clang-14 cmake -S "$SRC" -B "$build" -DDEV=ON -DFUZZ=ON; }
targets() { sed -n 's/^add_fuzz(\([^ )]*\).*/\1/p' "$SRC"/*/*/CMakeLists.txt; }
make_all() {
	bad=0
	for n in $(targets); do
		cmake --build "$build" -j 2 --target "fuzz-$n" || bad=1
	done
	return $bad
}
hunt() {
	mkdir -p "$build/findings/$1" "$W/new.$1"
	"$build/fuzz/fuzz-$1" -max_total_time="$seconds" -timeout=10 \
	    -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
	    -artifact_prefix="$build/findings/$1/" \
	    "$W/new.$1" "$SRC/t/fuzz/corpus/$1"
}

t 'configure'	configure
t 'build'	make_all
for n in $(targets); do
	t "$n for $seconds s"	hunt "$n"
done
t_done
