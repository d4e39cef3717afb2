#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# unsubscribe_missing = hold on a real Postfix: what must have a way out and can
# have none waits in the hold queue as it came; what can have one is delivered
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
suite_new
suite_conf <<EOT
[unsubscribe]
$(suite_socket unsubscribe)
[stream news]
match_sender = news@sender.example
class = bulk
unsubscribe = require
unsubscribe_missing = hold
multiple = skip
unsubscribe_url = https://u.sender.example/u/
footer = require
[stream strict]
match_sender = strict@sender.example
class = bulk
unsubscribe = require
unsubscribe_missing = hold
multiple = reject
unsubscribe_url = https://u.sender.example/u/
EOT
LOG=$W/mailweir-unsubscribe.log
newsletter x@world.example >"$W/mail"
sed 's|^Content-Type: .*|Content-Type: application/pdf|' "$W/mail" >"$W/pdf"
held() { [ "$(pf_queue hold | wc -l)" = "$1" ]; }
in_hold() { # WHAT - some held message has it
	for q in $(pf_queue hold); do postcat -c "$PF_DIR/etc" -q "$q"; done >"$W/held"
	has "$W/held" "$1"
}

t 'start'			suite_start unsubscribe
t 'one recipient: delivered'	eval 'send news@sender.example ann@world.example "$W/mail" && pf_settle 20 && in_world ann@world.example'
t 'with a link'		eval 'has "$(pf_world ann@world.example)" "^List-Unsubscribe: <https"'
t 'several: accepted'		send news@sender.example bob@world.example,cal@world.example "$W/mail"
t 'but held'			wait_until 5 held 1
t 'for a reason'		has "$LOG" ' unsubscribe .*stream=news action=held .*why="?several recipients'
t 'as it came'			eval 'in_hold "^To: " && hasnt "$W/held" "List-Unsubscribe"'
t 'no text for a footer: accepted'	send news@sender.example dan@world.example "$W/pdf"
t 'but held, too'		wait_until 5 held 2
t 'its reason'			has "$LOG" ' unsubscribe_footer .*stream=news result=held why="?no text'
t 'multiple = reject: refused as ever'	exits 1 send strict@sender.example bob@world.example,cal@world.example "$W/mail"
t 'nothing of them went out'	not_in_world bob@world.example
t_done
