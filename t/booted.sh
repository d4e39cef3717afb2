#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# booted.sh - run as root by systemd inside the machine of t0010-booted.sh
#
# The administrator's steps as README and README.Debian tell them, then the
# same again after everything that systemd, AppArmor or dpkg may do to it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
CONF=/etc/mailweir/mailweir.conf
FOUR='suppress keyword unsubscribe dkim'
SIX="$FOUR ingest web"
NEWS=news@example.com

# --- what the administrator does

configured() {
	mailweir dkim genkey --domain example.com --selector 2026a \
	    --out /etc/mailweir/dkim/2026a.pem >/root/zone &&
	cp /usr/share/doc/mailweir/examples/rules.d/*.cf /etc/mailweir/rules.d/ &&
	printf '%s\n' '[key 2026a]' 'domain = example.com' 'selector = 2026a' \
	    'file = /run/credentials/mailweir-dkim.service/2026a.pem' \
	    '[reporter own-mta]' 'local = mx.sender.example' >>$CONF &&
	sed -i 's/^#verp_address =.*/verp_address = b@bounces.example.com/' $CONF &&
	mailweir init --user mailweir
}
# drop_in UNIT LINE... - what `systemctl edit` writes
drop_in() {
	u=$1; shift
	mkdir -p "/etc/systemd/system/$u.d" &&
	printf '%s\n' "$@" >>"/etc/systemd/system/$u.d/test.conf"
}
credential() {	# PROGRAM
	drop_in "mailweir-$1.service" '[Service]' \
	    'LoadCredential=2026a.pem:/etc/mailweir/dkim/2026a.pem' &&
	systemctl daemon-reload
}
units() {	# PROGRAM... - their services
	for p; do printf 'mailweir-%s.service ' "$p"; done
}
sockets() {
	for p; do printf 'mailweir-%s.socket ' "$p"; done
}
# shellcheck disable=SC2046 # words
enabled() { systemctl enable --now $(units "$@"); }
postfix_too() {
	cat /usr/share/doc/mailweir/examples/postfix-main.cf >>/etc/postfix/main.cf &&
	printf '%s lmtp:unix:mailweir/ingest.sock\n' bounces.example.com \
	    u.example.com >/etc/postfix/mailweir-transport &&
	echo 'dead.example error:5.1.1 No such user here' >>/etc/postfix/mailweir-transport &&
	postconf -e myhostname=mx.sender.example mydestination= \
	    inet_protocols=ipv4 smtpd_tls_security_level=none disable_dns_lookups=yes \
	    smtp_host_lookup=native "default_transport = smtp:[127.0.0.1]:$PF_SINK" &&
	systemctl restart postfix
}
world() {
	PF_DIR=$W/pf PF_PORT=25 PF_SINK=2525
	mkdir -p "$PF_DIR/world" && chmod 755 "$PF_DIR" &&
	chown postfix "$PF_DIR/world" && ln -s /var/spool/postfix "$PF_DIR/queue" &&
	pf_sink_start && at_exit pf_stop
}

# --- what is looked at

journal() { journalctl -q -b --no-pager "$@"; }
main_pid() { systemctl show -P MainPID "mailweir-$1.service"; }
active() {
	for p; do
		[ "$(systemctl show -P ActiveState,Type "mailweir-$p.service" |
		    paste -sd ' ')" = 'notify active' ] || {
			systemctl status --no-pager "mailweir-$p.service"; return 1; }
	done
}
enforced() {	# PROGRAM
	[ "$(cat "/proc/$(main_pid "$1")/attr/current")" = "mailweir-$1 (enforce)" ] ||
	    { cat "/proc/$(main_pid "$1")/attr/current"; aa-status; return 1; }
}
locked() {	# its key is where nothing swaps it out
	grep VmLck "/proc/$(main_pid "$1")/status" | grep -v ' 0 kB'
}
# what AppArmor or seccomp refused to one of our programs
refusals() {
	journal -o cat -t kernel -t audit |
	    grep -E 'apparmor="DENIED".*mailweir|type=1326.*mailweir'
}
no_refusal() { not refusals; }
log() { journal -o cat "_SYSTEMD_UNIT=mailweir-$1.service"; }
counted() { [ "$(log "$1" | grep -Ec -e "$2")" -ge "$3" ]; }
open_to_few() {	# PROGRAM - exposure of at most 2.0
	systemd-analyze security --threshold=20 --no-pager "mailweir-$1.service"
}

# --- mail

