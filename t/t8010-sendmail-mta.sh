#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Sendmail: the suite behind Debian's Sendmail, wired by etc/sendmail.mc. Its
# package cannot stand beside Postfix: contrib/install-packages unpacks it into
# .cache/root, and here it runs from there, in a folder of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
. "$(dirname "$0")/suite.sh"
ROOT=${SENDMAIL_ROOT:-$SRC/.cache/root}
SENDMAIL=$ROOT/usr/libexec/sendmail/sendmail
CF=$ROOT/usr/share/sendmail/cf
[ "$(id -u)" = 0 ] || skip_all 'Sendmail needs root'
[ -x "$SENDMAIL" ] && [ -d "$CF" ] ||
    skip_all 'no Sendmail here: contrib/install-packages download'
need m4 unshare
need_built mailweir mailweir-suppress mailweir-keyword mailweir-unsubscribe \
    mailweir-dkim mailweir-ingest
# its library, where it is not installed
libs=$(find "$ROOT" -name 'libwrap.so.*' -type f | head -n 1)
PORT=$(free_port) WORLD=$(free_port)
# run_dir: Sendmail takes no socket below a folder that all may write to
R=$(mktemp -d /run/mw-sendmail.XXXXXX) || bail 'no folder in /run'
at_exit 'rm -rf "$R"'
# closed, and another user's, as the folder that mailweir.tmpfiles makes
chown daemon: "$R" && chmod 750 "$R"
mkdir -m 755 "$W/queue" "$W/world" "$W/state" "$W/rules.d"

cat >"$CONF" <<EOT
state_dir = $W/state
run_dir = $R
store_key_file = $W/store.key
token_key_file = $W/token.key
[keyword]
rules = $W/rules.d
hold_score = 5
[key s1]
domain = sender.example
selector = s1
file = $W/s1.pem
[stream newsletter]
match_sender = news@sender.example
class = bulk
scopes = newsletter
unsubscribe = require
unsubscribe_url = https://u.sender.example/u/
unsubscribe_mailto = u@u.sender.example
EOT
cat >"$W/rules.d/t.cf" <<'EOT'
body     T_WIRE	/\bwire the money\b/i
describe T_WIRE	Wants money wired
score    T_WIRE	6
EOT

# --- Sendmail

