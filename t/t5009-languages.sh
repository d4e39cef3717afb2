#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bounces in prose of many languages: whom they name, and why; subjects of
# automatic replies, which are none, whatever else the subject says
. "$(dirname "$0")/lib.sh"
need_built mailweir

# body TEXT - a mail of a mail system that says so
body() {
	printf 'From: Postmaster <postmaster@mx.example>\nTo: b@b.sender.example\nSubject: 550\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n'
	printf '%s\n' "$1" | tr '|' '\n'
}
says() {
	body "$4" >"$W/mail"
	"$BIN/mailweir" feedback parse "$W/mail" >"$W/out" 2>"$W/err"
	has "$W/out" '"kind":"bounce"' && has "$W/out" "\"recipient\":\"$3\"" &&
	    has "$W/out" "\"reason\":\"$1\"" && has "$W/out" "\"hard\":$2"
}
TAB=$(printf '\t')
grep -v '^#' "$SRC/t/data/feedback/languages.tsv" >"$W/rows"
while IFS=$TAB read -r reason hard address text; do
	t "$reason: $text" says "$reason" "$hard" "$address" "$text"
done <"$W/rows"

away() {
	printf 'From: Ann <ann@far.example>\nTo: b@b.sender.example\nSubject: %s\n\nWrite to bob@far.example: the mail system could not deliver.\n' "$1" >"$W/mail"
	"$BIN/mailweir" feedback parse "$W/mail" >"$W/out" 2>"$W/err"
	has "$W/out" '"kind":"vacation","recipient":"ann@far.example"'
}
while read -r subject; do
	t "away: $subject" away "$subject"
done <"$SRC/t/data/feedback/absence.txt"
printf 'From: Waiting <no-reply@gate.example>\nTo: b@b.sender.example\nSubject: News (Action Required)\n\nYour message was waitlisted. Please add yourself to my Guest List,\nor it will not be delivered.\n' >"$W/mail"
t 'a challenge is no bounce' sh -c "'$BIN/mailweir' feedback parse '$W/mail' 2>'$W/err' | grep -q '\"kind\":\"vacation\"'"
t_done
