#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# the JSON API: keys and roles, one address, very many, events, the journal
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl
need_built mailweir mailweir-web

web_conf "api_key_file = $W/api.keys" 'api_rate = 400'
t 'init'	MW init
umask 077
for role in read add remove admin; do
	"$BIN/mailweir-web" --new-key "$role-key" $role >>"$W/api.keys" 2>"$W/$role"
done
t 'a key of several roles' eval '"$BIN/mailweir-web" --new-key both read,add >>"$W/api.keys" 2>"$W/both"'
t 'a key without a role'	exits 64 "$BIN/mailweir-web" --new-key x nothing
t 'the file holds no key'	not grep -qFf "$W/admin" "$W/api.keys"
cp "$W/api.keys" "$W/loose.keys"; chmod 644 "$W/loose.keys"
sed "s|api.keys|loose.keys|" "$CONF" >"$W/loose.conf"
t 'a key file that others may read is refused' exits 78 "$BIN/mailweir-web" -n -c "$W/loose.conf"
t 'it starts'	web_start

# api KEY VERB [CURL-ARGS...]
api() {
	key=$(cat "$W/$1") verb=$2; shift 2
	get "$API$verb" -H "Authorization: Bearer $key" "$@"
}
says() { has "$W/body" "$1"; }

# -- who may what
t 'no key: 401'		eval 'post "${API}get" -d "{}" && status 401 && has "$W/head" "^WWW-Authenticate: Bearer"'
t 'a wrong key: 401'	eval 'post "${API}get" -H "Authorization: Bearer x" -d "{}" && status 401'
t 'another scheme: 401'	eval 'post "${API}get" -u a:b -d "{}" && status 401'
roles() {	# KEY VERB STATUS
	if [ "$2" = events ]; then api "$1" "$2"
	else api "$1" "$2" -d '{"address":"role@example.com"}'; fi && status "$3"
}
for row in read:get:200 read:events:200 read:add:403 read:remove:403 \
    read:bulk:403 add:get:403 add:events:403 add:add:200 add:remove:403 \
    add:bulk:200 remove:get:403 remove:add:403 remove:remove:200 \
    admin:get:200 admin:events:200 admin:add:200 admin:remove:200 \
    both:get:200 both:add:200 both:remove:403; do
	# shellcheck disable=SC2086
	t "$row" roles $(echo "$row" | tr : ' ')
done
t 'no such verb'	eval 'api admin explode -d "{}" && status 404'
t 'another method'	eval 'api admin add && status 405'
t 'the public listener has no API' eval 'get "http://127.0.0.1:$WEB_PORT/api/v1/get" && status 404'

