#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# a reporter that does not sign, believed by SPF against a real DNS server: the
# client as XFORWARD tells it, or a border's Received; nothing doubtful passes,
# and what DNS cannot answer comes again
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
need nsd
need_built mailweir mailweir-ingest
MW="$BIN/mailweir -c $W/conf"
LOG=$W/mailweir-ingest.log
DNS=$(free_port)

cat >"$W/zone" <<EOT
\$ORIGIN fbl.example.
\$TTL 60
@ IN SOA ns admin 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
@ IN TXT "some other text with 100% in it"
@ IN TXT "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 -all"
all IN TXT "v=spf1 a:host.fbl.example mx include:inc.fbl.example -all"
all IN MX 10 mail.fbl.example.
host IN A 192.0.2.101
mail IN A 192.0.2.102
inc IN TXT "v=spf1 ip4:192.0.2.103 -all"
macro IN TXT "v=spf1 exists:%{i}.x.fbl.example ip4:192.0.2.1 -all"
incmacro IN TXT "v=spf1 -include:macro.fbl.example ip4:192.0.2.1 -all"
long IN TXT "v=spf1 $(printf 'ip4:192.0.2.9/32 %.0s' 1 2 3 4 5 6 7 8 9 10 11 12)" "$(printf 'ip4:192.0.2.1/32 %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)" "ip4:192.0.2.1 -all"
two IN TXT "v=spf1 ip4:192.0.2.1 -all"
two IN TXT "v=spf1 ip4:192.0.2.2 -all"
loop IN TXT "v=spf1 include:loop.fbl.example ip4:192.0.2.1 -all"
soft IN TXT "v=spf1 ~all"
everyone IN TXT "v=spf1 +all"
broken IN TXT "v=spf1 ip4:192.0.2.1/99 frob:x ip4:192.0.2.1"
none IN TXT "no record of that kind"
away IN NS ns.away
ns.away IN A 127.0.0.99
EOT
cat >"$W/nsd.conf" <<EOT
server:
  ip-address: 127.0.0.1@$DNS
  username: ""
  chroot: ""
  zonesdir: "$W"
  database: ""
  pidfile: "$W/nsd.pid"
  xfrdfile: "$W/xfrd"
  xfrdir: "$W"
  zonelistfile: "$W/zonelist"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: fbl.example
  zonefile: zone
EOT
nsd -d -c "$W/nsd.conf" >"$W/nsd.log" 2>&1 &
NSD=$!
at_exit "kill $NSD 2>/dev/null"

cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[ingest]
socket = unix:$W/mailweir-ingest.sock
socket_mode = 0666
[feedback]
dns_servers = 127.0.0.1:$DNS
[reporter fbl]
spf = fbl.example all.fbl.example macro.fbl.example incmacro.fbl.example
	long.fbl.example two.fbl.example loop.fbl.example soft.fbl.example
	everyone.fbl.example broken.fbl.example none.fbl.example
	absent.fbl.example other.example
from = @fbl.example
border = mx.sender.example
EOT
n=0
# report DOMAIN CLIENT REPLY [RECEIVED] - one complaint about $U, by LMTP
report() {
	n=$((n + 1))
	U=u$n@far.example
	{
		[ -z "${4:-}" ] || printf '%b\n' "$4"
		cat <<-EOT
			From: reports@fbl.example
			To: fbl@sender.example
			Message-ID: <spf$n@fbl.example>
			Content-Type: multipart/report; report-type=feedback-report; boundary=b

			--b
			Content-Type: message/feedback-report

			Feedback-Type: abuse
			Original-Rcpt-To: $U

			--b--
		EOT
	} >"$W/mail"
	{
		echo '< 220'
		echo '> LHLO x'
		echo '< XFORWARD.*ADDR'
		[ -z "$2" ] || printf '> XFORWARD NAME=x ADDR=%s\n< 250\n' "$2"
		printf '>> MAIL FROM:<r@%s>\n>> RCPT TO:<fbl@sender.example>\n' "$1"
		printf '> DATA\n< 250\n< 250\n< 354\nf %s\n< %s\n> QUIT\n< 221\n' \
		    "$W/mail" "$3"
	} | "$PYTHON" "$SRC/t/lmtp.py" "$W/mailweir-ingest.sock"
}
result() { has "$LOG" "recipient=$U result=$1"; }
passes() { report "$1" "$2" 250 "${3:-}" && result 'changed .*source=complaint:fbl'; }
fails() { report "$1" "$2" 250 "${3:-}" && result 'parked .*why=no-token-and-no-listed-reporter'; }
later() { report "$1" "$2" 451 && hasnt "$LOG" "recipient=$U"; }

