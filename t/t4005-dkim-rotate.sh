#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim rotate: keys from new to gone, against two authoritative servers (nsd) on
# loopback with a zone of their own, and a third with one that aliases lead to; and dkim verify, dkim check through DNS
. "$(dirname "$0")/lib.sh"
need nsd
need_built mailweir mailweir-dkim
HOUR=3600 DAY=86400
NOW=1800000000		# 2027-01-15
S=$W/store
for i in 1 2 3; do mkdir "$W/dns$i"; done

# zone N - write the zone file of server N: its records, and the key records
# that $W/records.N holds; serial by the clock of files
zone() {
	SERIAL=$((${SERIAL:-100} + 1))
	cat >"$W/dns$1/zone" <<-EOT
		\$ORIGIN rot.example.
		\$TTL 600
		@ IN SOA ns1 admin $SERIAL 3600 600 86400 900
		@ IN NS ns1
		@ IN NS ns2
		ns1 IN A 127.0.0.1
		ns2 IN A 127.0.0.2
		alias._domainkey IN CNAME target.keys
		_dmarc IN TXT "v=DMARC1; p=reject; adkim=s"
		target.keys IN TXT "v=DKIM1; k=ed25519; " "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
		two._domainkey IN TXT "v=DKIM1; p=AAAA"
		two._domainkey IN TXT "v=DKIM1; p=BBBB"
	EOT
	[ ! -f "$W/records.$1" ] || cat "$W/records.$1" >>"$W/dns$1/zone"
}
reload() {
	for i in 1 2 3; do
		zone $i
		kill -HUP "$(cat "$W/dns$i/pid")"
	done
	wait_until 10 serves 127.0.0.1 "$SERIAL"
	wait_until 10 serves 127.0.0.2 "$SERIAL"
	wait_until 10 serves 127.0.0.3 "$SERIAL"
}
# serves ADDRESS SERIAL - has that server this zone, or one just before?
serves() {
	"$PYTHON" - "$1" "$DNS" "$2" <<-'PY'
	import re, socket, struct, sys
	q = struct.pack(">6H", 7, 0, 1, 0, 0, 0) + b"\3rot\7example\0\0\6\0\1"
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(1)
	s.sendto(q, (sys.argv[1], int(sys.argv[2])))
	a = s.recv(4096)
	at = a.index(b"\5admin") + 6
	at += 2 if a[at] >= 0xc0 else 1 + a[at:].index(0)
	got = struct.unpack(">I", a[at:at + 4])[0]
	sys.exit(abs(got - int(sys.argv[3])) > 2)
	PY
}
server() {
	cat >"$W/dns$1/conf" <<-EOT
		server:
		  ip-address: 127.0.0.$1@$DNS
		$([ "$1" != 3 ] || seq -f "  ip-address: 127.0.1.%g@$DNS" 33)
		  username: ""
		  chroot: ""
		  zonesdir: "$W/dns$1"
		  database: ""
		  pidfile: "$W/dns$1/pid"
		  xfrdfile: "$W/dns$1/xfrd"
		  xfrdir: "$W/dns$1"
		  zonelistfile: "$W/dns$1/list"
		  server-count: 1
		  zonefiles-check: yes
		remote-control:
		  control-enable: no
		zone:
		  name: rot.example
		  zonefile: zone
	EOT
	[ "$1" != 3 ] || cat >>"$W/dns3/conf" <<-EOT
		zone:
		  name: many.example
		  zonefile: "$W/many.zone"
		zone:
		  name: keys.example
		  zonefile: "$W/keys.zone"
	EOT
	[ -f "$W/dns$1/zone" ] || zone "$1"
	nsd -d -c "$W/dns$1/conf" >"$W/dns$1/log" 2>&1 &
	at_exit "kill $! 2>/dev/null"
	wait_until 10 serves "127.0.0.$1" "$SERIAL"
}
DNS=$(free_port)
cat >"$W/keys.zone" <<-EOT
	\$ORIGIN keys.example.
	\$TTL 600
	@ IN SOA ns1.rot.example. admin 1 3600 600 86400 900
	@ IN NS ns
	ns IN A 127.0.0.3
EOT

