#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir compact: a smaller file in the store's place, or everything as it was
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

size() { stat -c %s "$S/data.mdb"; }
number() { stat -c %i "$S/data.mdb"; }
smaller() { [ "$(size)" -lt "$1" ]; }
same() { [ "$(number)" = "$1" ]; }

mw init >/dev/null || bail 'no store'
"$PYTHON" -c "
for i in range(60000): print('u%d@l.example' % i)" >"$W/long"
echo ann@l.example >"$W/short"
mw import "$W/long" --scope news >/dev/null || bail 'no list'
mw import "$W/short" --scope news --replace >/dev/null || bail 'no list'
mw import "$W/short" --scope news --replace >/dev/null
mw add bob@l.example >/dev/null
before=$(size) number=$(number)

# somebody has it open: an import that waits for its pipe
mkfifo "$W/pipe"
mw import - --scope list <"$W/pipe" >"$W/first" 2>&1 &
first=$!
exec 9>"$W/pipe"
{ echo p@l.example; cat "$W/long"; } >&9
t 'refused while a program has it open' fails 75 'open in another program' \
    mw compact
t 'the file is the same one' same "$number"
t 'nothing is left aside' gone compact.new
exec 9>&-
t 'the import ends well' wait "$first"
mw rollback list --override --note 'a test' >/dev/null
mw import "$W/short" --scope news >/dev/null

mkdir "$S/compact.new" && echo debris >"$S/compact.new/data.mdb.new"
t 'compact'		says 'compacted and verified' mw compact
t 'it is smaller'	smaller "$before"
t 'debris is gone'	gone compact.new
t 'the old file is kept' here data.mdb.before
t 'owner and mode are the same' alike "$S/data.mdb" "$S/data.mdb.before"
t 'a list'		says 'in force' mw show ann@l.example --scope news
t 'an entry'		says 'in force' mw show bob@l.example
t 'its proof'		says '^0 faults' mw verify
t 'it can be written'	mw add eve@l.example
t 'and read'		says 'in force' mw show eve@l.example
t 'once more'		says 'compacted and verified' mw compact

# what cannot be verified does not take its place
number=$(number)
"$PYTHON" - "$S/data.mdb" <<'END'
import sys
f = open(sys.argv[1], 'r+b')
at = f.read().find(b'user:')		# an actor
f.seek(at)
f.write(b'X')
END
t 'a journal that was altered' fails 65 'altered' mw compact
t 'the store as it was' same "$number"
t 'and nothing aside'	gone compact.new
t_done
