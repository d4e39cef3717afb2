#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# web hooks: SES by SNS, SendGrid, Mailgun, Postmark - signed by openssl(1),
# proven, stored once; forged, old, replayed, cut and monstrous ones refused
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl openssl base64
need_built mailweir mailweir-web

ARN=arn:aws:sns:eu-west-1:123456789012:mail
cd "$W" || exit 1
umask 077
quiet() { "$@" 2>/dev/null; }
cert() { quiet openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=sns.amazonaws.com -keyout "$1.pem" -out "$1.crt"; }
ec() { openssl ecparam -genkey -name prime256v1 -noout -out "$1.pem"; }
cert sns; cert other; ec sg; ec sg2
openssl ec -in sg.pem -pubout -outform DER 2>/dev/null | base64 -w0 >sg.key
echo key-of-mailgun >mailgun.key
printf '# two are good while one is replaced\nold:secret\nnew:s3cret word\n' >postmark.key
echo in-a-header >header.key
umask 022
web_conf 'hook_max_body = 300K' 'hook_max_memory = 400K'
cat >>"$CONF" <<END
[webhook ses]
provider = ses
key_file = $W/sns.crt
topics = $ARN
scope = newsletter
scopes = promo:offers
[webhook sg]
provider = sendgrid
key_file = $W/sg.key
scope = newsletter
scopes = 77:offers, receipts:accounts
max_age = 10m
[webhook mg]
provider = mailgun
key_file = $W/mailgun.key
scope = newsletter
scopes = promo:offers
[webhook pm]
provider = postmark
key_file = $W/postmark.key
scopes = broadcast:offers
scope = newsletter
[webhook pmh]
provider = postmark
key_file = $W/header.key
header = X-Our-Secret
END
t 'init'			MW init
t 'the configuration is good'	"$BIN/mailweir-web" -n -c "$CONF"
t 'mailweir check knows it, too' MW check
t 'it starts'			web_start

H=http://127.0.0.1:$WEB_PORT/hooks/
NOW=$(date +%s)
JSON='Content-Type: application/json'
make() { "$PYTHON" "$SRC/t/t3530-webhooks.py" "$@"; }
send() {	# NAME FILE STATUS [CURL-ARGS...]
	hook=$1 file=$2 want=$3; shift 3
	post "$H$hook" -H "$JSON" --data-binary "@$file" "$@" && status "$want"
}
holds() { shows "$1" "\"reason\":\"$2\",\"scope\":\"$3\""; }
counted() { shows "$1" "\"reason\":\"$2\".*\"count\":$3[,}]"; }
nothing() { MW show --json "$1" >"$W/show" || true; hasnt "$W/show" '"reason"'; }
kept() { records >"$W/n1"; "$@" || return 1; records >"$W/n2"; same "$W/n1" "$W/n2"; }
log_has() { wait_until 5 has "$LOG" "$1"; }

