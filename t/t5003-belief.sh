#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# who is believed: a listed reporter by its DKIM signature, and only about mail
# that we sent; forgeries of every kind are parked, in any number
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest
MW="$BIN/mailweir -c $W/conf"
cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[stream news]
class = bulk
match_sender = news@sender.example
scopes = news
[feedback]
dkim_records = $W/zone
dns_servers = none
our_domains = sender.example
[key ours]
domain = sender.example
selector = s1
file = $W/ours.pem
[key fbl]
domain = fbl.example
selector = f1
file = $W/fbl.pem
[reporter fbl]
dkim = fbl.example
from = @fbl.example
EOT
genkey() { $MW dkim genkey --domain "$1" --selector "$2" --out "$3" --algorithm ed25519 >>"$W/zone"; }
t 'init' $MW init
t 'our key' genkey sender.example s1 "$W/ours.pem"
t "the reporter's key" genkey fbl.example f1 "$W/fbl.pem"

check() { $MW check >"$W/check" 2>&1; }
t 'the configuration is good' check
t 'nothing to note' hasnt "$W/check" 'note:'
sed 's/^from = .*//' "$W/conf" >"$W/open"
t 'a reporter without from is no fault' sh -c "'$BIN/mailweir' -c '$W/open' check >'$W/check' 2>&1"
t 'but noted' has "$W/check" 'note: \[reporter fbl\]: from is empty'

# mail TO TOKEN-LINE - what we sent, signed
mail() {
	printf 'From: News <news@sender.example>\nTo: %s\nSubject: November\n%sMessage-ID: <n1@sender.example>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n\nHello.\n' "$1" "${2:-}" >"$W/unsigned"
	$MW dkim sign "$W/unsigned" >"$W/sent"
}
# dsn RECIPIENT FILE [TYPE] - a bounce from the reporter, FILE returned
dsn() {
	printf 'From: Reports <d@fbl.example>\nTo: b@b.sender.example\nSubject: Undelivered\nMessage-ID: <%s@fbl.example>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; fbl.example\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: %s\n\n' "$1-$(cksum <"$2" | cut -c 1-8)" "$1" "${3:-message/rfc822}"
	cat "$2"; printf -- '\n--b--\n'
}
sign() { $MW dkim sign "$1" >"$1.signed" && grep -q '^DKIM-Signature' "$1.signed"; }
ingest() { "$BIN/mailweir-ingest" -d -c "$W/conf" --stdin -r b@b.sender.example <"$1" >"$W/log" 2>&1; }
stored() { $MW show --json "$1" >"$W/show"; has "$W/show" '"hard-bounce"'; }
nothing() { $MW show --json "$1" >"$W/show"; hasnt "$W/show" '"hard-bounce"'; }
result() { has "$W/log" "feedback .*result=$1"; }

t 'our mail is signed' mail ann@far.example
dsn ann@far.example "$W/sent" >"$W/r1"; sign "$W/r1"
t 'signed reporter, our mail whole: taken' ingest "$W/r1.signed"
t 'believed' result changed
t 'source is the section' has "$W/log" 'source=bounce:fbl'
t 'stored' stored ann@far.example

sed '/^$/,$d' "$W/sent" >"$W/head"
dsn bob@far.example "$W/head" text/rfc822-headers >"$W/r2"; sign "$W/r2"
ingest "$W/r2.signed"
t 'our header alone is enough' result changed

t 'unsigned: parked' sh -c "sed 's/ann@far/cat@far/g' '$W/r1' >'$W/r3'"
ingest "$W/r3"
t 'not believed' result 'parked .*why=no-token-and-no-listed-reporter'
t 'nothing stored' nothing cat@far.example
sed 's/ann@far/dan@far/g' "$W/r1.signed" >"$W/r4"
ingest "$W/r4"
t 'signed, then altered: parked' result 'parked .*why=no-token'
t 'nothing stored for it' nothing dan@far.example

printf 'From: spammer@x.example\nTo: eve@far.example\nSubject: not ours\n\nBuy\n' >"$W/foreign"
dsn eve@far.example "$W/foreign" >"$W/r5"; sign "$W/r5"
ingest "$W/r5.signed"
t 'signed, but about mail that is not ours: parked' result 'parked .*why=returns-a-mail-that-is-not-ours'
sed 's/Hello/Altered/' "$W/sent" >"$W/altered"
dsn eve@far.example "$W/altered" >"$W/r6"; sign "$W/r6"
ingest "$W/r6.signed"
t 'our mail with another body: parked' result 'parked .*not-ours'
t 'nothing stored for eve' nothing eve@far.example
dsn eve@far.example "$W/sent" | sed 's/^From: .*/From: <d@other.example>/' >"$W/r7"
ingest "$W/r7"
t 'another author: parked' result 'parked .*why=no-token'

# who has a mail that the reporter signed may not read it in his own way
sed '1s/^/From: Reports <d@fbl.example>\n/' "$W/r1.signed" | sed 's/Reports <d@fbl/Mallory <m@fbl/2' >"$W/r8"
ingest "$W/r8"
t 'a second From in front: parked' result 'parked .*why=no-token'
sed 's/^file = .*fbl.pem/&\nsign_headers = From To Subject Date Message-ID\noversign_headers =\noversign_present =/' "$W/conf" >"$W/poor"
plain() {
	printf 'From: Reports <d@fbl.example>\nTo: b@b.sender.example\nSubject: Thank you\nMessage-ID: <p%s@fbl.example>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n\nYou wrote:\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; fbl.example\n\nFinal-Recipient: rfc822; gus@far.example\nAction: failed\nStatus: 5.1.1\n\n--b--\n' "$1"
}
plain 1 >"$W/r9"
"$BIN/mailweir" -c "$W/poor" dkim sign "$W/r9" >"$W/r9.signed"
t 'signed without Content-Type' has "$W/r9.signed" '^DKIM-Signature'
sed '1s/^/Content-Type: multipart\/report; report-type=delivery-status; boundary=b\n/' "$W/r9.signed" >"$W/r10"
ingest "$W/r10"
t 'a Content-Type added, text made parts: parked' result 'parked .*why=no-token'
t 'nothing stored for gus' nothing gus@far.example

many() {
	i=0
	while [ $i -lt 12 ]; do
		sed "s/ann@far/fay@far/g; s/^Message-ID: .*/Message-ID: <$i@x>/" "$W/r1" >"$W/rn"
		ingest "$W/rn" || return 1
		i=$((i + 1))
	done
	nothing fay@far.example
}
t 'no number of forged bounces weighs anything' many
t_done
