#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# chain: what mailweir-chain makes of a message is octet for octet what the four
# milters in a row make of it, by SMTP and by sendmail(1)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
need_built mailweir-chain
suite_new
MAILWEIR_FAKE_TIME=1795284000
export MAILWEIR_FAKE_TIME

four='suppress keyword unsubscribe dkim'
for m in $four chain; do
	printf '[%s]\n' "$m"; suite_socket "$m"
	[ $m != keyword ] || echo "rules = $W/rules.d"
done | suite_conf
suite_conf <<EOT
[key rsa]
domain = sender.example
selector = rsa
file = $W/rsa.pem
[key ed]
domain = sender.example
selector = ed
file = $W/ed.pem
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
unsubscribe = add
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
list_id = <news.sender.example>
feedback_id = november:news:bulk:sender01
[stream listed]
match_header = List-Id:digest.sender.example
class = bulk
scopes = newsletter
unsubscribe = replace
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
$(cat "$SRC/t/data/refuse.conf")
EOT
cp "$SRC/t/data/rules/three.cf" "$W/rules.d/t.cf"

# Cases: name, sender, recipients; the message on standard input, in $W/in
mkdir "$W/in" "$W/four" "$W/chain"
: >"$W/cases"
mail() {
	echo "$1 $2 $3" >>"$W/cases"
	{
		printf 'From: Sender <%s>\nTo: list@world.example\n' "$2"
		printf 'Message-ID: <%s@sender.example>\n' "$1"
		printf 'Date: Sat, 21 Nov 2026 12:00:00 +0000\n'
		cat
	} >"$W/in/$1"
}
text='MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
'
s=@sender.example w=@world.example
mail plain news$s ann$w <<EOT
Subject: What is new
$text
Three things happened.
EOT
mail several news$s ann$w,bob$w <<EOT
Subject: What is new
$text
Three things happened.
EOT
mail suppressed news$s gone$w,ann$w <<EOT
Subject: What is new
$text
One of you has left.
EOT
mail nobody news$s gone$w <<EOT
Subject: What is new
$text
All of you have left.
EOT
mail listid digest$s gone$w,ann$w <<EOT
Subject: Digest
List-Id: The digest <digest.sender.example>
List-Unsubscribe: <mailto:old@sender.example>
$text
Known by its header only.
EOT
mail listall digest$s gone$w <<EOT
Subject: Digest
List-Id: The digest <digest.sender.example>
$text
Known by its header only.
EOT
mail required must$s ann$w,bob$w <<EOT
Subject: Refused with several
$text
One at a time.
EOT
mail tagged sales$s ann$w <<EOT
Subject: Our new
	address
$text
We have a new bank account.
EOT
mail held sales$s ann$w <<EOT
Subject: Our new address
$text
We have a new bank account and a risk-free offer.
EOT
mail refused sales$s ann$w <<EOT
Subject: ACT NOW
$text
We have a new bank account and a risk-free offer.
EOT
mail junk news$s ann$w <<EOT
Subject: =?utf-8?B?broken
X-Spaces:    many   blanks
X-Empty:
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b
$(printf '\303\050\377 eight bits')

--b
$(printf '\303\050\377\001\002 more bits')


EOT
mail empty news$s ann$w </dev/null
{ printf 'Subject: Long\n%s\n' "$text"
  "$PYTHON" -c 'print("All work and no play. " * 40 + "\n", end="")
for i in range(6000): print("line %d of a body of many pieces" % i)'
} >"$W/long"
mail long news$s ann$w <"$W/long"
{ "$PYTHON" -c 'for i in range(3000): print("X-Field-%d: v" % i)'
  printf 'Subject: Many\n%s\nx\n' "$text"; } >"$W/many"
mail many news$s ann$w <"$W/many"

# what FILE - a message without what no two runs have in common
what() {
	awk '
	/^X-(Client|Helo)-/ && head == 0	{ next }
	/^[Rr]eceived:/ && !body		{ skip = 1; next }
	skip && /^[ \t]/			{ next }
						{ skip = 0; head += !/^X-/ }
	/^$/					{ body = 1 }
						{ print }' "$1"
}

# collect FOLDER - what came out, was held, or waits, by the names of the cases
collect() {
	for f in "$PF_DIR"/world/[0-9]*; do
		[ -f "$f" ] || continue
		n=$(sed -n 's/^[Mm]essage-I[dD]: *<\([a-z]*\)@sender.*/\1/p' "$f" | head -n 1)
		what "$f" >>"$1/$n.out.$2"
	done
	rm -f "$PF_DIR"/world/[0-9]*
	for q in $(pf_queue hold); do
		postcat -c "$PF_DIR/etc" -hbq "$q" >"$W/held"
		n=$(sed -n 's/^Message-ID: *<\([a-z]*\)@sender.*/\1/p' "$W/held")
		what "$W/held" >>"$1/$n.held.$2"
	done
	postsuper -c "$PF_DIR/etc" -d ALL hold >/dev/null 2>&1
	return 0
}

