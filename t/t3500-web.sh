#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir-web: the page, undo, proof by mail, languages, reload, /metrics
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl sha256sum
need_built mailweir mailweir-web

SMTP_PORT=$(free_port)
mkdir "$W/mail"
web_conf 'base_url = https://u.sender.example' "smtp = 127.0.0.1:$SMTP_PORT" \
    'mail_from = service@sender.example' 'mail_rate = 2' \
    'mail_client_rate = 6'
t 'init'	MW init
t 'the configuration is good' "$BIN/mailweir-web" -n -c "$CONF"
t 'mailweir check knows it, too' MW check
"$PYTHON" "$SRC/t/sink.py" "$SMTP_PORT" "$W/mail" >"$W/sink.log" 2>&1 &
SINK=$!
at_exit "kill $SINK 2>/dev/null"
t 'it starts'	web_start

ann=$(token ann@example.com)
news=$(scope_number newsletter) offers=$(scope_number offers)
page() { get "$U$ann" && status 200; }
press() { post "$U$ann" "$@" && status 200; }
off() { press -d action=off -d "scope=$1"; }
undo() { press -d action=undo -d "ticket=$1"; }
ticket() { sed -n 's/.*name="ticket" value="\([^"]*\)".*/\1/p' "$W/body"; }
out() { shows "$1" "\"reason\":\"optout\",\"scope\":\"$2\""; }
in_() { shows_not "$1" "\"reason\":\"optout\",\"scope\":\"$2\""; }

t 'a secret that others may read: it says which parameter' eval 'chmod 644 "$W/token.key"; exits 78 "$BIN/mailweir-web" -n -c "$CONF" 2>"$W/err"; rc=$?; chmod 600 "$W/token.key"; [ $rc = 0 ] && has "$W/err" "conf:[0-9]+: token_key_file: .*0644"'

# -- the page
t 'the page'			page
t 'both lists stand on it, and all' eval '[ "$(grep -o "<form" "$W/body" | wc -l)" = 3 ]'
t 'what is not ours is escaped'	has "$W/body" 'Sender &amp; &lt;Sons&gt;.*Weekly &quot;news&quot;'
t 'the postal address'		has "$W/body" '1 Main Street, Springfield'
t 'no script, nothing from elsewhere' hasnt "$W/body" '<script|javascript:|https?://| on[a-z]+='
header() { has "$W/head" "^$1: $2"; }
t 'strict CSP'			header Content-Security-Policy "default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$"
t 'no referrer'			header Referrer-Policy 'no-referrer$'
t 'no index'			header X-Robots-Tag 'noindex, nofollow$'
t 'no store'			header Cache-Control 'no-store$'
style_hash() {	# the hash in the header is that of the style in the page
	sed -n 's/.*<style>\(.*\)<\/style>.*/\1/p' "$W/body" | tr -d '\n' |
	    openssl dgst -sha256 -binary | base64 >"$W/hash"
	grep -qF "sha256-$(cat "$W/hash")" "$W/head"
}
t 'the style sheet is the one that the policy allows' style_hash
t 'robots.txt'	eval 'get "http://127.0.0.1:$WEB_PORT/robots.txt" && has "$W/body" "Disallow: /$"'

lang() { get "$U$ann" -H "Accept-Language: $1" && has "$W/body" "<html lang=\"$2\">" && has "$W/body" "$3"; }
t 'English'	lang 'en-GB' en 'Unsubscribe from'
t 'Chinese'	lang 'zh-CN,zh;q=0.9' zh-Hans '退订'
t 'German'	lang 'de-AT' de 'Wochenbrief.*abbestellen'
t 'French'	lang 'x, fr;q=0.8' fr 'Se désabonner'
t 'Spanish'	lang 'es' es 'Cancelar la suscripción'
t 'Japanese'	lang 'ja,en;q=0.3' ja '配信を停止する'
t 'another'	lang 'pt' en 'Unsubscribe from'

# -- press, undo
at_once() {	# nothing else happens that would wake whoever serves it
	for who in x1 x2 x3; do
		curl -s -o "$W/body" -w '%{time_total}\n' -d List-Unsubscribe=One-Click \
		    "$U$(token $who@example.com)" || return 1
	done | sort -n >"$W/times"
	head -n 1 "$W/times" | grep '^0\.[0-8]' || { cat "$W/times"; return 1; }
}
t 'a press alone is answered at once'	at_once
t 'a press on one list'		off "$offers"
T=$(ticket)
t 'it is stored'		out ann@example.com offers
t 'the other is untouched'	in_ ann@example.com newsletter
t 'the answer says so'		has "$W/body" 'role="status"><p>We will not send you “Offers”'
t 'and can undo'		test -n "$T"
t 'the page shows it'		eval 'page && has "$W/body" "Offers</h2><p>You are unsubscribed"'
t 'another press offers no undo' eval 'off "$offers" && [ -z "$(ticket)" ]'
bob=$(token bob@example.com)
foreign() { post "$U$bob" -d action=undo -d "ticket=$T"; status 200; out ann@example.com offers; }
t "a ticket does nothing on another's page" foreign
t 'a broken ticket does nothing' eval 'undo "${T}x"; out ann@example.com offers'
t 'undo'			undo "$T"
t 'an opt-out that ends is there before' MW add cid@example.com --scope offers --reason optout --expires 2090-01-01
cid=$(token cid@example.com)
t 'a press on it holds for ever' eval 'post "$U$cid" -d action=off -d "scope=$offers" && status 200 && shows cid@example.com "\"reason\":\"optout\",\"scope\":\"offers\".*\"expires\":null"'
t 'but cannot take back what stood before it' test -z "$(ticket)"
t 'it is gone'			in_ ann@example.com offers
t 'the journal keeps both'	eval 'MW journal show | grep -c "offers" >"$W/n"; [ "$(cat "$W/n")" -ge 2 ]'