t 'init' $MW init
t 'ingest starts' daemon mailweir-ingest -c "$W/conf"
t 'the DNS server answers' wait_until 10 passes fbl.example 192.0.2.1
t 'IPv6, as Postfix spells it' passes fbl.example IPv6:2001:db8::7
t 'another client' fails fbl.example 192.0.2.16
t 'another client, IPv6' fails fbl.example IPv6:2001:db8:1::7
t 'by a' passes all.fbl.example 192.0.2.101
t 'by mx' passes all.fbl.example 192.0.2.102
t 'by include' passes all.fbl.example 192.0.2.103
t 'by none of them' fails all.fbl.example 192.0.2.104
t 'loopback has no free ride' fails fbl.example 127.0.0.1
t 'nor IPv6 loopback' fails fbl.example IPv6:::1
t 'a client that Postfix does not know' fails fbl.example '[UNAVAILABLE]'
t 'no client told' fails fbl.example ''
t 'a record with macros' fails macro.fbl.example 192.0.2.1
t 'one that includes such a record' fails incmacro.fbl.example 192.0.2.1
t 'a record too long' fails long.fbl.example 192.0.2.1
t 'two records' fails two.fbl.example 192.0.2.1
t 'a record that includes itself' fails loop.fbl.example 192.0.2.1
t 'softfail' fails soft.fbl.example 192.0.2.1
t 'a broken record' fails broken.fbl.example 192.0.2.1
t 'no record' fails none.fbl.example 192.0.2.1
t 'no such name' fails absent.fbl.example 192.0.2.1
t '+all is what the operator listed' passes everyone.fbl.example 192.0.2.77
t 'a domain that is not listed' fails host.fbl.example 192.0.2.101
R='Received: from helo (name.example [192.0.2.3])\n\tby mx.sender.example (Postfix) with ESMTP id 1\n\tfor <fbl@sender.example>; Sat, 21 Nov 2026 10:00:00 +0000'
t "the border's Received tells the client" passes fbl.example '' "$R"
t 'XFORWARD goes before it' fails fbl.example 192.0.2.99 "$R"
t 'the same of a foreign host' fails fbl.example '' \
    "$(echo "$R" | sed 's/mx.sender/mx.evil/')"
t 'a name that chooses its HELO' fails fbl.example '' \
    "$(echo "$R" | sed 's/(name.example \[192.0.2.3\])/(n [192.0.2.3]) by mx.sender.example (name [192.0.2.33])/')"
# the same through Postfix, whose SMTP client may say who it speaks for
by_postfix() {	# CLIENT - a report about $U, from that client
	n=$((n + 1))
	U=u$n@far.example
	sed "s/Original-Rcpt-To: .*/Original-Rcpt-To: $U/; s/<spf.*@/<spf$n@/" \
	    "$W/mail" >"$W/mail.pf"
	"$PYTHON" - "$PF_PORT" "$1" "$W/mail.pf" <<'EOT'
import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
s.ehlo()
assert s.docmd("XFORWARD", "NAME=x ADDR=" + sys.argv[2])[0] == 250
s.sendmail("r@fbl.example", ["fbl@fbl.sender.example"], open(sys.argv[3]).read())
s.quit()
EOT
}
if pf_usable >"$W/usable"; then
	chmod 755 "$W"
	pf_new "$W/pf" || bail 'no Postfix'
	at_exit pf_stop
	pf_conf 'relay_domains = fbl.sender.example' \
	    'lmtp_send_xforward_command = yes' \
	    'smtpd_authorized_xforward_hosts = 127.0.0.0/8'
	echo "fbl.sender.example lmtp:unix:$W/mailweir-ingest.sock" \
	    >"$PF_DIR/etc/transport"
	t 'Postfix starts' pf_start
	t 'from a client that may' by_postfix 192.0.2.4
	t 'Postfix tells it: passes' wait_until 15 result changed
	t 'from one that may not' by_postfix 192.0.2.44
	t 'parked' wait_until 15 result parked
fi

t 'a zone that this server does not have: later' later other.example 192.0.2.1
t 'DNS stops' kill "$NSD"
sleep 1
t 'nobody answers: 451, nothing parked, no pass' later fbl.example 192.0.2.1
t 'XFORWARD only between messages, only name=value' \
    "$PYTHON" "$SRC/t/lmtp.py" "$W/mailweir-ingest.sock" <<EOT
< 220
> XFORWARD ADDR=192.0.2.1
< 503
> LHLO x
< 250
> XFORWARD
< 501
> XFORWARD ADDR
< 501
> XFORWARD ADDR=192.0.2.1 HELO=x
< 250
> MAIL FROM:<>
< 250
> XFORWARD ADDR=192.0.2.1
< 503
> QUIT
< 221
EOT
t_done
