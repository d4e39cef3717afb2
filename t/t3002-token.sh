#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir token: made and read back in every spelling, forged ones told apart,
# keys made, rotated, retired and never lost
. "$(dirname "$0")/lib.sh"
need_built mailweir

cat >"$W/m.conf" <<END
run_dir = $W
token_key_file = $W/token.key
store_key_file = $W/store.key
[stream news]
class = bulk
scopes = letters
unsubscribe = add
unsubscribe_url = https://u.example/u/
unsubscribe_mailto = u@u.example
END
M="$BIN/mailweir -c $W/m.conf"
T="$M token"
(umask 077; printf '1 %064d\n' 7 >"$W/store.key")

# shellcheck disable=SC2086 # T is words throughout
token() { $T "$@"; }
made() { sed -n "s/^$1  *//p" "$W/made"; }	# a line of the last `make`
make() { token make "$@" >"$W/made"; }
# reads TOKEN REGEX - valid, and says this
reads() { token read "$1" >"$W/read" && has "$W/read" "$2"; }
# bad RESULT TOKEN [OPTION...] - status 65 and this result
bad() {
	res=$1; shift
	exits 65 token read "$@" >"$W/read" && has "$W/read" "^result=$res( |\$)"
}
secret() { sh -c 'umask 077; "$@"' - $T "$@"; }
# says REGEX STATUS WORD... - the sentence ends so, and prints this
says() { re=$1 st=$2; shift 2; exits "$st" token "$@" >"$W/said" 2>&1 && has "$W/said" "$re"; }

t 'no key yet'		says 'token.key: No such file' 66 make a@b.example --scope x
t 'genkey'		secret genkey
t 'only its owner may read it'	test "$(stat -c %a "$W/token.key")" = 600
cp "$W/token.key" "$W/first.key"
t 'never replaces one'	says 'File exists' 73 genkey
t 'key is as it was'	same "$W/first.key" "$W/token.key"

t 'make for a stream'	make 'Ann@Example.COM' --stream news
URL=$(made url) MAIL=$(made mail)
t 'lengths'		test "${#URL} ${#MAIL}" = '48 58'
t 'its links'		test "$(made https) $(made mailto)" = "https://u.example/u/$URL u+$MAIL@u.example"
t 'by itself'		reads "$URL" '^result=valid kind=unsubscribe scope=letters issued=20'
SAID=$(cat "$W/read")
t 'mail form'		reads "$MAIL" "^$SAID\$"
t 'folded'		reads "$(echo "$MAIL" | tr '[:lower:]' '[:upper:]')" "^$SAID\$"
t 'in a link'		reads "<$(made https)>" "^$SAID\$"
t 'in an address'	reads "mailto:$(made mailto)?subject=x" "^$SAID\$"
t 'as JSON'		sh -c "$T read --json $URL | $PYTHON -c 'import json, sys; assert json.load(sys.stdin)[\"kind\"] == \"unsubscribe\"'"
t 'other spelling, same recipient'	make '<ann@example.com.>' --scope letters
t 'says the same'	reads "$(made url)" "^$SAID\$"
t 'no address inside'	hasnt "$W/made" 'ann|example'
t 'list-level'		make --kind page --scope letters
t 'names nobody'	reads "$(made url)" 'kind=page scope=letters .* store_key=0 recipient=-'
t 'unknown scope is a number'	sh -c "$T make a@b.example --scope nobody-uses | sed -n 's/^url *//p' >$W/t"
t 'of eight digits'	reads "$(cat "$W/t")" ' scope=#[0-9a-f]{8} '

t 'forged'		bad forged "EQEA${URL#????}"
t 'no token'		bad none hello
t 'one good, one bad'	exits 65 token read "$URL" x
t 'later version'	bad version "I${URL#?}"
t 'expired'		sh -c "MAILWEIR_FAKE_TIME=1999999999 $T read --max-days 30 $URL; [ \$? = 65 ]"
t 'not yet'		token read --max-days 30 "$URL"

t 'rotate'		token rotate
t 'old token is valid'	reads "$URL" "^$SAID\$"
t 'new key signs'	make ann@example.com --stream news
t 'another token'	test "$(made url)" != "$URL"
NEW=$(made url)
sed -i '/retired/d' "$W/token.key"
t 'deleted key'		bad unknown-key "$URL"
t 'new token is valid'	token read "$NEW"
t 'a key file of its own'	sh -c "$T read --keys $W/first.key $URL"

t 'no address'		says "no '@'" 65 make ann --scope x
t 'no scope'		says 'wants --scope or --stream' 64 make a@b.example
t 'bad scope'		says 'no name for a scope' 64 make a@b.example --scope 'A B'
t 'no such stream'	says 'no stream nope' 64 make a@b.example --stream nope
t 'no such kind'	says 'no kind of token' 64 make a@b.example --scope x --kind y
t 'no such sentence'	says 'makes no sentence' 64 break
t 'help'		says '^usage: mailweir token ' 0 --help
t_done
