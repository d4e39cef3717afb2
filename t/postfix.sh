# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# postfix.sh - a real Postfix of our own in one folder, and the world behind it
#
# Source it with SRC set, call pf_new DIR, add to DIR/etc/main.cf with pf_conf
# and to the maps, then pf_start. Needs root, because Postfix does; touches
# nothing of the machine's own Postfix, needs neither syslog nor systemd.
#
#	DIR/etc		main.cf, master.cf, maps
#	DIR/queue	the queue		DIR/data	caches, locks
#	DIR/maillog	Postfix's log		DIR/world	what was delivered
#
# All mail that leaves goes by SMTP to smtp-sink, which stands for the world
# and writes each message, with X-Mail-Args and X-Rcpt-Args in front, to a file
# in DIR/world. After pf_new: PF_DIR, PF_PORT (submission by SMTP), PF_SINK.

PF_PYTHON=${PYTHON:-/usr/bin/python3}
. "$SRC/t/port.sh"

# pf_usable - say why not, if not
# shellcheck disable=SC2015 # true only when both are there
pf_usable() {
	[ "$(id -u)" = 0 ] || { echo "Postfix needs root"; return 1; }
	PATH=$PATH:/usr/sbin:/sbin
	command -v postconf >/dev/null && command -v smtp-sink >/dev/null ||
	    { echo "no Postfix here"; return 1; }
	id postfix >/dev/null 2>&1 || { echo "no user postfix"; return 1; }
}

# pf_new DIR - lay out an instance; the folders above DIR must let others pass
pf_new() {
	PF_DIR=$1
	PF_PORT=${PF_PORT:-$(free_port)}
	PF_SINK=${PF_SINK:-$(free_port)}
	mkdir -p "$PF_DIR/etc" "$PF_DIR/queue" "$PF_DIR/data" "$PF_DIR/world" ||
	    return 1
	chmod 755 "$PF_DIR" "$PF_DIR/etc" "$PF_DIR/queue"
	chown postfix "$PF_DIR/data" "$PF_DIR/world"
	chmod 700 "$PF_DIR/data"; chmod 755 "$PF_DIR/world"
	pf_maincf >"$PF_DIR/etc/main.cf"
	pf_mastercf >"$PF_DIR/etc/master.cf"
	: >"$PF_DIR/etc/transport"
}

# shellcheck disable=SC2016 # $name is Postfix's
pf_maincf() {
	cat <<-EOF
	# written by t/postfix.sh
	compatibility_level = 3.6
	queue_directory = $PF_DIR/queue
	data_directory = $PF_DIR/data
	mail_owner = postfix
	setgid_group = postdrop
	maillog_file = $PF_DIR/maillog
	maillog_file_prefixes = $PF_DIR
	syslog_name = postfix
	myhostname = mx.sender.example
	mydomain = sender.example
	myorigin = sender.example
	mydestination =
	local_recipient_maps =
	alias_maps =
	alias_database =
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	mynetworks = 127.0.0.0/8
	smtpd_relay_restrictions = permit_mynetworks, reject
	smtpd_peername_lookup = no
	smtpd_delay_reject = yes
	disable_dns_lookups = yes
	smtp_host_lookup = native
	default_transport = smtp:[127.0.0.1]:$PF_SINK
	relay_transport = smtp:[127.0.0.1]:$PF_SINK
	transport_maps = texthash:$PF_DIR/etc/transport
	smtp_tls_security_level = none
	smtpd_tls_security_level = none
	biff = no
	minimal_backoff_time = 2s
	maximal_backoff_time = 4s
	queue_run_delay = 2s
	in_flow_delay = 0
	EOF
}

