#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# quickstart: what the newcomer runs, with the programs under sanitizers
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postfix.sh"
pf_usable >"$W/usable" || skip_all "$(cat "$W/usable")"
need_built mailweir mailweir-suppress mailweir-keyword mailweir-unsubscribe \
    mailweir-dkim mailweir-ingest mailweir-web

at_exit "quick --stop >/dev/null 2>&1"
quick() { "$SRC/contrib/quickstart" --dir "$W/qs" "$@"; }
running() { pgrep -f "$W/qs/" >/dev/null; }
stranger() {	# a folder that is not its own is left alone
	mkdir "$W/other" && echo mine >"$W/other/file"
	not "$SRC/contrib/quickstart" --dir "$W/other" && [ -f "$W/other/file" ]
}
two_at_once() {	# a second one does not pull the folder from under the first
	mkdir "$W/busy" && cp "$(command -v sleep)" "$W/quickstart" || return 1
	"$W/quickstart" 60 & first=$!
	echo "$first" >"$W/busy/.mailweir-quickstart"
	not "$SRC/contrib/quickstart" --dir "$W/busy"
	refused=$?
	kill "$first"
	[ $refused = 0 ] && [ -f "$W/busy/.mailweir-quickstart" ]
}

t 'every outcome is right'	quick --keep
t 'no row is BAD'		hasnt "$W/out.1" '^BAD'
t 'it is still there'		running
if [ "${MAILWEIR_LONG:-0}" = 1 ]; then
	t 'it can be run again'	quick --keep
fi
t 'it stops'			quick --stop
t 'nothing runs on'		wait_until 5 not running
t 'its folder shows what came out' sh -c 'ls "$W/qs/pf/world/" | grep -q .'
t "a stranger's folder stays"	stranger
sed 's/^/# /' "$W/out.1"
t 'two do not share a folder'	two_at_once
t_done
