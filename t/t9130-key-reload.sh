#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# key at reload: a key that cannot be read, or is none, leaves the old
# configuration in force, whole; mail is signed as before
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
need_built mailweir mailweir-chain
LOG=$W/mailweir-chain.log

play() { "$PYTHON" "$SRC/t/t9120-disk.py" "$W/mailweir-chain.sock" \
    news@sender.example ann@world.example >"$W/got"; }
signed() { play && has "$W/got" "^EDITS .*b'i', b'i'" && has "$W/got" "^END .b'c'"; }
count() { grep -c ": $1 " "$LOG"; }
reload() {	# EVENT - and wait for it
	before=$(count "$1")
	kill -HUP "$(cat "$W/mailweir-chain.pid")"
	wait_until 10 sh -c '[ "$(grep -c ": $1 " "$2")" -gt "$3" ]' x "$1" "$LOG" "$before"
}
fault() {	# NAME BREAK WHY; the key is put back afterwards
	cp -p "$W/rsa.pem" "$W/saved"
	t "$1: the reload fails"	eval "$2 && reload reload_failed"
	t "$1: the log says why"	has "$LOG" "reload_failed why=.*$3"
	t "$1: signed as before"	signed
	rm -rf "$W/rsa.pem"; mv "$W/saved" "$W/rsa.pem"
}

t 'configuration'	faults_conf
t 'starts'		faults_start chain
t 'signed'		signed
fault 'gone'		'rm "$W/rsa.pem"'		'rsa.pem: .*No such file'
fault 'read by others'	'chmod 644 "$W/rsa.pem"'	'rsa.pem.*(others|mode|chmod)'
fault 'empty'		': >"$W/rsa.pem"'		'rsa.pem'
fault 'cut off'		'head -c 600 "$W/saved" >"$W/rsa.pem"' 'rsa.pem'
fault 'a folder'	'rm "$W/rsa.pem" && mkdir "$W/rsa.pem"' 'rsa.pem'
t 'mended: it reloads'	reload reloaded
t 'and signs'		signed
t 'stops'		stop mailweir-chain
t_done
