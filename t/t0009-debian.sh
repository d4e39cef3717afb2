#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Debian package: built from what git has, without an error of lintian;
# installed, upgraded, removed and purged in a Debian of its own folder. Only
# with contrib/check --long: it takes minutes, root and a mirror.
. "$(dirname "$0")/lib.sh"
[ "${MAILWEIR_LONG:-0}" = 1 ] || skip_all 'only with contrib/check --long'
[ "$(id -u)" = 0 ] || skip_all 'a folder of Debian needs root'
need dpkg-buildpackage lintian debootstrap git dh
git -C "$SRC" rev-parse HEAD >/dev/null 2>&1 || skip_all 'no git archive here'
# shellcheck disable=SC2016 # $(REPO_URI) is apt's
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)}
DIST=$W/debian		# the other Debian
PACKAGE=mailweir_0.1.0_$(dpkg --print-architecture).deb

build() {	# VERSION
	rm -rf "$W/src" && mkdir "$W/src" &&
	git -C "$SRC" archive HEAD | tar -x -C "$W/src" &&
	cp -r "$SRC/contrib/debian" "$W/src/debian" &&
	sed -i "1s/(.*)/($1)/" "$W/src/debian/changelog" &&
	(cd "$W/src" && PATH=/usr/lib/ccache:$PATH CCACHE_BASEDIR=$W/src \
	    dpkg-buildpackage -b -us -uc)
}
# the same programs under a later version
later() {
	dpkg-deb -R "$W/$PACKAGE" "$W/later" &&
	sed -i 's/^Version: .*/Version: 0.1.1/' "$W/later/DEBIAN/control" &&
	echo '# of 0.1.1' >>"$W/later/etc/mailweir/mailweir.conf" &&
	dpkg-deb -b "$W/later" "$W/mailweir_0.1.1.deb"
}
other() {
	debootstrap --variant=minbase bookworm "$DIST" "$MIRROR" &&
	printf '#!/bin/sh\nexit 101\n' >"$DIST/usr/sbin/policy-rc.d" &&
	chmod 755 "$DIST/usr/sbin/policy-rc.d" &&
	cp /etc/resolv.conf "$DIST/etc/resolv.conf" &&
	mkdir -p "$DIST/etc/apt" && cp -r /etc/apt/apt.conf.d "$DIST/etc/apt/" &&
	in_it apt-get -q update
}
in_it() { chroot "$DIST" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
installed() {	# FILE
	cp "$1" "$DIST/root/" &&
	in_it apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
	    install "/root/${1##*/}"
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

t 'it builds'			build 0.1.0
t 'lintian finds no error'	clean
t 'another Debian'		other
[ "$BAD" = 0 ] || bail 'nothing to install, or nowhere'
t 'it installs'			installed "$W/$PACKAGE"
t 'its user'			user
t 'programs, units, profiles, configuration' there /usr/sbin/mailweir \
    /usr/sbin/mailweir-suppress /etc/apparmor.d/usr.sbin.mailweir-web $conf
t 'nothing is enabled'		nothing_enabled
t 'the store is made, somebody unsubscribes' works
t 'the admin changes the configuration' changed
t 'a later version'		later
t 'the upgrade'			installed "$W/mailweir_0.1.1.deb"
t 'keeps what the admin wrote'	kept
t 'and who unsubscribed'	known
t 'it goes'			in_it dpkg --remove mailweir
t 'configuration and store stay' there $conf /var/lib/mailweir/store /etc/mailweir/store.key
t 'it is purged'		in_it dpkg --purge mailweir
t 'the configuration goes'	gone $conf /etc/apparmor.d/usr.sbin.mailweir-web
t 'the store and its key stay'	there /var/lib/mailweir/store /etc/mailweir/store.key
t_done
