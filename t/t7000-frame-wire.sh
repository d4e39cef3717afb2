#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# frame: the protocol as an MTA sees it, with two toy policies behind it
. "$(dirname "$0")/lib.sh"
BIN=$BIN/../t
need_built frame-toy
CONF=$W/toys.conf LOGFILE=$W/frame-toy.log PIDFILE=$W/frame-toy.pid
TSAN_OPTIONS=suppressions=$SRC/t/tsan.supp:log_path=$W/san:exitcode=99
export TSAN_OPTIONS CONF LOGFILE PIDFILE PYTHONDONTWRITEBYTECODE=1

# config LINES... - the configuration, one argument a line
config() {
	printf 'run_dir = %s\n' "$W" >"$CONF"
	for line; do printf '%s\n' "$line"; done >>"$CONF"
}

# toys LINES... - configure and start
toys() { config "$@"; SOCK='' daemon frame-toy -c "$CONF" -p "unix:$W/frame-toy.sock"; }

# say CASE - one dialogue of the .py file
say() { "$PYTHON" "$SRC/t/t7000-frame-wire.py" "$1" "${2:-unix:$W/frame-toy.sock}"; }

# restart LINES... - stop cleanly, then toys
restart() { stop frame-toy && toys "$@"; }

# --- options and files ---
config '[toy]' 'insert = X-Top: one'
t 'a good configuration'	"$BIN/frame-toy" -n -c "$CONF"
config '[toy]' 'insrt = X-Top: one'
t 'a bad one is refused'	exits 78 "$BIN/frame-toy" -n -c "$CONF"
t 'with its line'		has "$W/out.$N" 'toys.conf:3: insrt: '
config '[toys]' 'socket_mode = 9'
t 'a bad mode is refused'	exits 78 "$BIN/frame-toy" -c "$CONF"
t 'with its line'		has "$W/out.$N" 'toys.conf:3: socket_mode: '
t 'no configuration'		exits 66 "$BIN/frame-toy" -c "$W/none.conf"
t 'parameters are listed'	"$BIN/frame-toy" -H
t 'with those of the frame'	has "$W/out.$N" '^max_in_flight = 1000'
t 'usage'			exits 64 "$BIN/frame-toy" -x
t 'usage, too many words'	exits 64 "$BIN/frame-toy" x
t 'help and version'		sh -c '"$1" -h && "$1" -V' x "$BIN/frame-toy"
config
echo text >"$W/file"
t 'a file is no socket'		exits 73 "$BIN/frame-toy" -d -c "$CONF" -p "unix:$W/file"
t 'and stays'			has "$W/file" text
t 'no such kind of socket'	exits 78 "$BIN/frame-toy" -d -c "$CONF" -p "tcp:99"
t 'fd:3 is not open'		exits 78 "$BIN/frame-toy" -d -c "$CONF" -p "fd:3"

# --- what is asked of the MTA, what it is told ---
t 'start'			toys '[toy]' 'insert = X-Top: one' '[toys]' 'socket_mode = 0604'
t 'the socket has its mode'	test "$(stat -c %a "$W/frame-toy.sock")" = 604
t 'no second one beside it'	exits 75 "$BIN/frame-toy" -d -c "$CONF" -p "unix:$W/frame-toy.sock"
t 'only what is needed'		say negotiation_unix
t 'an MTA that can little'	say negotiation_poor
t 'mail without SMTP client'	say local_mail
t 'one that hangs up by KILL'	kill -9 "$(cat "$W/frame-toy.pid")"
PIDS=
t 'a stale socket is replaced'	toys '[toy]' 'insert = X-Top: one' 'append = X-End: last' \
    'change = Subject: [tag]' 'delete = <b@w.example>' 'add = <d@w.example>' \
    'sender = <c@s.example>' 'footer = -- foot'
t 'edits, in their order'	say edits_in_order
t 'a large body replaced'	say large_body
t 'stop, start'			restart '[toy]' 'refuse = <no@w.example>' \
    'discard = <void@w.example>' '[see]' 'see_body = yes'
t 'several on one connection'	say several_messages
t 'aborted, then another'	say aborted
t 'one recipient refused'	say refused_rcpt
t 'discarded at RCPT'		say discarded
t 'login and queue id'		say login
t 'octets of any kind'		say octets
t 'stop, start'			restart '[toy]' 'verdict_at = body:reject' 'see_body = yes'
t 'the verdict comes later'	say verdict_late
t 'stop, start'			restart '[toy]' 'insert = X-Top: one' 'fault = newline'
t 'a faulty edit: none at all'	say faulty_edit
t 'stop, start'			restart '[toy]' 'hold = because'
t 'held'			say held

