#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim-postfix.sh - mailweir-dkim beside OpenDKIM, on one Postfix, in turns
#
# usage: bench/dkim-postfix.sh [MESSAGES [ROUNDS]]	(1000, 3)
#
# The same RSA-2048 key, relaxed/relaxed, 4 KB messages, 8 SMTP clients, unix
# sockets; A B A B. Prints messages a second and the CPU time that each milter
# took for a message, and their ratios. Needs root, Postfix and opendkim; build
# in Release. BIN as for the tests.
SRC=$(cd "$(dirname "$0")/.." && pwd)
BIN=${BIN:-$SRC/build/bin}
MESSAGES=${1:-1000} ROUNDS=${2:-3}
. "$SRC/t/postfix.sh"
pf_usable || exit 69
command -v opendkim >/dev/null || { echo "no opendkim here"; exit 69; }
W=$(mktemp -d /tmp/mw-bench-dkim.XXXXXX) && chmod 755 "$W" || exit 73
PIDS=
finish() {
	[ ! -s "$W/failed" ] || tail -n 5 "$W/log" "$PF_DIR/maillog"
	pf_stop
	for p in $PIDS; do kill "$p" 2>/dev/null; done
	rm -rf "$W"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$BIN/mailweir" dkim genkey --domain bench.example --selector s \
    --out "$W/s.pem" >/dev/null || exit 70
mkdir "$W/a" "$W/b"
cp "$W/s.pem" "$W/b/s.pem"
chown -R opendkim "$W/b"
cat >"$W/conf" <<-EOT
	run_dir = $W/a
	[dkim]
	socket_mode = 0666
	oversign_headers = From
	oversign_present =
	[key s]
	domain = bench.example
	selector = s
	file = $W/s.pem
	match = *
EOT
cat >"$W/opendkim.conf" <<-EOT
	Canonicalization relaxed/relaxed
	Mode s
	Socket local:$W/b/dkim.sock
	UMask 000
	UserID opendkim
	KeyTable csl:k=bench.example:s:$W/b/s.pem
	SigningTable refile:$W/table
	OversignHeaders From
	Syslog yes
	RequireSafeKeys no
EOT
printf '* k\n' >"$W/table"
"$BIN/mailweir-dkim" -d -c "$W/conf" -p "unix:$W/a/dkim.sock" 2>"$W/log" &
OURS=$!
opendkim -f -x "$W/opendkim.conf" &
THEIRS=$!
PIDS="$OURS $THEIRS"
pf_new "$W/pf"
pf_conf 'milter_default_action = tempfail' 'default_process_limit = 100' \
    'smtpd_client_connection_count_limit = 0' \
    'default_transport = discard:' 'smtpd_peername_lookup = no'
pf_start || exit 70
pf_wait 10 test -S "$W/a/dkim.sock"
pf_wait 10 test -S "$W/b/dkim.sock"

# ticks PID - CPU time of it and its threads so far, in 1/100 s
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
now() { date +%s.%N; }

# round NAME PID MILTERS
round() {
	pf_conf "smtpd_milters = $3"
	pf_reload; sleep 1
	smtp-source -s 4 -m 50 -l 4096 -f a@bench.example -t b@world.example \
	    "127.0.0.1:$PF_PORT"
	[ "$2" = 0 ] || c=$(ticks "$2")
	t0=$(now)
	smtp-source -s 8 -m "$MESSAGES" -l 4096 -f a@bench.example \
	    -t b@world.example "127.0.0.1:$PF_PORT" || { echo 1 >"$W/failed"; exit 70; }
	t1=$(now)
	[ "$2" = 0 ] && d=0 || d=$(($(ticks "$2") - c))
	echo "$1 $t0 $t1 $d $MESSAGES" >>"$W/rounds"
	pf_settle 60
}

i=0
while [ $i -lt "$ROUNDS" ]; do
	round ours "$OURS" "unix:$W/a/dkim.sock"
	round theirs "$THEIRS" "unix:$W/b/dkim.sock"
	round none 0 ''
	i=$((i + 1))
done
grep -c 'milter-reject\|451 4' "$PF_DIR/maillog" | sed 's/^/refused: /'
awk '{ wall[$1] += $3 - $2; cpu[$1] += $4; n[$1] += $5 }
END {
	for (k in wall)
		printf "%-7s %7.0f messages/s  %6.3f ms CPU of the milter a message\n",
		    k, n[k] / wall[k], cpu[k] * 10 / n[k]
	printf "rate ratio %.2f (wanted 1.60), CPU ratio %.2f (wanted 0.33)\n",
	    wall["theirs"] / wall["ours"], cpu["ours"] / cpu["theirs"]
}' "$W/rounds"
