# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# steps.sh - the mail that goes through, and what must become of it

COVERED=list-unsubscribe,list-unsubscribe-post,feedback-id,x-mailweir-score
BOUNCES=bounces@bounces.sender.example

compose() { "$PYTHON" "$QS/compose.py" "$@"; }

# send NAME FROM TO [PORT] - $D/mail/NAME by SMTP; the replies in $REPLY
send() {
	REPLY=$D/tmp/reply
	"$SRC/t/smtp.py" "${4:-$PF_PORT}" "$2" "$3" "$D/mail/$1" >"$REPLY"
}

# refusal - the reply that was not 250, without the command
refusal() { grep -Ev ' (250|354) ' "$REPLY" | head -n 1 | sed 's/^[A-Z]* \([^ ]*@[^ ]* \)\{0,1\}//'; }

msgid() { sed -n 's/^Message-ID: *//Ip' "$D/mail/$1" | head -n 1; }

# arrived NAME TO - the file that the world got, or nothing
arrived() {
	for f in $(pf_world "$2"); do
		grep -qF "$(msgid "$1")" "$f" && { echo "$f"; return; }
	done
}

# field FILE NAME - a header field of a message, unfolded
field() {
	awk -v n="$2" 'BEGIN { n = tolower(n) ":" }
	    /^\r?$/ { exit }
	    /^[ \t]/ { if (on) { sub(/^[ \t]+/, " "); v = v $0 } next }
	    { on = index(tolower($0), n) == 1; if (on) v = v substr($0, length(n) + 1) }
	    END { sub(/^ /, "", v); print v }' "$1"
}

# said PROGRAM REGEX - the last such event of its log, without what the row
# says already; the whole line stands in $D/log
said() {
	grep -E "$2" "$LOG/mailweir-$1.log" | tail -n 1 | sed -E '
		s/^[^ ]* [^ ]* //
		s/ (qid|policy|rcpt|sender|case|source|report|diagnostic|id|to|recipient|recipients|was|verp|n|us|truncated)=("[^"]*"|[^ ]*)//g
		s/ [a-z_]+=(-|"")( |$)/ /g
		s/ [a-z_]+=(-|"")( |$)/ /g
		s/ *$//'
}

# lacks FILE NAME... - the header fields that are not there
lacks() {
	f=$1; shift
	for n; do [ -n "$(field "$f" "$n")" ] || printf '%s ' "$n"; done
}

# --- out: a newsletter, dressed and signed

newsletter() {	# TO
	compose newsletter "$1" >"$D/mail/news-$1"
	right=ok out='' f=
	if send "news-$1" "$BOUNCES" "$1"; then
		pf_settle
		f=$(arrived "news-$1" "$1")
	fi
	if [ -z "$f" ]; then
		out="not delivered: $(refusal)" right='delivered'
	else
		missing=$(lacks "$f" List-Unsubscribe List-Unsubscribe-Post \
		    Feedback-ID List-Id X-Mailweir-Score)
		if "$PYTHON" "$QS/verify.py" "$f" "$D/dns/zone" >"$D/tmp/sigs" &&
		    [ "$(grep -c " valid covers=$COVERED\$" "$D/tmp/sigs")" = 2 ]
		then signed='signatures valid: '$(cut -d ' ' -f 1 "$D/tmp/sigs" | paste -sd ' ')
		else signed="SIGNATURES: $(paste -sd ';' "$D/tmp/sigs")" right='two valid signatures over the List headers'
		fi
		$MW dkim verify --keys "$D/dns/zone" "$(clean "$f")" \
		    >"$D/tmp/verify" 2>&1 || right='valid for libopendkim, too'
		[ -z "$missing" ] || right="with $missing"
		out="delivered; $signed"
	fi
	row "newsletter to ${1%@*}" "$out" \
	    "$(said unsubscribe ' unsubscribe '); $(said dkim ' dkim_signed ')" \
	    "$right"
}

# clean FILE - the message without smtp-sink's lines in front
clean() {
	sed '1,/^Received:/{/^X-[A-Za-z]*-\(Args\|Addr\|Proto\): /d}' "$1" >"$D/tmp/clean"
	echo "$D/tmp/clean"
}

show_headers() {
	f=$(arrived news-ann@world.example ann@world.example)
	[ -n "$f" ] || return
	echo
	echo '    what ann got, among other fields:'
	for n in List-Unsubscribe List-Unsubscribe-Post List-Id Feedback-ID \
	    X-Mailweir-Score; do
		printf '      %s: %s\n' "$n" "$(field "$f" $n)" | cut -c 1-130
	done
	grep -A 1 '^DKIM-Signature:' "$f" | sed 's/^/      /'
	echo '    and dkimpy says of the signatures:'
	"$PYTHON" "$QS/verify.py" "$f" "$D/dns/zone" | sed 's/^/      /'
	echo
}

# --- back: a complaint, a bounce, an unsubscribe, each about that very mail

