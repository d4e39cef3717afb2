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
# books NAME UID RCPT FATE [suppressed] - drawn once more, for this recipient,
# from what lies in its folder
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
class People:
    def state(self, *_):
        return len(sys.argv) > 5
b.balance([m], People())
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
echo "$one" >"$W/four/delivered"
t 'delivered after his suppression' \
				exits 1 books "$W/four" "$uid" "$rcpt" accepted suppressed
echo "$uid $rcpt -" >"$W/four/delivered"
t 'delivered without a signature' exits 1 books "$W/four" "$uid" "$rcpt" accepted

# judged KB-AN-HOUR DESCRIPTORS SECONDS - of a program that has so many more of
# them in the end
judged() {
	(cd "$SRC/contrib/soak.d" && "$PYTHON" -B - "$@" <<-'PY'
	import programs, sys
	more, fds, seconds = map(int, sys.argv[1:])
	p = programs.Program("x", "/", "/", 3)
	p.argv[0], p.idle = "/bin/true", 10
	p.samples = [(t, 5000 + more * t // 3600 + t % 7 * 50, 10 + fds)
	             for t in range(0, seconds, 5)]
	wrong = list(p.judge(p.figures()))
	print(wrong)
	sys.exit(1 if wrong else 0)
	PY
	)
}
t 'memory that stays'		judged 200 0 3600
t 'memory that grows'		exits 1 judged 9000 0 3600
t 'is not judged by minutes'	judged 9000 0 300
t 'descriptors that stay open'	exits 1 judged 0 7 60

# begin NAME - a soak of an hour
begin() {
	"$SRC/contrib/soak" --chain --dir "$W/$1" >"$W/$1.out" 2>&1 &
	echo $! >"$W/$1.pid"
	at_exit "kill $! 2>/dev/null"
}
ten() { [ "$(grep -c . "$W/$1/delivered")" -gt 9 ]; }
ends() {	# NAME STATUS - told to
	kill "$(cat "$W/$1.pid")" && { wait "$(cat "$W/$1.pid")"; [ $? = "$2" ]; }
}
no_process() { pids=$(pgrep -a -f "$W/$1") && { echo "$pids"; return 1; }; return 0; }
begin sound
begin spoiled
t 'mail comes out'		wait_until 60 ten sound
t 'a soak is told to end'	ends sound 130
t 'it leaves no folder'		test ! -e "$W/sound"
t 'and no process'		no_process sound
t 'mail of another comes out'	wait_until 60 ten spoiled
# the first message went to somebody else, says the world
"$PYTHON" -c 'import sys
f = open(sys.argv[1], "r+b")
f.seek(f.readline().index(b" ") + 1)
f.write(b"x")' "$W/spoiled/delivered"
t 'its end is not sound'	ends spoiled 1
t 'the report says why'		has "$W/spoiled.out" '^WRONG .*then nothing of it came'
t 'and what nobody sent'	has "$W/spoiled.out" '^WRONG .* for x.*nobody sent it'
t_done
