#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir-ingest: connections, memory and time have a limit each, an answer
# beyond it, and room for others afterwards (size and recipients: t5000)
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest
S=$W/mailweir-ingest.sock
LOG=$W/mailweir-ingest.log

conf() {	# LINES - of [ingest]
	conf_paths "$W/run" >"$W/conf"
	printf '[ingest]\nsocket = unix:%s\n%s\n' "$S" "$1" >>"$W/conf"
}
limits() { conf "$1"; daemon mailweir-ingest -c "$W/conf"; }
say() { "$PYTHON" "$SRC/t/t5010-ingest-limits.py" "$S" "$@"; }

mkdir -p "$W/state" "$W/run"
conf ''
t 'a store'			"$BIN/mailweir" -c "$W/conf" init
t 'little room'			limits 'max_connections = 3
max_message_size = 1M
max_memory = 1M'
t 'connections: 421'		say connections
t 'memory: 452'			say memory
t 'which is logged'		has "$LOG" ': feedback_refused .*why="max_memory is in use"'
t 'it stops'			stop mailweir-ingest
t 'little time'			limits 'timeout = 2s
data_timeout = 3s'
t 'a silent one: 421'		say silent
t 'a slow one: 421'		say slow
t_done