came_back() {	# WHAT FROM TO EXPECTED-EVENT ADDRESS REASON
	right=ok out=
	send "back-$1" "$2" "$3" "$MX" || right='accepted by Postfix'
	pf_settle || right='taken by mailweir-ingest'
	$MW show --json "$4" >"$D/tmp/show" 2>&1
	if grep -q "\"$5\"" "$D/tmp/show"
	then out="stored: $5 for ${4%@*}"
	else out="not stored: $(tail -n 1 "$D/tmp/show")" right="stored: $5"
	fi
	row "$1 about ${4%@*}'s newsletter, from the world" "$out" \
	    "$(said ingest ' feedback ')" "$right"
}

feedback() {
	news() { arrived "news-$1" "$1"; }
	compose complaint "$(news ann@world.example)" fbl@world.example \
	    fbl@fbl.sender.example >"$D/mail/back-complaint"
	verp=$(compose sender "$(news bob@world.example)")
	compose bounce "$(news bob@world.example)" "$verp" >"$D/mail/back-bounce"
	compose unsubscribe "$(news cat@world.example)" >"$D/mail/back-unsubscribe"
	to=$(compose mailto "$(news cat@world.example)")

	came_back complaint fbl@world.example fbl@fbl.sender.example \
	    ann@world.example complaint
	came_back bounce '' "$verp" bob@world.example hard-bounce
	came_back unsubscribe cat@world.example "$to" cat@world.example optout
}

feedback_twice() {
	before=$($MW show ann@world.example)
	right=ok out='nothing changed'
	send back-complaint fbl@world.example fbl@fbl.sender.example "$MX" ||
	    right='accepted by Postfix'
	pf_settle
	[ "$before" = "$($MW show ann@world.example)" ] ||
	    out='counted twice' right='counted once'
	row 'the same complaint once more' "$out" \
	    "$(said ingest ' feedback ')" "$right"
}

# page_of TO - the page behind the link that TO got, on this machine
page_of() {
	field "$(arrived "news-$1" "$1")" List-Unsubscribe |
	    sed -n 's|.*<https://u\.sender\.example\(/u/[^>]*\)>.*|\1|p' |
	    sed "s|^|http://127.0.0.1:$WEB|"
}

# http URL [FORM] - status of a GET, or of a POST of that form
http() {
	"$PYTHON" -c '
import sys, urllib.request
data = sys.argv[2].encode() if len(sys.argv) > 2 else None
with urllib.request.urlopen(sys.argv[1], data, 20) as f:
    print(f.status)' "$@" 2>&1 | tail -n 1
}

# pressed - a link scanner looks, then the mailbox provider's button is pressed
pressed() {
	right=ok
	looked=$(http "$(page_of "$1")")
	$MW show "$1" >"$D/tmp/before" 2>&1
	out=$(http "$(page_of "$1")" List-Unsubscribe=One-Click)
	$MW show --json "$1" >"$D/tmp/show" 2>&1
	[ "$looked-$out" = 200-200 ] && grep -q '"optout"' "$D/tmp/show" &&
	    ! grep -q optout "$D/tmp/before" ||
	    right='looking changes nothing; the press is stored'
	row "${1%@*}'s one-click unsubscribe, by HTTP" \
	    "GET $looked: nothing stored; POST $out: stored: optout for ${1%@*}" \
	    "$(said web ' web_press ')" "$right"
}

# --- out again

refused() {	# WHAT FROM TO REASON
	compose "$1" "$3" >"$D/mail/again-$1-$3"
	right=ok
	send "again-$1-$3" "$2" "$3"
	case $?-$(refusal) in
	1-550\ 5.[0-9].[0-9]*$4*)	;;
	*)	right="550, naming $4" ;;
	esac
	out=$(refusal)
	row "$1 to ${3%@*}" "${out:-accepted}" \
	    "$(said suppress "suppressed .*rcpt=<$3>")" "$right"
}

passes() {	# WHAT FROM TO WHY
	compose "$1" "$3" >"$D/mail/again-$1-$3"
	right=ok out=delivered
	if ! send "again-$1-$3" "$2" "$3"; then
		out=$(refusal) right=delivered
	elif ! pf_settle || [ -z "$(arrived "again-$1-$3" "$3")" ]; then
		out='accepted, not delivered' right=delivered
	fi
	row "$1 to ${3%@*}" "$out" "$4" "$right"
}

# by_sendmail - nobody is refused here: cat is taken out, dan gets it
by_sendmail() {
	compose newsletter dan@world.example >"$D/mail/cron"
	right=ok
	pf_sendmail -f news@sender.example cat@world.example dan@world.example \
	    <"$D/mail/cron" || right='accepted'
	pf_settle
	if [ -n "$(arrived cron dan@world.example)" ] &&
	    [ -z "$(arrived cron cat@world.example)" ]
	then out='delivered to dan, not to cat'
	else out="dan: $(arrived cron dan@world.example), cat: $(arrived cron cat@world.example)" right='dan only'
	fi
	row 'newsletter to cat and dan by sendmail(1)' "$out" \
	    "$(said suppress 'cat@')" "$right"
}

