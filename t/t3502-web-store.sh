#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir-web on a store that cannot take it: 503 with Retry-After, never 200
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl sha256sum
need_built mailweir mailweir-web

web_conf 'stop_timeout = 3s'
t 'init'	MW init
ann=$(token ann@example.com)
one_click() { post "$U$1" -d List-Unsubscribe=One-Click; }

# -- a store that cannot take it: told 503, in both ways, and it comes back
later() { status 503 && has "$W/head" '^Retry-After: [0-9]+'; }
mv "$W/state/store" "$W/state/away"
t 'it starts without its store'	web_start
t 'POST: 503, Retry-After'	eval 'one_click "$ann"; later'
t 'GET: 503, Retry-After'	eval 'get "$U$ann"; later'
t 'healthz: 503'		eval 'get "$ADMIN/healthz"; status 503'
t 'a bad token: as ever'	eval 'one_click "${ann}x"; status 404'
t 'the log says why'		has "$LOG" 'web_store_failed .*why='
mv "$W/state/away" "$W/state/store"
t 'the store is back'		wait_until 10 eval 'get "$U$ann"; status 200'

# -- a store that fills up while it runs
stop mailweir-web >/dev/null
rm -rf "$W/state/store"
printf '[store]\nmap_size = 1M\n' >>"$CONF"
t 'a store of a megabyte'	MW init
sed -i "s|^api_listen.*|&\napi_key_file = $W/api.keys|" "$CONF"
(umask 077; "$BIN/mailweir-web" --new-key ops admin >"$W/api.keys" 2>"$W/key")
t 'it starts with it'		web_start
bulk() {	# N rows of a kilobyte, by the API
	"$PYTHON" -c 'import random, sys
for i in range(int(sys.argv[1])):
    print("{\"address\":\"a%d@example.com\",\"note\":\"%s\"}" % (
        random.getrandbits(64), "x" * 900))' "$1" |
	    post "${API}bulk" -H "Authorization: Bearer $(cat "$W/key")" \
	    --data-binary @-
}
fill() {	# in ever smaller portions, each until it is refused
	for n in 400 50 5 1; do
		tries=0
		while bulk $n && [ "$(cat "$W/status")" = 200 ]; do
			tries=$((tries + 1)); [ $tries -lt 200 ] || return 1
		done
	done
	status 503 && has "$W/body" '"done":0'
}
t 'until it is full'		fill
full() {
	i=0
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		T=$(token "last$i@example.com")
		one_click "$T"
		case $(cat "$W/status") in
		200)	shows "last$i@example.com" optout || return 1 ;;
		503)	later && shows_not "last$i@example.com" optout; return ;;
		*)	cat "$W/status"; return 1 ;;
		esac
	done
	echo 'never full'; return 1
}
t 'full: 503 and nothing stored, never 200' full
t 'reading still works'		eval 'get "$U$ann" && status 200'
t_done