# --- limits ---
t 'stop, start'			restart '[toys]' 'max_in_flight = 2' 'max_memory = 1M' '[toy]' 'keep = 4M'
t 'ten thousand headers'	say ten_thousand_headers
t 'a line of a megabyte'	say long_line
t 'messages in flight'		say in_flight
t 'octets kept by all'		say memory
t 'stop, start'			restart '[toys]' 'max_connections = 3' 'max_time = 1s' '[toy]' \
    'insert = X-Top: one'
t 'connections'			say connections
t 'time of a message'		say too_slow
t 'stop, start'			restart '[toys]' 'max_in_flight = 2' 'max_time = 1s' \
    'over_load = pass' '[toy]' 'insert = X-Top: one' 'see_body = yes'
t 'over_load = pass'		say passed

# --- reload ---
t 'stop, start'			restart
t 'a good one'			say reload_good
t 'one that needs more'		say reload_needs_more
t 'bad ones'			say reload_bad
t 'strangers'			say garbage

# --- the end ---
t 'stop, start'			restart '[toy]' 'sleep_ms = 1500' 'insert = X-Top: one'
t 'TERM with hooks in flight'	say term_in_flight
t 'ends well'			end_of "$(cat "$PIDFILE")"
PIDS=
t 'and leaves no socket'	test ! -e "$W/frame-toy.sock"
t 'start'			toys '[toy]' 'sleep_ms = 30000' '[toys]' 'stop_timeout = 1s'
t 'a hook that does not end'	say term_stuck
t 'does not hold it up'		end_of "$(cat "$PIDFILE")"
PIDS=
t 'which is logged'		has "$LOGFILE" ': stopped hooks=running'

# --- other sockets, other owners ---
port=$(free_port)
config '[see]' 'keep = 8'
"$BIN/frame-toy" -d -c "$CONF" -p "inet:$port@127.0.0.1" >"$LOGFILE" 2>&1 &
echo $! >"$PIDFILE"
PIDS=$!
t 'over TCP it starts'		wait_until 5 has "$LOGFILE" ': started '
t 'and spares the body'		say negotiation_inet "inet:$port@127.0.0.1"
t 'and stops'			stop frame-toy

# activated BY-SYSTEMD - fd 3 is the socket, states go to $W/states
activated() {
	"$PYTHON" - "$BIN/frame-toy" "$CONF" "$W" <<-'PY'
	import os, signal, socket, subprocess, sys, time
	program, conf, w = sys.argv[1:]
	listener = socket.socket(socket.AF_UNIX)
	listener.bind(w + "/held.sock")
	listener.listen(8)
	states = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	states.bind(w + "/states")
	states.settimeout(10)
	env = dict(os.environ, NOTIFY_SOCKET=w + "/states")
	for run in range(2):
	    p = subprocess.Popen([program, "-d", "-c", conf, "-p", "fd:3"],
	        env=env, preexec_fn=lambda: os.dup2(listener.fileno(), 3),
	        pass_fds=[3], stderr=open(w + "/held.log", "a"))
	    assert states.recv(100) == b"READY=1"
	    sys.path.insert(0, os.environ["SRC"] + "/t")
	    import milter
	    m = milter.Milter("unix:" + w + "/held.sock")
	    assert m.message()[1][0] == b"c"
	    p.send_signal(signal.SIGUSR1)
	    assert states.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
	    assert states.recv(100) == b"READY=1"
	    p.send_signal(signal.SIGTERM)
	    assert states.recv(100) == b"STOPPING=1"
	    assert p.wait(10) == 0
	assert os.path.exists(w + "/held.sock")
	os.unlink(w + "/held.sock")
	PY
}
t 'a socket of systemd'		activated

if [ "$(id -u)" = 0 ]; then
	mkdir "$W/run"; chown nobody "$W/run"
	printf 'run_dir = %s\n[toys]\nuser = nobody\n' "$W/run" >"$CONF"
	# the programs may stand where nobody may not look
	SOCK=$W/run/toys.sock
	t 'user: starts as root'	daemon frame-toy -c "$CONF"
	t 'runs as somebody else'	test "$(stat -c %U "/proc/$(cat "$PIDFILE")")" = nobody
	t 'who owns the socket'		test "$(stat -c %U "$SOCK")" = nobody
	t 'and can reload'		kill -USR1 "$(cat "$PIDFILE")"
	t 'as it says'			wait_until 5 has "$LOGFILE" ': reloaded '
	t 'stop'			stop frame-toy
else
	t_skip 'user' 'needs root'
fi
t_done