# -- Amazon SES
sns() { make sns "$W/${KEY:-sns}.pem" "${VERSION:-2}" "${TYPE:-Notification}" "${TOPIC:-$ARN}" "${AT:-$NOW}" "$1" >"$W/sns.json"; }
ses() { sns "$1"; send ses "$W/sns.json" "$2" -H 'Content-Type: text/plain; charset=UTF-8'; }
cat >bounce.json <<'END'
{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","feedbackId":"0102-b1","timestamp":"2026-11-21T18:00:00.000Z","reportingMTA":"dsn; a.smtp-out.example","bouncedRecipients":[{"emailAddress":"ann@ses.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"Bob <bob@ses.example>","action":"failed","diagnosticCode":"smtp; 452 4.2.2 mailbox full"}]},"mail":{"messageId":"m-1","source":"news@sender.example","destination":["ann@ses.example","bob@ses.example"]}}
END
cat >vague.json <<'END'
{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"OnAccountSuppressionList","feedbackId":"0102-b2","bouncedRecipients":[{"emailAddress":"vic@ses.example"}]},"mail":{"messageId":"m-2","destination":["vic@ses.example"]}}
END
cat >complaint.json <<'END'
{"eventType":"Complaint","complaint":{"feedbackId":"0102-c1","complaintFeedbackType":"abuse","complainedRecipients":[{"emailAddress":"cat@ses.example"}]},"mail":{"messageId":"m-3","destination":["cat@ses.example"],"tags":{"ses:configuration-set":["x"],"kind":["promo"]}}}
END
sed -e 's/0102-c1/0102-c2/; s/"abuse"/"not-spam"/' complaint.json >notspam.json
cat >delivery.json <<'END'
{"notificationType":"Delivery","delivery":{"recipients":["bob@ses.example"],"smtpResponse":"250 ok"},"mail":{"messageId":"m-4","destination":["bob@ses.example"]}}
END
cat >unsub.json <<'END'
{"eventType":"Subscription","mail":{"messageId":"m-5","destination":["una@ses.example"]},"subscription":{"contactList":"l","newTopicPreferences":{"unsubscribeAll":true}}}
END
t 'SES: a bounce'		ses bounce.json 200
t 'hard, of all mail'		holds ann@ses.example hard-bounce '\*'
t 'soft, of the other recipient' holds bob@ses.example soft-bounce '\*'
t 'its source is the hook'	shows ann@ses.example '"source":"bounce:ses"'
t 'the same again'		kept ses bounce.json 200
t 'counts once'			counted ann@ses.example hard-bounce 1
t 'signature version 1'		eval 'VERSION=1 ses vague.json 200'
t 'what SES says when the text does not' holds vic@ses.example hard-bounce '\*'
t 'delivered takes the soft one back' eval 'ses delivery.json 200 && nothing bob@ses.example'
t 'delivered again changes nothing' kept ses delivery.json 200
t 'a complaint'			ses complaint.json 200
t 'in the scope of its tag'	holds cat@ses.example complaint offers
t 'not-spam takes it back'	eval 'ses notspam.json 200 && nothing cat@ses.example'
t 'an unsubscribe'		eval 'ses unsub.json 200 && holds una@ses.example optout newsletter'
sed 's/ann@/eve@/' bounce.json >eve.json
t 'the key of another'		eval 'KEY=other ses eve.json 403'
t 'a topic of another'		eval 'TOPIC=${ARN}2 ses eve.json 403'
t 'a version that is none'	eval 'VERSION=3 ses eve.json 403'
t 'of the day before yesterday'	eval 'AT=$((NOW - 172800)) ses eve.json 403'
t 'of tomorrow'			eval 'AT=$((NOW + 86400)) ses eve.json 403'
altered() { sns "$1"; sed -i 's/bob@ses/mallory@ses/' sns.json; send ses sns.json 403; }
t 'altered'			altered eve.json
t 'cut off'			eval 'sns eve.json; head -c 900 sns.json >cut.json; send ses cut.json 403'
t 'nothing of that is stored'	nothing eve@ses.example
echo 'Successfully validated SNS topic for Amazon SES event publishing.' >hello.txt
t "SES's own test of the topic"	kept ses hello.txt 200
t 'a subscription is not confirmed by itself' eval 'TYPE=SubscriptionConfirmation ses hello.txt 200'
t 'but its link is logged'	log_has 'web_hook_confirm .*hook=ses .*visited=no url="?https://sns.eu-west-1.amazonaws.com/.*Token=2336412f37'

