#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# the command: options and help, init, stats, check's words to a program
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-suppress
conf() {
	cat >"$W/m.conf" <<END
state_dir = $W/deep/state
run_dir = $W/run
store_key_file = $W/etc/store.key
token_key_file = $W/etc/token.key
[stream news]
class = bulk
match_sender = @news.example
END
}
conf
# m ARGS... - the command; output() FILE: as t() kept the last one
m() { "$BIN/mailweir" -c "$W/m.conf" "$@"; }
out() { has "$W/out.$((N - 1))" "$1"; }

t 'no sentence'			exits 64 m
t 'unknown sentence'		exits 64 m frobnicate
t 'says what to do'		out 'try mailweir --help'
t 'unknown option'		exits 64 m stats --jsno
t 'with the synopsis'		out '^usage: mailweir stats '
t 'too many words'		exits 64 m stats now
words() {
	for s in 'check x' 'list x' score 'diff a b' 'diff a b c d' \
	    'sign --key k' 'approve --key k'
	do
		# shellcheck disable=SC2086 # words
		m rules $s >"$W/a" 2>&1 && { echo "rules $s"; return 1; }
		has "$W/a" "^mailweir: rules: ${s%% *} wants " || return 1
	done
}
t 'rules: too many, too few'	words
t 'option without its value'	exits 64 m explain a@b.example --stream
t 'version'			"$BIN/mailweir" --version
t 'is a number'			out '^mailweir [0-9]+\.[0-9]+'
t 'help'			"$BIN/mailweir" --help
# each_help - help of every sentence, both ways alike
each_help() {
	"$BIN/mailweir" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' >"$W/names"
	[ "$(wc -l <"$W/names")" -ge 4 ] || return 1
	while read -r s; do
		"$BIN/mailweir" help "$s" >"$W/a" || { echo "help $s"; return 1; }
		"$BIN/mailweir" "$s" --help >"$W/b" || { echo "$s --help"; return 1; }
		same "$W/a" "$W/b" && has "$W/a" "^usage: mailweir $s" || return 1
	done <"$W/names"
}
t 'help of each sentence'	each_help
# the sentences of two words say the same
two_words() {
	for s in 'feedback parse' 'feedback parked' 'feedback reason' \
	    'journal show' 'journal verify' 'rules check' 'rules score' \
	    'rules test' 'rules list' 'dkim genkey' 'dkim check' \
	    'dkim rotate' 'dkim sign' 'dkim verify' 'token make' 'token read'
	do
		# shellcheck disable=SC2086 # two words
		"$BIN/mailweir" $s --help >"$W/b" || { echo "$s --help"; return 1; }
		has "$W/b" "^usage: mailweir ${s%% *}" || return 1
	done
}
t 'also behind a second word'	two_words
t 'help of none'		exits 64 m help frobnicate
t 'no configuration'		exits 66 "$BIN/mailweir" -c "$W/none" stats
full() { "$BIN/mailweir" --help >/dev/full; }
t 'full output is an error'	exits 74 full

