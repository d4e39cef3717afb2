#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim over the milter protocol: sessions, chunks, aborts, reloads
. "$(dirname "$0")/lib.sh"
need miltertest
need_built mailweir mailweir-dkim
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
DKIM="$PYTHON $SRC/t/t4000-dkim.py"
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
L=$W/mailweir-dkim.log

for k in 'a rsa' 'b ed25519' 'c ed25519'; do
	"$BIN/mailweir" dkim genkey --domain example.com --selector "${k% *}" \
	    --algorithm "${k#* }" --out "$W/${k% *}.pem" --plain >>"$W/keys"
done

# config CANON KEY... - $W/conf
config() {
	printf 'run_dir = %s\n[dkim]\ncanonicalization = %s\nbad_message = reject\n' \
	    "$W" "$1"
	shift
	for k; do
		printf '[key %s]\ndomain = example.com\nselector = %s\nfile = %s\n' \
		    "$k" "$k" "$W/$k.pem"
	done
}
session() { milter mailweir-dkim t4001-dkim-wire.lua -D "OUT=$W/$1"; }
reload() {
	n=$(grep -c ' reload' "$L")
	kill -USR1 "$(cat "$W/mailweir-dkim.pid")"
	wait_until 10 sh -c '[ "$(grep -c " reload" "$1")" -gt "$2" ]' x "$L" "$n"
}

for canon in relaxed/relaxed simple/simple; do
	form=$(echo $canon | tr -d /); mkdir "$W/$form"
	config $canon a b >"$W/conf"
	t "$canon: starts"		milter_daemon mailweir-dkim -c "$W/conf"
	t "$canon: a session"		session "$form"
	t "$canon: libopendkim passes"	"$BIN/mailweir" dkim verify --keys "$W/keys" "$W/$form"/*.eml
	t "$canon: dkimpy passes"	$DKIM verify "$W/keys" "$W/$form"/*.eml
	t "$canon: signed twice each"	[ "$(cat "$W/$form"/*.eml | grep -c '^DKIM-Signature')" = 8 ]
	t "$canon: one-click covered"	$DKIM covers "$W/$form/chunks.eml" \
	    List-Unsubscribe List-Unsubscribe-Post
	t "$canon: an event each"	[ "$(grep -c ' dkim_signed ' "$L")" = 4 ]
	t "$canon: no key is said"	has "$L" ' dkim_unsigned .*domain=nokey.example why="no key'
	t "$canon: two From are said"	has "$L" ' dkim_unsigned .*why="more than one From'
	[ $canon = simple/simple ] || t "$canon: stops" stop mailweir-dkim
done

# keys and tables change together, at a reload and not before
config relaxed/relaxed a c >"$W/conf"
mkdir "$W/before" "$W/after" "$W/kept"
t 'before the reload'		session before
t 'the old keys'		grep -q 's=b;' "$W/before/login.eml"
t 'reload'			reload
t 'after it'			session after
t 'the new keys'		sh -c 'grep -q "s=c;" "$1" && ! grep -q "s=b;" "$1"' x "$W/after/login.eml"
t 'verify'			"$BIN/mailweir" dkim verify --keys "$W/keys" "$W"/before/*.eml "$W"/after/*.eml
chmod 644 "$W/c.pem"
t 'a reload that fails'		reload
t 'names the key'		has "$L" 'reload.*conf:[0-9]+: file: .*c.pem: mode 0644'
t 'changes nothing'		session kept
t 'and signs as before'		"$BIN/mailweir" dkim verify --keys "$W/keys" "$W"/kept/*.eml
t 'such a start is refused'	exits 78 "$BIN/mailweir-dkim" -n -c "$W/conf"

t_done
