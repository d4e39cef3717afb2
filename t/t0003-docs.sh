#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# docs: the documentation says what the programs do - events, metrics,
# parameters with their defaults, sentences, man pages without faults
. "$(dirname "$0")/lib.sh"
docs() { "$PYTHON" "$SRC/t/docs.py" "$@"; }

# print_params - what every program says of its parameters
print_params() {
	for p in "$BIN"/mailweir*; do
		echo "## $p" && "$p" -H || return 1
	done >"$W/params"
	[ -s "$W/params" ]
}

manuals() {
	for p in "$BIN"/mailweir*; do
		ls "$SRC/doc/${p##*/}".[18].scd >/dev/null 2>&1 ||
		    { echo "${p##*/} has no man page"; return 1; }
	done
}

# lint PAGE.scd - scdoc takes it and mandoc finds no fault
lint() {
	page=$W/$(basename "$1" .scd)
	scdoc <"$1" >"$page" || return 1
	# scdoc itself writes paragraph macros that mandoc finds superfluous
	mandoc -T lint -W warning "$page" 2>&1 |
	    grep -v 'skipping paragraph macro: PP \(empty\|after S[HS]\)$' \
	    >"$page.lint"
	cat "$page.lint"; [ ! -s "$page.lint" ]
}

# cited - files that the documents name are there
cited() {
	bad=0
	for f in README HACKING doc/ARCHITECTURE doc/FLOW t/README; do
		grep -ohP '(?<![\w/.-])(lib|milters|tools|contrib|doc|etc|cmake|t)/[A-Za-z0-9_./-]*[A-Za-z0-9]' \
		    "$SRC/$f" | sort -u | while read -r path; do
			case $path in
			*NAME*|*NNNN*|*/NN-*|t/t1000-x*)	continue ;;
			esac
			[ -e "$SRC/$path" ] || ls "$SRC/$path"* >/dev/null 2>&1 ||
			    echo "$f names $path, which is not there"
		done
	done >"$W/cited"
	cat "$W/cited"; [ ! -s "$W/cited" ]
}

t 'events'		docs events "$SRC"
t 'metrics'		docs metrics "$SRC"
t 'programs print their parameters' print_params
t 'parameters'		docs params "$SRC" "$W/params"
t 'help'		sh -c '"$BIN/mailweir" --help >"$W/help"'
t 'sentences'		docs sentences "$SRC" "$W/help"
t 'a man page for each program'	manuals

for page in "$SRC"/doc/*.scd; do
	t "${page##*/}" lint "$page"
done
t 'files that the documents name' cited
t_done
