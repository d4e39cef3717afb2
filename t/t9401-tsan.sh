#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# ThreadSanitizer: a build of its own, and in it the crowds of t7010 and t9400;
# only with contrib/check --long. t/tsan.supp says what is libmilter's.
. "$(dirname "$0")/lib.sh"
[ "${MAILWEIR_LONG:-0}" = 1 ] || skip_all 'only with contrib/check --long'
need cmake
build=$SRC/build-tsan

programs() { for m in suppress keyword unsubscribe dkim chain; do echo mailweir-$m; done; }
# shellcheck disable=SC2046 # words
make_all() { cmake --build "$build" -j 2 --target mailweir frame-toy $(programs); }

t 'configure'	cmake -S "$SRC" -B "$build" -DTSAN=ON
t 'build'	make_all
t 'the frame'	env BIN="$build/bin" "$SRC/t/t7010-frame-threads.sh"
t 'every milter' env BIN="$build/bin" SESSIONS=10 "$SRC/t/t9400-threads.sh"
t_done
