# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# lib.sh - TAP for shell tests; source it, call t, end with t_done (t/README)
#
# A test owns $W, an empty folder that goes when the test passes and stays
# when it fails, or with KEEP=1. What listens does so in $W, or on a free port
# of 127.0.0.1, so tests run side by side.
set -u
SRC=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${BIN:-}" ]; then
	BIN=$SRC/build-check/bin
	[ -d "$BIN" ] || BIN=$SRC/build/bin
fi
PYTHON=${PYTHON:-/usr/bin/python3}
CORPORA=${MAILWEIR_CORPORA:-$SRC/../shared/corpora}
W=$(mktemp -d "${TMPDIR:-/tmp}/mw-$(basename "$0" .sh).XXXXXX") || exit 1
chmod 755 "$W"
N=0 BAD=0 DONE=0 PIDS='' AT_EXIT=''

# A sanitizer writes its report to $W/san.PID and exits 99; t_done counts any
# report as a failure, whatever the daemon's end looked like.
ASAN_OPTIONS=log_path=$W/san:exitcode=99:detect_stack_use_after_return=0:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
UBSAN_OPTIONS=log_path=$W/san:exitcode=99:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
LC_ALL=C.UTF-8
TZ=UTC
PATH=$PATH:/usr/sbin:/sbin
export PATH ASAN_OPTIONS UBSAN_OPTIONS LC_ALL TZ BIN SRC W PYTHON CORPORA
umask 022
. "$SRC/t/port.sh"

# at_exit COMMAND - run at the end, latest first, however the test ends
at_exit() { AT_EXIT="$1; $AT_EXIT"; }

