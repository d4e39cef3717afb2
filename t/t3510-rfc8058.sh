#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# RFC 8058 by the text: each requirement is a test named after its section.
# Here the server's; what the header fields must be is t3000's and t4000's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need curl sha256sum
need_built mailweir mailweir-web

web_conf
t 'init'	MW init
t 'it starts'	web_start

ann=$(token ann@example.com)
one_click() { post "$U$1" -d 'List-Unsubscribe=One-Click' && status 200; }
multipart() { post "$U$1" -F 'List-Unsubscribe=One-Click' && status 200; }
optout='"reason":"optout","scope":"newsletter","in_force":true'

# 3.1: the URI holds all that is needed: recipient and list, nothing is asked
t '3.1 the URI alone names the recipient and the list' one_click "$ann"
t '3.1 the unsubscription is complete with the POST' shows ann@example.com "$optout"
t '3.1 it is that list only' eval '[ "$(MW show --json ann@example.com | wc -l)" = 1 ]'
t '3.1 it is that recipient only' shows_not bob@example.com optout

# 3.1: a component that is opaque and hard to forge, and the server verifies it
t '3.1 the component is opaque: no address, no list in the URI' \
    not grep -Eiq 'ann|example|newsletter' <<EOT
$ann
EOT
forged() {
	for i in 1 9 24 47; do
		bad=$(printf %s "$ann" | sed "s/^\(.\{$i\}\)\(.\)/\1#\2/" |
		    sed 's/#[A]/B/; s/#./A/')
		post "$U$bad" -d 'List-Unsubscribe=One-Click' && status 404 || return 1
	done
}
t '3.1 the server verifies it: an altered one does nothing' forged

# 3.1: no redirect
no_redirect() { hasnt "$W/head" '^(HTTP/[0-9.]* 3|[Ll]ocation:)'; }
t '3.1 no redirect'	eval 'one_click "$ann" && no_redirect'
t '3.1 no redirect for a wrong URI either' eval 'post "${U}x" -d List-Unsubscribe=One-Click; no_redirect'

# 3.2 and 3.1: no cookies, no HTTP authorization, no context: none is needed,
# none is set, none makes a difference
bare() {
	"$PYTHON" - "$WEB_PORT" "$1" <<'EOT'
import socket, sys
body = b"List-Unsubscribe=One-Click"
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
s.sendall(b"POST /u/" + sys.argv[2].encode() + b" HTTP/1.1\r\nHost: u\r\n"
          b"Content-Type: application/x-www-form-urlencoded\r\n"
          b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
answer = b""
while True:
    part = s.recv(65536)
    if not part:
        break
    answer += part
assert answer.startswith(b"HTTP/1.1 200 "), answer
assert b"\r\nset-cookie:" not in answer.lower(), answer
EOT
}
cat=$(token cat@example.com)
t '3.1 no cookie, no authorization, no agent is needed' bare "$cat"
t '3.1 and it is stored'	shows cat@example.com "$optout"
t '3.1 no cookie is set'	eval 'one_click "$ann" && hasnt "$W/head" "^[Ss]et-[Cc]ookie"'
dan=$(token dan@example.com)
t '3.1 context makes no difference' eval 'post "$U$dan" -d List-Unsubscribe=One-Click -b session=1 -u a:b -e https://x.example/ &&
    status 200 && shows dan@example.com optout'

# 3.2: the key and value of the header as the body, in either encoding
eve=$(token eve@example.com) fay=$(token fay@example.com)
t '3.2 multipart/form-data'	eval 'multipart "$eve" && shows eve@example.com "$optout"'
t '3.2 application/x-www-form-urlencoded' eval 'one_click "$fay" && shows fay@example.com "$optout"'
gus=$(token gus@example.com)
other() { post "$U$gus" -d "$1" && status 400 && shows_not gus@example.com optout; }
t '3.2 another value does nothing'	other 'List-Unsubscribe=Two-Click'
t '3.2 another key does nothing'	other 'List-Unsubscribe-Post=One-Click'
t '3.2 an empty body does nothing'	other ''

# 3.2: no consent without a POST: whatever fetches the URI changes nothing
hal=$(token hal@example.com)
fetched() {
	get "$U$hal" && status 200 && get "$U$hal" -I && status 200 &&
	    get "$U$hal?List-Unsubscribe=One-Click" && status 200 &&
	    get "$U$hal" -X OPTIONS && status 204 &&
	    get "$U$hal" -X PUT -d List-Unsubscribe=One-Click && status 405 &&
	    shows_not hal@example.com optout
}
t '1, 3.2 GET, HEAD, OPTIONS, PUT, a query: nothing changes' fetched
t '1 the same URI shows a page to whoever follows it' eval \
    'get "$U$hal" && has "$W/head" "^Content-Type: text/html" && has "$W/body" "<form method=.post."'

# 6: the POST is repeated, late, or by many: the same answer, no harm
again() { for i in 1 2 3; do one_click "$ann" || return 1; done; }
before=$(records)
t '6 the same POST again is answered the same' again
t '6 and writes nothing'	eval '[ "$(records)" = "$before" ]'
t_done
