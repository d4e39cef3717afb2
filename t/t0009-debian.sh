#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Debian package: built from what git has, without an error of lintian;
# installed, upgraded, removed and purged in a Debian of its own folder. Only
# with contrib/check --long: it takes minutes, root and a mirror.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/debian.sh"
deb_usable
need lintian

# the same programs under a later version
later() {
	dpkg-deb -R "$W/$PACKAGE" "$W/later" &&
	sed -i 's/^Version: .*/Version: 0.1.1/' "$W/later/DEBIAN/control" &&
	echo '# of 0.1.1' >>"$W/later/etc/mailweir/mailweir.conf" &&
	dpkg-deb -b "$W/later" "$W/mailweir_0.1.1.deb"
}
there() { for f; do [ -e "$DIST$f" ] || { echo "no $f"; return 1; }; done; }
gone() { for f; do [ ! -e "$DIST$f" ] || { echo "still $f"; return 1; }; done; }
nothing_enabled() {
	! find "$DIST/etc/systemd" -name 'mailweir-*' | grep .
}
conf=/etc/mailweir/mailweir.conf
changed() { echo '# by the admin' >>"$DIST$conf"; }
kept() { tail -n 1 "$DIST$conf" | grep -qx '# by the admin'; }
user() { in_it getent passwd mailweir; }
works() {
	in_it mailweir init --user mailweir && in_it mailweir check &&
	in_it mailweir add ann@world.example --scope newsletter --reason optout
}
known() { in_it mailweir show ann@world.example | grep optout; }
clean() {
	lintian --tag-display-limit 0 "$W/$PACKAGE" >"$W/lintian" 2>&1
	! grep '^E:' "$W/lintian"
}

t 'it builds'			deb_build 0.1.0
t 'lintian finds no error'	clean
t 'another Debian'		deb_other
[ "$BAD" = 0 ] || bail 'nothing to install, or nowhere'
t 'it installs'			installed "$W/$PACKAGE"
t 'its user'			user
t 'programs, units, profiles, configuration' there /usr/sbin/mailweir \
    /usr/sbin/mailweir-suppress /etc/apparmor.d/usr.sbin.mailweir-web $conf
t 'nothing is enabled'		nothing_enabled
t 'the store is made, somebody unsubscribes' works
t 'the admin changes the configuration' changed
t 'and enables a program'	in_it systemctl enable mailweir-web
t 'a later version'		later
t 'the upgrade'			installed "$W/mailweir_0.1.1.deb"
t 'keeps what the admin wrote'	kept
t 'and who unsubscribed'	known
t 'it goes'			in_it dpkg --remove mailweir
t 'configuration and store stay' there $conf /var/lib/mailweir/store /etc/mailweir/store.key
t 'it is purged'		in_it dpkg --purge mailweir
t 'the configuration goes'	gone $conf /etc/apparmor.d/usr.sbin.mailweir-web
t 'what was enabled goes'	nothing_enabled
t 'the store and its key stay'	there /var/lib/mailweir/store /etc/mailweir/store.key
t_done