t 'check: nothing is there yet'	exits 78 m check
t 'init'			m init
t 'made all'			test "$(grep -c '^made' "$W/out.$N")" = 5
t 'key is a secret'		test "$(stat -c %a "$W/etc/store.key")" = 600
t 'state is not for all'	test "$(stat -c %a "$W/deep/state")" = 750
cp "$W/etc/store.key" "$W/store.key.1"
t 'init again'			m init
t 'made nothing'		hasnt "$W/out.$N" '^made'
t 'same key'			same "$W/store.key.1" "$W/etc/store.key"
t 'check: good'			m check
t 'check --json: silent'	m check --json
t 'nothing said'		test ! -s "$W/out.$((N))"
mv "$W/etc/store.key" "$W/kept"
t 'no new key for an old store'	not m init
t 'says what to do'		out 'bring the key back'
t 'and made none'		test ! -e "$W/etc/store.key"
mv "$W/kept" "$W/etc/store.key"
t 'no such user'		exits 67 m init --user nobody-of-that-name
if [ "$(id -u)" = 0 ]; then
	# begun without --user: nobody's programs could not read it
	t 'what is there is given'	m init --user nobody
	given() { stat -c '%U %a %n' "$W/deep/state" "$W/deep/state/store"/* \
	    "$W/etc"/*.key | sed "s|$W/||" | sort; }
	sort >"$W/given" <<-EOT
	nobody 750 deep/state
	nobody 660 deep/state/store/data.mdb
	nobody 660 deep/state/store/lock.mdb
	nobody 660 deep/state/store/writers.lock
	root 640 etc/store.key
	root 640 etc/token.key
	EOT
	given >"$W/is"
	t 'folders, store, keys by group' same "$W/given" "$W/is"
	chgrp daemon "$W/run" && chmod 2750 "$W/run"
	t 'and again'			m init --user nobody
	t "the group of a folder of his stays: the MTA's" \
	    test "$(stat -c '%U %G %a' "$W/run")" = 'nobody daemon 2750'
	ln "$W/etc/store.key" "$W/deep/state/store/x" &&
	    mv "$W/deep/state/store/x" "$W/deep/state/store/lock.mdb"
	t 'but nothing that was put there' not m init --user nobody
	t 'stays root'"'"'s'		test "$(stat -c %U "$W/etc/store.key")" = root
	t 'nor is it opened'		exits 77 m add bo@x.example --scope a \
	    --reason legal
	t 'why'				out 'lock.mdb is a link.*root does not'
	ln -sf "$W/etc/store.key" "$W/deep/state/store/lock.mdb"
	t 'through no link either'	exits 77 m stats
	t 'so the key is the old one'	same "$W/store.key.1" "$W/etc/store.key"
	rm "$W/deep/state/store/lock.mdb"
	chown -R root "$W/deep" && chgrp root "$W/etc"/*.key
fi

t 'stats of nobody'		m stats
t 'explain: not known'		m explain Ann@X.example --stream news
t 'passes'			out '^verdict   pass'
t 'explain: no such stream'	exits 64 m explain a@b.example --stream x
t 'explain: no address'		m explain 'a b' --stream news --json
t 'is the business of the MTA'	out '"verdict":"pass".*"unparsed":"'

t 'suppressed for the stream'	m add ann@x.example --scope news --reason optout
t 'and for another'		m add ann@x.example --scope other --reason complaint
t 'explain: suppressed'		m explain ann@x.example --stream news
t 'by this'			has "$W/out.$N" '^entry +optout, scope news: stops this stream'
t 'not by that'			has "$W/out.$((N - 1))" '^entry +complaint, scope other: scope not obeyed'
t 'refused'			has "$W/out.$((N - 2))" '^reply +550 5\.7\.1 '
t 'explain --json'		m explain ann@x.example --stream news --json
t 'says the same'		has "$W/out.$N" '"verdict":"reject","reply":"550 5.7.1 '
t 'stats of the store'		m stats --scopes
t 'entries'			has "$W/out.$N" ' 2  entries$'
t 'by scope and reason'		has "$W/out.$((N - 1))" ' 1  in_force\{scope="news",reason="optout"\}'
t 'stats --json'		m stats --json
t 'one object a line'		not grep -qv '^{"program":".*","counter":".*","value":[0-9]*}$' "$W/out.$N"
mv "$W/deep/state/store" "$W/kept"
t 'stats without a store'	exits 66 m stats
t 'explain without a store'	not m explain ann@x.example --stream news
mv "$W/kept" "$W/deep/state/store"

t 'parameters'			"$BIN/mailweir" -H
t 'of the milters, too'		out '^\[suppress\]'

# a program passes over sections of the others, whatever their kind
{ cat "$W/m.conf"
"$BIN/mailweir" -H | sed -n 's/^\[\([a-z]*\)\( NAME\)*\]$/\1\2/p' |
    sed 's/\(.*\)NAME/\1x/; s/.*/[&]/'; } >"$W/kinds.conf"
t 'kinds of section'		has "$W/kinds.conf" '^\[key x\]'
t 'a program knows them all'	"$BIN/mailweir-suppress" -n -c "$W/kinds.conf"
t 'a program is content'	"$BIN/mailweir-suppress" -n -c "$W/m.conf"
echo 'class = bulk' >>"$W/m.conf"
t 'a program refuses'		exits 78 "$BIN/mailweir-suppress" -n -c "$W/m.conf"
t 'with line and name'		out 'm\.conf:8: class: given before, at line 6$'
conf
chmod 644 "$W/etc/store.key"
t 'a key for all is refused'	exits 78 "$BIN/mailweir-suppress" -c "$W/m.conf"
t 'with line and name'		out 'm\.conf:3: store_key_file: .*/store\.key: mode 0644 '
t_done
