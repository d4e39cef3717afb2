#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim: keys are made, messages signed by both engines, and libopendkim and
# dkimpy verify every signature
. "$(dirname "$0")/lib.sh"
need_built mailweir
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
DKIM="$PYTHON $SRC/t/t4000-dkim.py"
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# genkey SELECTOR ARGS... - a key, its record in both forms
genkey() {
	s=$1; shift
	"$BIN/mailweir" dkim genkey --domain example.com --selector "$s" \
	    --out "$W/$s.pem" "$@" >>"$W/zone"
}

# plain - the records of the zone as NAME DATA lines
plain() {
	tr -d '\n' <"$W/zone" | sed 's/ )/ )\n/g' |
	    sed -n 's/^\([^ ]*\)\. IN TXT ( *"\(.*\)" )$/\1 \2/p' |
	    sed 's/"[[:space:]]*"//g' >"$W/keys"
	[ "$(wc -l <"$W/keys")" = "$1" ] && cat "$W/keys"
}

# config CANON ENGINE KEY... - a configuration; further lines from $EXTRA
config() {
	printf 'run_dir = %s\n[dkim]\ncanonicalization = %s\nengine = %s\n' \
	    "$W" "$1" "$2"
	printf '%s\n' "${EXTRA:-}"
	shift 2
	for k; do
		printf '[key %s]\ndomain = example.com\nselector = %s\nfile = %s\n' \
		    "$k" "$k" "$W/$k.pem"
	done
}

# sign_all DIR CONF - every message of t/data/dkim into DIR
sign_all() {
	mkdir -p "$1"
	for f in "$SRC"/t/data/dkim/*.eml; do
		[ "${f##*/}" != lone-cr.eml ] || continue
		"$BIN/mailweir" -c "$2" dkim sign "$f" >"$1/${f##*/}" || {
			echo "$f"; return 1
		}
	done
}

sign() { "$BIN/mailweir" -c "$W/conf" dkim sign "$@"; }
verify() { "$BIN/mailweir" dkim verify --keys "$W/zone" "$@"; }
# wire FILE OUT - with its long lines as smtp(8) breaks them, CRLF
wire() {
	"$PYTHON" - "$1" "$2" <<-'PY'
	import re, sys
	raw = open(sys.argv[1], "rb").read()
	head, body = re.split(rb"(?<=\n)\r?\n", raw, maxsplit=1)
	out = []
	for line in re.split(rb"\r?\n", body):
	    while len(line) > 998:
	        out.append(line[:998])
	        line = b" " + line[998:]
	    out.append(line)
	open(sys.argv[2], "wb").write(re.sub(rb"\r?\n", b"\r\n", head) + b"\r\n" +
	                              b"\r\n".join(out))
	PY
}
wire_all() {
	mkdir -p "$2"
	for f in "$1"/*.eml; do wire "$f" "$2/${f##*/}" || return 1; done
}

# --- keys ---
t 'an RSA key'			genkey rsa
t 'mode 0600'			[ "$(stat -c %a "$W/rsa.pem")" = 600 ]
t 'an Ed25519 key'		genkey ed --algorithm ed25519
t 'a small one'			genkey small --bits 1024
t 'a large one'			genkey large --bits 4096
t 'too small is refused'	exits 64 genkey tiny --bits 512
t 'a file is not overwritten'	exits 73 genkey rsa
t 'a bad selector'		exits 64 genkey 'a;b'
t 'records can be read'		plain 4
t 'strings of at most 255'	not grep -E '"[^"]{256}' "$W/zone"
t 'openssl takes the key'	openssl pkey -in "$W/rsa.pem" -noout
openssl rsa -in "$W/rsa.pem" -traditional -out "$W/pkcs1.pem" 2>/dev/null
openssl pkcs8 -topk8 -in "$W/rsa.pem" -passout pass:secret \
    -out "$W/locked.pem" 2>/dev/null
