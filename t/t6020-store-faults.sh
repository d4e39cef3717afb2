#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# store faults: disk full at any point, no permission, a silent pipe, two
# imports of one scope, a cut file, a garbled page
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

rows() {	# rows FROM TO
	"$PYTHON" -c "
for i in range($1, $2): print('u%d@l.example' % i)"
}

mw init >/dev/null || bail 'no store'
rows 0 20000 >"$W/l1"
rows 10000 110000 >"$W/l2"
t 'a list'		mw import "$W/l1" --scope list

# two at once: the first waits for its pipe
mkfifo "$W/pipe"
mw import - --scope list <"$W/pipe" >"$W/first" 2>&1 &
first=$!
exec 9>"$W/pipe"
# more than a pipe holds: once written, the first reads, and has the scope
{ echo p@l.example; rows 0 20000; } >&9
t 'a second import of the scope is told to wait' fails 75 \
    'another import of it is running' mw import "$W/l2" --scope list
t 'another scope goes on' mw import "$W/l1" --scope other
t 'so do single changes' mw add someone@l.example
exec 9>&-
t 'the first ends well'	wait "$first"
t 'with its row'	says 'in force' mw show p@l.example --scope list

t 'a pipe that stalls'	fails 75 'no data for 1 seconds' sh -c \
    '(echo a@b.example; sleep 3) | "$0" -c "$1" import - --scope s --timeout 1s' \
    "$BIN/mailweir" "$W/m.conf"

# no permission
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$W/store.key" "$W/nobody.key"; chown 65534 "$W/nobody.key"
	sed "s,^store_key.*,store_key_file = $W/nobody.key," "$W/m.conf" \
	    >"$W/n.conf"
	chmod 755 "$W/state" "$W/state/store"; chmod 644 "$W/state/store/"*
	t 'lock file not writable' fails 77 'lock.mdb must be writable' setpriv \
	    --reuid=65534 --regid=65534 --clear-groups \
	    "$BIN/mailweir" -c "$W/n.conf" show a@b.example
	chmod 660 "$W/state/store/"*
else
	t_skip 'lock file not writable' 'needs root'
fi

# disk full: a small file system, the import at ever other points of it
disk_full() {
	mkdir "$W/small"
	mount -t tmpfs -o size=6m,mode=755 tmpfs "$W/small" || return 2
	at_exit "umount '$W/small'"
	sed "s,^state_dir.*,state_dir = $W/small/s," "$W/m.conf" >"$W/d.conf"
	dw() { "$BIN/mailweir" -c "$W/d.conf" "$@"; }
	dw init || return 1
	dw import "$W/l1" --scope list || return 1
	dw add kept@l.example || return 1
	for kb in 5600 5200 4800 4400 4000 3600 3200 2800 2600; do
		rm -f "$W/small/ballast"
		head -c "${kb}K" /dev/zero >"$W/small/ballast" 2>/dev/null
		exits 73 dw import "$W/l2" --scope list --replace \
		    --max-shrink 100 >"$W/full" 2>&1 ||
		    { cat "$W/full"; return 1; }
		has "$W/full" 'no space left|cannot sort here' || return 1
		# milters read on, the list is the old one
		dw show u5@l.example --scope list | grep -q 'in force' || return 1
		dw show u50000@l.example --scope list | grep -q 'not in' ||
		    return 1
	done
	dw verify || return 1
	# a single change that finds no room changes nothing
	rm -rf "$W/small/s" "$W/small/ballast"
	dw init && dw add kept@l.example || return 1
	head -c 8M /dev/zero >"$W/small/ballast" 2>/dev/null
	i=0
	while dw add "x$i@l.example" --note "$(head -c 1000 /dev/zero |
	    tr '\0' n)" >"$W/full" 2>&1; do
		i=$((i + 1)); [ $i -lt 200 ] || return 1
	done
	cat "$W/full"
	has "$W/full" 'no space left' || return 1
	dw show "x$i@l.example" | grep -q 'not in' || return 1
	[ $i = 0 ] || dw show "x$((i - 1))@l.example" | grep -q 'in force' ||
	    return 1
	dw show kept@l.example | grep -q 'in force' || return 1
	rm -f "$W/small/ballast"
	dw verify
}
if [ "$(id -u)" = 0 ] && mkdir "$W/try" &&
    mount -t tmpfs -o size=1m tmpfs "$W/try" 2>/dev/null; then
	umount "$W/try"
	t 'disk full at any point: nothing half done' disk_full
else
	t_skip 'disk full' 'needs root and mount'
fi

# damage
t 'sound so far'	says '^0 faults' mw verify
cp "$W/state/store/data.mdb" "$W/whole"
# garble OCTET - the head of every page but the first two
garble() {
	cp "$W/whole" "$W/state/store/data.mdb"
	"$PYTHON" - "$W/state/store/data.mdb" "$1" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
for at in range(8192, len(data), 4096):
    data[at:at + 16] = bytes([int(sys.argv[2])] * 16)
open(sys.argv[1], "wb").write(data)
END
}
for octet in 0 1 255; do
	garble $octet
	t "pages of $octet: told" fails 65 'is damaged' mw show u5@l.example
	t "nor can they be written" fails 65 'is damaged' mw add u5@l.example
	t 'verify says so, too'	fails 65 'is damaged' mw verify
done
cp "$W/whole" "$W/state/store/data.mdb"
t 'sound once it is back' says '^0 faults' mw verify
"$PYTHON" - "$W/state/store/data.mdb" <<'END'
import os, sys
size = os.path.getsize(sys.argv[1])
os.truncate(sys.argv[1], size // 2)
END
t 'cut in half: told'	fails 65 'is damaged' mw show u5@l.example
t 'nor can it be written' fails 65 'is damaged' mw add u5@l.example
t 'nor imported into'	fails 65 'is damaged' mw import "$W/l1" --scope list
t_done
