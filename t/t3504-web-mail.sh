#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# confirmation mail through a real Postfix: on disk before it is promised, not
# lost when Postfix or we go away; 503 when it cannot be written
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/web.sh"
need curl sha256sum
need_built mailweir mailweir-web
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"

pf_new "$W/postfix"
at_exit pf_stop
web_conf 'base_url = https://u.sender.example' "smtp = 127.0.0.1:$PF_PORT" \
    'mail_from = service@sender.example' 'stop_timeout = 3s'
t 'init'	MW init
ann=$(token ann@world.example) bob=$(token bob@world.example)
news=$(scope_number newsletter)
t 'it starts, Postfix does not'	web_start
letters() { find "$W/state/web-mail" -name '*.letter' 2>/dev/null | wc -l; }
again() { post "$U$1" -d action=again -d "scope=$news" --data-urlencode "address=$2"; }
out() { shows "$1" '"reason":"optout"'; }

t 'ann has unsubscribed'	eval 'post "$U$ann" -d action=all && status 200'
t 'she asks for the link'	eval 'again "$ann" ann@world.example && status 200'
t 'which lies on disk'		eval '[ "$(letters)" = 1 ]'
t 'for us alone'		eval '[ "$(find "$W/state/web-mail" -perm /077 | wc -l)" = 0 ]'
cp "$W/body" "$W/right"
t "somebody else's address: the same answer" eval 'again "$ann" bob@world.example && cmp "$W/body" "$W/right"'
t 'and nothing is kept of it'	eval '[ "$(ls "$W/state/web-mail" | wc -l)" = 1 ]'
t 'the log says who is away'	wait_until 10 has "$LOG" 'web_mail_later server=127'
crash() {
	p=$(cat "$W/mailweir-web.pid")
	kill -9 "$p"; forget "$p"; wait "$p" 2>/dev/null
	! web_up
}
t 'the program dies'		crash
t 'Postfix comes'		pf_start
t 'the next run starts'		web_start
arrived() { [ -n "$(pf_world "$1")" ]; }
t 'and ann has her mail'	wait_until 20 arrived ann@world.example
t 'once'			eval '[ "$(pf_world ann@world.example | wc -w)" = 1 ]'
t 'bob has none'		eval '! arrived bob@world.example'
t 'nothing is left on disk'	wait_until 5 eval '[ "$(letters)" = 0 ]'
proof() {
	tr -d '\r' <"$(pf_world "$1")" >"$W/mail" &&
	    sed '1,/^$/d' "$W/mail" | base64 -d -i | tr -d '\r' |
	    sed -n 's|^https://u.sender.example/u/confirm/||p'
}
P=$(proof ann@world.example)
t 'from us, for her, by a program' eval 'has "$W/mail" "<service@sender.example>" && has "$W/mail" "^To: <ann@world.example>" && has "$W/mail" "^Auto-Submitted: auto-generated"'
t 'she is still unsubscribed'	out ann@world.example
t 'its button subscribes her'	eval 'post "${U}confirm/$P" -d action=confirm && status 200 && shows_not ann@world.example "\"reason\":\"optout\",\"scope\":\"newsletter\""'
t 'Postfix is there: bob has his at once' eval 'again "$bob" bob@world.example && status 200 && wait_until 20 arrived bob@world.example'

# -- what cannot be written is not promised
rm -rf "$W/state/web-mail"; : >"$W/state/web-mail"
later() { status 503 && has "$W/head" '^Retry-After: [0-9]'; }
t 'no disk: 503'		eval 'again "$ann" ann@world.example; later'
cp "$W/body" "$W/right"
t "for somebody else's address, too" eval 'again "$ann" cat@world.example; later && cmp "$W/body" "$W/right"'
t 'no address in the log'	hasnt "$LOG" '@world\.example'
t_done
