#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A Debian that boots: its kernel with AppArmor, systemd as process 1, Postfix,
# our package. t/booted.sh runs inside and says what it sees on a serial line.
# It is booted twice, emulated, without a network; each time it has half an hour.
# Only with contrib/check --long.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/debian.sh"
deb_usable
need qemu-system-x86_64 mke2fs
[ "$(uname -m)" = x86_64 ] || skip_all 'for x86-64 only'

# what the guest has besides; the cloud kernel has few drivers and is small
GUEST='linux-image-cloud-amd64 initramfs-tools apparmor dbus postfix
	python3-minimal curl'

inside() {	# our tests and the unit that runs them
	mkdir -p "$DIST/root/t" "$DIST/etc/systemd/system/multi-user.target.wants" &&
	cp "$SRC"/t/*.sh "$SRC"/t/*.py "$DIST/root/t/" &&
	cp "$SRC/t/booted.service" "$DIST/etc/systemd/system/" &&
	ln -sf ../booted.service \
	    "$DIST/etc/systemd/system/multi-user.target.wants/booted.service" &&
	ln -sf /dev/null "$DIST/etc/systemd/system/serial-getty@ttyS0.service" &&
	echo '/dev/vda / ext4 defaults 0 1' >"$DIST/etc/fstab" &&
	echo mx.sender.example >"$DIST/etc/hostname" &&
	echo '127.0.0.1 localhost mx.sender.example' >"$DIST/etc/hosts" &&
	rm -f "$DIST/usr/sbin/policy-rc.d" "$DIST"/var/cache/apt/archives/*.deb
}
disk() {
	mke2fs -q -t ext4 -d "$DIST" "$W/disk" 3G
}
boot() {	# nobody answers: it ends by itself, or by the clock
	rm -f "$W/inside"
	timeout -k 5 1800 qemu-system-x86_64 -machine q35 -accel tcg -cpu Nehalem \
	    -smp 2 -m 1024 -nodefaults -nic none -display none -no-reboot \
	    -kernel "$DIST/vmlinuz" -initrd "$DIST/initrd.img" \
	    -append 'root=/dev/vda ro console=ttyS0 panic=-1 quiet mitigations=off' \
	    -drive "file=$W/disk,format=raw,if=virtio,cache=unsafe" \
	    -device virtio-rng-pci \
	    -serial "file:$W/console" -serial "file:$W/inside" &&
	grep -q '^1\.\.' "$W/inside"
}
# retold - each line of the guest as one of ours
retold() {
	while IFS= read -r line; do
		case $line in
		ok*)		N=$((N + 1)); echo "ok $N - ${line#* - }" ;;
		'not ok'*)	N=$((N + 1)) BAD=$((BAD + 1))
				echo "not ok $N - ${line#* - }" ;;
		'#'*|Bail*)	echo "# ${line#\# }" ;;
		esac
	done <<-EOT
	$(tr -d '\r' <"$W/inside")
	EOT
}

t 'the package'			deb_build 0.1.0
t 'another Debian'		deb_other systemd-sysv
# shellcheck disable=SC2086
[ "$BAD" != 0 ] || t 'with a kernel, Postfix and the package' installed $GUEST "$W/$PACKAGE"
[ "$BAD" = 0 ] || bail 'nothing to boot'
t 'its disk'			eval 'inside && disk'
t 'it boots, and comes to its end' boot
retold
[ ! -s "$W/inside" ] || t 'it boots again' boot
retold
[ "$BAD" = 0 ] || { tail -n 40 "$W/console" | sed 's/^/# /'
	debugfs -R "dump /root/journal $W/journal" "$W/disk" 2>/dev/null; }
t_done
