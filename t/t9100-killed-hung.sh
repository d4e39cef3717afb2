#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# killed and hung: a milter that dies, stands still or is slow at each step of
# the protocol, and Postfix restarted in the middle: the sender sees 451, nothing
# goes out half done, and once the milter is back the message goes out once
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/faults.sh"
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
need_built mailweir mailweir-chain
# hung is waited for: each step of it only with MAILWEIR_LONG=1
names=chain hung='rcpt data eom'
[ "${MAILWEIR_LONG:-0}" != 1 ] || {
	names='chain suppress keyword unsubscribe dkim'
	hung='connect helo mail rcpt data header eoh body eom'
}
steps='connect:C helo:H mail:M rcpt:R header:L eoh:N body:B eom:E'

between() {	# NAME
	"$PYTHON" "$SRC/t/between.py" "$W/between.$1" "$W/mailweir-$1.sock" \
	    "$W/control" >"$W/between.log" 2>&1 </dev/null &
	PIDS="$PIDS $!"
	wait_until 5 test -S "$W/between.$1"
}
pid() { cat "$W/mailweir-$prog.pid"; }
mail() { "$PYTHON" "$SRC/t/t9100-killed-hung.py" "$PF_PORT" "$@" >"$W/reply"; rc=$?
	cat "$W/reply"; return $rc; }
again() {	# after a kill
	forget "$(pid)"; faults_start "$prog"
}
went_once() {
	pf_settle 20 && [ "$(grep -l "<$1@" "$PF_DIR"/world/[0-9]* | wc -l)" = 1 ]
}
told() { has "$PF_DIR/maillog" "warning: milter unix:$W/between.$prog: $1"; }

# Those that a program is not told of do nothing at that step: then the
# message goes through, and the fault comes with the next one's first step.
fault() {	# NAME KILL-OR-STOP STEP:LETTER
	: >"$PF_DIR/maillog"
	rm -f "$W/control"
	case $3 in
	data:*)	mail "$1" "$2" "$(pid)" ;;
	*)	echo "${3#*:} $2 $(pid)" >"$W/control"; mail "$1" ;;
	esac
	got=$?
	if [ -f "$W/control" ]; then
		rm -f "$W/control"
		case $got.$prog.$3 in
		# steps that no policy looks at are not asked for
		0.chain.helo:*|0.chain.eoh:*)	: >"$W/through.$1"; return 0 ;;
		0.chain.*)			;;
		0.*)				: >"$W/through.$1"; return 0 ;;
		esac
		echo "the step never came"; return 1
	fi
	[ $got = 2 ] && told "can't (read|write|connect)"
}
killed() { fault "$1" kill "$2"; rc=$?; kill -0 "$(pid)" 2>/dev/null || again; return $rc; }
stands() { fault "$1" stop "$2"; rc=$?; kill -CONT "$(pid)"; return $rc; }

t 'configuration'	faults_conf
pf_new "$W/pf" || bail 'no Postfix'
at_exit pf_stop
for prog in $names; do
	t "$prog: starts"	faults_start $prog
	t "$prog: between"	between $prog
	pf_conf "smtpd_milters = { unix:$W/between.$prog, default_action=tempfail, \
connect_timeout=1s, command_timeout=1s, content_timeout=1s }"
	if [ $prog = chain ]
	then t 'Postfix starts'		pf_start
	else t 'Postfix reloads'	eval 'pf_reload && sleep 1'
	fi
	t "$prog: goes through"	mail first.$prog
	for step in $steps data:; do
		t "$prog: killed at ${step%:*}: 451" killed k.${step%:*}.$prog $step
		case " $hung " in
		*" ${step%:*} "*)	;;
		*)	continue ;;
		esac
		t "$prog: hung at ${step%:*}: 451" stands h.${step%:*}.$prog $step
	done
	t "$prog: slow" eval 'echo "x slow 200" >"$W/control"; mail slow.$prog; rc=$?
	    rm -f "$W/control"; [ $rc = 0 ]'
	t "$prog: it went out"	went_once slow.$prog
	for step in rcpt eom; do
		[ ! -e "$W/through.k.$step.$prog" ] || continue
		t "$prog: again, and once"	eval "mail k.$step.$prog && went_once k.$step.$prog"
	done
done
prog=chain
pf_conf "smtpd_milters = { unix:$W/mailweir-chain.sock, default_action=tempfail }"

# Postfix in the middle of a message
midway() {
	mail postfix.stop wait "$W/wait" & sender=$!
	wait_until 10 test -e "$W/wait"
	pf_stop; pf_start
	rm -f "$W/wait"
	wait $sender; [ $? = 3 ]
}
t 'Postfix stops mid-message: the client sees it hang up'	midway
t 'nothing of that went out'	not went_once postfix.stop
t 'it comes again: once'	eval 'mail postfix.stop && went_once postfix.stop'
t 'nobody is left inside'	eval 'stop mailweir-chain &&
    has "$W/mailweir-chain.log" "stopping in_flight=0"'
t_done
