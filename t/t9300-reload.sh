#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# reload and restart under load: every message is delivered once, and signed and
# marked by one generation of the configuration, whichever
#
# 24 reloads and 3 restarts; 1,000 and 50 with MAILWEIR_LONG=1.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
MAILWEIR_FAKE_TIME=
. "$(dirname "$0")/faults.sh"
unset MAILWEIR_FAKE_TIME
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
need_built mailweir mailweir-chain
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
reloads=24 restarts=3
[ "${MAILWEIR_LONG:-0}" != 1 ] || { reloads=1000 restarts=50; }
LOGFILE=$W/mailweir-chain.log
export LOGFILE PF_PORT

activate() {
	"$PYTHON" "$SRC/t/activate.py" "$W/mailweir-chain.sock" "$LOGFILE" \
	    "$BIN/mailweir-chain" -d -c "$CONF" -p fd:3 \
	    >"$W/activate.out" 2>&1 </dev/null &
	echo $! >"$W/activate.pid"
	PIDS="$PIDS $!"
	wait_until 10 grep -q ': started ' "$LOGFILE"
}
load() { "$PYTHON" "$SRC/t/t9300-reload.py" "$@"; }

pf_new "$W/pf" || bail 'no Postfix'
at_exit pf_stop
pf_conf "smtpd_milters = { unix:$W/mailweir-chain.sock, default_action=tempfail }" \
    'milter_default_action = tempfail'
faults_text @G@ >"$W/template"
t 'configuration'	faults_conf 0
t 'the socket is held'	activate
t 'Postfix starts'	pf_start
t "$reloads reloads, $restarts restarts"	load $reloads $restarts
sed 's/^/# /' "$W/out.$N"
t 'no reload failed'	hasnt "$LOGFILE" ': reload_failed |it died'
t 'nothing stuck'	hasnt "$LOGFILE" 'hooks=running'
t_done
