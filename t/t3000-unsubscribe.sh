#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# unsubscribe: each recipient gets a link of his own and nobody else's, over
# several messages of one session; tokens are read by the command
. "$(dirname "$0")/lib.sh"
need miltertest
need_built mailweir mailweir-unsubscribe

cat >"$W/m.conf" <<END
run_dir = $W
token_key_file = $W/token.key
store_key_file = $W/store.key
[stream news]
class = bulk
match_header = X-Kind:news
unsubscribe = add
unsubscribe_url = https://u.example/u/
unsubscribe_mailto = u@u.example
feedback_id = \${stream}:\${sender_domain}:\${class}:acmemail
[stream strict]
match_header = X-Kind:strict
unsubscribe = require
multiple = reject
unsubscribe_url = https://u.example/u/
END
(umask 077; printf '1 %064d\n' 7 >"$W/store.key")
M="$BIN/mailweir -c $W/m.conf"

# says TOKEN RECIPIENT SCOPE - the token is valid and names this recipient, by
# the digest that the command computes for him
says() {
	# shellcheck disable=SC2086 # M is words
	$M token read "$1" >"$W/read" || return 1
	if [ "$2" = - ]; then want=- kind=page
	else
		kind=unsubscribe
		$M token make "$2" --scope "$3" | sed -n 's/^url *//p' >"$W/url"
		want=$($M token read "$(cat "$W/url")" |
		    sed 's/.*recipient=//')
	fi
	grep -q "^result=valid kind=$kind scope=$3 .*recipient=$want\$" \
	    "$W/read" || { echo "$1 for $2:"; cat "$W/read"; return 1; }
}

# all_links - each line of $W/links is a link for its recipient
all_links() {
	scope=news
	n=0
	while IFS='	' read -r who link; do
		n=$((n + 1))
		[ $n -lt 12 ] || scope=strict
		says "$link" "$(echo "$who" | tr -d '<>')" $scope || return 1
	done <"$W/links"
	[ $n = 12 ] || { echo "$n links"; cat "$W/links"; return 1; }
}

refuses_key() {
	chmod 644 "$W/token.key"
	exits 78 "$BIN/mailweir-unsubscribe" -n -c "$W/m.conf" >"$W/err" 2>&1
	rc=$?
	chmod 600 "$W/token.key"
	[ $rc = 0 ] && has "$W/err" 'm.conf:[0-9]+: token_key_file: .*0644'
}

# rotated - after a rotation and a reload, the new key signs
rotated() {
	# shellcheck disable=SC2086
	$M token rotate || return 1
	kill -USR1 "$(cat "$W/mailweir-unsubscribe.pid")"
	poke "$W/mailweir-unsubscribe.sock"
	wait_until 5 has "$W/mailweir-unsubscribe.log" ' reloaded '
}

# key_of LINE - the key id in the first link of $W/links
key_of() {
	head -1 "$W/links" | "$PYTHON" -c '
import base64, sys
print(base64.urlsafe_b64decode(sys.stdin.read().strip()[-48:])[1])'
}

t 'keys'		sh -c "umask 077; $M token genkey"
t 'configuration'	"$BIN/mailweir-unsubscribe" -n -c "$W/m.conf"
t 'a readable key is refused'	refuses_key
t 'daemon starts'	milter_daemon mailweir-unsubscribe -c "$W/m.conf"
t 'session'		milter mailweir-unsubscribe t3000-unsubscribe.lua -D "OUT=$W/links"
t 'links'		all_links
t 'key 1 signed'	test "$(key_of)" = 1
cp "$W/links" "$W/links.old"
t 'rotation'		rotated
t 'session after it'	milter mailweir-unsubscribe t3000-unsubscribe.lua -D "OUT=$W/links"
t 'key 2 signed'	test "$(key_of)" = 2
t 'links of both keys'	sh -c "cut -f2 '$W/links' '$W/links.old' | xargs $M token read"
t 'one line a decision'	test "$(grep -c ' unsubscribe ' "$W/mailweir-unsubscribe.log")" = 18
t 'refusal is logged'	has "$W/mailweir-unsubscribe.log" 'stream=strict action=refused was=none recipients=2 '
t 'no address in the log'	hasnt "$W/mailweir-unsubscribe.log" '@[ab]\.example'
t_done
