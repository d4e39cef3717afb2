#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim tables: OpenDKIM's and rspamd's, read as they are; import-opendkim; many
# domains; keys that are missing or that change
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-dkim

mkdir "$W/keys"
for k in one two three; do
	"$BIN/mailweir" dkim genkey --domain x.example --selector s \
	    --algorithm ed25519 --out "$W/keys/$k.pem" >/dev/null
done
cp "$W/keys/one.pem" "$W/keys/a.example.pem"
cp "$W/keys/two.pem" "$W/keys/b.example.path.key"
chmod 600 "$W"/keys/*

cat >"$W/KeyTable" <<-EOT
	# name  domain:selector:file
	k1	a.example:s1:$W/keys/one.pem
	k2	a.example:s2:$W/keys/two.pem	# the second
	sub	sub.a.example:s3:$W/keys/three.pem
	any	%:sany:$W/keys/three.pem
	tmpl	%:stmpl:$W/keys/%.pem
	gone	gone.example:s:$W/keys/none.pem
	inline	inline.example:s:MC4CAQAwBQYDK2VwBCIEIA
EOT
# config LINES... - [dkim] with these
config() {
	printf 'run_dir = %s\n[dkim]\n' "$W"
	for line; do printf '%s\n' "$line"; done
}
# signs FROM "SELECTOR ..." - by these keys, in this order; EXTRA to the command
signs() {
	printf 'From: %s\n\nx\n' "$1" >"$W/m.eml"
	"$BIN/mailweir" -c "$W/conf" dkim sign "$W/m.eml" >"$W/s.eml"
	got=$(tr -d '\n' <"$W/s.eml" | grep -o '[;[:space:]]s=[^;]*' |
	    sed 's/.*s=//' | paste -sd ' ')
	echo "signed by: $got; expected: $2"
	[ "$got" = "$2" ]
}
# identity WANT - the i= of the last signature
identity() { tr -d '\n\t' <"$W/s.eml" | grep -q "i=$1;"; }

# --- a plain file: the most exact key of the address ---
cat >"$W/SigningTable" <<-EOT
	ann@a.example	k2
	a.example	k1
	bob@.a.example	sub
	.b.example	any
	carl@*		any
	d.example	k1:dora@%
	e.example	k1:dora@a.example
	t.example	tmpl
	gone.example	gone
	inline.example	inline
	lost.example	nowhere
EOT
config "key_table = $W/KeyTable" "signing_table = file:$W/SigningTable" \
    'parent_domains = no' 'on_error = reject' >"$W/conf"
t 'a whole address'		signs ANN@A.example s2
t 'its domain'			signs eve@a.example s1
t 'user@.domain'		signs bob@x.y.a.example s3
t 'not another user'		signs eve@x.y.a.example ''
t '.domain, with %'		signs eve@x.b.example sany
t 'd= is the domain of From'	has "$W/s.eml" 'd=x.b.example;'
t 'not the domain itself'	signs eve@b.example ''
t 'user@*'			signs carl@far.example sany
t 'a domain that cannot be'	signs eve@..b.example ''
t 'a signer of another domain'	signs eve@d.example s1
t 'is left out'			not identity 'dora@d.example'
t 'a signer'			signs eve@e.example s1
t 'is i='			identity 'dora@a.example'
t '% in a file name, absent'	signs eve@t.example ''
cp "$W/keys/one.pem" "$W/keys/t.example.pem"
t '% in a file name'		signs eve@t.example stmpl
t 'a missing key: no signature'	signs eve@gone.example ''
printf 'From: a@gone.example\n\nx\n' >"$W/m.eml"
t 'but a clear event'		exits 65 "$BIN/mailweir" -c "$W/conf" dkim sign "$W/m.eml"
t 'which names the file'	has "$W/out.$N" 'dkim_error .*key=gone why=".*none.pem'
t 'a key inside the table'	signs eve@inline.example ''
t 'a row without its key'	signs eve@lost.example ''
t 'others are not hurt'		signs eve@a.example s1
t 'the start is not stopped'	"$BIN/mailweir-dkim" -n -c "$W/conf"
: >"$W/empty"
t 'check finds them'		exits 65 "$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/empty"
checked=$W/out.$N
t 'the missing file'		has "$checked" '^gone	unusable.*none.pem'
t 'the missing row'		has "$checked" '^nowhere	unusable.*key table has not'
config "key_table = $W/KeyTable" "signing_table = $W/SigningTable" \
    'key_cache = 1' >"$W/conf"
"$BIN/mailweir" -c "$W/conf" dkim check --keys "$W/empty" >"$W/small"
t 'a small cache does not matter' same "$checked" "$W/small"
config "key_table = $W/KeyTable" "signing_table = $W/SigningTable" \
    'parent_domains = no' 'signing_table_all = yes' >"$W/conf"
t 'all that match'		signs ann@a.example 's2 s1'

# --- refile: patterns in their order ---
cat >"$W/refile" <<-EOT
	*@sub.a.example	sub
	ann@a.example	k2
	*@a.example	k1
	*@*.a.example	k2
	info@*		any
EOT
config "key_table = file:$W/KeyTable" "signing_table = refile:$W/refile" \
    'parent_domains = no' >"$W/conf"
t 'refile: the first row'	signs ann@a.example s2
t 'refile: *@domain'		signs eve@A.example s1
t 'refile: order'		signs eve@sub.a.example s3
t 'refile: *@*.domain'		signs eve@x.y.a.example s2
t 'refile: user@*'		signs info@z.example sany
t 'refile: none'		signs eve@z.example ''
config "key_table = $W/KeyTable" "signing_table = refile:$W/refile" \
    'signing_table_all = yes' >"$W/conf"
t 'refile: all'			signs info@sub.a.example 's3 s2 sany'
config "key_table = $W/KeyTable" \
    'signing_table = csl:a.example=k1,z.example=any' >"$W/conf"
t 'csl'				signs eve@z.example sany

# --- faults ---
config 'key_table = /nonexistent' >"$W/conf"
t 'no table'			exits 66 "$BIN/mailweir-dkim" -n -c "$W/conf"
printf 'k1 a.example:s1\n' >"$W/bad"
config "key_table = $W/bad" >"$W/conf"
t 'a bad row'			exits 78 "$BIN/mailweir-dkim" -n -c "$W/conf"
t 'with its line'		has "$W/out.$N" '/bad:1: k1: want domain:selector:'

# --- rspamd: path and maps ---
config "key_path = $W/keys/\$\$domain.pem" 'key_selector = sp' >"$W/conf"
t 'key_path'			signs eve@a.example sp
t 'key_path: no such file'	signs eve@none.example ''
t 'key_path: no way out'	signs 'eve@[../a.example]' ''
printf 'm.example %s\nb.example %s\n' "$W/keys/three.pem" \
    "$W/keys/\$domain.\$selector.key" >"$W/paths"
printf 'b.example path # its own\nn.example other\n' >"$W/selectors"
config "path_map = $W/paths" "selector_map = $W/selectors" \
    'key_selector = dflt' "key_path = $W/keys/\$\$domain.pem" >"$W/conf"
t 'path_map'			signs eve@m.example dflt
t 'both maps'			signs eve@b.example path
t 'neither map'			signs eve@a.example dflt

# --- keys and tables change together ---
need_reload() { has "$W/mailweir-dkim.log" 'dkim_error .*changed since the tables were'; }
session() {
	miltertest -D "SOCK=unix:$W/mailweir-dkim.sock" -s "$W/one.lua"
}
cat >"$W/one.lua" <<-'EOT'
	local c = mt.connect(SOCK, 40, 0.05)
	mt.negotiate(c, 6, 0x1ff, 0x1fffff)
	pcall(mt.conninfo, c, "x", "127.0.0.1")
	pcall(mt.mailfrom, c, "<x@a.example>")
	pcall(mt.rcptto, c, "<y@b.example>")
	mt.header(c, "From", " eve@a.example")
	pcall(mt.eoh, c)
	mt.bodystring(c, "x\r\n")
	mt.eom(c)
	local v = mt.getheader(c, "DKIM-Signature", 0)
	mt.echo(v and "signed" or "unsigned")
	mt.disconnect(c)
EOT
if command -v miltertest >/dev/null; then
	config "key_table = $W/KeyTable" "signing_table = $W/SigningTable" >"$W/conf"
	t 'start'			milter_daemon mailweir-dkim -c "$W/conf"
	sleep 0.1; cp "$W/keys/three.pem" "$W/keys/new.pem"
	mv "$W/keys/new.pem" "$W/keys/one.pem"
	t 'a key file replaced'		session
	t 'is not used'			grep -q unsigned "$W/out.$N"
	t 'and the log says why'	need_reload
	kill -USR1 "$(cat "$W/mailweir-dkim.pid")"
	t 'reload'			wait_until 10 has "$W/mailweir-dkim.log" ' reloaded '
	t 'then it is'			session
	t 'signed'			grep -q '^signed' "$W/out.$N"
	t 'stop'			stop mailweir-dkim
fi

# --- opendkim.conf ---
cat >"$W/opendkim.conf" <<-EOT
	# a comment
	Syslog			yes
	UMask			007
	Mode			sv
	Canonicalization	relaxed
	SubDomains		no
	OversignHeaders		From,Subject
	InternalHosts		$W/hosts
	KeyTable		$W/KeyTable
	SigningTable		refile:$W/refile
	MultipleSignatures	yes
	SignatureTTL		86400
	Socket			local:/run/opendkim/opendkim.sock
	UserID			opendkim
	BodyLengths		yes
	ExternalIgnoreList	$W/hosts
	LuaSomething		x
EOT
printf '127.0.0.1\n[::1]\n!192.0.2.9\n192.0.2.0/24 # net\n.inside.example\n' >"$W/hosts"
t 'import'			sh -c '"$1" dkim import-opendkim "$2" >"$3"' x \
    "$BIN/mailweir" "$W/opendkim.conf" "$W/imported"
t 'says how much is lost'	has "$W/out.$N" '4 things not carried over'
t 'what is lost'		has "$W/imported" '^# not carried over: BodyLengths yes'
t 'also whom it ignores'		has "$W/imported" '^# not carried over: ExternalIgnoreList /'
t 'also what it does not know'	has "$W/imported" 'LuaSomething x: not known'
t 'canonicalisation'		has "$W/imported" '^canonicalization = relaxed/simple'
t 'TTL'				has "$W/imported" '^signature_ttl = 86400s'
t 'socket'			has "$W/imported" '^socket = unix:/run/opendkim'
t 'it is a configuration'	"$BIN/mailweir-dkim" -n -c "$W/imported"
{ grep -v '^user\|^socket' "$W/imported"; } >"$W/conf"
t 'that signs'			signs info@sub.a.example 's3 s2 sany'
t 'with its lists'		has "$W/s.eml" 'c=relaxed/simple'
printf 'Domain a.example, c.example\nSelector s\nKeyFile %s\nSubDomains yes\n' \
    "$W/keys/two.pem" >"$W/opendkim.conf"
"$BIN/mailweir" dkim import-opendkim "$W/opendkim.conf" >"$W/conf" 2>/dev/null
t 'a single key'		signs eve@x.c.example s

# --- 100,000 domains ---
awk -v d="$W/keys" 'BEGIN { for (i = 0; i < 100000; i++)
    print "k" i, "d" i ".example:s:" d "/two.pem" }' >"$W/KeyTable"
awk 'BEGIN { for (i = 0; i < 100000; i++) print "*@d" i ".example k" i }' >"$W/refile"
config "key_table = $W/KeyTable" "signing_table = refile:$W/refile" >"$W/conf"
t '100,000 domains'		"$BIN/mailweir-dkim" -n -c "$W/conf"
t 'the last one signs'		signs eve@d99999.example s

t_done
