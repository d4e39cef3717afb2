#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# store-import: a csv list into the store, beside LC_ALL=C sort and mdb_load of
# as many keys hashed beforehand; then ten times the rows, and a cleanse
#
# usage: bench/store-import.sh [ROWS [DIR]]		ROWS: 10000000
#	BUILD=build	where bin/ and bench/ are (a Release build)
#	TEN=1		also ten times the rows (needs 15 GB in DIR)
# The files are in the page cache when the clock starts, for both sides.
set -eu
SRC=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$SRC/build}
ROWS=${1:-10000000}
D=$(mktemp -d "${2:-/var/tmp}/store-import.XXXXXX")
trap 'rm -rf "$D"' EXIT
trap "exit 130" INT TERM
cat >"$D/m.conf" <<END
state_dir = $D/state
run_dir = $D/run
store_key_file = $D/store.key
token_key_file = $D/token.key
[stream news]
class = bulk
scopes = news
END
mw() { "$BUILD/bin/mailweir" -c "$D/m.conf" "$@"; }
# clock NAME COMMAND... - run it; sets T (seconds) and M (peak memory, KB)
clock() {
	name=$1; shift
	sync
	/usr/bin/time -o "$D/time" -f '%e %M %U %S' "$@" >"$D/out" 2>&1 ||
	    { cat "$D/out"; exit 1; }
	read -r T M U S <"$D/time"
	echo "$name: $T s, user $U s, system $S s, peak $((M / 1024)) MiB"
}
ratio() { awk "BEGIN { printf \"%.2f\n\", $1 / $2 }"; }

# round N - sort + mdb_load, then our import, of N rows
round() {
	"$BUILD/bench/rows" "$1" >"$D/l.csv"
	if [ -n "${theirs:-}" ]; then
		"$BUILD/bench/rows" -k "$1" >"$D/keys"
		clock 'LC_ALL=C sort' env LC_ALL=C sort -o "$D/sorted" "$D/keys"
		SORT=$T
		rm -rf "$D/mdb"; mkdir "$D/mdb"
		{ printf 'VERSION=3\nformat=bytevalue\ntype=btree\nmapsize=68719476736\nmaxreaders=126\ndb_pagesize=4096\nHEADER=END\n'
		  tr '\t' '\n' <"$D/sorted"; echo DATA=END; } >"$D/dump"
		rm "$D/keys" "$D/sorted"
		clock 'mdb_load' mdb_load -f "$D/dump" "$D/mdb"
		THEIRS=$(awk "BEGIN { print $SORT + $T }")
		rm -r "$D/mdb" "$D/dump"
	fi
	rm -rf "$D/state"
	mw init >/dev/null
	clock "import of $1 rows" "$BUILD/bin/mailweir" -c "$D/m.conf" \
	    import "$D/l.csv" --scope news
	OURS=$T
	size=$(stat -c %s "$D/state/store/data.mdb")
	echo "  $(ratio "$size" "$1") octets an entry on disk"
}

for i in 1 2; do
	theirs=1 round "$ROWS"
	echo "ours / theirs: $(ratio "$OURS" "$THEIRS")"
done
ONE=$OURS
# a list as long, of which one row in a hundred is suppressed
"$BUILD/bench/rows" "$ROWS" $((ROWS / 100 * 99)) >"$D/m.csv"
clock 'cleanse' "$BUILD/bin/mailweir" -c "$D/m.conf" cleanse "$D/m.csv" \
    --stream news --output "$D/kept"
echo "  $(awk "BEGIN { printf \"%.2f\", $ROWS / $T / 1e6 }") million rows/s"
clock 'cleanse, all suppressed' "$BUILD/bin/mailweir" -c "$D/m.conf" cleanse \
    "$D/l.csv" --stream news --output "$D/kept"
echo "  $(awk "BEGIN { printf \"%.2f\", $ROWS / $T / 1e6 }") million rows/s"
rm "$D/m.csv" "$D/kept"
clock 'replace by the same' "$BUILD/bin/mailweir" -c "$D/m.conf" import \
    "$D/l.csv" --scope news --replace
clock 'verify' "$BUILD/bin/mailweir" -c "$D/m.conf" verify
if [ "${TEN:-0}" = 1 ]; then
	theirs='' round "${ROWS}0"
	echo "ten times the rows take $(ratio "$OURS" "$ONE") times the time"
fi
