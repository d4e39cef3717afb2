#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# AppArmor: a profile for each program, which apparmor_parser understands
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
need apparmor_parser
[ -f /etc/apparmor.d/tunables/global ] || skip_all 'no abstractions of AppArmor'
cp -r /etc/apparmor.d "$W/apparmor.d" && cp "$SRC"/etc/apparmor/* "$W/apparmor.d" ||
    bail 'no folder of profiles'
sed -i "s|\"/etc/apparmor.d/|\"$W/apparmor.d/|" "$W"/apparmor.d/usr.sbin.mailweir-*
parses() {	# without the kernel, as it has none here
	apparmor_parser -Q -K -b "$W/apparmor.d" "$W/apparmor.d/usr.sbin.mailweir-$1" \
	    2>"$W/err" || { cat "$W/err"; return 1; }
	! grep -v '^Cache read/write disabled' "$W/err" | grep .
}
for p in suppress keyword unsubscribe dkim chain ingest web; do
	t "$p" parses "$p"
done
broken() { echo 'nonsense' >>"$W/apparmor.d/usr.sbin.mailweir-web"; not parses web; }
t 'a broken one is seen' broken
t_done
