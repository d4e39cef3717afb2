#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# footer and signature through a real Postfix: what arrives shows the link, its
# signatures verify and cover both one-click headers, and the chain gives octet
# for octet what four milters in a row give; unsigned one-click mail is refused
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
need_built mailweir-chain
suite_new
MAILWEIR_FAKE_TIME=1795284000
export MAILWEIR_FAKE_TIME

four='suppress keyword unsubscribe dkim'
for m in $four chain; do
	printf '[%s]\n' "$m"; suite_socket "$m"
	[ $m != keyword ] || echo "rules = $W/rules.d"
	echo 'max_body = 256K'
done | suite_conf
stream() { # NAME LANGUAGE FOOTER
	cat <<-EOT
	[stream $1]
	match_sender = $1@sender.example, $1@nokey.example
	class = bulk
	unsubscribe = require
	require_signing = yes
	unsubscribe_url = https://u.sender.example/u/
	unsubscribe_mailto = u@u.sender.example
	footer = $3
	footer_language = $2
	list_name = Neues & Altes
	postal_address = Hauptstr. 1\n10115 Berlin
	EOT
}
for l in en zh de fr es ja; do stream $l $l add; done | suite_conf
stream must en require | suite_conf
suite_conf <<EOT
[key rsa]
domain = sender.example
selector = rsa
file = $W/rsa.pem
[key ed]
domain = sender.example
selector = ed
file = $W/ed.pem
EOT

mkdir "$W/in" "$W/four" "$W/chain"
: >"$W/cases"
mail() { # NAME STREAM
	echo "$1 $2@${3:-sender.example} ann@world.example" >>"$W/cases"
	{
		printf 'From: Sender <%s>\nTo: list@world.example\n' "$2@${3:-sender.example}"
		printf 'Message-ID: <%s@sender.example>\nSubject: x\n' "$1"
		printf 'Date: Sat, 21 Nov 2026 12:00:00 +0000\n'
		cat
	} >"$W/in/$1"
}
alternative='MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_b"

Preamble.
--=_b
Content-Type: text/plain; charset=us-ascii

Hello.
--=_b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<html><body><p>Gr=FC=DFe</p></body></html>
--=_b
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
END:VCALENDAR
--=_b--
'
for l in en zh de fr es ja; do
	echo "$alternative" | mail alt$l $l
done
printf '\nNo header says what I am.\n.dot\n' | mail bare de
printf 'MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n%s\n' \
    "$(printf '<body>Gr\303\274\303\237e</body>' | base64)" | mail basehtml ja
printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\374\337e\n' |
    mail latin zh
printf 'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nSigned.\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n' |
    mail signed en
{ printf 'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n'
  printf '%s\n\nSigned.\n--b\n\nx\n--b--\n' --b; } | mail hidden must
{ printf '\n'; "$PYTHON" -c 'for i in range(9000): print("line %d of a body of many pieces, too large" % i)'; } |
    mail large en
{ printf '\n'; "$PYTHON" -c 'for i in range(3000): print("line %d of a body of many pieces" % i)'; } |
    mail pieces ja
printf '\nNobody signs for this domain.\n' | mail nokey en nokey.example
printf '\nTwo authors.\nx\n' | mail twofrom en
sed -i '1i From: Other <x@sender.example>' "$W/in/twofrom"

wire() {
	milters=
	for m; do
		milters="$milters { unix:$W/mailweir-$m.sock, default_action=tempfail }"
	done
	# shellcheck disable=SC2016
	pf_conf "smtpd_milters = $milters" 'milter_default_action = tempfail' \
	    'disable_mime_output_conversion = yes'
}
what() {
	awk '
	/^X-(Client|Helo)-/ && head == 0	{ next }
	/^[Rr]eceived:/ && !body		{ skip = 1; next }
	skip && /^[ \t]/			{ next }
						{ skip = 0; head += !/^X-/ }
	/^$/					{ body = 1 }
						{ print }' "$1"
}
play() { # FOLDER
	rm -f "$PF_DIR"/world/[0-9]*
	while read -r case from to; do
		"$SRC/t/smtp.py" "$PF_PORT" "$from" "$to" "$W/in/$case" |
		    sed 's/queued as .*/queued/' >"$1/$case.reply"
	done <"$W/cases"
	pf_settle 20 || return 1
	for f in "$PF_DIR"/world/[0-9]*; do
		n=$(sed -n 's/^[Mm]essage-I[dD]: *<\([a-z]*\)@sender.*/\1/p' "$f" | head -n 1)
		what "$f" >"$1/$n.out"
	done
}
keys() {
	for k in 'rsa rsa' 'ed ed25519'; do
		MW dkim genkey --domain sender.example --selector "${k% *}" \
		    --algorithm "${k#* }" --out "$W/${k% *}.pem" --plain \
		    >>"$W/keys" || return 1
	done
}
t 'keys'		keys
t 'init'		MW init
for m in $four chain; do
	t "mailweir-$m starts" daemon "mailweir-$m" -c "$CONF"
