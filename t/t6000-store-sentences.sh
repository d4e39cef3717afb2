#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# store: add, remove, show, journal, verify, backup, export
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"
unset SUDO_UID

# silent COMMAND... - succeeds and prints nothing
silent() { "$@" >"$W/said" && [ ! -s "$W/said" ]; }

t 'init'		mw init
t 'add'			says ': added, scope news' \
    mw add 'Ann@Example.COM' --scope news --reason optout --evidence case-1
t 'show finds any spelling' says 'optout +scope news: in force' \
    mw show ann@example.com
t 'show tells the evidence' has "$W/said" 'evidence case-1'
t 'show --json is JSON'	says '"in_force":true' mw show ann@example.com --json
t 'a neighbour is not there' says 'not in the store' mw show bob@example.com
t 'another scope is not' says 'not in the store' \
    mw show ann@example.com --scope other
t 'a whole domain'	mw add @bad.example --reason invalid-domain
t 'covers its users'	says 'whole domain' mw show anyone@bad.example
t 'but not sub-domains'	says 'not in the store' mw show a@sub.bad.example
t 'an IDN is one domain' mw add 'x@bücher.example'
t 'in both spellings'	says 'in force' mw show 'x@xn--bcher-kva.example'
t 'complaint'		mw add c@example.com --scope news --reason complaint
t 'is not just removed'	fails 77 'override' mw remove c@example.com --scope news
t 'nor without a note'	fails 77 'stated reason' \
    mw remove c@example.com --scope news --override
t 'it is still there'	says 'in force' mw show c@example.com
t 'with both it goes'	says ': removed' mw remove c@example.com --scope news \
    --override --note 'ticket 7: wrong person'
t 'it is gone'		says 'not in the store' mw show c@example.com
t 'remove what is not'	says 'nothing to do' mw remove z@example.com
t 'bad address'		fails 65 'not an address' mw add 'no at sign'
t 'bad reason'		fails 64 'no reason' mw add a@b.example --reason odd
t 'bad scope'		fails 64 'scope' mw add a@b.example --scope 'A B'
t 'bad expiry'		fails 64 'expires' mw add a@b.example --expires tomorrow
t 'past expiry'		fails 64 'past' mw add a@b.example --expires 2001-01-01
t 'no address'		fails 64 'one address' mw add
t 'unknown option'	fails 64 'unknown' mw add a@b.example --colour red

t 'journal names who'	says "user:$(id -un) remove scope=news reason=complaint" \
    mw journal show c@example.com
t 'and the stated reason' has "$W/said" 'ticket 7'
# root by way of sudo has a name; nobody else can give himself one
if [ "$(id -u)" = 0 ]
then who='nobody\(sudo\)'
else who=$(id -un)
fi
t 'sudo tells who'	env SUDO_UID="$(id -u nobody)" \
    "$BIN/mailweir" -c "$W/m.conf" add sudo@example.com
t 'in the journal'	says "user:$who add scope=\*" \
    mw journal show sudo@example.com
t 'a number of nobody is none' env SUDO_UID=3999999999 \
    "$BIN/mailweir" -c "$W/m.conf" add sudo2@example.com
t 'so it is the real user' says "user:$(id -un) add scope=\*" \
    mw journal show sudo2@example.com
t 'journal by scope'	says 'add scope=news' mw journal show --scope news
t 'leaves out others'	hasnt "$W/said" 'invalid-domain'
t 'journal by actor'	silent mw journal show --actor nobody
t 'journal by time'	silent mw journal show --until 2020-01-01
t 'journal export is JSON lines' sh -c \
    '"$0" -c "$1" journal export | "$PYTHON" -c "
