#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# believed complaints, and only new ones, are handed on as files to whoever
# answers them; counted by stream, provider and reason
. "$(dirname "$0")/lib.sh"
need_built mailweir mailweir-ingest
MW="$BIN/mailweir -c $W/conf"
cat >"$W/conf" <<EOT
$(conf_paths "$W/run")
[stream letter]
class = bulk
match_sender = news@sender.example
scopes = news
[feedback]
complaint_dir = $W/complaints
[reporter own]
local = mx.sender.example
complaint_dir = $W/own
EOT
complaint() {	# ADDRESS TOKEN TYPE
	cat <<EOT
From: reports@fbl.example
To: fbl@sender.example
Message-ID: <$1-$3@fbl.example>
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: $3
User-Agent: "x" \\ y

--b
Content-Type: message/rfc822

From: news@sender.example
To: redacted@gmail.com
List-Unsubscribe: <mailto:u+$2@u.sender.example>

Hello.
--b--
EOT
}
ingest() { complaint "$@" | "$BIN/mailweir-ingest" -d -c "$W/conf" --stdin -r fbl@sender.example >"$W/log" 2>&1; }
files() { set -- "$W"/complaints/*.json; [ -f "$1" ] && echo $# || echo 0; }
t 'init' $MW init
mkdir -p "$W/run"
token() { $MW token make "$1" --scope news | grep -oE '\b[a-z2-7]{58}\b' | head -n 1; }
A=$(token ann@gmail.com)
t 'a token' test -n "$A"
t 'a complaint' ingest ann "$A" abuse
t 'is believed' has "$W/log" 'kind=complaint .*result=changed'
t 'and handed on' test "$(files)" = 1
t 'as it is documented' "$PYTHON" - "$W"/complaints/*.json <<'EOT'
import json, sys
o = json.load(open(sys.argv[1], encoding="utf-8"))
assert list(o) == ["time", "source", "reporter", "stream", "scope", "report", "from", "complaint"], o
assert o["source"] == "complaint:token" and o["stream"] == "letter" and o["scope"] == "news", o
assert o["from"] == "reports@fbl.example" and o["complaint"]["feedback_type"] == "abuse", o
EOT
t 'for nobody else to read' sh -c "test \"\$(stat -c %a '$W'/complaints '$W'/complaints/*)\" = '700
600'"
t 'the same again' ingest ann "$A" abuse
t 'is known' has "$W/log" 'result=known'
t 'and not handed on twice' test "$(files)" = 1
t 'a forged one' ingest bob "$(echo "$A" | tr 'a-h' 'i-p')" abuse
t 'is parked' has "$W/log" 'result=parked'
t 'not-spam is parked without a listed reporter' ingest ann "$A" not-spam
t 'neither is handed on' test "$(files)" = 1
{ printf 'Received: by mx.sender.example (Postfix)\n\tid 4X; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)\n'
	complaint dan "$(token dan@gmail.com)" abuse; } >"$W/mail"
t 'a reporter with a folder of its own' sh -c "'$BIN/mailweir-ingest' -d -c '$W/conf' --stdin -r fbl@sender.example <'$W/mail' >'$W/log' 2>&1"
t 'believed' has "$W/log" 'kind=complaint .*result=changed'
t 'not handed on to the others' test "$(files)" = 1
t 'but to its own, by name' sh -c "grep -q '\"reporter\":\"own\"' '$W'/own/*.json"
$MW stats >"$W/stats"
t 'counted by stream' has "$W/stats" '[1-9]  mailweir_feedback_streams_total{stream="letter"}'
t 'by provider' has "$W/stats" '[1-9]  mailweir_feedback_receivers_total{receiver="google"}'
t 'by what was handed on' has "$W/stats" '2  mailweir_feedback_complaints_handed_on_total'
rm -r "$W/complaints"; : >"$W/complaints"
t 'no folder for it: taken all the same' ingest cat "$(token cat@gmail.com)" abuse
t 'stored' has "$W/log" 'kind=complaint .*result=changed'
t 'and told' has "$W/log" 'complaint_not_handed_on'
t_done
