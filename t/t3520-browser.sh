#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# end to end: a delivered message's header, through nginx and TLS, in a real
# Chromium: page, press, undo, press again; the next mail is refused, the
# transactional one passes; pictures, and axe-core finds nothing
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
. "$(dirname "$0")/web.sh"
need curl openssl nginx chromedriver chromium sha256sum
need_built mailweir-web mailweir-dkim
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
suite_new
web_ports
TLS_PORT=$(free_port) DRIVER_PORT=$(free_port)
S=https://127.0.0.1:$TLS_PORT
suite_conf <<EOT
[suppress]
$(suite_socket suppress)
[unsubscribe]
$(suite_socket unsubscribe)
[dkim]
$(suite_socket dkim)
[key ed]
domain = sender.example
selector = ed
file = $W/ed.pem
match = *
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
page_scopes = offers
unsubscribe = require
require_signing = yes
unsubscribe_url = $S/u/
[stream offers]
match_sender = offers@sender.example
class = bulk
[stream accounts]
match_sender = account@sender.example
class = security
scopes = newsletter
$(web_section "logo = $W/logo.svg" "base_url = $S" 'smtp = 127.0.0.1:9' 'mail_from = a@sender.example')
EOT
cat >"$W/logo.svg" <<'EOT'
<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"><rect width="160" height="40" rx="8" fill="#1a5fb4"/><circle cx="24" cy="20" r="10" fill="#fff"/></svg>
EOT
OUT=${MAILWEIR_PICTURES:-${BIN%/bin}/pictures}
mkdir -p "$OUT" 2>/dev/null || OUT=$W

# axe-core comes from npm; AXE_CORE names a copy
axe_core() {
	[ -z "${AXE_CORE:-}" ] || { echo "$AXE_CORE"; return; }
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailweir-tests
	axe=$cache/node_modules/axe-core/axe.min.js
	[ -f "$axe" ] || { command -v npm >/dev/null && mkdir -p "$cache" &&
	    timeout 60 npm install --silent --no-audit --no-fund \
		--ignore-scripts --prefix "$cache" axe-core@4.10.2; } >/dev/null 2>&1
	if [ -f "$axe" ]; then echo "$axe"; else echo -; fi
}
AXE=$(axe_core)

# -- nginx with the sample, but for names and places
tls() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=u.example \
	    -keyout "$W/tls.key" -out "$W/tls.pem" 2>/dev/null || return 1
	{
		echo "daemon off; pid $W/nginx.pid; error_log $W/nginx.err; worker_processes 1;"
		echo "events { worker_connections 256; }"
		echo "http { access_log off;"
		for d in client_body proxy fastcgi uwsgi scgi; do
			echo "${d}_temp_path $W/nginx-$d;"
		done
		sed "s|127.0.0.1:8580|127.0.0.1:$WEB_PORT|
		    s|listen 443 |listen 127.0.0.1:$TLS_PORT |
		    s|/etc/ssl/certs/.*;|$W/tls.pem;|
		    s|/etc/ssl/private/.*;|$W/tls.key;|" \
		    "$SRC/contrib/nginx/mailweir-web.conf"
		echo "}"
	} >"$W/nginx.conf"
	nginx -q -t -c "$W/nginx.conf" && { nginx -c "$W/nginx.conf" & } 2>/dev/null &&
	    PIDS="$PIDS $!" && wait_until 10 curl -ks -o /dev/null "$S/"
}
chromedriver() {
	command chromedriver --port="$DRIVER_PORT" --log-level=WARNING \
	    >"$W/driver.log" 2>&1 &
	DRIVER=$!
	at_exit "kill $DRIVER 2>/dev/null"
	wait_until 10 curl -s -o /dev/null "http://127.0.0.1:$DRIVER_PORT/status"
}
browser() { "$PYTHON" "$SRC/t/t3520-browser.py" "$DRIVER_PORT" "$OUT" "$AXE" "$LINK" "$@"; }

t 'a key'	eval 'MW dkim genkey --domain sender.example --selector ed --algorithm ed25519 --out "$W/ed.pem" --plain >"$W/keys"'
t 'Postfix with the milters'	suite_start suppress unsubscribe dkim
t 'mailweir-web'		web_start
t 'nginx, with the sample'	tls
t 'chromedriver'		chromedriver

