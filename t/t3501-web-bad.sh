#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mailweir-web and bad input: no 500, no write, one answer for all bad tokens,
# bounded time and memory
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl sha256sum
need_built mailweir mailweir-web

web_conf 'request_timeout = 2s' 'max_connections = 256' 'stop_timeout = 3s'
t 'init'	MW init
ann=$(token ann@example.com)
pid() { cat "$W/mailweir-web.pid"; }
bad() { "$PYTHON" "$SRC/t/t3501-web-bad.py" "$1" "$WEB_PORT" "$ann" "$(pid)"; }
one_click() { post "$U$1" -d List-Unsubscribe=One-Click; }

t 'it starts'	web_start
t 'alike: links that lead nowhere' bad alike
t 'same: spellings of one link'	bad same
t 'methods'			bad methods
t 'forms'			bad forms
t 'chunks'			bad chunked
t 'headers'			bad headers
t 'slow clients'		bad slow
t 'every connection is a slow one' bad full
t 'clients that went away'	bad gone
t '10,000 connections'		bad crowd
t 'forged tokens, many'		bad flood
t 'nothing of it was a press'	shows_not ann@example.com optout
t 'nothing at all was written'	eval '[ "$(records)" = 0 ]'
t 'no status 500 was given'	hasnt "$LOG" 'status=5'
t 'few lines for many forgeries' eval '[ "$(grep -c web_bad_token "$LOG")" -lt 400 ]'
for why in none forged unknown-key version path; do
	t "the log tells them apart: $why" has "$LOG" "web_bad_token why=$why client=127.0.0.1"
done
other() {	# a token of another installation, and one too old
	"$BIN/mailweir" -c "$W/other.conf" init >/dev/null &&
	    foreign=$("$BIN/mailweir" -c "$W/other.conf" token make ann@example.com --scope newsletter | sed -n 's/^url  *//p') &&
	    one_click "$foreign" && status 404
}
sed "s|$W|$W/other|; s|^run_dir.*|run_dir = $W/other|" "$CONF" |
    sed "s|$W/store.key|$W/other/store.key|; s|$W/token.key|$W/other/token.key|" >"$W/other.conf"
mkdir -p "$W/other/state"
t 'a token of another installation' other
old=$(MAILWEIR_FAKE_TIME=1609459200 MW token make ann@example.com --scope newsletter | sed -n 's/^url  *//p')
t 'a token older than token_max_age' eval 'one_click "$old"; status 404 && has "$LOG" "web_bad_token why=expired"'

t_done
