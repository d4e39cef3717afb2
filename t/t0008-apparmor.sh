#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# AppArmor: a profile for each program, which apparmor_parser understands
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
need apparmor_parser
[ -f /etc/apparmor.d/tunables/global ] || skip_all 'no abstractions of AppArmor'
cp -r /etc/apparmor.d "$W/apparmor.d" && cp -r "$SRC"/etc/apparmor/* "$W/apparmor.d" ||
    bail 'no folder of profiles'
parses() {	# without the kernel, as it has none here
	apparmor_parser -Q -K -b "$W/apparmor.d" "$W/apparmor.d/$1" \
	    2>"$W/err" || { cat "$W/err"; return 1; }
	! grep -v '^Cache read/write disabled' "$W/err" | grep .
}
# at a boot every file there is loaded, and one that is no profile fails them all
only_profiles() {
	for f in "$SRC"/etc/apparmor/*; do
		[ -d "$f" ] || parses "${f##*/}" || return 1
	done
}
for p in suppress keyword unsubscribe dkim chain ingest web; do
	t "$p" parses "usr.sbin.mailweir-$p"
done
t 'nothing else lies there' only_profiles
broken() { echo 'nonsense' >>"$W/apparmor.d/usr.sbin.mailweir-web"; not parses usr.sbin.mailweir-web; }
t 'a broken one is seen' broken
t_done
