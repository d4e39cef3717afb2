# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# web.sh - mailweir-web for tests; after lib.sh
#
#	web_conf [LINES...]	$CONF, with LINES in [web]; a newsletter with
#				a page of two lists, and accounts
#	web_start		the daemon; $U is the public URL without
#				the token, $API and $ADMIN the others
#	token ADDRESS [SCOPE]	a fresh token in its URL form
#	shows ADDRESS REGEX	what the store holds of him; shows_not
#	scope_number NAME	as the page's forms have it
#	post URL [CURL-ARGS...]	status in $W/status, header in $W/head, body in
#				$W/body; also get
#	status N		the last answer had this status
# shellcheck disable=SC2034 # set here, used by whoever sources this

CONF=${CONF:-$W/mailweir.conf}
MW() { "$BIN/mailweir" -c "$CONF" "$@"; }

web_ports() {
	WEB_PORT=$(free_port) API_PORT=$(free_port) ADMIN_PORT=$(free_port)
	U=http://127.0.0.1:$WEB_PORT/u/
	API=http://127.0.0.1:$API_PORT/api/v1/
	ADMIN=http://127.0.0.1:$ADMIN_PORT
}

web_section() {	# LINES...
	echo '[web]'
	echo "listen = 127.0.0.1:$WEB_PORT"
	echo "api_listen = 127.0.0.1:$API_PORT"
	echo "admin_listen = 127.0.0.1:$ADMIN_PORT"
	echo "brand = Sender & <Sons>"
	echo "postal_address = 1 Main Street, Springfield"
	for line; do echo "$line"; done
	cat <<-EOT
	[scope newsletter]
	title = Weekly "news"
	title_de = Wochenbrief
	[scope offers]
	title = Offers
	EOT
}

web_conf() {
	[ -n "${WEB_PORT:-}" ] || web_ports
	mkdir -p "$W/state"
	{
		cat <<-EOT
		$(conf_paths)
		[stream newsletter]
		match_sender = news@sender.example
		class = bulk
		scopes = newsletter
		page_scopes = offers
		unsubscribe_url = https://u.sender.example/u/
		[stream offers]
		match_sender = offers@sender.example
		class = bulk
		scopes = offers
		[stream accounts]
		match_sender = account@sender.example
		class = security
		EOT
		web_section "$@"
	} >"$CONF"
}

web_up() { curl -s -o "$W/up" "$ADMIN/" ; }
web_start() {
	"$BIN/mailweir-web" -d -c "$CONF" >>"$W/mailweir-web.log" 2>&1 \
	    </dev/null &
	echo $! >"$W/mailweir-web.pid"
	PIDS="$PIDS $!"
	wait_until 10 web_up || { cat "$W/mailweir-web.log"; return 1; }
}

token() {
	MW token make "$1" --scope "${2:-newsletter}" |
	    sed -n 's/^url  *//p'
}
shows() { MW show --json "$1" >"$W/show"; has "$W/show" "$2"; }
shows_not() { MW show --json "$1" >"$W/show"; hasnt "$W/show" "$2"; }
records() { MW journal show --json 2>/dev/null | wc -l; }
scope_number() { printf %s "$1" | sha256sum | cut -c1-8; }
get() {
	url=$1; shift
	curl -s -m 20 -D "$W/head" -o "$W/body" -w '%{http_code}\n' "$@" \
	    "$url" >"$W/status"
	tr -d '\r' <"$W/head" >"$W/head.lf" && mv "$W/head.lf" "$W/head"
	[ "$(cat "$W/status")" != 000 ]
}
post() { url=$1; shift; get "$url" -X POST "$@"; }
status() {
	[ "$(cat "$W/status")" = "$1" ] ||
	    { echo "status $(cat "$W/status"), expected $1"; cat "$W/head" "$W/body"; return 1; }
}
LOG=$W/mailweir-web.log