pf_mastercf() {
	cat <<-EOF
	# written by t/postfix.sh
	127.0.0.1:$PF_PORT inet n - n - - smtpd
	pickup   unix n - n 1 1 pickup
	cleanup  unix n - n - 0 cleanup
	qmgr     unix n - n 300 1 qmgr
	rewrite  unix - - n - - trivial-rewrite
	bounce   unix - - n - 0 bounce
	defer    unix - - n - 0 bounce
	trace    unix - - n - 0 bounce
	verify   unix - - n - 1 verify
	flush    unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	smtp     unix - - n - - smtp
	relay    unix - - n - - smtp
	showq    unix n - n - - showq
	error    unix - - n - - error
	retry    unix - - n - - error
	discard  unix - - n - - discard
	local    unix - n n - - local
	virtual  unix - n n - - virtual
	lmtp     unix - - n - - lmtp
	anvil    unix - - n - 1 anvil
	scache   unix - - n - 1 scache
	postlog  unix-dgram n - n - 1 postlogd
	EOF
}

# pf_conf 'NAME = VALUE'... - set parameters in main.cf (before or after start;
# then pf_reload)
pf_conf() { postconf -c "$PF_DIR/etc" -e "$@"; }

# pf_sink_start - the world; its pid in DIR/sink.pid
pf_sink_start() {
	(cd "$PF_DIR/world" && exec smtp-sink -u postfix -h mx.world.example \
	    -d '%Y%m%d%H%M%S.' "127.0.0.1:$PF_SINK" 128) \
	    >"$PF_DIR/sink.log" 2>&1 </dev/null &
	echo $! >"$PF_DIR/sink.pid"
	pf_wait 10 pf_listens "$PF_SINK"
}

# pf_start - the world and Postfix, and wait until both listen
pf_start() {
	pf_sink_start || { echo "smtp-sink: $(cat "$PF_DIR/sink.log")"; return 1; }
	if ! postfix -c "$PF_DIR/etc" start >"$PF_DIR/start.log" 2>&1 ||
	    ! pf_wait 15 pf_listens "$PF_PORT"; then
		cat "$PF_DIR/start.log"; tail -n 20 "$PF_DIR/maillog"
		return 1
	fi
}

pf_reload() { postfix -c "$PF_DIR/etc" reload >>"$PF_DIR/start.log" 2>&1; }

# pf_stop [DIR] - both; true also when nothing runs
pf_stop() {
	dir=${1:-$PF_DIR}
	pid=$(cat "$dir/queue/pid/master.pid" 2>/dev/null)
	# shellcheck disable=SC2086 # master pads it with blanks
	[ -n "$pid" ] && kill -0 $pid 2>/dev/null &&
	    postfix -c "$dir/etc" stop >>"$dir/start.log" 2>&1
	if [ -s "$dir/sink.pid" ]; then
		kill "$(cat "$dir/sink.pid")" 2>/dev/null
		rm -f "$dir/sink.pid"
	fi
	return 0
}

# pf_wait SECONDS COMMAND...
pf_wait() {
	tries=$(($1 * 20)); shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

pf_listens() {
	"$PF_PYTHON" -c '
import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$1"
}

# pf_queue [hold|deferred|active|incoming|maildrop] - ids of what waits there
pf_queue() {
	find "$PF_DIR/queue/${1:-hold}" -type f 2>/dev/null |
	    sed 's|.*/||' | sort
}

# pf_idle - nothing on its way (held mail does not count)
pf_idle() {
	for q in maildrop incoming active deferred; do
		[ -z "$(pf_queue $q)" ] || return 1
	done
}

# pf_settle [SECONDS] - wait until pf_idle
pf_settle() { pf_wait "${1:-30}" pf_idle; }

# pf_sendmail ARGS... - sendmail(1) of this instance, message on stdin
pf_sendmail() { sendmail -C "$PF_DIR/etc" "$@"; }

# pf_world ADDRESS - files in DIR/world that were delivered to ADDRESS
pf_world() {
	grep -il "^X-Rcpt-Args: <$1>" "$PF_DIR"/world/[0-9]* 2>/dev/null
}
