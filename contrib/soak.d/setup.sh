# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# setup.sh - lay out the folder of a soak; sourced by contrib/soak
#
#	$D/mailweir.conf, rules.d, keys, zone	$D/state, run	store, sockets
#	$D/log	what our programs say		$D/pf		Postfix
#	$D/world kept messages			$D/delivered	a line a recipient

configure() {	# four | chain
	MW="$BIN/mailweir -c $D/mailweir.conf"
	mkdir "$D/state" "$D/run" "$D/log" "$D/rules.d" "$D/world" "$D/lists" &&
	cp "$SRC/contrib/quickstart.d/rules.cf" "$D/rules.d/soak.cf" &&
	pf_new "$D/pf" || return 1
	WEB_PORT=$(free_port)
	sed "s|@D@|$D|g; s|@WEB@|$WEB_PORT|; s|@SMTP@|$PF_PORT|" \
	    "$SRC/contrib/soak.d/mailweir.conf" >"$D/mailweir.conf" &&
	$MW init >"$D/log/init" &&
	$MW dkim genkey --domain sender.example --selector s1 \
	    --out "$D/s1.pem" >"$D/zone" &&
	$MW check >"$D/log/check" || return 1

	milters=
	case $1 in
	chain)	set -- chain ;;
	*)	set -- suppress keyword unsubscribe dkim ;;
	esac
	for m; do
		milters="$milters { unix:$D/run/$m.sock, default_action=tempfail }"
	done
	# the books need ids that are not used again within the hour
	# shellcheck disable=SC2016 # $name is Postfix's
	pf_conf "smtpd_milters =$milters" \
	    'non_smtpd_milters = $smtpd_milters' \
	    'milter_default_action = tempfail' \
	    'enable_long_queue_ids = yes' \
	    'message_size_limit = 20000000' \
	    'relay_domains = u.$mydomain bounces.$mydomain fbl.$mydomain' &&
	for domain in u bounces fbl; do
		echo "$domain.sender.example lmtp:unix:$D/run/ingest.sock"
	done >"$PF_DIR/etc/transport"
}
