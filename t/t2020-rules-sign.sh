#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rules: who stands for a file; what is not signed, changed since, signed by a
# stranger, or approved by its own author is refused, and the old rules stay
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-keyword
need openssl

R="$BIN/mailweir rules"
mkdir "$W/r"
A=$W/r/a.cf
cat >"$A" <<'END'
body     WORD	/\bword\b/
describe WORD	Says word
ok       WORD	a word
END
for who in ann ann2 bob eve; do
	(umask 077; openssl genpkey -algorithm ed25519 -out "$W/$who.key") &&
	openssl pkey -in "$W/$who.key" -pubout -out "$W/$who.pub" ||
	    bail 'no keys'
done
(umask 077; openssl genpkey -algorithm rsa -out "$W/rsa.key" 2>/dev/null)
openssl pkey -in "$W/rsa.key" -pubout -out "$W/rsa.pub"
cp "$W/ann.key" "$W/open.key" && chmod 644 "$W/open.key"

# conf MORE... - a configuration with these lines in its [rules] section
conf() {
	printf 'run_dir = %s\nstate_dir = %s\n[rules ours]\npath = %s/r\n' \
	    "$W" "$W" "$W" >"$W/m.conf"
	[ $# = 0 ] || printf '%s\n' "$@" >>"$W/m.conf"
	printf '[stream all]\nclass = bulk\n' >>"$W/m.conf"
}
people() {
	conf "signers = ann:$W/ann.pub, bob:$W/bob.pub, ann:$W/ann2.pub" "$@"
}
check() { "$BIN/mailweir" -c "$W/m.conf" rules check >"$W/out" 2>"$W/err"; }
good() { check || { cat "$W/err"; return 1; }; }
shows() { good && has "$W/out" "$1"; }
refused() { exits 78 check && has "$W/err" "$1"; }
sign() {	# WHO FILE...
	who=$1; shift
	$R sign --name "$who" --key "$W/$who.key" "$@"
}
approve() {	# WHO FILE...
	who=$1; shift
	$R approve --name "$who" --key "$W/$who.key" "$@"
}
told() {	# WHY COMMAND...
	why=$1; shift
	not "$@" 2>"$W/err" && has "$W/err" "$why"
}
lists() {
	"$BIN/mailweir" -c "$W/m.conf" rules list >"$W/list" &&
	has "$W/list" '^WORD	.*	Says word	signed by ann, approved by bob$' &&
	"$BIN/mailweir" -c "$W/m.conf" rules list --json >"$W/list" &&
	has "$W/list" '"signed_by":"ann","approved_by":"bob"'
}
fresh() { rm -f "$A.sig"; sign ann "$A" && approve bob "$A"; }
# forged AWK WHY - FILE.sig rewritten like that is refused, and put back
forged() {
	awk "$1" "$W/a.sig" >"$A.sig" && ! cmp -s "$A.sig" "$W/a.sig" &&
	refused "$2" || return 1
	cp "$W/a.sig" "$A.sig"
}
includes() {
	echo '# nothing' >"$W/d.cf" && echo 'include ../d.cf' >"$W/r/c.cf" &&
	sign ann "$W/r/c.cf" && approve bob "$W/r/c.cf" &&
	refused 'd\.cf: is not signed' && rm "$W/r/c.cf" "$W/r/c.cf.sig"
}
beside() {
	echo '# nothing' >"$W/r/c.cf" && refused 'r/c\.cf: is not signed' &&
	rm "$W/r/c.cf"
}
moved() {
	mv "$A" "$W/r/b.cf" && mv "$A.sig" "$W/r/b.cf.sig" && good &&
	mv "$W/r/b.cf" "$A" && mv "$W/r/b.cf.sig" "$A.sig"
}
changed() {
	sed -i '$s/$/ /' "$A" && refused 'a\.cf\.sig:1: ann signed something else' &&
	told 'has to sign them again' approve bob "$A"
}
# the faults of the rules are told besides those of the signatures
at_once() {
	sed -i '2s/^/x/' "$A" && refused 'a\.cf:2: xdescribe' &&
	has "$W/err" 'a\.cf\.sig:2: bob signed something else' &&
	cp "$W/a.cf" "$A" && good
}

conf
t 'without signers nothing is asked' good
conf 'require_signature = yes'
t 'a signature of nobody'	refused 'require_signature: without signers'
conf 'approvals = 1'
t 'an approval of nobody'	refused 'approvals: without signers'
conf 'signers = ann'
t 'a signer without a file'	refused 'signers: want NAME:FILE'
conf "signers = ann:$W/none.pub"
t 'a key that is not there'	refused 'none\.pub: No such file'
conf "signers = ann:$W/ann.key"
t 'a private key as public one'	refused 'ann\.key: not an Ed25519 public key'
conf "signers = ann:$W/rsa.pub"
t 'an RSA key'			refused 'rsa\.pub: not an Ed25519 public key'
conf "signers = ann:$W/ann.pub, bob:$W/ann.pub"
t 'one key, two people'		refused 'ann\.pub: the same key as that of ann'

people
t 'signers alone ask for nothing' good
people 'require_signature = yes'
t 'not signed'			refused 'r/a\.cf: is not signed by its author'
t 'a key that others can read'	told 'open\.key: ' sign open "$A"
t 'a key that is RSA'		told 'want an Ed25519 key' sign rsa "$A"
t 'a name that is none'		told 'name: letters' $R sign --name 'a b' --key "$W/ann.key" "$A"
t 'nothing was written'		test ! -e "$A.sig"
t 'nothing to approve yet'	told 'no signature to approve' approve bob "$A"
t 'signed'			sign ann "$A"
t 'is read'			shows '^file .*r/a\.cf, signed by ann$'
people 'approvals = 1'
t 'not approved'		refused 'r/a\.cf: has 0 of 1 approvals'
t 'by its author: not made'	told 'with this key already' approve ann "$A"
t 'by his other key: made'	approve ann2 "$A"
t 'and refused'			refused 'a\.cf\.sig:2: ann twice'
t 'signed again'		sign ann "$A"
t 'has no approvals'		refused 'has 0 of 1 approvals'
t 'approved'			approve bob "$A"
t 'is read'			shows 'signed by ann, approved by bob$'
t 'list names them'		lists
cp "$A" "$W/a.cf" && cp "$A.sig" "$W/a.sig"

# what somebody may try who can write the files, and has no key of ours
t 'one octet more'		changed
t 'all faults at once'		at_once
t 'moved with its signature'	moved
t 'an approval as signature'	forged 'NR == 2 { $1 = "sign"; print }' \
				    'sig:1: bob signed something else'
t 'a signature as approval'	forged '{ print } NR == 1 { s = $0 } END { sub("sign", "approve", s); print s }' \
				    'sig:3: ann signed something else'
t "another name"		forged 'NR == 1 { $2 = "bob" } { print }' \
				    'sig:1: ann signed something else'
t 'a later date'		forged 'NR == 1 { $4 = "2031-01-01T00:00:00Z" } { print }' \
				    'sig:1: ann signed something else'
t 'no author'			forged 'NR == 2' 'a\.cf: is not signed by its author'
t 'no signature at all'		forged '{ print "sign ann" }' 'sig:1: want sign or approve'
people 'approvals = 2'
t 'an approval twice'		forged '{ print } NR == 2' 'sig:3: bob twice'
people 'approvals = 1'
t 'a stranger called ann'	$R sign --name ann --key "$W/eve.key" "$A"
t 'is none of ours'		refused 'sig:1: the key of ann is not among'
t 'signed by us again'		fresh
t 'a file beside it'		beside
t 'a file that it includes'	includes

# a reload keeps the rules that were signed
stats() {
	"$BIN/mailweir" -c "$W/m.conf" stats >"$W/stats" 2>&1
	has "$W/stats" " 1  mailweir_reloads_total.result=.$1"
}
reload() { kill -USR1 "$(cat "$W/mailweir-keyword.pid")"; }
logged() { has "$W/mailweir-keyword.log" "$1"; }
hits() {
	"$PYTHON" "$SRC/t/t2000-keyword.py" "$W/mailweir-keyword.sock" word \
	    >"$W/session" && has "$W/session" "^word h X-Mailweir-Hits +$1=1\.0$"
}
t 'the daemon starts'		milter_daemon mailweir-keyword -c "$W/m.conf"
t 'its rules hit'		hits WORD
sed -i 's/WORD/OTHER/' "$A"
t 'changed by a stranger'	reload
t 'is refused in the log'	wait_until 10 logged 'reload_failed .*a\.cf\.sig:1: ann'
t 'and in mailweir stats'	wait_until 10 stats failed
t 'the old ones are in force'	hits WORD
t 'signed and approved'		fresh
t 'it is taken'			reload
t 'says the log'		wait_until 10 logged '^[^ ]+ .*reloaded'
t 'and mailweir stats'		wait_until 10 stats ok
t 'the new ones hit'		hits OTHER
t_done
