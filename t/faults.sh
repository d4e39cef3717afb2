# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# faults.sh - one configuration that makes each milter do all that it can, for
# t9xxx; source it after lib.sh
#
#	faults_conf [GEN]	write $CONF with keys, rules and a store; List-Id,
#				Feedback-ID, selector and tag name generation GEN
#	faults_start NAME	mailweir-NAME on $W/mailweir-NAME.sock
#	$FIVE			the programs' names
#
# ann@world.example may have the newsletter, bob@world.example left it. The
# clock stands still, so that the same message gets the same answer.

CONF=$W/mailweir.conf
FIVE='suppress keyword unsubscribe dkim chain'
MAILWEIR_FAKE_TIME=${MAILWEIR_FAKE_TIME-1795284000}
PYTHONDONTWRITEBYTECODE=1
export MAILWEIR_FAKE_TIME CONF PYTHONDONTWRITEBYTECODE

MW() { "$BIN/mailweir" -c "$CONF" "$@"; }

# faults_section NAME - what every milter's section begins with
faults_section() {
	printf '[%s]\nsocket = unix:%s/mailweir-%s.sock\nsocket_mode = 0666\n' \
	    "$1" "$W" "$1"
}

faults_text() {
	cat <<-EOT
	$(conf_paths)
	$(faults_section suppress)
	$(faults_section unsubscribe)
	$(faults_section chain)
	$(faults_section dkim)
	internal_hosts = 127.0.0.0/8, 192.0.2.0/24
	$(faults_section keyword)
	rules = $W/rules.d
	tag_text = $1
	time_budget_ms = 60000
	[key rsa]
	domain = sender.example
	selector = rsa$1
	file = $W/rsa.pem
	[key ed]
	domain = sender.example
	selector = ed$1
	file = $W/ed.pem
	[stream newsletter]
	match_sender = news@sender.example
	class = bulk
	scopes = newsletter
	unsubscribe = add
	unsubscribe_url = https://u.sender.example/u/
	unsubscribe_mailto = u@u.sender.example
	list_id = <gen$1.news.sender.example>
	feedback_id = november:news:bulk:sender$1
	tag_score = 2
	require_signing = yes
	[stream footer]
	match_sender = foot@sender.example
	class = bulk
	scopes = newsletter
	unsubscribe = add
	unsubscribe_url = https://u.sender.example/u/
	footer = add
	verp_address = b@sender.example
	$(cat "$SRC/t/data/refuse.conf")
	EOT
}

faults_conf() {
	faults_text "${1:-0}" >"$CONF" || return 1
	[ ! -d "$W/rules.d" ] || return 0
	mkdir -p "$W/state" "$W/rules.d" || return 1
	cp "$SRC/t/data/rules/three.cf" "$W/rules.d/t.cf"
	MW init && MW dkim genkey --domain sender.example --selector rsa --plain \
	    --algorithm rsa --out "$W/rsa.pem" >"$W/rsa.txt" &&
	    MW dkim genkey --domain sender.example --selector ed --plain \
	    --algorithm ed25519 --out "$W/ed.pem" >"$W/ed.txt" &&
	    MW add bob@world.example --scope newsletter --reason complaint
}

faults_start() { daemon "mailweir-$1" -c "$CONF"; }
