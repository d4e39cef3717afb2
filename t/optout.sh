# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# optout.sh - mailweir-suppress long after somebody left; source it after lib.sh
#
#	m ...			mailweir with $W/m.conf, which may be added to
#	at SECONDS		the milter, its clock so long after $LEFT
#	from SENDER RCPT...	one message: the answer to each, and to the whole
#	$LOG			the milter's
#
# Two streams of one scope: news refuses, watch observes.

need_built mailweir mailweir-suppress
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
LEFT=1795284000		# 2026-11-21T18:00:00Z
LOG=$W/mailweir-suppress.log
cat >"$W/m.conf" <<END
$(conf_paths "$W/run")
[suppress]
optout_alarm = 36h
[stream news]
class = bulk
match_sender = @news.example
[stream watch]
class = bulk
match_sender = @watch.example
scopes = news
hit = observe
END

m() { "$BIN/mailweir" -c "$W/m.conf" "$@"; }
from() { "$PYTHON" "$SRC/t/optout.py" "$W/mailweir-suppress.sock" "$@"; }
at() {
	[ ! -f "$W/mailweir-suppress.pid" ] || stop mailweir-suppress || return 1
	MAILWEIR_FAKE_TIME=$((LEFT + $1)) milter_daemon mailweir-suppress -c "$W/m.conf"
}