newsletter ann@world.example >"$W/mail"
sed 's/^From: .*/From: Account <account@sender.example>/' "$W/mail" >"$W/reset"
t 'a newsletter goes out'	send news@sender.example ann@world.example "$W/mail"
t 'and arrives'			wait_until 20 in_world ann@world.example
link() {
	cat $(pf_world ann@world.example) | tr -d '\r' |
	    sed -n '/^List-Unsubscribe:/{:a;N;s/\n[ \t]/ /;ta;P}' |
	    sed -n 's/.*<\(https:[^>]*\)>.*/\1/p' | head -n 1 >"$W/link"
	LINK=$(cat "$W/link")
	[ -n "$LINK" ]
}
t 'its header has the link'	link
# RFC 8058 4: the signature covers both fields; libopendkim says so
field() { tr -d '\r' <"$1" | grep -c "^$2:"; }
delivered() { tr -d '\r' <"$(pf_world ann@world.example)" >"$W/eml" && [ "$(field "$W/eml" List-Unsubscribe)$(field "$W/eml" List-Unsubscribe-Post)" = 11 ]; }
verifies() { MW dkim verify --keys "$W/keys" "$1"; }
altered() { sed "s/^\($1: *.\)./\1~/" "$W/eml" >"$W/alt.eml"; ! cmp -s "$W/eml" "$W/alt.eml" && ! verifies "$W/alt.eml"; }
t 'both fields are there, once'	delivered
t 'libopendkim passes the signature' verifies "$W/eml"
t 'its h= names both'		"$PYTHON" "$SRC/t/t4000-dkim.py" covers "$W/eml" List-Unsubscribe List-Unsubscribe-Post
t 'it breaks with List-Unsubscribe' altered List-Unsubscribe
t 'it breaks with List-Unsubscribe-Post' altered List-Unsubscribe-Post
t 'the page as a browser shows it' browser see 'Unsubscribe from “Weekly "news"”' \
    keyboard shots page axe page nothing
t 'in every language'		browser lang en lang zh lang de lang fr lang es lang ja
t 'a visit changed nothing'	shows_not ann@world.example optout
t 'press, told so, undo'	browser press 'Unsubscribe from “Weekly' \
    see 'You are unsubscribed' shots pressed axe pressed press Undo see Undone \
    see 'You receive everything as before' axe undone nothing
t 'undone: the next one is accepted' send news@sender.example ann@world.example "$W/mail"
t 'press'			browser press 'Unsubscribe from “Weekly' see 'You are unsubscribed'
t 'the next one is refused'	eval 'exits 1 send news@sender.example ann@world.example "$W/mail" && has "$W/reply" "^RCPT .* 550 "'
t 'the password reset passes'	send account@sender.example ann@world.example "$W/reset"
t 'another list still passes'	send offers@sender.example ann@world.example "$W/mail"
t 'one press for all'		browser press 'Unsubscribe from everything' see 'You are unsubscribed' shots all axe all
t 'then the other list is refused, too' exits 1 send offers@sender.example ann@world.example "$W/mail"
t 'the password reset still passes' send account@sender.example ann@world.example "$W/reset"
LINK=${LINK}x
t 'a link that was cut off'	browser see 'This link does not work' shots bad axe bad
LINK=${LINK%x}

# -- what receivers do: the same through nginx, both encodings, HTTP/2
bob() { LINK2=$S/u/$(token "$1" newsletter); curl -ks -o "$W/body" -w '%{http_code} %{http_version}' "$LINK2" "$2" List-Unsubscribe=One-Click >"$W/got"; has "$W/got" '^200 2'; }
t 'one click through nginx, urlencoded' eval 'bob bob@world.example -d && shows bob@world.example optout'
t 'one click through nginx, multipart' eval 'bob cat@world.example -F && shows cat@world.example optout'
forwarded() { has "$LOG" 'web_press how=one-click .*client=127\.0\.0\.1'; curl -ks -o /dev/null -H 'X-Forwarded-For: 192.0.2.99' "$S/u/x"; hasnt "$LOG" 192.0.2.99; }
t 'a client cannot lie about where it comes from' forwarded
if [ "$AXE" = - ]
then t_skip 'axe-core' 'it is not here and npm cannot fetch it'
else t 'axe-core was asked' test -s "$AXE"
fi
kill "$DRIVER"
t_done
