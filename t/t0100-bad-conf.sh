#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bad-conf: each faulty configuration of t/bad-conf is refused by exactly the
# sentences that its `expect` holds; a good one is not
. "$(dirname "$0")/lib.sh"
need_built mailweir
M=$BIN/mailweir

cat >"$W/good.conf" <<END
$(conf_paths "$W/run")
[stream news]
class = bulk
match_sender = @news.example
END
(umask 077; echo junk >"$W/junk.key")
t 'what the cases need'		"$M" -c "$W/good.conf" init
cp "$W/store.key" "$W/loose.key"; chmod 644 "$W/loose.key"
t 'a good one'			"$M" -c "$W/good.conf" check
t 'says so in one line'		test "$(wc -l <"$W/out.2")" = 1

# refused CASE - status 78 and these sentences, no other
refused() {
	sed "s|@W@|$W|g" "$1/conf" >"$W/conf"
	rc=0; "$M" -c "$W/conf" check >"$W/got" 2>"$W/err" || rc=$?
	sed -e "s|$W/conf:|conf:|" -e "s|$W|@W@|g" "$W/got" |
	    sort >"$W/sorted"
	sort "$1/expect" >"$W/wanted"
	diff -u "$W/wanted" "$W/sorted" || return 1
	[ $rc = 78 ] || { echo "status $rc"; cat "$W/err"; return 1; }
}

for c in "$SRC"/t/bad-conf/*/; do
	c=${c%/}
	t "${c##*/}"		refused "$c"
done
t_done