# -- SendGrid
signed() { make sendgrid "$W/${KEY:-sg}.pem" "${AT:-$NOW}" "$1" >sig; }
sg() {	# FILE STATUS
	signed "${SIGNED:-$1}"
	send sg "$1" "$2" -H "X-Twilio-Email-Event-Webhook-Signature: $(cat sig)" \
	    -H "X-Twilio-Email-Event-Webhook-Timestamp: ${AT:-$NOW}"
}
cat >batch.json <<'END'
[{"email":"dan@sg.example","event":"processed","sg_event_id":"e0","smtp-id":"<1@x>"},
{"email":"dan@sg.example","event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 unknown user","sg_event_id":"e1"},
{"email":"eli@sg.example","event":"bounce","type":"blocked","reason":"554 your ip is on a blacklist","sg_event_id":"e2"},
{"email":"fay@sg.example","event":"deferred","response":"451 try later","sg_event_id":"e3"},
{"email":"gus@sg.example","event":"spamreport","sg_event_id":"e4","asm_group_id":77},
{"email":"hal@sg.example","event":"group_unsubscribe","sg_event_id":"e5","category":["x","receipts"]},
{"email":"ivy@sg.example","event":"unsubscribe","sg_event_id":"e6"},
{"email":"jon@sg.example","event":"dropped","reason":"Unsubscribed Address","sg_event_id":"e7"},
{"email":"kim@sg.example","event":"dropped","reason":"Bounced Address","sg_event_id":"e8"},
{"email":"lea@sg.example","event":"bounce","bounce_classification":"Invalid Address","reason":"no","sg_event_id":"e9"},
{"email":"ivy@sg.example","event":"group_resubscribe","sg_event_id":"e10"},
{"event":"bounce","sg_event_id":"e11"},
{"email":"not an address","event":"bounce","sg_event_id":"e12"},
{"email":"mia@sg.example","event":"exploded","sg_event_id":"e13"},
17]
END
t 'SendGrid: a batch'		sg batch.json 200
t 'a hard bounce'		holds dan@sg.example hard-bounce '\*'
t 'a block is ours to mend'	nothing eli@sg.example
t 'deferred is counted'		nothing fay@sg.example
t 'a complaint, by group'	holds gus@sg.example complaint offers
t 'an unsubscribe, by category'	holds hal@sg.example optout accounts
t 'one of no label'		holds ivy@sg.example optout newsletter
t 'dropped as unsubscribed'	holds jon@sg.example optout newsletter
t 'dropped as bounced'		holds kim@sg.example hard-bounce '\*'
t "SendGrid's own class"	holds lea@sg.example hard-bounce '\*'
t 'four bad elements are told, the rest stands' log_has 'web_hook_bad .*hook=sg n=4'
t 'the same batch again'	kept sg batch.json 200
t 'counts once'			counted dan@sg.example hard-bounce 1
sed 's/dan@/eve@/' batch.json >evil.json
t 'another key'			eval 'KEY=sg2 sg evil.json 403'
t 'the signature of another body' eval 'SIGNED=batch.json sg evil.json 403'
t 'an old one'			eval 'AT=$((NOW - 700)) sg evil.json 403'
t 'one of the future'		eval 'AT=$((NOW + 400)) sg evil.json 403'
t 'no signature'		send sg evil.json 403
t 'a time that is none'		eval 'AT=12x sg evil.json 403'
t 'nothing of that is stored'	nothing eve@sg.example
make deep 2000 >deep.json
t 'deep JSON'			sg deep.json 400
echo '[{"a":1,"a":2}]' >twice.json
t 'a name twice'		sg twice.json 400
printf '[{"email":"x@sg.example"' >half.json
t 'half a JSON'			sg half.json 400
echo '[]' >none.json
t 'an empty batch'		kept sg none.json 200
make many 1500 >many.json
one_commit() { sg many.json 200 && holds m0@many.example hard-bounce '\*' && holds m1499@many.example hard-bounce '\*'; }
t '1,500 at once'		one_commit
head -c 400000 /dev/zero | tr '\0' ' ' >huge.json
t 'a huge one'			sg huge.json 413
t 'a huge one in pieces'	sg huge.json 413 -H 'Transfer-Encoding: chunked'

# -- Mailgun
mg() {	# FILE TOKEN STATUS
	make mailgun "${KEY:-key-of-mailgun}" "${AT:-$NOW}" "$2" "$1" >mg.json
	send mg mg.json "$3"
}
cat >failed.json <<'END'
{"event":"failed","severity":"permanent","reason":"bounce","id":"G9-1","recipient":"ned@mg.example","delivery-status":{"code":550,"enhanced-code":"5.1.1","message":"5.1.1 The email account that you tried to reach does not exist"},"message":{"headers":{"message-id":"1@mg"}},"tags":["promo"]}
END
sed 's/permanent/temporary/; s/G9-1/G9-2/; s/ned@/oda@/' failed.json >retry.json
echo '{"event":"complained","id":"G9-3","recipient":"pia@mg.example","tags":["promo"]}' >complained.json
echo '{"event":"unsubscribed","id":"G9-4","recipient":"qui@mg.example","tags":[]}' >unsubscribed.json
echo '{"event":"opened","id":"G9-5","recipient":"qui@mg.example"}' >opened.json
t 'Mailgun: a bounce'		eval 'mg failed.json t1 200 && holds ned@mg.example hard-bounce "\*"'
t 'one that is tried again'	eval 'mg retry.json t2 200 && nothing oda@mg.example'
t 'a complaint, by tag'		eval 'mg complained.json t3 200 && holds pia@mg.example complaint offers'
t 'an unsubscribe'		eval 'mg unsubscribed.json t4 200 && holds qui@mg.example optout newsletter'
t 'opened'			mg opened.json t5 200
t 'sent again, token and all'	kept mg failed.json t1 200
t 'the same event, a new token'	kept mg failed.json t6 200
sed 's/ned@/eve@/; s/G9-1/G9-9/' failed.json >evil.json
t 'a used token on another body' mg evil.json t1 403
t 'another key'			eval 'KEY=wrong mg evil.json t7 403'
t 'an old one'			eval 'AT=$((NOW - 172800)) mg evil.json t8 403'
echo '{"event-data":{}}' >mg.json
t 'no signature'		send mg mg.json 403
t 'nothing of that is stored'	nothing eve@mg.example