# by_smtp FOLDER - every case; the replies are part of the result
by_smtp() {
	while read -r case from to; do
		"$SRC/t/smtp.py" "$PF_PORT" "$from" "$to" "$W/in/$case" |
		    sed 's/queued as .*/queued/' >"$1/$case.reply"
	done <"$W/cases"
	pf_settle 20 && collect "$1" smtp
}

# by_sendmail FOLDER - those that must not be refused for good come again, so
# only cases that end are played
by_sendmail() {
	while read -r case from to; do
		case $case in
		required|refused|many)	continue ;;
		esac
		# shellcheck disable=SC2086,SC2046
		pf_sendmail -f "$from" $(echo "$to" | tr , ' ') <"$W/in/$case"
	done <"$W/cases"
	pf_settle 20 && collect "$1" local
}

# wire NAME... - let Postfix ask these milters
wire() {
	milters=
	for m; do
		milters="$milters { unix:$W/mailweir-$m.sock, default_action=tempfail }"
	done
	# shellcheck disable=SC2016
	pf_conf "smtpd_milters = $milters" 'non_smtpd_milters = $smtpd_milters' \
	    'milter_default_action = tempfail' 'header_size_limit = 1000000'
}

t 'init'		MW init
t 'keys'		sh -c '"$1" -c "$2" dkim genkey --domain sender.example \
    --selector rsa --algorithm rsa --out "$3/rsa.pem" && "$1" -c "$2" dkim genkey \
    --domain sender.example --selector ed --algorithm ed25519 --out "$3/ed.pem"' \
    x "$BIN/mailweir" "$CONF" "$W"
t 'one has left'	MW add gone@world.example --scope newsletter --reason complaint
for m in $four chain; do
	t "mailweir-$m starts" daemon "mailweir-$m" -c "$CONF"
done
# shellcheck disable=SC2086
t 'four in a row'	wire $four
t 'Postfix starts'	pf_start
t 'four, by SMTP'	by_smtp "$W/four"
t 'four, by sendmail'	by_sendmail "$W/four"
t 'the chain'		wire chain
t 'Postfix reloads'	pf_reload
t 'chain, by SMTP'	by_smtp "$W/chain"
t 'chain, by sendmail'	by_sendmail "$W/chain"

# that something was there to compare
ls "$W/four" >"$W/ls"
t 'mail came out'	has "$W/ls" '^plain\.out\.smtp$'
t 'with signatures'	test "$(grep -c '^DKIM-Signature' "$W/four/plain.out.smtp")" = 2
t 'and a way out'	has "$W/four/plain.out.smtp" '^List-Unsubscribe-Post'
t 'one was refused'	has "$W/four/suppressed.reply" '^RCPT gone.* 550 '
t 'one was deleted'	hasnt "$W/four/listid.out.smtp" '^X-Rcpt-Args: <gone'
t 'one was held'	test -s "$W/four/held.held.smtp"
t 'one had a verdict'	has "$W/four/refused.reply" '^DATA 550 '
t 'one was too much'	has "$W/four/many.reply" '^DATA 552 5.3.4'

# alike CASE - all that came of it, both ways
alike() {
	for f in "$W/four/$1".*; do
		same "$f" "$W/chain/${f##*/}" || return 1
	done
}
# unsigned FILE - a message without its signatures
unsigned() {
	awk '
	/^DKIM-Signature:/ && !body	{ skip = 1; next }
	skip && /^[ \t]/		{ next }
					{ skip = 0 }
	/^$/				{ body = 1 }
					{ print }' "$1"
}
# also_signed CASE - alike, but signed: the chain asks dkim about held mail, and
# Postfix asks nobody
also_signed() {
	for f in "$W/four/$1".*; do
		unsigned "$W/chain/${f##*/}" >"$W/unsigned"
		same "$f" "$W/unsigned" || return 1
	done
	for f in "$W/chain/$1".held.*; do
		[ "$(grep -c '^DKIM-Signature' "$f")" = 2 ] || return 1
	done
}
while read -r case from to; do
	case $case in
	held)	t "$case: the same, signed" also_signed "$case" ;;
	*)	t "$case: the same" alike "$case" ;;
	esac
done <"$W/cases"
t 'nothing more, nothing less' sh -c 'cd "$1/four" && ls >../l1; cd ../chain && ls >../l2; diff -u ../l1 ../l2' x "$W"

# replayed CASE FROM TO - what `mailweir replay` says that would come out;
# smtp-sink ends each file with an empty line
replayed() {
	MW replay "$W/in/$1" --from "$2" --to "$3" --output "$W/$1.eml" >"$W/$1.told" &&
	    tr -d '\r' <"$W/$1.eml" >"$W/$1.lf" &&
	    sed '/^X-\(Mail\|Rcpt\)-Args:/d; $d' "$W/chain/$1.out.smtp" >"$W/$1.real" &&
	    same "$W/$1.real" "$W/$1.lf"
}
for case in plain tagged junk long; do
	from=$(awk -v c=$case '$1 == c { print $2 }' "$W/cases")
	t "$case: replay says the same" replayed $case "$from" ann@world.example
done
t_done