# shellcheck disable=SC2317 # reached through trap
t_finish() {
	eval "$AT_EXIT"
	for p in $PIDS; do kill "$p" 2>/dev/null; done
	for s in "$W"/*.sock; do poke "$s"; done
	i=0
	for p in $PIDS; do
		while kill -0 "$p" 2>/dev/null && [ $i -lt 80 ]; do
			sleep 0.1; i=$((i + 1))
		done
		kill -9 "$p" 2>/dev/null
	done
	wait 2>/dev/null
	if [ "$BAD" = 0 ] && [ "$DONE" = 1 ] && [ "${KEEP:-0}" = 0 ]
	then rm -rf "$W"
	else echo "# left: $W"
	fi
}
trap t_finish EXIT
trap 'exit 130' INT TERM HUP

# t NAME COMMAND... - one test; its output is shown only when it fails
t() {
	name=$1; shift; N=$((N + 1))
	if "$@" >"$W/out.$N" 2>&1
	then echo "ok $N - $name"
	else
		BAD=$((BAD + 1)); echo "not ok $N - $name"
		tail -n 60 "$W/out.$N" | sed 's/^/# /'
	fi
}

# t_skip NAME WHY - a test that cannot run here, with the reason
t_skip() {
	N=$((N + 1)); echo "ok $N - $1 # SKIP $2"
}

# skip_all WHY - nothing of this file can run here
skip_all() {
	echo "1..0 # SKIP $*"; DONE=1; exit 0
}

# bail WHY - the ground that the rest stands on is missing
bail() {
	echo "Bail out! $*"; BAD=1; exit 1
}

t_done() {
	[ -z "$PIDS" ] || t 'daemons end when told to' stop_all
	t 'no sanitizer report' no_reports
	echo "1..$N"; DONE=1
	[ "$BAD" = 0 ]; exit
}

no_reports() {
	for f in "$W"/san.*; do
		[ -s "$f" ] && { cat "$f"; return 1; }
	done
	return 0
}

# not COMMAND... - succeeds when the command fails, but not when it crashes
not() {
	"$@"; rc=$?
	[ $rc -ne 0 ] && [ $rc -ne 99 ] && [ $rc -lt 128 ]
}

# exits STATUS COMMAND... - the command ends with exactly this status
exits() {
	want=$1; shift
	"$@"; rc=$?
	[ "$rc" = "$want" ] || { echo "exit status $rc, expected $want"; return 1; }
}

# has FILE REGEX - some line matches (extended syntax); hasnt: none does
has() { grep -Eq -e "$2" "$1" || { echo "no /$2/ in $1:"; tail -n 40 "$1"; return 1; }; }
hasnt() { if grep -En -e "$2" "$1"; then echo "found /$2/ in $1"; return 1; fi; }

# same EXPECTED GOT - two files hold the same octets
same() { diff -u "$1" "$2"; }

# wait_until SECONDS COMMAND... - try again until it succeeds
wait_until() {
	tries=$(($1 * 20)); shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}

# conf_paths [RUN_DIR] - what keeps a configuration in $W, to begin one with
conf_paths() {
	printf '%s\n' "state_dir = $W/state" "run_dir = ${1:-$W}" \
	    "store_key_file = $W/store.key" "token_key_file = $W/token.key"
}

# poke SOCKET - connect and hang up; libmilter looks at signals only now and
# then, or when somebody comes
poke() {
	[ -S "$1" ] && "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(1)
s.connect(sys.argv[1])' "$1" 2>/dev/null
	return 0
}

# listens SOCKET - a name is there a moment before anybody may connect, so the
# kernel is asked; without a connection, which the daemon would count
listens() { grep -q " 00010000 .* $1\$" /proc/net/unix; }

# daemon PROGRAM ARGS... - start $BIN/PROGRAM -d ARGS in the background, its
# log in $W/PROGRAM.log, its pid in $W/PROGRAM.pid, and wait for its socket:
# the one that SOCK=PATH names, else $W/PROGRAM.sock (give -p unix:$W/... or
# configure it). Succeeds when it listens. WRAP="valgrind -q".
daemon() {
	d=$1; shift
	sock=${SOCK:-$W/$d.sock}
	rm -f "$sock"
	# shellcheck disable=SC2086 # WRAP is words
	${WRAP:-} "$BIN/$d" -d "$@" >"$W/$d.log" 2>&1 </dev/null &
	echo $! >"$W/$d.pid"
	PIDS="$PIDS $!"
	i=0
	while ! listens "$sock" && [ $i -lt 200 ]; do
		kill -0 "$(cat "$W/$d.pid")" 2>/dev/null || break
		sleep 0.05; i=$((i + 1))
	done
	listens "$sock" && return 0
	cat "$W/$d.log"
	# one that would not start has ended; t_done need not stop it
	kill -0 "$(cat "$W/$d.pid")" 2>/dev/null ||
	    forget "$(cat "$W/$d.pid")"
	return 1
}

# forget PID - it is none of those that run
forget() {
	rest=
	for q in $PIDS; do [ "$q" = "$1" ] || rest="$rest $q"; done
	PIDS=$rest
}

# milter_daemon PROGRAM ARGS... - the same, on unix:$W/PROGRAM.sock
milter_daemon() {
	d=$1; shift
	SOCK='' daemon "$d" -p "unix:$W/$d.sock" "$@"
}

# stop PROGRAM - TERM, and wait for an end with status 0
stop() {
	p=$(cat "$W/$1.pid") || return 1
	kill "$p" || return 1
	forget "$p"
	end_of "$p" "${SOCK:-$W/$1.sock}"
}

# end_of PID [SOCKET] - wait, at most 15 s, for a child's good end
end_of() {
	i=0
	while kill -0 "$1" 2>/dev/null; do
		[ -z "${2:-}" ] || poke "$2"
		sleep 0.1; i=$((i + 1))
		if [ $i -ge 150 ]; then
			echo "process $1 still runs after 15 s"
			kill -9 "$1"; return 1
		fi
	done
	wait "$1"; rc=$?
	[ $rc = 0 ] || { echo "process $1 ended with status $rc"; return 1; }
}

stop_all() {
	bad=0
	for p in $PIDS; do kill "$p" 2>/dev/null; done
	for s in "$W"/*.sock; do poke "$s"; done
	for p in $PIDS; do end_of "$p" || bad=1; done
	PIDS=
	return $bad
}

# milter PROGRAM SCRIPT.lua [-D VAR=VALUE...] - a miltertest script of t/ against
# a daemon on $W/PROGRAM.sock; the script finds it in SOCK
milter() {
	m=$1 script=$2; shift 2
	set -- -D "SOCK=unix:$W/$m.sock" "$@"
	miltertest "$@" -s "$SRC/t/$script"
}

# need PROGRAM... - skip the file unless all are there
need() {
	for p; do
		command -v "$p" >/dev/null 2>&1 || [ -x "$p" ] ||
		    skip_all "no $(basename "$p") here"
	done
}

# need_built PROGRAM... - the same for programs of ours
need_built() {
	for p; do [ -x "$BIN/$p" ] || skip_all "$p is not built"; done
}