# a server of 33 addresses, one more than are asked
many() {
	echo '$ORIGIN many.example.'
	echo '$TTL 600'
	echo "@ IN SOA ns.many.example. admin $1 3600 600 86400 900"
	echo '@ IN NS ns'
	awk -v n="$2" 'BEGIN { for (i = 1; i <= n; i++)
	    print "ns IN A 127.0.1." i }'
	! [ -f "$W/many.wanted" ] || cat "$W/many.wanted"
}
many 1 33 >"$W/many.zone"

cat >"$W/hook" <<-EOT
	#!/bin/sh
	# publish NAME DATA, withdraw NAME, activate NAME DOMAIN
	echo "\$1 \$2" >>"$W/hook.log"
	[ ! -f "$W/hook.fails" ] || exit 1
	case \$1 in
	publish)
		echo "\$2. 600 IN TXT \$(echo "\$3" | sed 's/\(.\{200\}\)/\1\" \"/g;s/^/\"/;s/\$/\"/')" >>"$W/wanted"
		sort -u -o "$W/wanted" "$W/wanted" ;;
	withdraw)
		grep -v "^\$2\." "$W/wanted" >"$W/wanted.new"; mv "$W/wanted.new" "$W/wanted" ;;
	esac
EOT
chmod +x "$W/hook"; : >"$W/wanted"
cat >"$W/conf" <<-EOT
	run_dir = $W
	[dkim]
	key_store = $S
	rotate_domains = Rot.example
	rotate_every = 90d
	queue_lifetime = 5d
	min_ttl = 5m
	rotate_hook = $W/hook
	dns_servers = 127.0.0.3:$DNS
	dns_port = $DNS
EOT

# publish [N...] - what the hook was asked for goes to these servers
publish() {
	for i; do cp "$W/wanted" "$W/records.$i"; done
	reload
}
rotate() {
	MAILWEIR_FAKE_TIME=$NOW "$BIN/mailweir" -c "$W/conf" dkim rotate "$@"
}
# states WANT - the states of all keys, in their order
states() {
	got=$("$BIN/mailweir" -c "$W/conf" dkim rotate --list | cut -f 4 | paste -sd ' ')
	echo "states: $got; expected: $1"
	[ "$got" = "$1" ]
}
# signs N - a message gets N signatures now
signs() {
	printf 'From: a@rot.example\n\nx\n' >"$W/m.eml"
	"$BIN/mailweir" -c "$W/conf" dkim sign "$W/m.eml" >"$W/s.eml" 2>/dev/null
	[ "$(grep -c '^DKIM-Signature' "$W/s.eml")" = "$1" ]
}
dns() { v=$1; shift; "$BIN/mailweir" dkim "$v" --dns "127.0.0.1:$DNS" "$@"; }
verified() { dns verify "$W/s.eml"; }

t 'server 1'			server 1
t 'server 2'			server 2
t 'server 3, the resolver'	server 3

# --- the first keys ---
t 'first run'			rotate
t 'keys are made'		states 'new new'
t 'and asked for'		[ "$(grep -c ^publish "$W/hook.log")" = 2 ]
t 'private keys are private'	[ "$(stat -c %a "$S"/*.pem | sort -u)" = 640 ]
t 'nothing signs yet'		signs 0
# an alias that only one server has, into a zone that both have
sed 's/\._domainkey\.rot\./.keys./' "$W/wanted" >>"$W/keys.zone"
sed 's/^\([^.]*\)\.\([^ ]*\) .*/\1.\2 600 IN CNAME \1.keys.example./' "$W/wanted" >"$W/records.1"
reload
t 'one server has an alias'	rotate
t 'neither is that enough'	states 'new new'
cp "$W/records.1" "$W/records.2"; reload; rotate >/dev/null
t 'both have it'		states 'published published'
: >"$W/records.1"; : >"$W/records.2"; reload
t 'none has'			exits 65 rotate
publish 1
t 'one server has it'		rotate
t 'that is not enough'		states 'new new'
publish 1 2
t 'both have it'		rotate
t 'published'			states 'published published'
t 'still nothing signs'		signs 0
NOW=$((NOW + 599)); rotate >/dev/null
t 'not before the TTL'		states 'published published'
NOW=$((NOW + 400)); rotate >/dev/null
t 'active after TTL and absence' states 'active active'
t 'the milter is to reload'	grep -q ^activate "$W/hook.log"
t 'now both sign'		signs 2
t 'and verify by DNS'		verified
t 'both algorithms'		[ "$(grep -c pass "$W/out.$N")" = 2 ]
t 'dkim check by DNS'		"$BIN/mailweir" -c "$W/conf" dkim check --dns "127.0.0.1:$DNS"
NOW=$((NOW + 89 * DAY)); rotate >/dev/null
t 'young keys stay'		states 'active active'

