#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fault table: doc/FAULTS and the tests of faults name each other
. "$(dirname "$0")/lib.sh"
TABLE=$SRC/doc/FAULTS

# none COMMAND... - it must print nothing
none() { "$@" >"$W/found"; cat "$W/found"; [ ! -s "$W/found" ]; }

tests() { awk '$1 == "test" { for (i = 2; i <= NF; i++) print $i }' "$TABLE" | sort -u; }

# a block has each of the five rows once, in this order
incomplete() {
	awk '
	function done_() {
		if (block != "" && rows != " fault sees log admin test")
			print "rows" rows ": " block
	}
	/^(fault|sees|log|admin|test)\t/ {
		if ($1 == "fault") { done_(); rows = ""; block = $0 }
		rows = rows " " $1
		if (NF < 2) print "empty: " $0
	}
	END { done_() }' "$TABLE"
}

no_test() {
	tests | while read -r f; do
		[ -x "$SRC/t/$f" ] || echo "doc/FAULTS names t/$f"
	done
}

# but for this one, each t90xx to t95xx is some fault's
no_fault() {
	for f in "$SRC"/t/t9[0-5]*.sh; do
		f=${f##*/}
		[ "$f" = t9000-fault-table.sh ] || tests | grep -qx "$f" ||
		    echo "t/$f is not in doc/FAULTS"
	done
}

# words with _ in the log rows are events, or counters
no_event() {
	awk '/^log\t/ { on = 1 } /^admin\t/ { on = 0 } on' "$TABLE" |
	    sed 's/"[^"]*"//g; s/{[^}]*}//g; s/mailweir_[a-z_]*//g' |
	    grep -o '[a-z]*_[a-z_]*' | sort -u | while read -r e; do
		grep -q "^$e  " "$SRC/doc/LOGS" || echo "no event $e in doc/LOGS"
	done
}

t 'there are faults'		eval '[ "$(tests | wc -l)" -gt 8 ]'
t 'each has all its rows'	none incomplete
t 'each names tests that exist'	none no_test
t 'each test is in the table'	none no_fault
t 'events are those of doc/LOGS' none no_event
t_done
