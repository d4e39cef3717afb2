# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh - the four milters, the ingester and a private Postfix, for t8xxx
#
# After lib.sh and postfix.sh:
#	suite_new			folder, keys, configuration, Postfix
#	suite_conf <<EOT		more configuration (sections)
#	suite_start NAME...		mailweir-NAME..., wired in that order,
#					then Postfix; SUITE_USER=NAME when
#					[suppress] has user = NAME
#	MW ...				mailweir -c $CONF
#	newsletter TO			a message to TO on standard output
#	send FROM TO[,TO] [FILE]	by SMTP; its replies in $W/reply

CONF=$W/mailweir.conf

MW() { "$BIN/mailweir" -c "$CONF" "$@"; }

suite_new() {
	pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
	need_built mailweir mailweir-suppress mailweir-keyword \
	    mailweir-unsubscribe mailweir-dkim mailweir-ingest
	pf_new "$W/pf" || bail 'no Postfix'
	at_exit pf_stop
	mkdir -p "$W/run" "$W/state" "$W/rules.d"
	cat >"$CONF" <<-EOT
	$(conf_paths)
	EOT
}

suite_conf() { cat >>"$CONF"; }

# suite_socket NAME - the lines of every milter's section
suite_socket() {
	echo "socket = unix:$W/mailweir-$1.sock"
	echo "socket_mode = 0666"
}

suite_start() {
	# shellcheck disable=SC2086 # two words or none
	MW init ${SUITE_USER:+--user $SUITE_USER} >"$W/init" 2>&1 || { cat "$W/init"; return 1; }
	milters=
	for m; do
		daemon "mailweir-$m" -c "$CONF" || return 1
		[ "$m" = ingest ] ||
		    milters="$milters { unix:$W/mailweir-$m.sock, default_action=tempfail }"
	done
	# shellcheck disable=SC2016
	pf_conf "smtpd_milters = $milters" \
	    'non_smtpd_milters = $smtpd_milters' \
	    'milter_default_action = tempfail' || return 1
	pf_start
}

newsletter() {
	cat <<-EOT
	From: Sender News <news@sender.example>
	To: $1
	Subject: What is new
	Message-ID: <$(date +%s%N)@sender.example>
	MIME-Version: 1.0
	Content-Type: text/plain; charset=utf-8

	Three things happened this month.
	EOT
}

send() { "$SRC/t/smtp.py" "$PF_PORT" "$@" >"$W/reply"; rc=$?; cat "$W/reply"; return $rc; }

# in_world ADDRESS - somebody there got mail for ADDRESS; not_in_world: nobody
in_world() { [ -n "$(pf_world "$1")" ]; }
not_in_world() { [ -z "$(pf_world "$1")" ]; }