# --- the next ones ---
NOW=$((NOW + DAY)); rotate >/dev/null
t 'after 90 days new ones'	states 'active active new new'
t 'the old ones sign'		signs 2
publish 1 2; rotate >/dev/null
t 'published'			states 'active active published published'
grep -v "$(rotate --list | sed -n 3p | cut -f 2)" "$W/wanted" >"$W/records.2"; reload
t 'a record vanishes'		exits 65 rotate
t 'a step back'			states 'active active new published'
t 'which is journaled'		has "$S/journal" 'published -> new: ns2'
publish 1 2; rotate >/dev/null
NOW=$((NOW + 1000))
kill "$(cat "$W/dns2/pid")"
wait_until 10 not serves 127.0.0.2 "$SERIAL"
t 'a server is silent'		rotate
t 'nothing moves'		states 'active active published published'
server 2
touch "$W/hook.fails"
t 'the milter is not reloaded'	exits 65 rotate
t 'they change places'		states 'retiring retiring active active'
NOW=$((NOW + 6 * DAY))
t 'it may sign with the old'	exits 65 rotate
t 'so their records stay'	not grep -q ^withdraw "$W/hook.log"
rm "$W/hook.fails"; : >"$W/hook.log"
t 'the milter is reloaded'	rotate
t 'for each key'		[ "$(grep -c ^activate "$W/hook.log")" = 2 ]
: >"$W/hook.log"
rotate >/dev/null
t 'and not again'		not grep -q . "$W/hook.log"
t 'two keys sign'		signs 2
t 'the new ones'		sh -c '! grep -q "$(grep retiring "$1" | cut -d" " -f2 | head -n1)" "$2"' x "$S/state" "$W/s.eml"
t 'verify'			verified

# --- the old ones go ---
NOW=$((NOW + 4 * DAY)); rotate >/dev/null
t 'old records stay'		not grep -q ^withdraw "$W/hook.log"
NOW=$((NOW + 2 * DAY)); touch "$W/hook.fails"
t 'a hook that fails'		exits 65 rotate
rm "$W/hook.fails"; rotate >/dev/null
t 'is asked again'		[ "$(grep -c ^withdraw "$W/hook.log")" = 4 ]
t 'but they are not gone yet'	states 'retiring retiring active active'
publish 1 2; rotate >/dev/null
t 'until no server has them'	states 'gone gone active active'
t 'their keys are deleted'	[ "$(ls "$S"/*.pem | wc -l)" = 2 ]
t 'every step is journaled'	[ "$(wc -l <"$S/journal")" -ge 14 ]

