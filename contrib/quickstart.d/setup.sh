# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# setup.sh - build, lay out the folder, start and stop everything
#
#	$D/etc		mailweir.conf, keys, rules	$D/state	the store
#	$D/run		sockets, counters, pids		$D/log		our logs
#	$D/pf		Postfix: etc, queue, maillog, world (what came out)
#	$D/mail		what went in			$D/dns		DKIM records

MILTERS='suppress keyword unsubscribe dkim'

build() {
	BIN=$SRC/build/bin
	say "building into build/"
	mkdir -p "$SRC/build"
	if ! { cmake -S "$SRC" -B "$SRC/build" -DCMAKE_BUILD_TYPE=Release &&
	    cmake --build "$SRC/build" -j "$(nproc)"; } \
	    >"$SRC/build/quickstart.log" 2>&1; then
		tail -n 40 "$SRC/build/quickstart.log"
		die "the build failed, all of it: build/quickstart.log"
	fi
}

# ours - did we make $D? Postfix obeys what lies in it, as root.
ours() { [ ! -L "$D" ] && [ -O "$D" ] && [ -f "$D/.mailweir-quickstart" ]; }

# busy - another quickstart is at work in $D; says its process id
busy() {
	read -r other <"$D/.mailweir-quickstart" || return 1
	[ "$(cat "/proc/$other/comm" 2>/dev/null)" = quickstart ] && echo "$other"
}

# own_folder - make $D, empty; take nobody else's
own_folder() {
	if [ -L "$D" ] || [ -e "$D" ]; then
		ours || die "$D is there and is not ours; say --dir DIR"
		other=$(busy) && die "process $other works in $D;" \
		    "wait for it, or say --dir DIR"
		stop_all
		rm -rf "$D"
	fi
	mkdir -p "$(dirname "$D")" && mkdir -m 755 "$D" || die "no folder $D"
	echo $$ >"$D/.mailweir-quickstart"
	(cd "$D" && mkdir etc state run log mail dns tmp etc/rules.d)
	chmod 700 "$D/etc" "$D/state"
	MW="$BIN/mailweir -c $D/etc/mailweir.conf"
	CONF=$D/etc/mailweir.conf
	LOG=$D/log
}

# genkey SELECTOR ALGORITHM - a DKIM key; its record goes to our zone file
genkey() {
	$MW dkim genkey --domain sender.example --selector "$1" \
	    --algorithm "$2" --out "$D/etc/$1.pem" >>"$D/dns/zone"
}

configure() {
	WEB=$(free_port) ADMIN=$(free_port)
	sed "s|@D@|$D|g; s|@WEB@|$WEB|; s|@ADMIN@|$ADMIN|" \
	    "$QS/mailweir.conf" >"$CONF" &&
	cp "$QS/rules.cf" "$D/etc/rules.d/quickstart.cf" &&
	$MW init >"$LOG/init.log" &&
	genkey rsa1 rsa && genkey ed1 ed25519 &&
	$MW check >"$LOG/check.log" || return 1

	# One port for what our applications send, with the milters; one for
	# what comes back from the world, without, as an MX would have it.
	pf_new "$D/pf" || return 1
	MX=$(free_port)
	echo "127.0.0.1:$MX inet n - n - - smtpd
	  -o smtpd_milters= -o syslog_name=postfix/mx" >>"$PF_DIR/etc/master.cf"
	milters=
	for m in $MILTERS; do
		milters="$milters { unix:$D/run/$m.sock, connect_timeout=5s,"
		milters="$milters command_timeout=10s, content_timeout=60s,"
		milters="$milters default_action=tempfail }"
	done
	# shellcheck disable=SC2016 # $name is Postfix's
	pf_conf "smtpd_milters =$milters" \
	    'non_smtpd_milters = $smtpd_milters' \
	    'milter_default_action = tempfail' \
	    'relay_domains = u.$mydomain bounces.$mydomain fbl.$mydomain' &&
	for domain in u bounces fbl; do
		echo "$domain.sender.example lmtp:unix:$D/run/ingest.sock"
	done >"$PF_DIR/etc/transport"
}

# launch NAME - mailweir-NAME in the background, its log in $D/log
launch() {
	"$BIN/mailweir-$1" -d -c "$CONF" >"$LOG/mailweir-$1.log" 2>&1 </dev/null &
	echo $! >"$D/run/$1.pid"
	pf_wait 20 test -S "$D/run/$1.sock" && return 0
	cat "$LOG/mailweir-$1.log"
	return 1
}

# launch_web - the same for mailweir-web, which has a port and no socket
launch_web() {
	"$BIN/mailweir-web" -d -c "$CONF" >"$LOG/mailweir-web.log" 2>&1 \
	    </dev/null &
	echo $! >"$D/run/web.pid"
	pf_wait 20 pf_listens "$WEB" && return 0
	cat "$LOG/mailweir-web.log"
	return 1
}

start() {
	for p in $MILTERS ingest; do launch "$p" || return 1; done
	launch_web || return 1
	pf_start && pf_wait 10 pf_listens "$MX"
}

# poke SOCKET - libmilter looks at signals when somebody connects
poke() {
	"$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(sys.argv[1])' \
	    "$1" 2>/dev/null
}

stop_all() {
	[ -d "$D/pf" ] && pf_stop "$D/pf"
	for f in "$D"/run/*.pid; do
		[ -s "$f" ] || continue
		p=$(cat "$f")
		case $(cat "/proc/$p/comm" 2>/dev/null) in
		mailweir-*)	kill "$p" ;;
		*)		rm -f "$f"; continue ;;
		esac
		s=${f%.pid}.sock
		[ ! -S "$s" ] || poke "$s"
		pf_wait 10 gone "$p" || kill -9 "$p"
		rm -f "$f"
	done
}

gone() { ! grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null; }

how_to_go_on() {
	cat <<-TXT

	It runs. Send mail of your own:
	  $SRC/t/smtp.py $PF_PORT news@sender.example you@world.example FILE.eml
	  sendmail -C $PF_DIR/etc -f news@sender.example you@world.example <FILE.eml
	Ask and tell the store:
	  $MW explain you@world.example --stream newsletter
	  $MW add you@world.example --scope newsletter --reason manual
	Unsubscribe dan in a browser (for the world, nginx puts TLS in front:
	contrib/nginx):
	  $(page_of dan@world.example)
	Where everything lies:
	  $D/pf/world	what came out, a file a message
	  $D/log	what our programs say; Postfix: $D/pf/maillog
	  $CONF	the configuration; keys beside it
	  port $PF_PORT	mail out, through the milters
	  port $MX	mail in: bounces@bounces.sender.example,
	 		fbl@fbl.sender.example, u+TOKEN@u.sender.example
	End it:
	  contrib/quickstart --stop$([ "$D" = /var/tmp/mailweir-quickstart ] || echo " --dir $D")
	TXT
}