# -- one address
t 'add'	eval 'api add add -d "{\"address\":\"Ann@Example.com\",\"scope\":\"newsletter\",\"reason\":\"complaint\",\"evidence\":\"case 7\"}" && status 200 && says "\"changed\":true"'
t 'evidence holds no address' eval 'api add add -d "{\"address\":\"eve@example.com\",\"evidence\":\"seen by bob@example.com\"}" && status 400 && says "must not hold an address"'
t 'get' eval 'api read get -d "{\"address\":\"ann@example.com\"}" && says "\"scope\":\"newsletter\",\"reason\":\"complaint\",\"in_force\":true.*\"evidence\":\"case 7\""'
t 'a domain' eval 'api add add -d "{\"address\":\"@dead.example\",\"reason\":\"invalid-domain\"}" && status 200 && api read get -d "{\"address\":\"x@dead.example\"}" && says "\"domain\":true"'
t 'a complaint is not removed like that: 409' eval 'api remove remove -d "{\"address\":\"ann@example.com\",\"scope\":\"newsletter\"}" && status 409'
t 'override is for admins' eval 'api remove remove -d "{\"address\":\"ann@example.com\",\"scope\":\"newsletter\",\"override\":true,\"note\":\"asked\"}" && status 400'
t 'an admin may, with a note' eval 'api admin remove -d "{\"address\":\"ann@example.com\",\"scope\":\"newsletter\",\"override\":true,\"note\":\"she asked\"}" && status 200 && says "\"changed\":true"'
wrong() { api admin add -d "$1" && status 400; }
t 'no JSON'		wrong 'address=a'
t 'no object'		wrong '["a@b.example"]'
t 'no address'		wrong '{"scope":"news"}'
t 'no such address'	wrong '{"address":"nobody"}'
t 'no such reason'	wrong '{"address":"a@b.example","reason":"whim"}'
t 'no such scope'	wrong '{"address":"a@b.example","scope":"No Scope"}'
t 'no such member'	wrong '{"address":"a@b.example","reson":"manual"}'
t 'a member twice'	wrong '{"address":"a@b.example","address":"c@d.example"}'
t 'a time that is past'	wrong '{"address":"a@b.example","expires":"2001-01-01"}'
t 'deep nesting'	wrong "$("$PYTHON" -c 'print("[" * 30000)')"
t 'too large'		eval '"$PYTHON" -c "print(\"x\" * 200000)" >"$W/big"; api admin add --data-binary @"$W/big" && status 413'

# -- very many
rows() {
	"$PYTHON" -c '
import sys
for i in range(int(sys.argv[1])):
    print("{\"address\":\"b%d@example.org\",\"scope\":\"offers\",\"reason\":\"optout\"}" % i)
print("")
print("junk")
print("{\"address\":\"nobody\"}")
print("x" * 20000)
print("{\"address\":\"last@example.org\",\"scope\":\"offers\"}", end="")' "$1"
}
rows 3000 >"$W/rows"
t 'bulk'	eval 'api add bulk --data-binary @"$W/rows" && status 200 && says "\"lines\":3005,\"done\":3005,\"changed\":3001,\"refused\":3"'
t 'it says which lines and why' says '"line":3002,"why":"no JSON object".*"line":3003.*"line":3004,"why":"longer than 8192 octets"'
t 'in chunks, streamed' eval 'rows 50 | api both bulk -H "Transfer-Encoding: chunked" -T - -X POST && status 200 && says "\"lines\":55"'
t 'the first is there'	shows b0@example.org '"scope":"offers"'
t 'the last is there'	shows last@example.org '"scope":"offers"'
clash() {	# a row that the store refuses does not stop its neighbours
	printf '%s\n' '{"address":"c1@example.org"}' \
	    "{\"address\":\"c2@example.org\",\"scope\":\"\"}" \
	    '{"address":"c3@example.org"}' |
	    api add bulk --data-binary @- && status 200 &&
	    says '"changed":2,"refused":1' && shows c3@example.org '"manual"'
}
t 'a bad row between good ones' clash

# -- events
t 'the journal has the names of the keys' eval 'MW journal export >"$W/journal"; has "$W/journal" "key:add-key" && has "$W/journal" "key:admin-key.*she asked"'
t 'events from the start' eval 'api read events && status 200 && says "^.\"events\":\[.\"seq\":1,.*\"more\":true"'
follow() {	# page by page, every record once, in order
	after=0 seen=0
	while :; do
		api read "events?after=$after&limit=1000" || return 1
		"$PYTHON" -c '
import json, sys
j = json.load(open(sys.argv[1]))
want = int(sys.argv[2])
for e in j["events"]:
    want += 1
    assert e["seq"] == want, (e, want)
print(j["next"], len(j["events"]), j["more"])' "$W/body" "$after" >"$W/next" || return 1
		read -r after n more <"$W/next"
		seen=$((seen + n))
		[ "$more" = True ] || break
	done
	[ "$seen" = "$(wc -l <"$W/journal")" ] || { echo "$seen events, $(wc -l <"$W/journal") records"; return 1; }
}
t 'page by page, all of it' follow
t 'behind the end: none'	eval 'api read "events?after=999999" && says "\"events\":\[\]"'
t 'a number that is none'	eval 'api read "events?after=x" && status 400'
t 'no address in events'	hasnt "$W/body" '@'

slower() {	# two requests a second, then three at once
	sed -i 's/^api_rate = .*/api_rate = 2/' "$CONF"
	kill -USR1 "$(cat "$W/mailweir-web.pid")"
	wait_until 10 has "$LOG" ' reloaded '
}
limited() {
	for _ in 1 2 3 4 5 6 7 8; do
		api read 'events?limit=1'
		[ "$(cat "$W/status")" != 429 ] || return 0
	done
	return 1
}
t 'a lower api_rate'	slower
t 'api_rate: 429'	limited
t 'refusals are logged'	has "$LOG" 'web_api_refused key=read-key client=127.0.0.1 why=role'
t_done
