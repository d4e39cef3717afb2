#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# systemd: the units are sound and shut in; the programs take a socket from
# it, say when they are ready, and that they are alive only while they answer
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-suppress mailweir-keyword mailweir-unsubscribe \
    mailweir-dkim mailweir-chain mailweir-ingest mailweir-web
need cmake
build=${BIN%/bin}
[ -f "$build/CMakeCache.txt" ] || skip_all "$build is no build folder"
PROGRAMS='suppress keyword unsubscribe dkim chain ingest web'

# --- the programs

cat >"$W/mailweir.conf" <<EOT
$(conf_paths)
[web]
admin_listen =
EOT
mkdir "$W/state"
"$BIN/mailweir" -c "$W/mailweir.conf" init >"$W/init" || bail "$(cat "$W/init")"
as_systemd() {	# [--deaf] PROGRAM
	option=
	[ "$1" != --deaf ] || { option=$1; shift; }
	rm -f "$W/notify"
	"$PYTHON" "$SRC/t/t0007-systemd.py" $option "$W" "$BIN/mailweir-$1" -d \
	    -c "$W/mailweir.conf"
}

for p in $PROGRAMS; do
	t "$p: socket, ready, alive, reload, stop"	as_systemd "$p"
done
t 'suppress: no sign of life while nobody can connect' as_systemd --deaf suppress
t 'ingest: the same'					as_systemd --deaf ingest

# --- the units

DESTDIR=$W/root cmake --install "$build" >"$W/install.log" || bail 'cmake --install'
from=$(dirname "$(find "$W/root" -name mailweir-suppress.service)")
# as installed, but for where the programs lie
mkdir "$W/units"
for u in "$from"/mailweir-*; do
	sed "s|=[^ ]*/\(mailweir-[a-z]*\)|=$BIN/\1|" "$u" >"$W/units/${u##*/}"
done
verified() {	# exit status or a line about our units: something is wrong
	systemd-analyze verify --man=no "$W"/units/* >"$W/verify" 2>&1
	rc=$?
	grep mailweir "$W/verify" && return 1
	[ $rc = 0 ] || cat "$W/verify"
	return $rc
}
shut_in() {	# UNIT - at most 2.0
	systemd-analyze security --offline=true --threshold=20 --no-pager \
	    "$W/units/mailweir-$1.service"
}
jit() {	# only what compiles patterns may write code, and says why
	for p in $PROGRAMS; do
		f=$W/units/mailweir-$p.service
		case $p in
		keyword|chain)	has "$f" '^# .*no MemoryDenyWriteExecute' ;;
		*)		has "$f" '^MemoryDenyWriteExecute=yes$' ;;
		esac || return 1
	done
}
watched() {
	for p in $PROGRAMS; do
		has "$W/units/mailweir-$p.service" '^Type=notify$' &&
		    has "$W/units/mailweir-$p.service" '^WatchdogSec=' &&
		    has "$W/units/mailweir-$p.socket" '^ListenStream=' ||
		    return 1
	done
}
t 'MemoryDenyWriteExecute'	jit
t 'ready, watched, a socket each' watched
if command -v systemd-analyze >/dev/null &&
    systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
	t 'systemd-analyze verify'	verified
	for p in $PROGRAMS; do
		t "$p: exposure of at most 2.0"	shut_in "$p"
	done
else
	t_skip 'systemd-analyze' 'none that works offline'
fi
t_done
