#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# unsubscribe on a real Postfix: what arrives has the headers as receivers want
# them, folded and in order, and a return path with a token (VERP); a message
# from sendmail(1) gets the same
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >/dev/null || skip_all "$(pf_usable)"
need_built mailweir mailweir-unsubscribe

cat >"$W/m.conf" <<END
run_dir = $W
token_key_file = $W/token.key
store_key_file = $W/store.key
[unsubscribe]
socket_mode = 0666
[stream news]
class = bulk
match_sender = news@sender.example
unsubscribe = require
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
list_id = Our News <news.sender.example>
feedback_id = \${header:X-Campaign}:\${class}:\${stream}:acmemail
cfbl_address = fbl@sender.example
verp_address = b@b.sender.example
[stream strict]
match_sender = strict@sender.example
unsubscribe = require
multiple = reject
unsubscribe_url = https://u.sender.example/u/
END
(umask 077; printf '1 %064d\n' 7 >"$W/store.key")
M="$BIN/mailweir -c $W/m.conf"

message() {
	printf 'From: news@sender.example\nTo: x@world.example\n'
	printf 'Subject: %s\nX-Campaign: May\n' "$1"
	printf 'Feedback-ID: x:y:z:forged\nList-Unsubscribe: <mailto:a@b.example>\n'
	printf '\nHello.\n'
}

send() {
	message "$1" >"$W/msg"
	shift
	"$SRC/t/smtp.py" "$PF_PORT" news@sender.example "$@" "$W/msg"
}

# field NAME FILE - unfolded values of a header field
field() {
	sed -n '/^$/q;p' "$2" | sed 's/\r$//' |
	    awk -v n="$(echo "$1" | tr '[:upper:]' '[:lower:]'):" '
	    /^[ \t]/ { if (on) printf "%s", $0; next }
	    { if (on) print ""; on = index(tolower($0), n) == 1
	      if (on) printf "%s", substr($0, length(n) + 1) }
	    END { if (on) print "" }' | sed 's/^ //'
}

arrived() { wait_until 10 pf_world "$1"; F=$(pf_world "$1" | head -1); [ -s "$F" ]; }

names() { # FILE - our fields in their order
	sed -n '/^$/q;p' "$1" | sed -n 's/^\(List-[A-Za-z-]*\|Feedback-ID\|CFBL-[A-Za-z-]*\):.*/\1/p' | xargs
}

# link_of FILE - the https link
link_of() { field List-Unsubscribe "$1" | sed 's/^<\([^>]*\)>.*/\1/'; }

recipient_of() { # TOKEN
	# shellcheck disable=SC2086 # M is words
	$M token read "$1" | sed 's/.* recipient=//'
}

own_link() { # FILE ADDRESS - its link and return path name this recipient
	# shellcheck disable=SC2086
	want=$(recipient_of "$($M token make "$2" --scope news | sed -n 's/^url *//p')")
	from=$(sed -n 's/^X-Mail-Args: <\(b+[^>]*\)>.*/\1/p' "$1")
	[ "${#want}" = 32 ] && [ "$(recipient_of "$(link_of "$1")")" = "$want" ] &&
	    [ "$(recipient_of "$from")" = "$want" ] || {
		echo "want $want, link $(link_of "$1"), sender $from"; return 1; }
}

local_part_fits() {
	from=$(sed -n 's/^X-Mail-Args: <\([^@]*\)@.*/\1/p' "$1")
	[ "${#from}" -le 64 ] && [ "${#from}" -ge 60 ]
}

t 'keys'		sh -c "umask 077; $M token genkey"
t 'milter starts'	milter_daemon mailweir-unsubscribe -c "$W/m.conf"
pf_new "$W/pf" || bail "no Postfix instance"
at_exit pf_stop
pf_conf "smtpd_milters = unix:$W/mailweir-unsubscribe.sock" \
    "non_smtpd_milters = unix:$W/mailweir-unsubscribe.sock" \
    'milter_default_action = tempfail'
t 'Postfix starts'	pf_start

t 'one recipient'	send one ann@world.example
t 'it arrives'		arrived ann@world.example
t 'fields in order'	test "$(names "$F")" = 'List-Unsubscribe List-Unsubscribe-Post List-Id Feedback-ID CFBL-Address CFBL-Feedback-ID'
t 'one-click'		test "$(field List-Unsubscribe-Post "$F")" = 'List-Unsubscribe=One-Click'
t 'Feedback-ID is ours'	test "$(field Feedback-ID "$F")" = 'May:bulk:news:acmemail'
t 'List-Id'		test "$(field List-Id "$F")" = 'Our News <news.sender.example>'
t 'CFBL'		test "$(field CFBL-Address "$F")" = 'fbl@sender.example; report=arf'
t 'https before mailto'	sh -c 'echo "$1" | grep -Eq "^<https://u\.sender\.example/u/[A-Za-z0-9_-]{48}>,[[:space:]]*<mailto:u\+[a-z2-7]{58}@u\.sender\.example\?subject=unsubscribe>$"' - "$(field List-Unsubscribe "$F")"
t 'link and return path name him'	own_link "$F" ann@world.example
t 'return path fits'	local_part_fits "$F"

t 'several recipients'	send two bob@world.example,eve@world.example
t 'they arrive'		arrived bob@world.example
t 'a page, no one-click'	test "$(names "$F")" = 'List-Unsubscribe List-Id Feedback-ID CFBL-Address CFBL-Feedback-ID'
t 'it names nobody'	test "$(recipient_of "$(link_of "$F")")" = -
t 'sender as it was'	has "$F" '^X-Mail-Args: <news@sender\.example>'

sendmail_one() { message local | pf_sendmail -f news@sender.example dan@world.example; }
t 'sendmail(1)'		sendmail_one
t 'it arrives, too'	arrived dan@world.example
t 'with a link of his own'	own_link "$F" dan@world.example

# a refusal: the SMTP client is told, a local sender gets a bounce; the message
# is never left in the queue
strict() { "$SRC/t/smtp.py" "$PF_PORT" strict@sender.example tim@world.example,tom@world.example "$W/msg"; }
strict_told() { strict >"$W/said"; has "$W/said" '550 5\.7\.1 Mail of stream strict .*one message per recipient'; }
strict_local() { message local | pf_sendmail -f strict@sender.example tim@world.example tom@world.example; }
bounced() {
	wait_until 15 pf_world strict@sender.example && pf_settle 20 &&
	    has "$(pf_world strict@sender.example | head -1)" 'one message per'
}
nobody_got() { [ -z "$(pf_world tim@world.example)$(pf_world tom@world.example)" ]; }
t 'refused by SMTP'	strict_told
t 'refused by sendmail(1)'	strict_local
t 'as a bounce'		bounced
t 'and not delivered'	nobody_got
t_done