import json, sys
rows = [json.loads(l) for l in sys.stdin]
assert [r[\"seq\"] for r in rows] == list(range(1, len(rows) + 1)), rows
assert rows[0][\"op\"] == \"scope\", rows[0]"' "$BIN/mailweir" "$W/m.conf"
t 'journal verify'	says '^sound: [0-9]+ records' mw journal verify
t 'verify'		says '^0 faults; ' mw verify
t 'export has no address' sh -c \
    '! "$0" -c "$1" export | grep -q @' "$BIN/mailweir" "$W/m.conf"
t 'export names scopes'	says ',news,optout,1,' mw export --scope news

t 'backup'		says 'made and verified' mw backup "$W/copy"
modes() { (cd "$1" && stat -c '%n %a %U:%G' . ./*); }
t 'of the same owner and modes' sh -c 'test "$1" = "$2"' - \
    "$(modes "$W/copy")" "$(modes "$W/state/store")"
t 'not over a full folder' fails 73 'absent or an empty folder' \
    mw backup "$W/copy"
sed "s,^state_dir.*,&\nstore_path = $W/copy," "$W/m.conf" >"$W/copy.conf"
t 'the copy is a store'	says 'in force' \
    "$BIN/mailweir" -c "$W/copy.conf" show ann@example.com

t 'a note with control characters' mw add n@example.com --scope note \
    --evidence "$(printf 'a\351b')" --note "$(printf 'x\n9 y\033[31m')"
t 'is one line'		says 'evidence=a.xe9b note="x.x0a9 y.x1b.31m"$' \
    mw journal show --scope note
t 'show escapes, too'	says 'evidence a.xe9b$' mw show n@example.com
t 'and is JSON'		says '"evidence":"a.+xe9b"' mw show n@example.com --json
t 'before 1970 is nothing to cut' says '^0 records cut' \
    mw journal cut --older 90y

# an end that was cut off with a head to suit it: the chain holds, but entries
# name records that are not there
mw add tail@example.com >/dev/null
mw backup "$W/cut" >/dev/null
mw journal export >"$W/journal"
sed "s,^state_dir.*,&\nstore_path = $W/cut," "$W/m.conf" >"$W/cut.conf"
"$PYTHON" - "$W/cut/data.mdb" "$W/journal" <<'END'
import json, sys
data = bytearray(open(sys.argv[1], "rb").read())
r = [json.loads(l) for l in open(sys.argv[2])][-2]
at = data.find(b"=head") + 5
assert at > 4
data[at:at + 40] = r["seq"].to_bytes(8, "big") + bytes.fromhex(r["hash"])
open(sys.argv[1], "wb").write(data)
END
t 'a cut end: an entry names it' fails 65 'its end was cut off' \
    "$BIN/mailweir" -c "$W/cut.conf" journal verify
t 'the whole says so, too' fails 65 'its end was cut off' \
    "$BIN/mailweir" -c "$W/cut.conf" verify

head=$(mw journal verify | sed 's/.*head //')
mw add later@example.com >/dev/null
t 'a noted head is in the chain' says '^sound' mw journal verify --head "$head"
t 'one that is not'	fails 65 'the head that was noted' \
    mw journal verify --head "$(echo "$head" | tr 0-9a-f 1-9a-f0)"
t 'that is no head'	fails 64 '64 hex digits' mw journal verify --head 12

# damage - flip one octet of the journal record that holds this text
damage() {
	"$PYTHON" - "$W/state/store/data.mdb" "$1" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.find(sys.argv[2].encode())
assert at >= 0
while at >= 0:
    data[at] ^= 1
    at = data.find(sys.argv[2].encode())
open(sys.argv[1], "wb").write(data)
END
}
t 'alter a record'	damage 'ticket 7'
t 'verify sees it'	fails 65 'record [0-9]+ was altered' mw journal verify
t 'so does the whole'	fails 65 'was altered' mw verify
t 'no store here'	fails 66 'no store here' sh -c \
    'rm -r "$1/state/store" && "$0" -c "$1/m.conf" show a@b.example' \
    "$BIN/mailweir" "$W"
t_done
