#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# ingest behind a real Postfix: what our own Postfix reports is believed, the
# same words from outside are not; while the store is away, Postfix keeps it
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
need_built mailweir mailweir-ingest
MW="$BIN/mailweir -c $W/conf"
LOG=$W/mailweir-ingest.log
cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[stream accounts]
class = security
match_sender = b@b.sender.example
[ingest]
socket = unix:$W/mailweir-ingest.sock
socket_mode = 0666
[reporter own-mta]
local = mx.sender.example
EOT
pf_new "$W/pf" || bail 'no Postfix'
at_exit pf_stop
pf_conf 'relay_domains = b.sender.example' 'bounce_queue_lifetime = 1d'
cat >"$PF_DIR/etc/transport" <<EOT
b.sender.example	lmtp:unix:$W/mailweir-ingest.sock
dead.example		error:5.1.1 No such user here
EOT
send() { "$PYTHON" "$SRC/t/smtp.py" "$PF_PORT" "$1" "$2" "$3" >"$W/reply" 2>&1; }
stored() { $MW show --json "$1" >"$W/show" && has "$W/show" '"hard-bounce"'; }
nothing() { $MW show --json "$1" >"$W/show"; hasnt "$W/show" '"hard-bounce"'; }
logged() { wait_until 15 has "$LOG" "$1"; }

t 'init' $MW init
chmod 755 "$W"
t 'ingest starts' daemon mailweir-ingest -c "$W/conf"
t 'Postfix starts' pf_start

cat >"$W/reset" <<EOT
From: Accounts <account@sender.example>
To: ann@dead.example
Subject: Your password reset
Message-ID: <reset1@sender.example>

Somebody asked for a new password.
EOT
# sendmail(1): smtpd would refuse the recipient at once
t 'mail to a dead address' eval 'pf_sendmail -f b@b.sender.example ann@dead.example <"$W/reset"'
t "Postfix's own bounce is believed" logged 'recipient=ann@dead\.example result=changed .*source=bounce:own-mta'
t 'and stored' stored ann@dead.example

# the very same report, made up outside and sent in by SMTP
cat >"$W/forged" <<EOT
Received: by mx.sender.example (Postfix)
	id 4F1; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.sender.example (Mail Delivery System)
To: b@b.sender.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <forged1@mx.sender.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

<bob@far.example>: host mx.far.example said: 550 5.1.1 No such user

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.sender.example

Final-Recipient: rfc822; bob@far.example
Action: failed
Status: 5.1.1

--b--
EOT
t 'the same from outside is taken' send '' b@b.sender.example "$W/forged"
t 'and parked' logged 'recipient=bob@far\.example result=parked .*why=no-token-and-no-listed-reporter'
t 'nothing is stored' nothing bob@far.example

# the store is away: Postfix keeps the report and comes again
t 'ingest stops' stop mailweir-ingest
sed -i 's/ann@dead/cat@dead/; s/reset1/reset2/' "$W/reset"
t 'another dead address' eval 'pf_sendmail -f b@b.sender.example cat@dead.example <"$W/reset"'
sleep 1
t 'nothing is stored yet' nothing cat@dead.example
t 'ingest is back' daemon mailweir-ingest -c "$W/conf"
t 'and gets it' eval 'postqueue -c "$PF_DIR/etc" -f; wait_until 30 stored cat@dead.example'
t_done
