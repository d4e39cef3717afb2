#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lint: the house style, as far as a program can see it (HACKING)
. "$(dirname "$0")/lib.sh"
cd "$SRC" || exit 1

# files PATTERN... - of the project, whether committed or about to be
files() {
	{ git ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null ||
	    find . -name .git -prune -o -name 'build*' -prune -o -type f -print |
	    sed 's|^\./||'; } | sort -u | while read -r f; do
		[ -f "$f" ] && echo "$f"
	done
}

# none COMMAND... - it must print nothing
none() {
	"$@" >"$W/found"
	head -n 40 "$W/found"; [ ! -s "$W/found" ]
}

sources=$(files '*.c' '*.h')
scripts=$(files '*.sh' contrib .ci | while read -r f; do
	case $f in
	*.sh)	echo "$f" ;;
	*)	head -n 1 "$f" | grep -q '^#!/bin/sh' && echo "$f" ;;
	esac
done | sort -u)

# first lines: the licence, then "name.c - what"
heads() {
	for f in $sources; do
		head -n 1 "$f" | grep -qx '/\* SPDX-License-Identifier: BSD-2-Clause \*/' ||
		    echo "$f: line 1 is not the SPDX line"
		sed -n 2,3p "$f" | grep -q "^\(/\*\)\{0,1\} \*\{0,1\} *${f##*/} - ." ||
		    echo "$f: line 2 does not say '${f##*/} - what'"
	done
	for f in $scripts $(files '*CMakeLists.txt' '*.cmake' '*.py' '*.lua'); do
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' ||
		    echo "$f: no SPDX line"
	done
}

# a .c file includes its own header first and base/banned.h last
includes() {
	for f in $sources; do
		case $f in
		t/*|bench/*|*.h)	continue ;;
		esac
		awk -v f="$f" '
			/^#[ \t]*include/ { last = $2; if (!n++) first = $2 }
			END {
				if (last != "\"base/banned.h\"")
					print f ": the last include is not base/banned.h"
			}' "$f"
		own=${f%.c}.h
		[ -f "$own" ] || continue
		grep -m 1 '^#[ 	]*include' "$f" | grep -Eq "/$(basename "$own" .h)(_int)?\.h\"" ||
		    echo "$f: the first include is not its own ${own##*/}"
	done
}

guards() {
	for f in $sources; do
		case $f in
		*.h)	;;
		*)	continue ;;
		esac
		awk -v f="$f" '
			/^#ifndef/ && !g { g = $2 }
			/^#define/ && !d { d = $2 }
			END {
				if (g == "" || g != d)
					print f ": no include guard"
			}' "$f"
	done
}

# 80 columns, tabs of 8; no trailing blanks; a final newline
width() {
	for f in $sources $scripts; do
		expand "$f" | awk -v f="$f" '
			length($0) > 80 && f ~ /\.[ch]$/ && !/[^ -~]/ {
				print f ":" NR ": " length($0) " columns"
			}
			/[ \t]$/ { print f ":" NR ": blank at the end" }'
		[ -z "$(tail -c 1 "$f")" ] || echo "$f: no newline at the end"
	done
}

# a function is at most 80 lines, counted from its brace
# shellcheck disable=SC2046 # file names have no blanks here
lengths() {
	awk '
		FNR == 1 { fn = "" }
		/^[a-zA-Z_][a-zA-Z0-9_]*\(/ { fn = $0 }
		/^\{/ { b = FNR }
		/^\}/ {
			if (fn != "" && FNR - b > 80)
				printf "%s:%d: %s: %d lines\n", FILENAME, b,
				    substr(fn, 1, 50), FNR - b
			fn = ""
		}' $(files '*.c')
}

# words that say "not finished"; written apart here, so that this file passes
marks() {
	words='TO''DO|FIX''ME|XX''X|HA''CK|not impl''emented|unimpl''emented'
	words="$words|place""holder|for n""ow|st""ub"
	files '*.c' '*.h' '*.sh' '*.py' '*.lua' '*.txt' '*.cmake' '*.scd' doc etc \
	    contrib README HACKING NEWS |
	    grep -v '^t/\(data\|fuzz/corpus\)/' | sort -u |
	    while read -r f; do
		grep -nEH "(^|[^A-Za-z_])($words)([^A-Za-z_]|\$)" "$f"
	    done
}

# C++ comments, and comparisons with time in tests, are not our way
comments() {
	for f in $sources; do
		grep -nH '^[^"]*[	 ;]//' "$f" | grep -v 'https\{0,1\}://' |
		    grep -v '^[^:]*:[0-9]*: \*'
	done
}

syntax() {
	for f in $scripts; do sh -n "$f" || echo "$f: sh -n"; done 2>&1
}

executable() {
	for f in $(files 't/t[0-9]*.sh') $(files contrib .ci); do
		head -n 1 "$f" | grep -q '^#!' || continue
		[ -x "$f" ] || echo "$f: not executable"
	done
	for f in $(files 't/t[0-9]*.sh'); do
		case ${f##*/} in
		t[0-9][0-9][0-9][0-9]-*.sh)	;;
		*)	echo "$f: not named tNNNN-what.sh" ;;
		esac
	done
	for f in $(files 't/t[0-9]*.sh'); do echo "${f##*/}"; done |
	    cut -c 1-5 | sort | uniq -d | sed 's/$/: two tests of one number/'
}

# what says "all tests" must mean all: each unit test and fuzz target is built
built() {
	for f in $(files 't/unit/test-*.c' 't/fuzz/fuzz-*.c'); do
		n=${f##*/}; n=${n%.c}; kind=unit
		case $n in fuzz-*) kind=fuzz ;; esac
		n=${n#*-}
		files '*CMakeLists.txt' | xargs cat >"$W/cmake"
		grep -Eq "add_$kind\($n([ )]|\$)" "$W/cmake" ||
		    echo "$f: no CMakeLists.txt builds it"
	done
}

checked() {
	# SC1091: sources are found at run time; SC2086: words on purpose;
	# SC2317, SC2034: reached, used through a sourced file
	# shellcheck disable=SC2086
	shellcheck -S warning -e SC1091,SC2086,SC2046,SC2317,SC2034 -s sh $scripts
}

t 'licence and title'		none heads
t 'includes: own first, banned last'	none includes
t 'include guards'		none guards
t 'width and blanks'		none width
t 'functions of 80 lines'	none lengths
t 'no unfinished marks'		none marks
t 'no // comments'		none comments
t 'scripts parse'		none syntax
t 'tests are executable and numbered'	none executable
t 'every unit and fuzz test is built'	none built
if command -v shellcheck >/dev/null
then t 'shellcheck'		none checked
else t_skip shellcheck		'no shellcheck here'
fi
t_done
