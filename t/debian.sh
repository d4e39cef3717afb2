# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# debian.sh - the Debian package, and another Debian to install it in
#
# After lib.sh:
#	deb_usable		skip the file unless all that it takes is here
#	deb_build VERSION	the package from what git has: $W/$PACKAGE
#	deb_other [PACKAGE,...]	a Debian in the folder $DIST, nothing running
#	in_it COMMAND...	there
#	installed FILE|NAME...	there, by apt, without asking

# shellcheck disable=SC2016 # $(REPO_URI) is apt's
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | head -n 1)}
DIST=$W/debian
PACKAGE=mailweir_0.1.0_$(dpkg --print-architecture 2>/dev/null).deb

deb_usable() {
	[ "${MAILWEIR_LONG:-0}" = 1 ] || skip_all 'only with contrib/check --long'
	[ "$(id -u)" = 0 ] || skip_all 'a folder of Debian needs root'
	need dpkg-buildpackage debootstrap git dh
	git -C "$SRC" rev-parse HEAD >/dev/null 2>&1 || skip_all 'no git archive here'
	[ -n "$MIRROR" ] || skip_all 'apt knows no mirror'
}

deb_build() {
	rm -rf "$W/src" && mkdir "$W/src" &&
	git -C "$SRC" archive HEAD | tar -x -C "$W/src" &&
	cp -r "$SRC/contrib/debian" "$W/src/debian" &&
	sed -i "1s/(.*)/($1)/" "$W/src/debian/changelog" &&
	(cd "$W/src" && PATH=/usr/lib/ccache:$PATH CCACHE_BASEDIR=$W/src \
	    dpkg-buildpackage -b -us -uc)
}

deb_other() {
	debootstrap --variant=minbase ${1:+--include="$1"} bookworm "$DIST" "$MIRROR" &&
	printf '#!/bin/sh\nexit 101\n' >"$DIST/usr/sbin/policy-rc.d" &&
	chmod 755 "$DIST/usr/sbin/policy-rc.d" &&
	cp /etc/resolv.conf "$DIST/etc/resolv.conf" &&
	mkdir -p "$DIST/etc/apt" && cp -r /etc/apt/apt.conf.d "$DIST/etc/apt/" &&
	in_it apt-get -q update
}

in_it() { chroot "$DIST" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }

installed() {
	for f; do
		shift
		case $f in
		*.deb)	cp "$f" "$DIST/root/" && f=/root/${f##*/} || return 1 ;;
		esac
		set -- "$@" "$f"
	done
	in_it apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
	    install "$@"
}
