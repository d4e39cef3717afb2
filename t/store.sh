# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# store.sh - a store of its own and the sentences about it, for t6xxx; source it
# after lib.sh
#
#	$W/m.conf	the paths and one stream; append what more is wanted
#	$S		where the store will be
#	mw ARGS...	mailweir with that configuration
#	says REGEX COMMAND...		it succeeds and prints a line like this
#	fails STATUS REGEX COMMAND...	it ends so, and prints a line like this
#	here FILE, gone FILE		in the store's folder
#	alike FILE FILE			both have the same owner, group and mode

S=$W/state/store
cat >"$W/m.conf" <<END
$(conf_paths "$W/run")
[stream news]
class = bulk
scopes = news
END

mw() { "$BIN/mailweir" -c "$W/m.conf" "$@"; }
says() { regex=$1; shift; "$@" >"$W/said" 2>&1 && has "$W/said" "$regex"; }
fails() {
	status=$1 regex=$2; shift 2
	exits "$status" "$@" >"$W/said" 2>&1 && has "$W/said" "$regex"
}
here() { [ -e "$S/$1" ]; }
gone() { [ ! -e "$S/$1" ]; }
alike() { [ "$(stat -c '%u %g %a' "$1")" = "$(stat -c '%u %g %a' "$2")" ]; }
