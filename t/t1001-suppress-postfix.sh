#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suppress: on a real Postfix - 550 by SMTP; from sendmail(1) the recipient is
# deleted, the last one's message dropped, and mail waits while the store
# cannot say
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >/dev/null || skip_all "$(pf_usable)"
need_built mailweir mailweir-suppress

cat >"$W/m.conf" <<END
$(conf_paths "$W/run")
[suppress]
socket_mode = 0666
[stream news]
class = bulk
match_sender = @news.example
END
m() { "$BIN/mailweir" -c "$W/m.conf" "$@"; }
log=$W/mailweir-suppress.log
printf 'From: a@news.example\nTo: ann@x.example\nSubject: t\n\nHi\n' >"$W/msg"
mail_to() { pf_sendmail -f a@news.example "$@" <"$W/msg"; }
came() { [ "$(find "$PF_DIR/world" -type f | wc -l)" = "$1" ]; }

t 'store'			m init
t 'an opt-out'			m add ann@x.example --scope news --reason optout
t 'daemon starts'		milter_daemon mailweir-suppress -c "$W/m.conf"
pf_new "$W/pf"; at_exit pf_stop
pf_conf "smtpd_milters = unix:$W/mailweir-suppress.sock" \
    "non_smtpd_milters = unix:$W/mailweir-suppress.sock" \
    'milter_default_action = tempfail'
t 'Postfix starts'		pf_start

t 'by SMTP: refused'		exits 1 "$SRC/t/smtp.py" "$PF_PORT" a@news.example ann@x.example "$W/msg"
t 'and told why'		has "$W/out.$N" '550 5\.7\.1 .*\(optout\): unsubscribed; stream news'
t 'by SMTP: the neighbour'	"$SRC/t/smtp.py" "$PF_PORT" a@news.example bob@x.example "$W/msg"
t 'it comes out'		pf_settle
t 'once'			wait_until 5 came 1

t 'sendmail(1): two'		mail_to ann@x.example bob@x.example
t 'settles'			pf_settle
t 'one message more'		wait_until 5 came 2
t 'to bob alone'		sh -c 'cat "$1"/* | grep -c "^X-Rcpt-Args:.*ann@"; cat "$1"/* | grep -q "^X-Rcpt-Args:.*bob@"' x "$PF_DIR/world"
t 'none to ann'			has "$W/out.$N" '^0$'
t 'the log tells'		has "$log" ' suppressed qid=.*<?ann@x.example.*action=delete'
t 'sendmail(1): ann alone'	mail_to ann@x.example
t 'is gone'			pf_settle
t 'dropped, with a line'	wait_until 5 has "$log" ' discarded '
t 'nothing came out'		came 2

t 'the milter stops'		stop mailweir-suppress
mv "$W/state/store" "$W/state/away"
t 'a milter without store'	milter_daemon mailweir-suppress -c "$W/m.conf"
t 'sendmail(1): bob'		mail_to bob@x.example
t 'cannot say'			wait_until 10 has "$log" ' store_error '
t 'he waits'			not pf_idle
t 'nothing came out'		came 2
mv "$W/state/away" "$W/state/store"
# pickup looks again after a minute; tell it to look now
kick() { postfix -c "$PF_DIR/etc" flush 2>/dev/null; came 3; }
t 'the store is back: he gets it' wait_until 75 kick
t_done