mail_to() {	# TO - in one try
	newsletter "$1" | sed 's/sender\.example/example.com/' >"$W/news" &&
	send $NEWS "$1" "$W/news"
}
mailed() {	# TO - whoever is told to come again does
	for _ in 1 2 3 4; do
		mail_to "$1"; rc=$?
		[ $rc = 2 ] || break
		sleep 5
	done
	[ $rc = 0 ] && pf_settle 60 && in_world "$1" && return 0
	journal -n 20
	return 1
}
arrived() { pf_world "$1" | tail -n 1; }
marked_and_signed() {	# TO
	f=$(arrived "$1")
	sed '1,/^Received:/{/^X-[A-Za-z]*-\(Args\|Addr\|Proto\): /d}' "$f" >"$W/clean"
	for h in List-Unsubscribe List-Unsubscribe-Post Feedback-ID X-Mailweir-Score; do
		has "$W/clean" "^$h:" || return 1
	done
	mailweir dkim verify --keys /root/zone "$W/clean"
}
press() {	# TO - the button of the mail that he got
	token=$(tr -d '\r\n\t ' <"$(arrived "$1")" |
	    sed -n 's|.*<https://u\.example\.com/u/\([^>]*\)>.*|\1|p')
	curl -sf -d List-Unsubscribe=One-Click "http://127.0.0.1:8580/u/$token" &&
	stored "$1" optout
}
stored() { mailweir show "$1" | grep -q "$2"; }
refused() { exits 1 mail_to "$1" && has "$W/reply" '^RCPT .* 550 '; }
bounced() {	# WHO - our Postfix tells our ingester, by LMTP
	newsletter "$1@dead.example" | sed 's/sender\.example/example.com/' |
	    sendmail -f $NEWS "$1@dead.example" &&
	wait_until 60 stored "$1@dead.example" hard-bounce
}
imported() {
	printf '%s\n' email bob@list.example cat@list.example >"$W/list" &&
	mailweir import "$W/list" --format csv --column email \
	    --scope newsletter --reason import &&
	stored cat@list.example import
}

# --- reload, restart, hang, death

