#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim through a real Postfix: what arrives is what was signed, whatever octets
# went in; and beside OpenDKIM: wherever its signature passes, ours does
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >/dev/null || skip_all "$(pf_usable)"
need_built mailweir mailweir-dkim
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
TOOL="$PYTHON $SRC/t/t4004-dkim-postfix.py"

for k in 'a rsa' 'b ed25519' 'odk rsa'; do
	"$BIN/mailweir" dkim genkey --domain example.com --selector "${k% *}" \
	    --algorithm "${k#* }" --out "$W/${k% *}.pem" --plain >>"$W/keys"
done
# config CANON - every From is signed by both keys
config() {
	printf 'run_dir = %s\n[dkim]\nsocket_mode = 0666\ncanonicalization = %s\n' "$W" "$1"
	for k in a b; do
		printf '[key %s]\ndomain = example.com\nselector = %s\nfile = %s\nmatch = *\n' \
		    $k $k "$W/$k.pem"
	done
}
arrived() { [ "$(find "$W/$1" -name '*.eml' | wc -l)" -ge "$2" ]; }
# world DIR - from now on, mail goes to DIR
world() {
	mkdir "$W/$1"
	port=$(free_port)
	$TOOL sink "$port" "$W/$1" >"$W/$1.log" 2>&1 &
	echo $! >"$W/$1.pid"; at_exit "kill $! 2>/dev/null"
	wait_until 10 pf_listens "$port"
	pf_conf "default_transport = smtp:[127.0.0.1]:$port"
	pf_reload
	sleep 1
}
signatures() { cat "$W/$1"/*.eml | grep -a -c '^DKIM-Signature'; }

pf_new "$W/pf"; at_exit pf_stop
pf_conf "smtpd_milters = unix:$W/mailweir-dkim.sock" \
    "non_smtpd_milters = unix:$W/mailweir-dkim.sock" \
    'milter_default_action = tempfail'
config relaxed/relaxed >"$W/conf"
t 'milter'			milter_daemon mailweir-dkim -c "$W/conf"
t 'Postfix'			pf_start
n=$(ls "$SRC"/t/data/dkim/*.eml | wc -l)

for canon in relaxed/relaxed simple/simple; do
	form=${canon%%/*}
	config $canon >"$W/conf"
	kill -USR1 "$(cat "$W/mailweir-dkim.pid")"
	world $form
	t "$canon: all are taken"	$TOOL send "$PF_PORT" "$SRC"/t/data/dkim/*.eml
	t "$canon: with 250"		[ "$(grep -c ' 250 ' "$W/out.$N")" = "$n" ]
	printf 'From: ann@example.com\nTo: bob@world.example\nSubject: local\n\nby sendmail\n.\n' |
	    pf_sendmail -i -f ann@example.com bob@world.example
	t "$canon: all arrive"		wait_until 30 arrived $form $((n + 1))
	t "$canon: libopendkim passes"	"$BIN/mailweir" dkim verify --keys "$W/keys" "$W/$form"/*.eml
	t "$canon: dkimpy passes"	"$PYTHON" "$SRC/t/t4000-dkim.py" verify "$W/keys" "$W/$form"/*.eml
	t "$canon: two signatures each" [ "$(signatures $form)" = $((2 * n + 2)) ]
done

# --- beside OpenDKIM ---
beside() {
	chown opendkim "$W/odk.pem" && chmod 755 "$W" || return 1
	mkdir "$W/odk"; chown opendkim "$W/odk"; chmod 777 "$W/odk"
	cat >"$W/opendkim.conf" <<-EOT
		Canonicalization relaxed/relaxed
		Mode s
		Socket local:$W/odk/odk.sock
		UMask 000
		UserID opendkim
		KeyTable csl:k=example.com:odk:$W/odk.pem
		SigningTable refile:$W/odk.table
		OversignHeaders From
		RequireSafeKeys no
	EOT
	printf '* k\n' >"$W/odk.table"
	opendkim -f -x "$W/opendkim.conf" >"$W/opendkim.log" 2>&1 &
	odk=$!; at_exit "kill $odk 2>/dev/null"
	wait_until 10 test -S "$W/odk/odk.sock"
}
if ! command -v opendkim >/dev/null; then
	t_skip 'beside OpenDKIM' 'no opendkim here'
elif [ ! -d "$CORPORA/sa-public" ]; then
	t_skip 'beside OpenDKIM' "no mail in $CORPORA"
else
	every=20; [ "${MAILWEIR_LONG:-0}" != 1 ] || every=1
	find "$CORPORA/sa-public" "$CORPORA/sa-cjk" "$CORPORA/phishing-pot" \
	    "$CORPORA/mime" -type f | sort | grep -Ev '/SOURCE$|\.tsv$|COPYING|LICENSE' |
	    awk -v n=$every 'NR % n == 0' >"$W/list"
	config relaxed/relaxed >"$W/conf"
	kill -USR1 "$(cat "$W/mailweir-dkim.pid")"
	t 'OpenDKIM'			beside
	pf_conf "smtpd_milters = unix:$W/odk/odk.sock, unix:$W/mailweir-dkim.sock"
	world beside
	t 'corpora go in'		sh -c 'xargs -n 100 -d "\n" "$1" "$2" send "$3" <"$4"' x \
	    "$PYTHON" "$SRC/t/t4004-dkim-postfix.py" "$PF_PORT" "$W/list"
	sent=$(grep -c ' 250 ' "$W/out.$N")
	t 'and arrive'			wait_until 120 arrived beside "$sent"
	"$BIN/mailweir" dkim verify --json --keys "$W/keys" "$W/beside"/*.eml \
	    >"$W/verified" 2>"$W/unread"
	t 'wherever theirs passes, ours does' sh -c '"$1" "$2" pair a odk <"$3"' x \
	    "$PYTHON" "$SRC/t/t4004-dkim-postfix.py" "$W/verified"
	tail -n 1 "$W/out.$N" | sed "s/^/# sent $sent: /"
	t 'and Ed25519 does, too'	sh -c '"$1" "$2" pair b odk <"$3"' x \
	    "$PYTHON" "$SRC/t/t4004-dkim-postfix.py" "$W/verified"
fi

pf_stop
t_done