printf 'secret\n' >"$W/pass"; chmod 600 "$W/pass" "$W"/*.pem
config relaxed/relaxed native rsa ed >"$W/conf"
t 'check against the records'	"$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/zone"
t 'says so'			[ "$(cut -f 2 "$W/out.$N" | sort -u)" = ok ]
sed 's/^ed\./no./' "$W/keys" >"$W/other"
t 'a record that is missing'	exits 65 "$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/other"
t 'is named'			has "$W/out.$N" '^ed	missing'
sed '/^rsa/s/p=.*/p=/;s/^ed\(.*\)k=ed25519; \(.*\)/ed\1k=rsa; \2/' "$W/keys" >"$W/other"
t 'revoked, and another kind'	exits 65 "$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/other" --json
t 'are named'			has "$W/out.$N" '"state":"revoked"'

# --- both engines, all canonicalisations ---
for canon in relaxed/relaxed simple/simple relaxed/simple simple/relaxed; do
	c=$(echo $canon | tr -d /)
	# libopendkim makes no good Ed25519 signature over simple headers
	case $canon in simple/*) second=large ;; *) second=small ;; esac
	config $canon native rsa ed >"$W/conf"
	config $canon libopendkim rsa $second >"$W/ref.conf"
	t "$canon: sign"		sign_all "$W/n.$c" "$W/conf"
	t "$canon: libopendkim signs"	sign_all "$W/r.$c" "$W/ref.conf"
	wire_all "$W/n.$c" "$W/nw.$c"; wire_all "$W/r.$c" "$W/rw.$c"
	t "$canon: verifies"		verify "$W/nw.$c"/*.eml
	t "$canon: two signatures each" [ "$(grep -c pass "$W/out.$N")" = \
	    "$((2 * $(ls "$W/nw.$c" | wc -l)))" ]
	t "$canon: theirs verifies"	verify "$W/rw.$c"/*.eml
	t "$canon: dkimpy agrees"	$DKIM verify "$W/keys" "$W/nw.$c"/*.eml
	$DKIM bh "$W/n.$c"/*.eml | grep rsa >"$W/bh.n"
	$DKIM bh "$W/r.$c"/*.eml | grep rsa | sort -u >"$W/bh.r"
	t "$canon: same bh"		same "$W/bh.n" "$W/bh.r"
done

# --- what is covered ---
config relaxed/relaxed native rsa ed >"$W/conf"
l=$W/n.relaxedrelaxed/list.eml
t 'one-click fields are covered' $DKIM covers "$l" List-Unsubscribe \
    List-Unsubscribe-Post Feedback-ID CFBL-Address List-Id From
t 'absent List fields are not'	not $DKIM covers "$W/n.relaxedrelaxed/plain.eml" List-Id
t 'no signature in another'	$DKIM deaf "$l"
EXTRA='sign_headers = subject' config relaxed/relaxed native rsa >"$W/conf"
sign "$SRC/t/data/dkim/list.eml" >"$W/few.eml"
t 'also with a short list'	$DKIM covers "$W/few.eml" List-Unsubscribe \
    List-Unsubscribe-Post From
for field in List-Unsubscribe From Subject; do
	sed "s/^$field: /$field: x/" "$l" >"$W/changed.eml"
	t "$field changed"		exits 65 verify "$W/changed.eml"
	sed "1i $field: eve@example.com" "$l" >"$W/changed.eml"
	t "$field added"		exits 65 verify "$W/changed.eml"
done
sed 's/^x$/y/;s/^x\r$/y\r/' "$l" >"$W/changed.eml"
t 'body changed'		exits 65 verify "$W/changed.eml"

# --- key files ---
config relaxed/relaxed native pkcs1 >"$W/conf"
t 'PKCS#1'			sign "$SRC/t/data/dkim/plain.eml"
config relaxed/relaxed native locked >"$W/conf"
t 'encrypted, no passphrase'	exits 78 sign "$SRC/t/data/dkim/plain.eml"
t 'says what to do'		has "$W/out.$N" 'conf:[0-9]+: file: .*passphrase_file'
printf 'passphrase_file = %s\n' "$W/pass" >>"$W/conf"
t 'encrypted'			sign "$SRC/t/data/dkim/plain.eml"
chmod 644 "$W/pass"
t 'passphrase open to all'	exits 78 sign "$SRC/t/data/dkim/plain.eml"
chmod 644 "$W/rsa.pem"; config relaxed/relaxed native rsa >"$W/conf"
t 'key open to all'		exits 78 sign "$SRC/t/data/dkim/plain.eml"
t 'with its line'		has "$W/out.$N" 'conf:[0-9]+: file: .*0644'
chmod 600 "$W/rsa.pem"

# --- bad messages: refused with a reason, or signed right ---
config relaxed/relaxed native rsa ed >"$W/conf"
printf 'To: x\n\nno From\n' >"$W/bad.eml"
t 'no From'			exits 65 sign "$W/bad.eml"
t 'with the reason'		has "$W/out.$N" 'no From field'
{ yes 'From: a@example.com' | head -n 1500; printf '\nx\n'; } >"$W/bad.eml"
t 'many From'			exits 65 sign "$W/bad.eml"
t 'with the reason'		has "$W/out.$N" 'more than one From'
{ printf 'From: a@example.com\n'; yes 'To: b@example.com' | head -n 1500
  printf '\nx\n'; } >"$W/bad.eml"
t 'many To'			exits 65 sign "$W/bad.eml"
t 'with the reason'		has "$W/out.$N" 'header fields to sign'
t 'lone CR'			exits 65 sign "$SRC/t/data/dkim/lone-cr.eml"
t 'with the reason'		has "$W/out.$N" 'a CR that ends no line'
printf 'From: a\r@example.com\n\nx\n' >"$W/bad.eml"
t 'lone CR in the header'	exits 65 sign "$W/bad.eml"
{ printf 'From: a@example.com\nSubject: x\n'; yes ' more' | head -n 300000
  printf '\nx\n'; } >"$W/bad.eml"
t 'a field of 1.5 MB'		exits 65 sign "$W/bad.eml"
t 'with the reason'		has "$W/out.$N" 'over_limit.*header_size'
printf 'From: a@example.com\nthis is no header\n\nx\n' >"$W/bad.eml"
t 'header without colon'	sh -c '"$1" -c "$2" dkim sign "$3" >"$4"' x \
    "$BIN/mailweir" "$W/conf" "$W/bad.eml" "$W/signed.eml"
t 'is signed right'		verify "$W/signed.eml"
printf 'DKIM-Signature: v=1; d=x.example; b=xx\nFrom: a@example.com\n\nx\n' |
    sign - >"$W/signed.eml"
t "a stranger's is malformed"	exits 65 verify "$W/signed.eml"
t 'which is said'		has "$W/out.$N" 'permerror.*malformed'
t 'ours verify all the same'	[ "$(grep -c '	pass	' "$W/out.$((N - 1))")" = 2 ]

"$PYTHON" - "$W" <<'PY'
import dkim, sys
w = sys.argv[1]
m = b"From: a@example.com\r\n\r\nhi\r\n"
key = open(w + "/rsa.pem", "rb").read()
s = dkim.sign(m, b"rsa", b"example.com", key, length=True,
              include_headers=[b"from"])
open(w + "/l.eml", "wb").write(s + m)
open(w + "/more.eml", "wb").write(s + m + b"and more\r\n")
PY
t 'l= of the whole body'	verify "$W/l.eml"
t 'l= and more'			exits 65 verify "$W/more.eml"
t 'with the reason'		has "$W/out.$N" 'fail.*l= leaves out'
config relaxed/relaxed native rsa >"$W/conf"
echo 'identity = @sub.example.com' >>"$W/conf"
sed '/^rsa/s/$/; t=s/' "$W/keys" >"$W/other"
t 'i= below d='			"$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/keys"
t 'i= below d=, t=s'		exits 65 "$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/other"
sed '/^rsa/s/$/; t=y : s ; s=* : email/' "$W/keys" >"$W/other"
t 'blanks between the flags'	exits 65 "$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/other"
t 'are no part of them'	has "$W/out.$N" ' testing'
sed 's/^domain = .*/domain = co.uk/;/^identity/d' "$W/conf" >"$W/suffix.conf"
t 'a key of a public suffix'	exits 65 "$BIN/mailweir" -c "$W/suffix.conf" dkim check --keys "$W/keys"
t 'is noted'			has "$W/out.$N" ' suffix'
sed 's/^domain = .*/domain = co.example/;/^identity/d' "$W/conf" >"$W/suffix.conf"
t 'a key of a domain'		exits 65 "$BIN/mailweir" -c "$W/suffix.conf" dkim check --keys "$W/keys"
t 'is not'			hasnt "$W/out.$N" ' suffix'

t_done
