#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sendmail(1): on the path without SMTP nobody can be refused; a suppressed
# recipient is taken out, a message without any is discarded, nothing sticks
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
suite_new
suite_conf <<EOT
[suppress]
$(suite_socket suppress)
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
[stream lists]
match_header = List-Id:lists.sender.example
class = bulk
scopes = lists
EOT
LOG=$W/mailweir-suppress.log

post() {	# MESSAGE-FILE RCPT... - by sendmail(1)
	file=$1; shift
	pf_sendmail -f news@sender.example "$@" <"$file" && pf_settle 20
}
bounced() { grep -q 'status=bounced' "$PF_DIR/maillog"; }

newsletter x@world.example >"$W/mail"
{ echo 'List-Id: <lists.sender.example>'; cat "$W/mail"; } >"$W/listmail"

t 'start'			suite_start suppress
t 'cat unsubscribes'		MW add cat@world.example --scope newsletter --reason optout
t 'eve unsubscribes'		MW add eve@world.example --scope lists --reason optout

t 'to dan and cat: accepted'	post "$W/mail" dan@world.example cat@world.example
t 'dan has it'			in_world dan@world.example
t 'cat has not'			not_in_world cat@world.example

t 'to cat alone: accepted'	post "$W/mail" cat@world.example
t 'and discarded'		not_in_world cat@world.example
t 'the log says so'		has "$LOG" 'discard'
t 'nothing was bounced'		not bounced
t 'nothing waits'		pf_idle

listpost() { pf_sendmail -f ann@other.example "$@" <"$W/listmail" && pf_settle 20; }
t 'a stream known by its header, sendmail(1)' listpost eve@world.example fay@world.example
t 'fay has it'			in_world fay@world.example
t 'eve has not'			not_in_world eve@world.example

t 'the same by SMTP: no RCPT is refused' send ann@other.example eve@world.example,gus@world.example "$W/listmail"
t 'both were accepted'		hasnt "$W/reply" '^RCPT .* 5'
t 'it is delivered'		pf_settle 20
t 'gus has it'			in_world gus@world.example
t 'eve still has not'		not_in_world eve@world.example

t 'by SMTP cat is refused at RCPT' exits 1 send news@sender.example cat@world.example "$W/mail"
t 'with a reason'		has "$W/reply" '^RCPT cat@world.example 550 5\.7\.1 .*optout'
t_done
