#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# layers: who may include and link whom, the drawing in doc/ARCHITECTURE as a
# test; a new folder or a new library fails until it stands in a table here
. "$(dirname "$0")/lib.sh"

# folder, then the folders below it that it may include (its own always)
layers='
lib/base
lib/conf		base
lib/dns			base
lib/metrics		base conf
lib/mail		base conf
lib/token		base conf
lib/smtp		base
lib/store		base conf metrics mail
lib/stream		base conf mail store
lib/rules		base conf mail stream
lib/dkim		base conf mail dns
lib/spf			base dns
lib/feedback		base conf metrics mail token store stream dkim spf
milters/frame		base conf metrics mail
milters/suppress	base conf mail store stream frame
milters/keyword		base conf mail stream rules frame
milters/unsubscribe	base conf mail token smtp store stream frame
milters/dkim		base conf mail stream dkim frame
milters/chain		base conf frame suppress keyword unsubscribe dkim
tools/web		base conf metrics mail token smtp store stream feedback
tools/ctl		base conf metrics mail token store stream rules dkim feedback frame suppress keyword unsubscribe dkim web
tools/ingest		base conf metrics mail token store stream dkim spf feedback frame
tools/monitor		base conf metrics mail store stream
tools/replicate		base conf metrics mail store
tools/egress		base conf metrics mail store stream
'
# a library's header, then the folders that own it
owners='
lmdb.h			lib/store
libmilter/mfapi.h	milters/frame
pcre2.h			lib/rules
hs/hs.h			lib/rules
dkim.h			lib/dkim
ares.h			lib/dns
spf2/spf.h		lib/spf
gmime/gmime.h		lib/mail
libxml/HTMLparser.h	lib/mail
idn2.h			lib/mail
uninorm.h		lib/mail
unistr.h		lib/mail
unicase.h		lib/mail
uniwidth.h		lib/mail
unictype.h		lib/mail
openssl/		lib/token lib/smtp lib/store lib/rules lib/dkim lib/feedback tools/web
jansson.h		lib/feedback tools/ctl tools/ingest tools/web tools/monitor tools/replicate
microhttpd.h		tools/web
nats/nats.h		tools/replicate
curl/curl.h		tools/web lib/smtp
'
# the C library and the kernel
system='
assert ctype dirent dlfcn emmintrin endian errno fcntl fnmatch ftw getopt glob grp iconv inttypes
langinfo libgen limits locale math netdb poll pthread pwd regex sched semaphore setjmp
malloc signal spawn stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
string strings syslog sysexits termios time ucontext unistd wchar wctype
'

# sources FOLDER - its .c and .h files (there is one level of folders)
sources() { find "$SRC/$1" -maxdepth 1 -name '*.[ch]' | sort; }

# allowed FOLDER - the line of the table, without the folder
allowed() {
	printf '%s\n' "$layers" | awk -v d="$1" '$1 == d { $1 = ""; print }'
}

# ours FOLDER - quoted includes that the table does not allow
ours() {
	ok=" ${1##*/} $(allowed "$1") "
	for f in $(sources "$1"); do
		sed -n 's/^#[ 	]*include[ 	]*"\([^"]*\)".*/\1/p' "$f"
	done | sort -u | while read -r inc; do
		case $inc in
		*/*)	who=${inc%%/*} ;;
		*)	who=${1##*/} ;;
		esac
		case $ok in
		*" $who "*) ;;
		*)	echo "$1 may not include $inc" ;;
		esac
	done
}

# theirs FOLDER - includes of libraries that belong to other folders
theirs() {
	for f in $(sources "$1"); do
		sed -n 's/^#[ 	]*include[ 	]*<\([^>]*\)>.*/\1/p' "$f"
	done | sort -u | while read -r inc; do
		base=${inc%.h}
		case "$system" in
		*[!a-z]"$base"[!a-z]*)	continue ;;
		esac
		case $inc in
		sys/*|netinet/*|arpa/*|net/*|linux/*)	continue ;;
		esac
		printf '%s\n' "$owners" | awk -v inc="$inc" -v d="$1" '
			$1 != "" && (inc == $1 ||
			    ($1 ~ /\/$/ && index(inc, $1) == 1)) {
				known = 1
				for (i = 2; i <= NF; i++)
					if ($i == d)
						good = 1
			}
			END {
				if (!known)
					print d ": <" inc "> has no owner here"
				else if (!good)
					print d " does not own <" inc ">"
			}'
	done
}

# links FOLDER - NEEDS of add_layer and add_policy that the table lacks
links() {
	[ -f "$SRC/$1/CMakeLists.txt" ] || return 0
	ok=" ${1##*/} $(allowed "$1") "
	sed 's/#.*//' "$SRC/$1/CMakeLists.txt" | tr '\n' ' ' | tr ')' '\n' |
	sed -n 's/^ *add_\(layer\|policy\)(.*NEEDS  *\(.*\)/\2/p' |
	sed 's/ \(PKG\|LIBS\|SRC\) .*//' | tr ' ' '\n' |
	while read -r need; do
		case $ok in
		*" ${need:-${1##*/}} "*) ;;
		*)	echo "$1 may not link $need" ;;
		esac
	done
}

border() {
	{ ours "$1"; theirs "$1"; links "$1"; } >"$W/bad"
	cat "$W/bad"; [ ! -s "$W/bad" ]
}

# listed - every folder with code stands in the table
listed() {
	find "$SRC/lib" "$SRC/milters" "$SRC/tools" -name '*.[ch]' |
	while read -r f; do
		d=${f%/*}; d=${d#"$SRC/"}
		printf '%s\n' "$layers" | awk '{ print $1 }' | grep -qx "$d" ||
		    echo "$d is not in the table of t/t0001-layers.sh"
	done | sort -u >"$W/new"
	cat "$W/new"; [ ! -s "$W/new" ]
}

# downward - each folder of lib stands below what it includes: the table has
# no cycle because a line names only lines above it
downward() {
	printf '%s\n' "$layers" | awk '
		NF == 0 { next }
		{
			n = split($1, p, "/")
			for (i = 2; i <= NF; i++)
				if (!($i in seen))
					print $1 ": " $i " stands below it"
			seen[p[n]] = 1
		}' >"$W/up"
	cat "$W/up"; [ ! -s "$W/up" ]
}

# drawn - doc/ARCHITECTURE names every folder that has code
drawn() {
	printf '%s\n' "$layers" | while read -r d _; do
		[ -n "$(find "$SRC/${d:-none}" -name '*.[ch]' 2>/dev/null)" ] ||
		    continue
		grep -qw "$d" "$SRC/doc/ARCHITECTURE" ||
		    echo "doc/ARCHITECTURE does not name $d"
	done >"$W/undrawn"
	cat "$W/undrawn"; [ ! -s "$W/undrawn" ]
}

for dir in $(printf '%s\n' "$layers" | awk '{ print $1 }'); do
	[ -d "$SRC/$dir" ] && t "$dir" border "$dir"
done
t 'every folder is listed'	listed
t 'the table goes downward'	downward
t 'the drawing has them all'	drawn
t_done
