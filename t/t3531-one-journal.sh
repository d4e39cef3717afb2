#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# one form for all ways in: an opt-out by the page, one click, the API, a web
# hook, LMTP and the command leaves the same journal record and the same entry;
# they differ in who and by what alone
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl
need_built mailweir mailweir-web mailweir-ingest

S=$W/in.sock
web_conf "api_key_file = $W/api.keys"
cat >>"$CONF" <<END
[ingest]
socket = $S
[webhook pm]
provider = postmark
key_file = $W/pm.key
scope = newsletter
END
(umask 077; echo me:secret >"$W/pm.key"; "$BIN/mailweir-web" --new-key shop add >"$W/api.keys" 2>"$W/shop")
t 'init'		MW init
t 'web'			web_start
t 'ingest'		eval 'SOCK=$S daemon mailweir-ingest -c "$CONF"'

JSON='Content-Type: application/json'
mail_token() { MW token make "$1" --scope newsletter | sed -n 's/^mail  *//p'; }
by_lmtp() {
	"$PYTHON" "$SRC/t/lmtp.py" "$S" <<END
< ^220
> LHLO mx.example
< ^250
> MAIL FROM:<lmtp@way.example>
< ^250
> RCPT TO:<$(mail_token lmtp@way.example)>
< ^250
> DATA
< ^354
> From: lmtp@way.example
> Subject: unsubscribe
>
> .
< ^250
> QUIT
< ^221
END
}
t 'one click'	eval 'post "$U$(token click@way.example)" -d List-Unsubscribe=One-Click && status 200'
t 'the page'	eval 'post "$U$(token page@way.example)" -d action=off -d scope=$(scope_number newsletter) && status 200'
t 'the API'	eval 'post "${API}add" -H "Authorization: Bearer $(cat "$W/shop")" -d "{\"address\":\"api@way.example\",\"scope\":\"newsletter\",\"reason\":\"optout\",\"source\":\"shop\",\"evidence\":\"case-1\"}" && status 200'
t 'a web hook'	eval 'post "http://127.0.0.1:$WEB_PORT/hooks/pm" -u me:secret -H "$JSON" -d "{\"RecordType\":\"SubscriptionChange\",\"MessageID\":\"m\",\"ChangedAt\":\"2026-11-21T10:00:00Z\",\"Recipient\":\"hook@way.example\",\"Origin\":\"Recipient\",\"SuppressSending\":true,\"SuppressionReason\":\"ManualSuppression\"}" && status 200'
t 'LMTP'	by_lmtp
t 'the command'	MW add cli@way.example --scope newsletter --reason optout --source desk --evidence case-2

WAYS='click page api hook lmtp cli'
# form FILE - without what must differ; evidence and note may be absent
form() {
	sed -E 's/"(seq|ms|digest|hash|id|time|actor|source|evidence|note|expires|first|last)":("[^"]*"|null|[0-9]+),?//g' "$1"
}
same_form() {	# journal COMMAND...
	kind=$1; shift
	for way in $WAYS; do
		MW "$@" "$way@way.example" --json >"$W/$kind.$way" || return 1
		[ "$(wc -l <"$W/$kind.$way")" = 1 ] || { cat "$W/$kind.$way"; return 1; }
		form "$W/$kind.$way" >"$W/$kind.$way.form"
		same "$W/$kind.click.form" "$W/$kind.$way.form" || return 1
	done
}
t 'the same record'	same_form journal journal show
t 'that says all'	has "$W/journal.click" '"op":"add".*"scope":"newsletter".*"reason":"optout"'
t 'the same entry'	same_form entry show
who() { has "$W/journal.$1" "\"actor\":\"$2\"" && has "$W/journal.$1" "\"source\":\"$3\""; }
t 'one click: who and by what'	who click mailweir-web one-click
t 'the page'			who page mailweir-web page
t 'the API'			who api key:shop shop
t 'the web hook'		who hook mailweir-web optout:pm
t 'LMTP'			who lmtp mailweir-ingest optout:token
t 'the command'			who cli 'user:[^"]*' desk
t 'and it all holds together'	MW verify
t_done