done
# shellcheck disable=SC2086
t 'four in a row'	wire $four
t 'Postfix starts'	pf_start
t 'through the four'	play "$W/four"
t 'the chain'		wire chain
t 'Postfix reloads'	pf_reload
t 'through the chain'	play "$W/chain"

alike() {
	for f in "$W/four/$1".*; do
		same "$f" "$W/chain/${f##*/}" || return 1
	done
}
while read -r case from to; do
	t "$case: the same" alike "$case"
done <"$W/cases"

# covered FILE - both signatures verify and name both headers
covered() {
	MW dkim verify --keys "$W/keys" "$1" >"$W/verified" || { cat "$W/verified"; return 1; }
	[ "$(grep -c '^DKIM-Signature:' "$1")" = 2 ] || return 1
	"$PYTHON" - "$1" <<-'EOP'
	import email, email.policy, sys
	m = email.message_from_binary_file(open(sys.argv[1], "rb"))
	for s in m.get_all("DKIM-Signature"):
	    tags = dict(t.strip().split("=", 1) for t in
	                "".join(s.split()).split(";") if t)
	    h = tags["h"].lower().split(":")
	    assert "list-unsubscribe" in h, h
	    assert "list-unsubscribe-post" in h, h
	EOP
}
# shows FILE TEXT... - every text part shows each, read by Python's decoder
shows() {
	"$PYTHON" - "$@" <<-'EOP'
	import email, email.policy, html, sys
	m = email.message_from_binary_file(open(sys.argv[1], "rb"),
	                                   policy=email.policy.default)
	parts = [p for p in m.walk() if p.get_content_type() in
	         ("text/plain", "text/html")]
	assert parts
	link = m["List-Unsubscribe"].split(">")[0][1:]
	for p in parts:
	    text = p.get_content()
	    if p.get_content_type() == "text/html":
	        text = html.unescape(text)
	    for want in sys.argv[2:] + [link]:
	        assert want in text, (want, text)
	for p in m.walk():
	    if p.get_content_type() == "text/calendar":
	        assert link not in str(p)
	EOP
}
for c in alten altzh altde altfr altes altja bare basehtml latin pieces; do
	t "$c: signatures cover it"	covered "$W/chain/$c.out"
	t "$c: and it shows the link"	shows "$W/chain/$c.out" 'Neues & Altes' '10115 Berlin'
done
t 'German'		shows "$W/chain/altde.out" 'weil Sie „Neues & Altes“ abonniert haben'
t 'Chinese'		shows "$W/chain/altzh.out" '您订阅了“Neues & Altes”' '退订'
t 'what stood there stays' shows "$W/chain/latin.out" 'Grüße'
t 'signed: no footer'	hasnt "$W/chain/signed.out" '^----------|^Unsubscribe: '
t 'signed: but headers'	covered "$W/chain/signed.out"
t 'large: no footer'	hasnt "$W/chain/large.out" '^Unsubscribe'
t 'large: but headers'	covered "$W/chain/large.out"
t 'the log says why'	has "$W/mailweir-unsubscribe.log" 'unsubscribe_footer .*result=none why="?larger than max_body'
t 'hidden: refused'	has "$W/chain/hidden.reply" '^DATA 550 5.7.1 Mail of stream must must show'
t 'no key: refused'	has "$W/chain/nokey.reply" '^DATA 550 5.7.1 One-click unsubscribe headers of stream en leave only under a DKIM signature'
t 'two authors: refused'	has "$W/four/twofrom.reply" '^DATA 550 5.7.1 One-click unsubscribe headers .*more than one From'
t 'nothing of them went out'	sh -c '! ls "$1"/chain/nokey.out "$1"/four/nokey.out "$1"/*/twofrom.out "$1"/*/hidden.out 2>/dev/null' x "$W"
t_done
