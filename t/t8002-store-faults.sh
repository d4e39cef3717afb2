#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# store faults on a real Postfix: "cannot say" is 451, never "not suppressed";
# the milter lives, says why, and comes back with the store; nothing is lost on
# the paths that have nobody to come again
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
SUITE_USER=nobody
suite_new
id nobody >/dev/null 2>&1 || skip_all 'no user nobody'
suite_conf <<EOT
[suppress]
$(suite_socket suppress)
user = nobody
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
EOT
LOG=$W/mailweir-suppress.log
STORE=$W/state/store
newsletter x@world.example >"$W/mail"
chmod 777 "$W"		# the socket is made by nobody

try() { send news@sender.example "$1" "$W/mail"; }
later() {	# everybody is told to come again, bob and dan alike
	exits 2 try bob@world.example && has "$W/reply" '^RCPT .* 451 4\.3\.0' &&
	    exits 2 try dan@world.example
}
well() { exits 1 try bob@world.example && try dan@world.example; }
alive() { kill -0 "$(cat "$W/mailweir-suppress.pid")"; }
restart() { stop mailweir-suppress && daemon mailweir-suppress -c "$CONF"; }

# One fault: made while the milter is stopped, then mended while it runs.
fault() {	# NAME BREAK-COMMAND MEND-COMMAND WHY
	t "$1: the milter starts all the same" eval "stop mailweir-suppress &&
	    $2 && daemon mailweir-suppress -c '$CONF'"
	t "$1: 451 for everybody"	later
	t "$1: the log says why"	has "$LOG" " store_(unavailable|error) .*why=.*$4"
	t "$1: mended, it answers again" eval "$3 && wait_until 10 well"
}
save() { cp -a "$STORE" "$W/saved"; }
restore() { rm -rf "$STORE" && cp -a "$W/saved" "$STORE"; }

newer() {	# the version, wherever the format record stands
	"$PYTHON" - "$STORE/data.mdb" <<'EOT'
import re, sys
with open(sys.argv[1], "r+b") as f:
    data = f.read()
    hits = [m.end() for m in re.finditer(b"=formatmailweir", data)]
    assert hits, "no format record"
    for at in hits:
        f.seek(at)
        f.write(b"\x7f\x7f\x7f\x7f"[:2])
EOT
}

t 'start'	suite_start suppress
t 'bob is suppressed' MW add bob@world.example --scope newsletter --reason hard-bounce
t 'bob: 550, dan: accepted' well
save

fault missing	'mv "$STORE" "$STORE.away"'	'mv "$STORE.away" "$STORE"' \
    'no store'
fault unreadable 'chmod 000 "$STORE"'		'chmod 750 "$STORE"' \
    'Permission denied'
fault 'lock file unwritable' 'chmod 400 "$STORE/lock.mdb" && chown root "$STORE/lock.mdb"' \
    'chown nobody "$STORE/lock.mdb" && chmod 640 "$STORE/lock.mdb"' \
    'lock.mdb must be writable'
fault garbled	'printf "%8192s" x >"$STORE/data.mdb"' restore \
    'data.mdb is not a store'
fault newer	newer				restore \
    'install the newer program'

# The same while it runs, with the map open.
t 'truncated under its feet: 451' eval 'truncate -s 4096 "$STORE/data.mdb" && later'
t 'it lives'			alive
t 'mended and restarted'	eval 'restore && restart && well'

# sendmail(1) has nobody to tell: the mail must wait, not go and not vanish
t 'sendmail(1) while the store is away' eval 'stop mailweir-suppress &&
    mv "$STORE" "$STORE.away" && daemon mailweir-suppress -c "$CONF" &&
    pf_sendmail -f news@sender.example eve@world.example bob@world.example <"$W/mail"'
sleep 2
t 'nothing went to bob'		not_in_world bob@world.example
t 'it went out, without bob, once the store is back' eval \
    'mv "$STORE.away" "$STORE" && wait_until 10 well &&
    postqueue -c "$PF_DIR/etc" -f; wait_until 60 in_world eve@world.example'
t 'nothing went to bob then'	not_in_world bob@world.example
t_done
