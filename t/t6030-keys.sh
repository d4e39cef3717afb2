#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# keys: sealed copies, re-key while in use, a missing key, journal retention
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

cat >>"$W/m.conf" <<END
[store]
seal_key_file = $W/seal.pub
END
grep -v seal_key "$W/m.conf" >"$W/plain.conf"
plain() { "$BIN/mailweir" -c "$W/plain.conf" "$@"; }

t 'a sealing pair'	says 'keep the first away' mw seal genkey "$W/seal"
t 'not over another'	fails 73 'File exists' mw seal genkey "$W/seal"
t 'the private one is private' sh -c 'test "$(stat -c %a "$1")" = 600' - "$W/seal"
t 'init'		mw init
t 'an entry with a copy' mw add Ann@Example.com --scope news --reason optout
t 'in a second scope'	mw add ann@example.com --reason manual
t 'a domain with a copy' mw add @bad.example
t 'an entry without'	plain add bob@example.com --scope news
printf 'l1@x.example\nl2@x.example\n' >"$W/l"
t 'a list'		mw import "$W/l" --scope news
t 'export says who'	says ',"ann@example.com"$' mw export --unseal "$W/seal"
t 'and counts the others' has "$W/said" 'mailweir: 3 entries have no sealed copy'
t 'without it nobody is named' sh -c \
    '! "$0" -c "$1" export | grep -q @' "$BIN/mailweir" "$W/m.conf"
mw seal genkey "$W/other" >/dev/null
t 'another key opens none' says '6 entries have no' mw export --unseal "$W/other"
t 'no address on the disk' sh -c \
    '! grep -aq "ann@example\|bad\.example" "$1/state/store/data.mdb"' - "$W"
printf 'c1@x.example\n@c2.example\n' >"$W/c"
t 'complaints'		mw import "$W/c" --scope abuse --reason complaint
t 'another list'	mw import "$W/l" --scope late
t 'more of them'	mw import "$W/c" --scope abuse2 --reason complaint

# a new key before the old one
old=$(grep '^1 ' "$W/store.key")
printf '2 %064d\n%s\n' 7 "$old" >"$W/store.key"
t 'both keys are read'	says 'in force' mw show ann@example.com --scope news
t 'what could move'	says '3 entries can move to key 2, 1 cannot; 4 lists' \
    mw rekey
t 'moves nothing'	says '^  id +1:' mw show ann@example.com --scope news
t 'a wrong private key moves nothing' says \
    '^0 entries moved to key 2, 4 cannot; 4 lists' mw rekey --private "$W/other"
t 'rekey'		says '^3 entries moved to key 2, 1 cannot; 4 lists' \
    mw rekey --private "$W/seal"
t 'names what is stuck'	has "$W/said" '^scope news: manual 1:'
t 'and the list'	has "$W/said" 'import it afresh'
t 'and the key it needs' has "$W/said" '^key 1 is still needed'
t 'it moved'		says '^  id +2:' mw show ann@example.com --scope news
t 'with its reason'	has "$W/said" '^optout'
t 'the domain, too'	says 'whole domain' mw show x@bad.example
t 'the other stays'	says '^  id +1:' mw show bob@example.com
t 'verify'		says '^0 faults' mw verify
t 'the copy moved with it' says ',"ann@example.com"$' mw export --unseal "$W/seal"

# the old key goes too early: nobody is "not suppressed" for it
cp "$W/store.key" "$W/both.key"
grep '^2 ' "$W/both.key" >"$W/store.key"
t 'a key that is missing is an error' fails 78 'needs store key 1' \
    mw show bob@example.com
cp "$W/both.key" "$W/store.key"
t 'an added list under another key' fails 78 'import the whole list' \
    mw import "$W/l" --scope news
printf 'l1@x.example\nl3@x.example\n' >"$W/l3"
t 'the list before is told from the new one' says \
    'would have 1 added, 1 removed, 1 unchanged; 2 before, 2 after' \
    mw import "$W/l3" --scope news --replace --dry-run
t 'so it shrinks too much' fails 65 'would drop 1 of 2' \
    mw import "$W/l3" --scope news --replace --max-shrink 10%
# a removal under the old key while the new list is on its way
mkfifo "$W/pipe"
mw import - --scope late --replace <"$W/pipe" >"$W/late" 2>&1 &
late=$!
exec 9>"$W/pipe"
# more than a pipe holds: once written, the import has begun
{ cat "$W/l"; seq -f 'n%.0f@x.example' 1 20000; } >&9
t 'a removal meanwhile'	says 'removed' mw remove l2@x.example --scope late
exec 9>&-
wait "$late"
t 'is not lost'		[ $? = 75 ]
t 'the import says so'	has "$W/late" 'was removed meanwhile; .* import once more'
t 'what was removed stays so' says 'not in the store' \
    mw show l2@x.example --scope late