reloads() {	# PROGRAM
	pid=$(main_pid "$1")
	n=$(log "$1" | grep -c '^reloaded ')
	systemctl reload "mailweir-$1.service" &&
	wait_until 20 counted "$1" '^reloaded ' $((n + 1)) &&
	[ "$(main_pid "$1")" = "$pid" ]
}
another() {	# PROGRAM PID - it runs again, as another process
	[ "$(main_pid "$1")" != "$2" ] && [ "$(main_pid "$1")" != 0 ] && active "$1"
}
# done_to SIGNAL PROGRAM... - each is another process a while later
done_to() {
	signal=$1 was=; shift
	for p; do was="$was $(main_pid "$p")"; done
	# shellcheck disable=SC2086
	kill "-$signal" $was || return 1
	for p; do
		was=${was# }
		wait_until 60 another "$p" "${was%% *}" || return 1
		was=${was#"${was%% *}"}
	done
}
watched() {	# SECONDS PROGRAM... - another patience of the watchdog
	seconds=$1; shift
	for p; do drop_in "mailweir-$p.service" '[Service]' "WatchdogSec=$seconds"; done
	# shellcheck disable=SC2046
	systemctl daemon-reload && systemctl restart $(units "$@")
}
hung() {	# PROGRAM...
	done_to STOP "$@" || return 1
	for p; do
		journal -u "mailweir-$p" |
		    grep -qi 'watchdog timeout' || return 1
	done
}
killed_often() {	# PROGRAM... - they come back each time
	for _ in 1 2 3 4 5 6 7 8; do done_to KILL "$@" || return 1; done
}

# --- sockets that systemd keeps

# shellcheck disable=SC2046 # words
kept() {	# PROGRAM...
	systemctl stop $(units "$@") && systemctl enable --now $(sockets "$@") &&
	systemctl start $(units "$@") && active "$@"
}
# shellcheck disable=SC2046
asleep() {	# nobody runs; whoever connects will start them
	systemctl stop $(sockets "$@") $(units "$@") &&
	systemctl start $(sockets "$@") || return 1
	for p; do [ "$(main_pid "$p")" = 0 ] || return 1; done
}
# mail after mail while the programs are started anew: no door is closed
restarts() {	# PROGRAM...
	before=$(no_door) i=0
	# shellcheck disable=SC2046
	(for _ in 1 2 3; do systemctl restart $(units "$@") || exit; done) &
	job=$!
	while kill -0 $job 2>/dev/null; do
		i=$((i + 1))
		mailed "r$i@world.example" || return 1
	done
	wait $job && active "$@" && [ "$(no_door)" = "$before" ]
}
no_door() {
	journal -o cat -t postfix/smtpd |
	    grep -c 'connect to Milter service'
}

# a faulty configuration: no mail goes, so often that systemd closes the socket;
# all is well again when it is mended, without another word to systemd
mended() {
	drop_in mailweir-keyword.socket '[Socket]' TriggerLimitIntervalSec=60 \
	    TriggerLimitBurst=2 && systemctl daemon-reload &&
	cp $CONF /root/good && echo '[nonsense]' >>$CONF &&
	not systemctl restart mailweir-keyword.service || return 1
	for _ in 1 2 3 4; do
		exits 2 mail_to gil@world.example || return 1
	done
	cp /root/good $CONF &&
	wait_until 60 active keyword && mailed gil@world.example &&
	rm -r /etc/systemd/system/mailweir-keyword.socket.d && systemctl daemon-reload
}

# --- what AppArmor forbids, and what it must not

forbidden() {	# PROGRAM
	cp $CONF /srv/mailweir.conf &&
	not aa-exec -p "mailweir-$1" -- "/usr/sbin/mailweir-$1" -n \
	    -c /srv/mailweir.conf &&
	wait_until 5 denied "mailweir-$1"
}
denied() {
	refusals | grep "profile=\"$1\" name=\"/srv/mailweir.conf\""
}
by_hand() {	# a configuration that is not in its place yet
	cp $CONF /srv/mailweir.conf && mailweir-suppress -n -c /srv/mailweir.conf
}

# shellcheck disable=SC2046,SC2086 # words
in_one() {
	systemctl disable --now $(sockets $FOUR) $(units $FOUR) &&
	sed -i 's|/mailweir-dkim\.service/|/mailweir-chain.service/|' $CONF &&
	credential chain && enabled chain && active chain &&
	postconf -e 'smtpd_milters = { unix:mailweir/chain.sock, default_action=tempfail }' &&
	systemctl reload postfix
}

# --- dpkg

upgraded() {	# the same package once more: what runs is started anew
	pids=$(for p in $SIX; do main_pid "$p"; done)
	dpkg -i /root/mailweir_*.deb || return 1
	# shellcheck disable=SC2086
	wait_until 60 active $SIX &&
	for pid in $pids; do [ ! -d "/proc/$pid" ] || return 1; done
}
purged() {
	dpkg --purge mailweir &&
	not pgrep -l mailweir- &&
	not eval 'systemctl list-units --all --plain --no-legend "mailweir-*" | grep .' &&
	not eval 'aa-status | grep mailweir' &&
	not eval 'find /etc/systemd -type l -name "mailweir-*" | grep .'
}

first_boot() {
	t 'configured as README says'	configured
	t 'the key as a credential'	credential dkim
	t 'the world'			world
	# shellcheck disable=SC2086
	t 'six programs start'		enabled $SIX
	# shellcheck disable=SC2086
	t 'and are ready'		active $SIX
	t 'mailweir check'		runuser -u mailweir -- mailweir check
	t 'the key is in locked memory'	locked dkim
	t 'Postfix as etc/postfix-main.cf has it' postfix_too
	t 'AppArmor is well'		systemctl is-active apparmor.service
	for p in $SIX; do
		t "$p: its profile is enforced"	enforced "$p"
		t "$p: exposure of at most 2.0"	open_to_few "$p"
	done
	t 'a mail goes through'		mailed dan@world.example
	t 'marked and signed'		marked_and_signed dan@world.example
	t 'its button is pressed'	press dan@world.example
	t 'and he is refused'		refused dan@world.example
	t 'a bounce comes back'		bounced ann
	t 'an import'			imported
	t 'is obeyed'			refused cat@list.example
	for p in $SIX; do
		t "$p: reload"		reloads "$p"
	done
	t 'and mail goes through'	mailed eve@world.example
	t 'nothing of it was refused by the kernel' no_refusal
	# shellcheck disable=SC2086
	t 'sockets are kept'		kept $SIX
	# shellcheck disable=SC2086
	t 'all programs stop'		asleep $SIX
	t 'mail starts them'		mailed fay@world.example
	t 'a bounce, too'		bounced bea
	t 'a press, too'		press fay@world.example
	# shellcheck disable=SC2086
	t 'restarts under mail: no door is closed' restarts $FOUR ingest
	t 'a faulty configuration is mended' mended
	# shellcheck disable=SC2086
	t 'watched with less patience'	watched 9 $SIX
	# shellcheck disable=SC2086
	t 'standing still, they are started anew' hung $SIX
	# shellcheck disable=SC2086
	t 'watched as before'		watched 120 $SIX
	# shellcheck disable=SC2086
	t 'killed often, they come back' killed_often $SIX
	t 'and mail goes through'	mailed gus@world.example
	t 'nothing of it was refused by the kernel' no_refusal
	for p in $SIX; do
		t "$p: what it need not see is closed to it" forbidden "$p"
	done
	t 'run by hand, it is not held'	by_hand
}

second_boot() {
	t 'the world'			world
	# shellcheck disable=SC2086
	t 'after a boot all are ready'	active $SIX
	t 'and mail goes through'	mailed hal@world.example
	# shellcheck disable=SC2086
	t 'an upgrade starts them anew'	upgraded
	t 'and mail goes through'	mailed ida@world.example
	t 'the four in one'		in_one
	t 'a mail goes through'		mailed jon@world.example
	t 'marked and signed'		marked_and_signed jon@world.example
	t 'chain: its profile is enforced' enforced chain
	t 'chain: exposure of at most 2.0' open_to_few chain
	t 'chain: reload'		reloads chain
	t 'watched with less patience'	watched 9 chain
	t 'standing still, it is started anew' hung chain
	t 'watched as before'		watched 120 chain
	t 'killed often, it comes back' killed_often chain
	t 'and mail goes through'	mailed kim@world.example
	t 'nothing of it was refused by the kernel' no_refusal
	t 'chain: what it need not see is closed to it' forbidden chain
	t 'a purge leaves nothing running' purged
}

if [ -e /root/booted ]; then
	second_boot
else
	: >/root/booted
	first_boot
fi
journal >>/root/journal
echo "1..$N"
DONE=1
