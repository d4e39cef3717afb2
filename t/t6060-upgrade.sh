#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# a store of another format: an older one is upgraded, with a copy first, by
# the first program that writes; a newer one is refused
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"
command -v mdb_load >/dev/null || skip_all 'lmdb-utils is not installed'

# number - the format of the store, in hex; what mdb_dump prints are pairs of
# lines, keys and values
number() {
	mdb_dump "$S" | sed -n '/^ 3d666f726d6174$/{n;s/^.\{17\}\(.\{8\}\).*/\1/p;}'
}
is_format() { [ "$(number)" = "0000000$1" ]; }
# make_format N - write down another number; the older one had no number of
# entries in "=gen"
make_format() {
	mdb_dump "$S" >"$W/dump" || return 1
	{
		sed '/^HEADER=END/q' "$W/dump"
		sed -n -e '/^ 3d666f726d6174$/{p;n' \
		    -e "s/^\(.\{17\}\).\{8\}/\10000000$1/p;}" \
		    -e '/^ 3d67656e$/{p;n' -e 's/^\(.\{33\}\).*/\1/p;}' "$W/dump"
		echo DATA=END
	} >"$W/edited"
	[ "$(wc -l <"$W/edited")" -ge 9 ] && mdb_load -f "$W/edited" "$S" &&
	    is_format "$1"
}

mw init >/dev/null || bail 'no store'
"$PYTHON" -c "
for i in range(60000): print('u%d@l.example' % i)" >"$W/long"
mw import "$W/long" --scope list >/dev/null || bail 'no list'
mw add ann@l.example --scope news --reason complaint >/dev/null
mw add @bad.example --reason invalid-domain >/dev/null
mw journal export >"$W/journal"
head=$(mw journal verify | sed 's/.*head //')

t 'made older'		make_format 1
t 'who only reads cannot say' fails 75 'format is 1.*mailweir init. upgrades' \
    mw show ann@l.example
t 'nor verify'		fails 75 'format is 1' mw verify
t 'that changes nothing' is_format 1
t 'nor makes a copy'	gone data.mdb.format1
cp "$S/data.mdb" "$W/old.mdb"

t 'who writes upgrades'	says ': added' mw add bob@l.example
t 'it has the number'	is_format 2
t 'the copy is there'	here data.mdb.format1
t 'of the same owner and mode' alike "$S/data.mdb" "$S/data.mdb.format1"
t 'nothing else is left' gone data.mdb.format1.new
t 'an entry'		says '^complaint +scope news: in force' mw show ann@l.example
t 'a domain'		says 'whole domain' mw show x@bad.example
t 'a row of a list'	says 'in force' mw show u59999@l.example --scope list
t 'the new entry'	says 'in force' mw show bob@l.example
t 'all is sound'	says '^0 faults' mw verify
t 'the journal goes on where it was' says '^sound' \
    mw journal verify --head "$head"

# back to the copy, as doc/STORE says
mv "$S/data.mdb.format1" "$S/data.mdb"; rm -f "$S/lock.mdb"
t 'the copy in its place' is_format 1
t 'init upgrades, too'	says '^there' mw init
t 'it did'		is_format 2
t 'it is as it was'	says '^0 faults' mw verify
t 'to the record'	sh -c '"$0" -c "$1" journal export | cmp - "$2"' \
    "$BIN/mailweir" "$W/m.conf" "$W/journal"
t 'what came after the copy is not there' says 'not in the store' \
    mw show bob@l.example

# two at once, and killed at any moment: old or new, never between
restore() { rm -f "$S"/data.mdb* "$S/lock.mdb"; cp "$W/old.mdb" "$S/data.mdb"; }
both() {
	restore
	mw add one@l.example & one=$!
	mw add two@l.example && wait "$one" && is_format 2 && mw verify
}
t 'two at once'		both
killed() {
	old=0
	for ms in 020 040 060 080 100 130 170; do
		restore
		timeout -s KILL "0.$ms" "$BIN/mailweir" -c "$W/m.conf" \
		    add "k$ms@l.example"
		is_format 1 && old=$((old + 1))
		is_format 1 || is_format 2 || return 1
		mw add after@l.example && is_format 2 &&
		    gone data.mdb.format1.new || return 1
	done
	echo "old after $old of 7"
	mw verify
}
t 'killed at any moment' killed

# the copy cannot be made: a folder has its name
restore
mkdir "$S/data.mdb.format1"
t 'no copy, no upgrade'	fails 73 'not upgraded, as no copy' mw add c@l.example
t 'the store as it was'	is_format 1
t 'nothing aside'	gone data.mdb.format1.new
rmdir "$S/data.mdb.format1"
t 'once it can be made'	mw add c@l.example

t 'made newer'		make_format 3
t 'a newer one is not read' fails 78 'install the newer program' \
    mw show ann@l.example
t 'nor written'		fails 78 'install the newer program' mw add d@l.example
t 'nor by init'		fails 78 'install the newer program' mw init
t 'it is as it was'	is_format 3
t_done