# --- faults ---
: >"$W/records.2"; reload
t 'an active key unpublished'	exits 65 rotate
t 'is a warning'		has "$W/out.$N" 'WARNING: it signs, but'
publish 1 2
t 'again in order'		rotate
rm "$S/active"; rotate >/dev/null
t 'active is repaired'		signs 2
: >"$S/rot.example.$(date -u -d "@$NOW" +%Y%m%d)a.pem"
t 'a key left by a killed run'	rotate --now
t 'is in nobody\''s way'	states 'gone gone active active new new'
(flock 9; sleep 1.5) 9>"$S/lock" &
sleep 0.3
t 'one run at a time'		exits 75 rotate
wait $!
# a TTL of a month, and private keys that are lost
sed -i 's/ 600 IN TXT/ 2592000 IN TXT/' "$W/wanted"
publish 1 2; rotate >/dev/null
NOW=$((NOW + 8 * DAY)); rotate >/dev/null
t 'a week is enough for any TTL' states 'gone gone retiring retiring active active'
old=$(rotate --list | sed -n 3p | cut -f 2)
rm "$S"/*."$old.pem"
new=$(rotate --list | sed -n 5p | cut -f 2)
rm "$S"/*."$new.pem"
: >"$W/hook.log"
t 'an active key is lost'	exits 65 rotate
t 'which is said'		has "$W/out.$N" "$new: its private key .* is lost"
t 'and one of its kind made'	states 'gone gone retiring retiring active active new'
new=$(rotate --list | sed -n 7p | cut -f 2)
rm "$S"/*."$new.pem"
publish 1 2
t 'that is lost, too'		exits 65 rotate
t 'and will never sign'		states 'gone gone retiring retiring active active retiring'
rotate >/dev/null
t 'but the next one will'	states 'gone gone retiring retiring active active retiring new'
NOW=$((NOW + 6 * DAY)); rotate >/dev/null
t 'of a lost one the record goes' grep -q "withdraw.*$old" "$W/hook.log"
t 'and of one that never signed' grep -q "withdraw.*$new" "$W/hook.log"
publish 1 2; rotate >/dev/null
t 'both are gone'		states 'gone gone gone gone active active gone published'
printf 'rubbish\n' >>"$S/state"
t 'a broken state'		exits 65 rotate
t 'with its line'		has "$W/out.$N" 'state:[0-9]+: not a line'

# --- more servers than are asked ---
sed "s|$S|$S.many|;s|Rot.example|many.example|;s|hook\$|hook.many|" "$W/conf" >"$W/many.conf"
sed "s|/wanted|/many.wanted|g" "$W/hook" >"$W/hook.many"; chmod +x "$W/hook.many"
: >"$W/many.wanted"
many_rotate() {
	MAILWEIR_FAKE_TIME=$NOW "$BIN/mailweir" -c "$W/many.conf" dkim rotate
}
many_rotate >/dev/null
many 200 33 >"$W/many.zone"; reload; sleep 1
t '33 addresses'		many_rotate
t 'cannot be said'		has "$W/out.$N" 'more than 32 addresses'
t 'nothing moves'		hasnt "$S.many/state" published
many 201 32 >"$W/many.zone"; reload; sleep 1
many_rotate >/dev/null
t '32 addresses can'		has "$S.many/state" published

# --- lookups ---
t 'an alias is followed'	sh -c 'printf "From: a@rot.example\n\nx\n" >"$1/a.eml"' x "$W"
cat >"$W/rfc.pem" <<-'EOT'
	-----BEGIN PRIVATE KEY-----
	MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
	-----END PRIVATE KEY-----
EOT
chmod 600 "$W/rfc.pem"
for s in alias two none; do
	printf 'run_dir = %s\n[key %s]\ndomain = rot.example\nselector = %s\nfile = %s\n' \
	    "$W" $s $s "$W/rfc.pem" >"$W/one.conf"
	"$BIN/mailweir" -c "$W/one.conf" dkim sign "$W/a.eml" >"$W/$s.eml"
	"$BIN/mailweir" -c "$W/one.conf" dkim check --dns "127.0.0.1:$DNS" >"$W/$s.check"
done
t 'alias: verifies'		dns verify "$W/alias.eml"
t 'alias: check'		has "$W/alias.check" '	ok	'
t 'DMARC policy'		has "$W/alias.check" ' dmarc=reject'
t 'aligned'			hasnt "$W/alias.check" 'unaligned'
printf 'match = rot.example x.rot.example\n' >>"$W/one.conf"
"$BIN/mailweir" -c "$W/one.conf" dkim check --dns "127.0.0.1:$DNS" >"$W/un.check"
t 'strict: not aligned'		has "$W/un.check" ' unaligned=x.rot.example'
t 'two records: no key'		exits 65 dns verify "$W/two.eml"
t 'no record'			exits 65 dns verify "$W/none.eml"
t 'is permanent'		has "$W/out.$N" 'permerror'
t 'and check says so'		has "$W/none.check" '	missing	'
t 'no server: temporary'	exits 65 "$BIN/mailweir" dkim verify --dns 127.0.0.1:9 "$W/alias.eml"
t 'is said'			has "$W/out.$N" 'temperror'

t_done
