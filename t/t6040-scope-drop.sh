#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# the end of a scope: never silently; and no address in what is kept in the clear
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

mw init >/dev/null || bail 'no store'
mw add ann@x.example --scope news --reason optout >/dev/null || bail 'no entry'
mw add @bad.example --scope news >/dev/null || bail 'no domain'
mw add eve@x.example --scope other >/dev/null || bail 'no other entry'
printf 'l1@x.example\nl2@x.example\nl3@x.example\n' >"$W/l"
mw import "$W/l" --scope news >/dev/null || bail 'no list'
mw remove l3@x.example --scope news >/dev/null || bail 'no removal'

t 'entries and rows are in force' fails 77 \
    'scope news: 2 entries and 2 rows of lists are in force; nothing was changed' \
    mw scope drop news
t 'override alone is not enough' fails 77 'needs --override and --note' \
    mw scope drop news --override
t 'a note alone is not, either' fails 77 'needs --override and --note' \
    mw scope drop news --note why
t 'all of it stands'	says 'in force' mw show ann@x.example --scope news
t 'so does the list'	says 'in force' mw show l1@x.example --scope news
t 'no such scope'	fails 65 'there is none' mw scope drop none
t 'no scope at all'	fails 64 'is no scope' mw scope drop 'A B'
t 'with a stated reason' says '^scope news: dropped, with 2 entries and 2 rows' \
    mw scope drop news --override --note 'customer left'
for who in ann@x.example someone@bad.example l1@x.example; do
	t "$who: gone"	says 'not in the store' mw show "$who" --scope news
done
t 'another scope stands' says 'in force' mw show eve@x.example --scope other
t 'the journal names it' says \
    'drop scope.*scope=news.*note="customer left"' mw journal show --scope news
t 'and each entry'	test "$(grep -c ' remove ' "$W/said")" = 3
t 'the chain is whole'	says '^sound' mw journal verify
t 'and the store'	says '^0 faults' mw verify
t 'no rows are left'	says '"list_rows","value":0' mw stats --json
t 'rollback brings nothing back' fails 65 'no import to roll back' \
    mw rollback news
t 'the name is free again' mw add new@x.example --scope news
t 'and the store sound'	says '^0 faults' mw verify
mw remove new@x.example --scope news >/dev/null
t 'an empty one goes without' says 'dropped, with 0 entries' mw scope drop news

# an import of it holds it
mkfifo "$W/pipe"
mw import - --scope busy <"$W/pipe" >"$W/first" 2>&1 &
first=$!
exec 9>"$W/pipe"
sed 's/^/a/' "$W/l" >&9
t 'not while it is imported' wait_until 10 fails 75 'another import' \
    mw scope drop busy
exec 9>&-
t 'the import ends well' wait "$first"

# the store holds no address
t 'a note with one'	fails 77 'must not hold an address' \
    mw add x@x.example --note 'asked by ann@x.example'
t 'changed nothing'	says 'not in the store' mw show x@x.example
t 'a source with one'	fails 77 'must not hold an address' \
    mw add x@x.example --source ann@x.example
t 'an evidence with one' fails 64 'must not hold an address' \
    mw add x@x.example --evidence ann@x.example
t 'an import, too'	fails 64 'must not hold an address' \
    mw import "$W/l" --scope s --note 'by ann@x.example'
t 'a Message-ID is evidence' mw add x@x.example --evidence '<1@m.example>' \
    --note 'a domain @x.example is none'
t_done