# -- Postmark
pm() { send pm "$1" "$2" -u "${WHO:-new:s3cret word}"; }
cat >hard.json <<'END'
{"RecordType":"Bounce","ID":4323372036854775807,"Type":"HardBounce","TypeCode":1,"Email":"rex@pm.example","Description":"The server was unable to deliver your message.","Details":"smtp;550 5.1.1 The email account does not exist","MessageStream":"broadcast","MessageID":"883953f4"}
END
sed 's/HardBounce/Blocked/; s/rex@/sam@/; s/5775807/5775808/; s/"Details":"[^"]*"/"Details":"no"/' hard.json >blocked.json
echo '{"RecordType":"SpamComplaint","ID":42,"Type":"SpamComplaint","Email":"tom@pm.example","MessageStream":"broadcast"}' >spam.json
echo '{"RecordType":"SubscriptionChange","MessageID":"m9","ChangedAt":"2026-11-21T10:53:34Z","Recipient":"uma@pm.example","Origin":"Recipient","SuppressSending":true,"SuppressionReason":"ManualSuppression","MessageStream":"broadcast"}' >change.json
sed 's/"SuppressSending":true/"SuppressSending":false/; s/:34Z/:35Z/' change.json >back.json
sed 's/"Origin":"Recipient"/"Origin":"Admin"/; s/uma@/wim@/' change.json >admin.json
t 'Postmark: a bounce'		eval 'pm hard.json 200 && holds rex@pm.example hard-bounce "\*"'
t 'blocked'			eval 'pm blocked.json 200 && nothing sam@pm.example'
t 'a complaint, by stream'	eval 'pm spam.json 200 && holds tom@pm.example complaint offers'
t 'an unsubscribe'		eval 'pm change.json 200 && holds uma@pm.example optout offers'
t 'reactivated there is no proof here' eval 'kept pm back.json 200 && holds uma@pm.example optout offers'
t "an operator's is no wish"	eval 'pm admin.json 200 && nothing wim@pm.example'
t 'the older secret'		eval 'WHO=old:secret pm hard.json 200'
t 'the same bounce counts once'	counted rex@pm.example hard-bounce 1
sed 's/rex@/eve@/' hard.json >evil.json
t 'a wrong secret'		eval 'WHO=new:s3cret pm evil.json 403'
t 'none'			send pm evil.json 403
t 'a secret in a field'		send pmh hard.json 200 -H 'X-Our-Secret: in-a-header'
t 'a wrong one'			send pmh evil.json 403 -H 'X-Our-Secret: in-a-headex'
t 'Basic does not do there'	send pmh evil.json 403 -u in-a-header:
t 'nothing of that is stored'	nothing eve@pm.example

# -- whoever knocks
cp "$W/body" forged
t 'an unknown name: the same answer' eval 'send nobody evil.json 403 && cmp "$W/body" forged'
t 'GET'				eval 'get "${H}pm" && status 405 && has "$W/head" "^Allow: POST"'
t 'another content type'	eval 'post "${H}pm" -u new:x -d @hard.json && status 415'
t 'no path around it'		eval 'post "${H}pm/" -H "$JSON" -d "{}" -u "new:s3cret word" && status 403'

# -- too much at once
printf '%s%200000s' "$(sed 's/rex@/kim@/; s/5775807/5775810/' hard.json)" '' >wide.json
"$PYTHON" "$SRC/t/t3530-webhooks.py" hold "$WEB_PORT" /hooks/pm 250000 60 >held &
holder=$!
at_exit "kill $holder 2>/dev/null"
t 'somebody announces much'	wait_until 5 has held held
t 'what does not fit beside it is put off' eval 'wait_until 5 pm wide.json 503 && has "$W/head" "^Retry-After: [0-9]"'
t 'and not stored'		nothing kim@pm.example
t 'what fits is taken'		pm hard.json 200
t 'forms are not stopped by it'	eval 'post "$U$(token lea@pm.example)" -d List-Unsubscribe=One-Click && status 200'
kill $holder
t 'there is room when he is gone' eval 'wait_until 5 pm wide.json 200 && holds kim@pm.example hard-bounce "\*"'

# -- the store away
restart() { kill "$(cat "$W/mailweir-web.pid")"; forget "$(cat "$W/mailweir-web.pid")"; wait_until 10 not curl -s "$ADMIN/"; web_start; }
mv state/store away; sed 's/rex@/zoe@/; s/5775807/5775809/' hard.json >late.json
t 'without a store'		eval 'restart && pm late.json 503 && has "$W/head" "^Retry-After: [0-9]"'
mv away state/store
t 'once it is back'		eval 'wait_until 5 pm late.json 200 && holds zoe@pm.example hard-bounce "\*"'

t 'each event in the log'	log_has ' feedback .*id=sg .*kind=bounce recipient=dan@sg.example result=changed scope=.?\*.? stored=hard-bounce status=5.1.1 reason=userunknown .*source=bounce:sg'
t 'counted'			eval 'get "$ADMIN/metrics" && has "$W/body" "^mailweir_web_hooks_total.result=.refused.,program=.web.. [1-9]"'
t 'the store is sound'		MW verify
t_done