t 'once more'		mw import "$W/c" --scope late --replace
t 'list afresh'		says '0 added, 0 removed, 2 unchanged; 2 before' \
    mw import "$W/l" --scope news --replace --max-shrink 0%
t 'complaints afresh need no override' says '0 added, 0 removed, 2 unchanged' \
    mw import "$W/c" --scope abuse --reason complaint --replace
printf '@c2.example\n' >"$W/c2"
t 'one that is dropped does' fails 77 'would drop 1 complaint' \
    mw import "$W/c2" --scope abuse2 --reason complaint --replace
t 'afresh'		mw import "$W/c" --scope abuse2 --reason complaint \
    --replace
t 'entry afresh'	mw add bob@example.com --scope news
t 'it moves'		says '^  id +2:' mw show bob@example.com
t 'the list before may still come back' says '^key 1 is still' \
    mw rekey --private "$W/seal"
t 'that is why'		has "$W/said" \
    '^scope news: list 1 .* is kept for .rollback.'
t 'no list need be imported' has "$W/said" ' 0 lists are under older keys'
t 'list once more'	mw import "$W/l" --scope news --replace
t 'the others, too'	sh -c 'for s in abuse abuse2 late; do "$0" -c "$1" import \
    "$2" --scope $s --reason complaint --replace || exit; done' \
    "$BIN/mailweir" "$W/m.conf" "$W/c"
t 'nothing left'	says 'no older key is needed' mw rekey --private "$W/seal"
grep '^2 ' "$W/both.key" >"$W/store.key"
t 'without the old key'	says 'in force' mw show bob@example.com
t 'list, too'		says 'in force' mw show l1@x.example
t 'verify again'	says '^0 faults' mw verify

# removal takes the copy along
t 'remove one scope'	mw remove ann@example.com --scope news
t 'the copy stays for the other' says ',"ann@example.com"$' \
    mw export --unseal "$W/seal"
t 'remove the other'	mw remove ann@example.com
t 'add it without'	plain add ann@example.com
t 'no copy was left'	sh -c '! "$0" -c "$1" export --unseal "$2" | grep ann@' \
    "$BIN/mailweir" "$W/m.conf" "$W/seal"

# retention
t 'nothing is old'	says '^0 records cut' mw journal cut --older 1d
before=$(mw journal show | wc -l)
sleep 2
mw add last@example.com >/dev/null
t 'cut'			says "^$before records cut" mw journal cut --older 1s
t 'the rest verifies'	says '^begins at a checkpoint signed by Ed25519' \
    mw journal verify
t 'so does the store'	says '^0 faults' mw verify
t 'and can be cut again' says 'records cut' mw journal cut --older 0s
t 'verifies again'	says '^sound: 1 records|^sound' mw journal verify
t 'entries are all there' says 'in force' mw show bob@example.com
# a checkpoint of a key that is gone, in a store that has moved on
signer=$(mw journal verify | sed -n 's/.*Ed25519 key //p')
t 'a known signer'	says '"sound":true,.*"signer_known":true' \
    mw journal verify --json
old=$(cat "$W/store.key")
printf '3 %064d\n%s\n' 9 "$old" >"$W/store.key"
for s in news abuse abuse2 late; do
	mw import "$W/c" --scope $s --reason complaint --replace --override \
	    --note 'a new key' >/dev/null
	mw import "$W/c" --scope $s --reason complaint --replace >/dev/null
done
mw remove ann@example.com >/dev/null
mw rekey --private "$W/seal" >"$W/left"
printf '3 %064d\n' 9 >"$W/store.key"
t 'a foreign signer is a finding' fails 65 \
    'no key of store_key_file derives the key that signed' mw journal verify
t 'in JSON, too'	fails 65 '"sound":false,.*"signer_known":false' \
    mw journal verify --json
t 'verify finds it, too' fails 65 'which no key of store_key_file derives' \
    mw verify
t 'and names it in JSON' fails 65 "\"foreign_signer\":\"$signer\"" \
    mw verify --json
t 'unless it was noted'	says '^sound' mw journal verify --signer "$signer"
printf '3 %064d\n%s\n' 9 "$old" >"$W/store.key"
"$PYTHON" - "$W/state/store/data.mdb" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.rfind(b"=cut")
while at >= 0:          # every version of the page: an octet of the hash
    data[at + 4 + 20] ^= 1
    at = data.rfind(b"=cut", 0, at)
open(sys.argv[1], "wb").write(data)
END
t 'a forged checkpoint'	fails 65 'checkpoint' mw journal verify
t_done
