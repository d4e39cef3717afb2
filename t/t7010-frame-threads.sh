#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# frame: forty clients while the configuration changes under them
#
# With BIN of a build with -DTSAN=ON this is the test for data races; more of
# it by CLIENTS and SESSIONS.
. "$(dirname "$0")/lib.sh"
BIN=$BIN/../t
need_built frame-toy
TSAN_OPTIONS=suppressions=$SRC/t/tsan.supp:log_path=$W/san:exitcode=99:second_deadlock_stack=1
CONF=$W/toys.conf PIDFILE=$W/frame-toy.pid
export TSAN_OPTIONS CONF PIDFILE PYTHONDONTWRITEBYTECODE=1

talk() { "$PYTHON" "$SRC/t/t7010-frame-threads.py" "$@"; }

t 'first generation'	talk configure
t 'start'		milter_daemon frame-toy -c "$CONF"
t 'forty clients'	talk
sed -n 's/^/# /p' "$W/out.$N"
t 'it did reload'	has "$W/frame-toy.log" ': reloaded '
t 'and never failed to'	hasnt "$W/frame-toy.log" 'reload_failed|edit_refused|apply_failed'
t 'stop'		stop frame-toy
t_done
