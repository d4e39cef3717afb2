#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# ingest behind a real Postfix: what comes back by LMTP is in the store before
# Postfix lets go of it; while the store or the ingester is away it waits
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
suite_new
SOCK=$W/mailweir-ingest.sock
suite_conf <<EOT
[ingest]
socket = unix:$SOCK
socket_mode = 0666
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
unsubscribe = add
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
EOT
pf_conf 'relay_domains = u.sender.example bounces.sender.example'
for d in u bounces; do echo "$d.sender.example lmtp:unix:$SOCK"; done \
    >"$PF_DIR/etc/transport"
STORE=$W/state/store

address() {	# RECIPIENT - where his unsubscribe mail goes
	echo "u+$(MW token make "$1" --scope newsletter |
	    grep -Eo '[a-z2-7]{58}' | head -n 1)@u.sender.example"
}
optout() {	# RECIPIENT
	to=$(address "$1")
	printf 'From: %s\nTo: %s\nSubject: unsubscribe\nMessage-ID: <%s-1>\n\n' \
	    "$1" "$to" "$1" >"$W/optout"
	send "$1" "$to" "$W/optout"
}
forged() {
	printf 'From: eve@world.example\nSubject: unsubscribe\n\n' >"$W/forged"
	to=$(address ann@world.example |
	    sed 's/^\(u+.\{40\}\)a/\1b/; t; s/^\(u+.\{40\}\)./\1a/')
	send eve@world.example "$to" "$W/forged"
}
stored() { MW show "$1" >"$W/shown" 2>&1; grep -q optout "$W/shown"; }
count() { [ "$(MW journal show 2>/dev/null | grep -c optout)" = "$1" ]; }
waits() { [ -n "$(pf_queue deferred)$(pf_queue active)" ]; }
parked() { find "$W/state/parked" -type f 2>/dev/null | grep -q .; }
flush() { postqueue -c "$PF_DIR/etc" -f; }

t 'start'			suite_start ingest
t 'ann unsubscribes by mail'	optout ann@world.example
t 'Postfix let go of it'	pf_settle 20
t 'it is in the store'		stored ann@world.example
t 'once'			count 1
t 'the same mail again'		optout ann@world.example
t 'is taken'			pf_settle 20
t 'and counts once'		count 1

t 'a forged token'		forged
t 'is taken'			pf_settle 20
t 'changes nothing'		count 1
t 'and is parked'		parked

t 'the store is away'		eval 'stop mailweir-ingest && mv "$STORE" "$STORE.away"'
t 'the ingester starts or waits' eval 'daemon mailweir-ingest -c "$CONF" || true'
t 'bob unsubscribes'		eval 'mv "$STORE.away" "$STORE"; to=$(address bob@world.example); mv "$STORE" "$STORE.away"; optout bob@world.example'
sleep 2
t 'his mail waits'		wait_until 5 waits
t 'nothing was bounced'		hasnt "$PF_DIR/maillog" 'status=bounced'
t 'the store is back'		mv "$STORE.away" "$STORE"
again() {
	kill -0 "$(cat "$W/mailweir-ingest.pid")" 2>/dev/null ||
	    daemon mailweir-ingest -c "$CONF" || return 1
	wait_until 30 eval 'flush; sleep 1; pf_idle'
}
t 'now it goes'			again
t 'bob is in the store'		stored bob@world.example
t 'once'			count 2
t_done