# A configuration of our own around the lines that admins take over, those for
# mailweir-ingest without their dnl; all other mail goes to the world.
sendmail_mc() {
	cat <<EOT
divert(0)dnl
include(\`$CF/m4/cf.m4')dnl
OSTYPE(\`linux')dnl
define(\`confPID_FILE', \`$W/sendmail.pid')dnl
define(\`QUEUE_DIR', \`$W/queue')dnl
define(\`STATUS_FILE', \`$W/statistics')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confDOMAIN_NAME', \`mx.sender.example')dnl
define(\`confCW_FILE', \`-o /dev/null')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confBIND_OPTS', \`-DNSRCH -DEFNAMES')dnl
define(\`confMIN_QUEUE_AGE', \`0')dnl
define(\`confQUEUE_LA', \`1000')dnl
define(\`confREFUSE_LA', \`1000')dnl
define(\`SMART_HOST', \`esmtp:[127.0.0.1]')dnl
define(\`ESMTP_MAILER_ARGS', \`TCP \$h $WORLD')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`promiscuous_relay')dnl
FEATURE(\`no_default_msa')dnl
DAEMON_OPTIONS(\`Port=$PORT, Addr=127.0.0.1, Name=MTA')dnl
EOT
	sed "s|/run/mailweir|$R|" "$SRC/etc/sendmail.mc"
	echo "MAILER(\`smtp')dnl"
	sed -n "/^dnl MAILER_DEF/,\$ s/^dnl //p" "$SRC/etc/sendmail.mc" |
	    sed "s|/run/mailweir|$R|; s|u.example.com|u.sender.example|g"
}
sendmail_conf() {
	sendmail_mc >"$W/sendmail.mc" &&
	m4 -D_CF_DIR_="$CF/" "$W/sendmail.mc" >"$W/sendmail.cf" &&
	chmod 644 "$W/sendmail.cf"
}
mta_start() {	# in the foreground, as a child: TERM ends it
	# it sleeps a minute where the name of the host has no dot
	LD_LIBRARY_PATH=${libs%/*} unshare -u sh -c \
	    'hostname mx.sender.example && exec "$@"' sh \
	    "$SENDMAIL" -bD -q1s -C "$W/sendmail.cf" >"$W/sendmail.log" 2>&1 \
	    </dev/null &
	echo $! >"$W/mta.pid"
	pf_wait 20 pf_listens "$PORT" || { cat "$W/sendmail.log"; return 1; }
}
# shellcheck disable=SC2317 # at_exit
mta_stop() {
	for p in mta world; do
		[ ! -s "$W/$p.pid" ] || kill "$(cat "$W/$p.pid")" 2>/dev/null
	done
}
at_exit mta_stop
world_start() {
	"$PYTHON" "$SRC/t/sink.py" "$WORLD" "$W/world" >"$W/world.log" 2>&1 &
	echo $! >"$W/world.pid"
	pf_wait 10 pf_listens "$WORLD"
}
suite() {
	MW init >"$W/init" && MW dkim genkey --domain sender.example \
	    --selector s1 --out "$W/s1.pem" >"$W/zone" || return 1
	for m in suppress keyword unsubscribe dkim ingest; do
		SOCK=$R/$m.sock daemon "mailweir-$m" -c "$CONF" || return 1
	done
}
post() {	# FROM TO FILE
	"$SRC/t/smtp.py" "$PORT" "$@" >"$W/reply"; rc=$?
	cat "$W/reply"; return $rc
}

# --- what came out

got() { grep -li "^RCPT TO:<$1>" "$W"/world/[0-9]* 2>/dev/null | grep -q .; }
file_of() { grep -li "^RCPT TO:<$1>" "$W"/world/[0-9]* | head -n 1; }
dressed() {
	f=$(file_of "$1")
	tr -d '\r' <"$f" | sed '/^MAIL /d; /^RCPT /d' >"$W/got"
	has "$W/got" '^List-Unsubscribe:' && has "$W/got" '^List-Unsubscribe-Post:' &&
	    has "$W/got" '^X-Mailweir-Score:'
}
quarantined() { find "$W/queue" -name 'hf*' | grep -q .; }
stored() { MW show "$1" >"$W/shown" 2>&1; grep -q optout "$W/shown"; }
optout() {
	to=u+$(MW token make "$1" --scope newsletter |
	    grep -Eo '[a-z2-7]{58}' | head -n 1)@u.sender.example
	printf 'From: %s\nTo: %s\nSubject: unsubscribe\nMessage-ID: <1@world>\n\n' \
	    "$1" "$to" >"$W/optout"
	post "$1" "$to" "$W/optout"
}
newsletter ann@world.example >"$W/mail"
printf 'From: a@sender.example\nTo: cat@world.example\nSubject: x\nMessage-ID: <2@s>\nDate: Mon, 02 Nov 2026 10:00:00 +0000\n\nWire the money.\n' >"$W/bad"

t 'configuration from sendmail.mc'	sendmail_conf
t 'has the four filters in order'	has "$W/sendmail.cf" '^O InputMailFilters=mailweir-suppress, mailweir-keyword, mailweir-unsubscribe, mailweir-dkim'
t 'the suite starts'			suite
t 'the world'				world_start
t 'Sendmail starts'			mta_start
[ "$BAD" = 0 ] || bail 'no Sendmail'

t 'a newsletter to ann'			post news@sender.example ann@world.example "$W/mail"
t 'she gets it'				wait_until 20 got ann@world.example
t 'with one-click headers and score'	dressed ann@world.example
t 'and a signature that holds'		MW dkim verify "$W/got" --keys "$W/zone"

t 'bob unsubscribed'			MW add bob@world.example --scope newsletter --reason optout
t 'he is refused'			exits 1 post news@sender.example bob@world.example "$W/mail"
t 'with 550 5.7.1'			has "$W/reply" '^RCPT bob@world.example 550 5\.7\.1 .*optout'

t 'dan writes the unsubscribe address'	optout dan@world.example
t 'ingest has it'			wait_until 20 stored dan@world.example
t 'he is refused, too'			exits 1 post news@sender.example dan@world.example "$W/mail"

t 'a mail that rules hold'		post a@sender.example cat@world.example "$W/bad"
t 'is in quarantine'			wait_until 10 quarantined
sleep 2		# Sendmail looks through its queue each second
t 'and stays there'			not got cat@world.example

t 'one message to bob and eve'		post news@sender.example bob@world.example,eve@world.example "$W/mail"
t 'eve gets it'				wait_until 20 got eve@world.example
t 'bob does not'			not got bob@world.example

t 'suppress ends'			eval 'SOCK=$R/suppress.sock stop mailweir-suppress'
t 'without it the sender is to come again' exits 2 post news@sender.example eve@world.example "$W/mail"
t_done
