#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# install: cmake --install puts programs, man pages, samples and units, and
# nothing else
. "$(dirname "$0")/lib.sh"
need cmake
build=${BIN%/bin}
[ -f "$build/CMakeCache.txt" ] || skip_all "$build is no build folder"

install_it() { DESTDIR=$W/root cmake --install "$build" >"$W/install.log"; }
there() {
	for f; do
		[ -f "$W/root/$f" ] || { echo "no $f"; find "$W/root"; return 1; }
	done
}
find_one() { [ -n "$(find "$W/root" -name "$1")" ] || { echo "no $1"; return 1; }; }
each_program() {
	for p in "$BIN"/mailweir*; do
		find_one "${p##*/}" && find_one "${p##*/}.[18]" || return 1
	done
}
strays() {
	! find "$W/root" -type f \( -name '*.[ach]' -o -name 'test-*' \
	    -o -name 'fuzz-*' -o -name 'libcmocka*' \) | grep .
}
units() {
	for p in suppress keyword unsubscribe dkim chain ingest web; do
		find_one "mailweir-$p.service" || return 1
	done
}
key_units() {	# of programs with signing keys: no core, room for locked memory
	for p in dkim chain; do
		f=$(find "$W/root" -name "mailweir-$p.service")
		has "$f" '^LimitCORE=0$' && has "$f" '^LimitMEMLOCK=' || return 1
	done
}
etc=$(sed -n 's/^CMAKE_INSTALL_SYSCONFDIR:[A-Z]*=//p' "$build/CMakeCache.txt")

t 'it installs'			install_it
t 'programs and man pages'	each_program
t 'mailweir.conf(5)'		find_one mailweir.conf.5
t 'the sample configuration'	there "${etc:-/etc}/mailweir/mailweir.conf"
t 'snippets for the MTA'	find_one postfix-main.cf
t 'snippets for Sendmail'	find_one sendmail.mc
t 'units'			units
t 'units with keys'		key_units
t 'licence'			find_one COPYING
t 'nothing of the tests'	strays
t 'an installed program runs'	sh -c '"$(find "$W/root" -type f -perm -u+x -name mailweir)" --help'
again() {	# a configuration that the admin changed is not overwritten
	echo '# changed' >>"$W/root${etc:-/etc}/mailweir/mailweir.conf"
	install_it
	tail -n 1 "$W/root${etc:-/etc}/mailweir/mailweir.conf" | grep -qx '# changed'
}
sample() {	# as it stands, but for where things lie
	mkdir -p "$W/s" && sed "s|^#state_dir = .*|state_dir = $W/s|
		s|^run_dir = .*|run_dir = $W/s|
		s|^#\(.*_key_file\) = /etc/mailweir|\1 = $W/s|
		s|^rules = .*|rules = $W/root${etc:-/etc}/mailweir/rules.d|" \
	    "$SRC/etc/mailweir.conf" >"$W/sample.conf" &&
	"$BIN/mailweir" -c "$W/sample.conf" init &&
	"$BIN/mailweir" -c "$W/sample.conf" check || return 1
	for p in "$BIN"/mailweir-*; do
		"$p" -n -c "$W/sample.conf" || { echo "${p##*/} -n"; return 1; }
	done
}
t 'the sample works as it stands' sample
t 'a second install keeps a changed configuration' again
t_done