# --- keywords

held() {
	compose offer dan@world.example >"$D/mail/offer"
	right=ok out='not held'
	send offer sales@sender.example dan@world.example
	pf_settle
	id=$(pf_queue hold | head -n 1)
	if [ -n "$id" ]; then
		postcat -c "$PF_DIR/etc" -qh "$id" >"$D/tmp/held" 2>/dev/null
		out="held as $id; X-Mailweir-Score: $(field "$D/tmp/held" X-Mailweir-Score), X-Mailweir-Hits: $(field "$D/tmp/held" X-Mailweir-Hits)"
	fi
	[ -n "$id" ] && [ -z "$(arrived offer dan@world.example)" ] &&
	    [ -n "$(field "$D/tmp/held" X-Mailweir-Score)" ] &&
	    [ -n "$(field "$D/tmp/held" X-Mailweir-Hits)" ] &&
	    [ -n "$(said keyword 'verdict=hold .*QS_WIRE')" ] ||
	    right="in Postfix's hold queue, with score and hits, also in the log"
	row 'an offer full of keywords' "$out" "$(said keyword 'QS_WIRE')" "$right"
}

tagged() {
	compose invoice dan@world.example >"$D/mail/invoice"
	right=ok out='not delivered'
	send invoice billing@sender.example dan@world.example
	pf_settle
	f=$(arrived invoice dan@world.example)
	if [ -n "$f" ]; then
		out="delivered; X-Mailweir-Tag: $(field "$f" X-Mailweir-Tag)"
		[ -n "$(field "$f" X-Mailweir-Tag)" ] || right='tagged'
	else
		right='delivered, tagged'
	fi
	row 'an invoice with one tagged word' "$out" \
	    "$(said keyword 'QS_ACCOUNT')" "$right"
}

# --- lists

imported() {
	{
		echo 'email,reason'
		seq -f 'user%05g@import.example,unsubscribed' 1 3000
	} >"$D/mail/import.csv"
	right=ok
	if ! $MW import "$D/mail/import.csv" --format csv --column email \
	    --scope newsletter --reason import >"$D/tmp/import" 2>&1; then
		right='imported'
	fi
	$MW show user02999@import.example >"$D/tmp/show" 2>&1
	grep -q import "$D/tmp/show" || right='3000 rows in the store'
	row 'a list of 3000 rows: mailweir import' \
	    "$(paste -sd ' ' "$D/tmp/import" | cut -c 1-160)" \
	    'mailweir import import.csv --scope newsletter --reason import' \
	    "$right"
}

cleansed() {
	{
		echo 'name,email'
		seq -f '%05g' 2501 3500 |
		    sed 's/.*/User &,user&@import.example/'
		echo 'Ann,Ann@World.example'
		echo 'Bob,bob@world.example'
		echo 'Dan,dan@world.example'
	} >"$D/mail/mailing.csv"
	right=ok
	$MW cleanse "$D/mail/mailing.csv" --format csv --column email \
	    --stream newsletter --removed "$D/tmp/removed.csv" \
	    >"$D/tmp/cleansed.csv" 2>"$D/tmp/cleanse" || right='cleansed'
	n=$(grep -c '@' "$D/tmp/cleansed.csv")
	{ [ "$n" = 501 ] && grep -q '^Dan,dan@world.example' "$D/tmp/cleansed.csv" &&
	    ! grep -qi '^ann,\|^bob,' "$D/tmp/cleansed.csv"; } ||
	    right='501 rows left: 500 users and Dan'
	row 'a mailing list of 1003 rows: mailweir cleanse' "$n rows left" \
	    "$(paste -sd ' ' "$D/tmp/cleanse" | tr -s ' ')" "$right"
}

audited() {
	right=ok
	out=$($MW journal verify 2>&1) || right='an unbroken chain'
	row 'the audit trail: mailweir journal verify' "${out%%, head*}" \
	    "$($MW journal show 2>/dev/null | tail -n 1)" "$right"
}

all_steps() {
	began=$(date +%s)
	head_line
	for who in ann bob cat dan eve; do newsletter $who@world.example; done
	show_headers
	feedback
	feedback_twice
	pressed eve@world.example
	refused newsletter $BOUNCES ann@world.example complaint
	refused newsletter $BOUNCES bob@world.example hard-bounce
	refused newsletter $BOUNCES cat@world.example optout
	refused newsletter $BOUNCES eve@world.example optout
	passes newsletter $BOUNCES dan@world.example 'nothing is known of dan'
	passes reset account@sender.example cat@world.example \
	    'an unsubscribe never stops class security'
	refused reset account@sender.example bob@world.example hard-bounce
	by_sendmail
	held
	tagged
	imported
	refused newsletter $BOUNCES user02999@import.example import
	cleansed
	audited
	say "$(($(date +%s) - began)) s"
}