t 'one press for all'		press -d action=all
T=$(ticket)
t 'it goes to all mail'		out ann@example.com '\*'
t 'nothing left to press'	eval 'page && hasnt "$W/body" "value=\"(off|all)\""'
t 'undo of all'			eval 'undo "$T" && shows_not ann@example.com optout'
unknown() { post "$U$ann" "$@" && status 400 && shows_not ann@example.com optout; }
t 'a scope that the page does not offer' unknown -d action=off -d "scope=$(scope_number accounts)"
t 'no scope'			unknown -d action=off
t 'no such action'		unknown -d action=explode
t 'both kinds of press at once'	unknown -d action=all -d List-Unsubscribe=One-Click

# -- subscribing again takes proof
letter() { wait_until 5 test -f "$W/mail/$1"; }
none_but() { sleep 0.5; [ "$(ls "$W/mail" | wc -l)" = "$1" ]; }
body_of() { sed '1,/^\r\{0,1\}$/d' "$W/mail/$1" | base64 -d -i | tr -d '\r'; }
proof() { body_of "$1" | sed -n 's|^https://u.sender.example/u/confirm/\([^[:space:]]*\)|\1|p'; }
again() { post "$U$ann" -d action=again -d "scope=$1" --data-urlencode "address=$2" && status 200; }
t 'ann has stopped everything'	press -d action=all
t 'a wrong address: the answer tells nothing' again "$news" bob@example.com
cp "$W/body" "$W/wrong"
t 'nor does one that is none'	eval 'again "$news" "no address" && cmp "$W/body" "$W/wrong"'
t 'nobody gets mail'		none_but 0
t 'the right one: the same answer' eval 'again "$news" "Ann@Example.com" && cmp "$W/body" "$W/wrong"'
t 'mail goes out'		letter 1
t 'to her'			has "$W/mail/1" '^RCPT TO:<ann@example.com>'
t 'marked as sent by a program'	has "$W/mail/1" '^Auto-Submitted: auto-generated'
P=$(proof 1)
t 'with a link'			test -n "$P"
t 'its page changes nothing'	eval 'get "${U}confirm/$P" && status 200 && out ann@example.com "\*"'
t 'nor does an altered link'	eval 'post "${U}confirm/${P}x" -d action=confirm && status 404 && out ann@example.com "\*"'
t 'nor an undo ticket in its place' eval 'post "${U}confirm/$T" -d action=confirm && status 404'
t 'its button does'		eval 'post "${U}confirm/$P" -d action=confirm && status 200'
t 'she gets that list again'	eval 'in_ ann@example.com newsletter && in_ ann@example.com "\*"'
t 'but none of the others'	out ann@example.com offers
t 'the journal says why'	eval 'MW journal show --json | grep -q "confirmed by mail"'
t 'mail_rate'			eval 'press -d action=all; again "$news" ann@example.com; again "$news" ann@example.com; letter 2 && none_but 2'
limited() { for i in 1 2 3 4 5 6; do post "$U$ann" -d action=again -d "scope=$news" -d address=x; done; status 429 && header Retry-After '[0-9]+'; }
t 'mail_client_rate'		limited

# -- a link that names nobody
page_token() { MW token make --kind page --scope newsletter 2>"$W/err" | sed -n 's/^url  *//p'; }
everybody=$(page_token)
if [ -n "$everybody" ]; then
	t 'a list-level link asks for an address' eval 'get "$U$everybody" && status 200 && has "$W/body" "name=\"address\""'
	t 'one click cannot know who'	eval 'post "$U$everybody" -d List-Unsubscribe=One-Click && status 400'
else
	t_skip 'a list-level link asks for an address' 'mailweir token make has no --kind page'
fi

# -- running
t 'healthz'	eval 'get "$ADMIN/healthz" && status 200'
t 'metrics'	eval 'get "$ADMIN/metrics" && status 200 && has "$W/body" "^mailweir_web_presses_total.how=.page.,program=.web.. [1-9]"'
t 'the public listener has neither' eval 'get "http://127.0.0.1:$WEB_PORT/metrics" && status 404'
pid() { cat "$W/mailweir-web.pid"; }
branded() { page && has "$W/body" 'class="brand">Renamed<'; }
sed -i 's/^brand = .*/brand = Renamed/' "$CONF"
t 'reload'	eval 'kill -USR1 "$(pid)" && wait_until 10 branded'
echo 'no_such = 1' >>"$CONF"
t 'a faulty configuration is refused' eval 'kill -USR1 "$(pid)" && wait_until 10 has "$LOG" reload_failed && branded'
t 'no address in the log'	hasnt "$LOG" '@example\.com'
t_done
