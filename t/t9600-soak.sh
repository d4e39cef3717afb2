#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# soak: contrib/soak for some seconds, with contrib/check --long for two
# minutes: the books balance; and they do not when something is missing
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
need_built mailweir mailweir-suppress mailweir-keyword mailweir-unsubscribe \
    mailweir-dkim mailweir-chain mailweir-ingest mailweir-web
hours=0.0025		# 9 s
[ "${MAILWEIR_LONG:-0}" = 0 ] || hours=0.0334

soak() {	# NAME ARGS... - its folder stays for the looks below
	d=$W/$1; shift
	"$SRC/contrib/soak" --hours "$hours" --rate 12 --keep --dir "$d" "$@"
}
figure() {	# NAME WHAT - of summary.json
	"$PYTHON" -c '
import json, sys
f = json.load(open(sys.argv[1] + "/summary.json"))
print({**f, **f["mail"], **f["events"]}.get(sys.argv[2], 0))' "$W/$1" "$2"
}
happened() {	# NAME WHAT... - at least one of each
	n=$1; shift
	for what; do
		[ "$(figure "$n" "$what")" -gt 0 ] || { echo "no $what"; return 1; }
	done
}
# books NAME - drawn once more from what lies in its folder
books() {
	(cd "$SRC/contrib/soak.d" && "$PYTHON" -B -c '
import books, sys
wrong = []
b = books.Books(sys.argv[1], sys.argv[1] + "/pf/etc", wrong.append)
b.read([])
class M: pass
m = M()
m.uid, m.stream, m.kind, m.tries = sys.argv[2], "account", "plain", 0
m.rcpts, m.fate = [sys.argv[3]], {sys.argv[3]: sys.argv[4]}
m.mail_class, m.since, m.until = "all", 0, 0
b.fates = {k: v for k, v in b.fates.items() if k[0] == m.uid}
class Nobody:
    def state(self, *_):
        return False
b.balance([m], Nobody())
print("\n".join(wrong))
sys.exit(1 if wrong else 0)' "$@")
}

t 'the four milters'		soak four
t 'mail came out, was refused, taken out, sent back' \
				happened four delivered refused discarded returned
t 'people complained, pressed, lists were replaced' \
				happened four complaints presses 'lists replaced' reloads restarts
[ "${MAILWEIR_LONG:-0}" = 0 ] || t 'the chain' soak chain --chain

# what the books are worth: a line of the world's, once, twice, and lacking
one=$(grep -v ' US$' "$W/four/delivered" | head -n 1)
uid=${one%% *} rcpt=${one#* } rcpt=${rcpt%% *}
grep -v "^$uid " "$W/four/delivered" >"$W/rest"
echo "$one" >"$W/four/delivered"
t 'delivered once'		books "$W/four" "$uid" "$rcpt" accepted
t 'delivered, though the client was refused' \
				exits 1 books "$W/four" "$uid" "$rcpt" refused
echo "$one" >>"$W/four/delivered"
t 'delivered twice'		exits 1 books "$W/four" "$uid" "$rcpt" accepted
cp "$W/rest" "$W/four/delivered"
t 'lost'			exits 1 books "$W/four" "$uid" "$rcpt" accepted
t_done
