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

mkdir -p "$W/other/state"
sed "s|$W|$W/other|" "$CONF" >"$W/other.conf"
other() { "$BIN/mailweir" -c "$W/other.conf" "$@"; }
t 'another installation' other init
FOREIGN=$(other token make ann@example.com --scope newsletter | sed -n 's/^url  *//p')
export FOREIGN
# else memory that was freed is kept, to see who uses it
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=2
export ASAN_OPTIONS
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
t 'a token of another installation' eval 'one_click "$FOREIGN"; status 404'
t 'forged links of every kind, very many' bad flood
t 'nothing of it was a press'	shows_not ann@example.com optout
t 'nothing at all was written'	eval '[ "$(records)" = 0 ]'
t 'no status 500 was given'	hasnt "$LOG" 'status=5'
few=400; [ "${MAILWEIR_LONG:-0}" != 1 ] || few=40000
t 'few lines for many forgeries' eval '[ "$(grep -c web_bad_token "$LOG")" -lt $few ]'
for why in none forged unknown-key version path; do
	t "the log tells them apart: $why" has "$LOG" "web_bad_token why=$why client=127.0.0.1"
done
old=$(MAILWEIR_FAKE_TIME=1609459200 MW token make ann@example.com --scope newsletter | sed -n 's/^url  *//p')
t 'a token older than token_max_age' eval 'one_click "$old"; status 404 && has "$LOG" "web_bad_token why=expired"'

t_done
