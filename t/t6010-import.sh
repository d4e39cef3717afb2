#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# import: formats, exports of services, bad input, replace, guards, rollback
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/store.sh"

# reason ADDRESS SCOPE REASON - it stands there for this reason
reason() { says "^$3 +scope $2: in force" mw show "$1" --scope "$2"; }
absent() { says 'not in the store' mw show "$1" --scope "$2"; }

mw init >/dev/null || bail 'no store'

# formats
printf '\357\273\277# list\r\nann@example.com\r\n\r\nBOB@Example.COM\r\n' >"$W/a.txt"
t 'txt, BOM, CRLF, comment' says '^2 rows, 0 rejected, 2 recipients' \
    mw import "$W/a.txt" --scope txt
t 'it is there'		reason bob@example.com txt import
printf 'id,"Name",E-Mail\n1,"Ann, A",ann@example.com\n2,"two
lines ""q""",bob@example.com\n3,,\n4,x,"eve@example.com"' >"$W/a.csv"
t 'csv, header, quoted newline' says '^4 rows, 1 rejected, 3 recipients' \
    mw import "$W/a.csv" --scope csv --rejects "$W/rej"
t 'rejects: line, why'	has "$W/rej" '^5	no address	3,,$'
t 'last row without newline' reason eve@example.com csv import
t 'column by name'	says '3 recipients' mw import "$W/a.csv" --scope c2 \
    --column e-mail
t 'column by number'	says '3 recipients' mw import "$W/a.csv" --scope c3 \
    --column 3
t 'wrong column'	fails 65 'none of its 5 rows' mw import "$W/a.csv" \
    --scope c4 --column 2
t 'no such column'	fails 65 'no column "mail2"' mw import "$W/a.csv" \
    --scope c4 --column mail2
printf 'x;mail\n1;ann@example.com\n' >"$W/semi.csv"
t 'semicolons'		says '1 recipients' mw import "$W/semi.csv" --scope c5
printf '{"id": 1, "x": {"email": "no"}, "email": "\\u0061nn@example.com"}
{"email":"bob@example.com","reason":"unsubscribed"}
{"email": 7}
{"broken
["email"]
' >"$W/a.jsonl"
t 'jsonl'		says '^5 rows, 3 rejected, 2 recipients' \
    mw import "$W/a.jsonl" --scope json --rejects "$W/rej"
t 'an escape is a letter' reason ann@example.com json import
t 'a word for a reason'	reason bob@example.com json optout
t '- is standard input'	says '1 recipients' sh -c \
    'echo pipe@example.com | "$0" -c "$1" import - --scope pipe' \
    "$BIN/mailweir" "$W/m.conf"

# exports
# export_of SERVICE HEADER ROW ADDRESS REASON
export_of() {
	n=$((${n:-0} + 1))
	printf '%s\n%s\n' "$2" "$3" >"$W/e$n.csv"
	says "^export of $1$" mw import "$W/e$n.csv" --scope "e$n" &&
	    reason "$4" "e$n" "$5"
}
t 'SendGrid bounces'	export_of SendGrid 'status,reason,email,created' \
    '5.1.1,550 no such user,a@x.example,1700000000' a@x.example hard-bounce
t 'its date is kept'	says 'first +2023-11-14' mw show a@x.example
t 'SendGrid unsubscribes' export_of SendGrid 'email,created' \
    'b@x.example,1700000000' b@x.example optout
t 'SendGrid spam reports' export_of SendGrid 'ip,email,created' \
    '192.0.2.1,c@x.example,1700000000' c@x.example complaint
t 'Mailgun bounces'	export_of Mailgun 'address,code,error,created_at' \
    'd@x.example,550,"no, never",x' d@x.example hard-bounce
t 'Mailgun unsubscribes' export_of Mailgun 'address,tags,created_at' \
    'e@x.example,"[""*""]",x' e@x.example optout
t 'Postmark'		export_of Postmark \
    'EmailAddress,SuppressionReason,Origin,CreatedAt' \
    'f@x.example,SpamComplaint,Recipient,2019-12-17T08:58:33-05:00' \
    f@x.example complaint
t 'SES'			export_of SES 'EmailAddress,Reason,LastUpdateTime' \
    'g@x.example,BOUNCE,2024-01-31T00:00:00Z' g@x.example hard-bounce
t 'Mailchimp unsubscribed' export_of Mailchimp \
    'Email Address,First Name,UNSUB_TIME,UNSUB_REASON' \
    'h@x.example,H,2024-01-31 10:00:00,NORMAL' h@x.example optout
t 'Mailchimp complaint' export_of Mailchimp \
    'Email Address,First Name,UNSUB_TIME,UNSUB_REASON,UNSUB_REASON_OTHER' \
    'h2@x.example,H,2024-01-31 10:00:00,ABUSE,' h2@x.example complaint
t 'Mailchimp complaint in words' export_of Mailchimp \
    'Email Address,UNSUB_TIME,UNSUB_REASON' \
    'h3@x.example,2024-01-31 10:00:00,N/A (Abuse complaint)' \
    h3@x.example complaint
t 'Mailchimp cleaned'	export_of Mailchimp 'Email Address,CLEAN_TIME' \
    'i@x.example,2024-01-31 10:00:00' i@x.example hard-bounce
printf 'j@x.example,COMPLAINT\nk@x.example,BOUNCE\n' >"$W/ses.csv"
t 'no header, a word'	says '2 recipients' mw import "$W/ses.csv" --scope ses
t 'each its reason'	reason j@x.example ses complaint
t '--reason overrides'	says '2 recipients' mw import "$W/ses.csv" --scope ses2 \
    --reason manual
t 'for every row'	reason j@x.example ses2 manual

# bad input
gzip -c "$W/a.txt" >"$W/z.gz"
t 'gzip'		fails 65 'gzip-compressed' mw import "$W/z.gz" --scope z
: >"$W/empty"
t 'empty file'		says '^0 rows' mw import "$W/empty" --scope z
printf 'a\000b@x.example\nok@x.example\n\377\376@x.example\n' >"$W/nul"
t 'NUL and 8-bit junk'	says '^3 rows, 2 rejected' mw import "$W/nul" --scope z
"$PYTHON" -c '
print("x@y.example"); print("a" * 10000000); print("z@y.example")' >"$W/long"
t 'a 10 MB line'	says '^3 rows, 1 rejected, 2 recipients' \
    mw import "$W/long" --scope z --format txt --rejects "$W/rej"
t 'is told'		has "$W/rej" '^2	the row is too long'
t 'rows after it count'	reason z@y.example z import
printf 'a,"never closed\nb@x.example,1\n' >"$W/quote.csv"
t 'a quote never closed' says '^2 rows, 1 rejected, 1 recipients' \
    mw import "$W/quote.csv" --scope z --column 1
t 'cleanse passes by a row that is too long' sh -c \
    '"$0" -c "$1" cleanse "$2" --stream news --format txt --output "$3" \
    --removed "$4"' "$BIN/mailweir" "$W/m.conf" "$W/long" "$W/long.out" \
    "$W/long.removed"
t 'keeps the others'	has "$W/long.out" '^z@y.example$'
t 'and says which'	has "$W/long.removed" \
    '^2	bad-address: the row is too long	-	aaa'
t 'cleanse of a gzip file' fails 65 'gzip-compressed' \
    mw cleanse "$W/z.gz" --stream news
t 'speaks of no import'	hasnt "$W/said" 'mailweir import'
t 'no such file'	fails 66 'No such file' mw import "$W/none" --scope z
t 'a folder'		fails 66 'is a folder' mw import "$W" --scope z

# replace, guards, rollback
"$PYTHON" -c '
for i in range(3000): print("u%d@l.example" % i)' >"$W/l1"
"$PYTHON" -c '
for i in range(10, 3010): print("u%d@l.example" % i)' >"$W/l2"
t 'a list'		says 'scope list:  3000 added' mw import "$W/l1" --scope list
t 'dry run'		says 'would have 10 added, 10 removed, 2990 unchanged' \
    mw import "$W/l2" --scope list --replace --dry-run
t 'with line numbers'	has "$W/said" 'added, for instance, line 2991 '
t 'and of those who stay' has "$W/said" 'unchanged, for instance, line 1 2 3 '
t 'and who would go, and why' has "$W/said" \
    'removed, for instance, id [0-9a-f]{32}: import'
t 'the same as JSON'	says \
    '"added_lines":\[2991,.*"unchanged_lines":\[1,2,.*"removed_samples":\[\{"id":"[0-9a-f]{32}","reason":"import"' \
    mw import "$W/l2" --scope list --replace --dry-run --json
t 'changes nothing'	absent u3005@l.example list
t 'shrinks too much'	fails 65 'would drop 10 of 3000' mw import "$W/l2" \
    --scope list --replace --max-shrink 0.1%
t 'nothing was changed'	absent u3005@l.example list
t 'to nothing at all'	fails 65 'would drop 3000 of 3000' mw import \
    "$W/empty" --scope list --replace
t 'replace'		says '10 added, 10 removed' mw import "$W/l2" \
    --scope list --replace --max-shrink 1%
t 'the new are in'	reason u3005@l.example list import
t 'the old are out'	absent u5@l.example list
t 'remove one by hand'	says ': removed' mw remove u3@l.example --scope list || :
t 'and one that is in'	says ': removed' mw remove u100@l.example --scope list
t 'it is out'		absent u100@l.example list
t 'rollback'		says 'had 2999 recipients, has 2998' mw rollback list
t 'the old are back'	reason u5@l.example list import
t 'the new are gone'	absent u3005@l.example list
t 'what was removed by hand stays out' absent u100@l.example list
t 'only once'		fails 65 'no import to roll back' mw rollback list
t 'add to a list'	says 'scope list:  12 added|scope list:  [0-9]+ added, 0 removed' \
    mw import "$W/l2" --scope list
t 'old and new'		reason u5@l.example list import
t 'old and new, too'	reason u3005@l.example list import
printf 'p@x.example,COMPLAINT\nq@x.example,BOUNCE\n' >"$W/p.csv"
t 'a list with a complaint' mw import "$W/p.csv" --scope prot
printf 'q@x.example\n' >"$W/q.txt"
t 'is not dropped by a replacement' fails 77 'complaint or legal' \
    mw import "$W/q.txt" --scope prot --replace
t 'still there'		reason p@x.example prot complaint
t 'unless told why'	says '1 removed' mw import "$W/q.txt" --scope prot \
    --replace --override --note 'contract ended'
# small lists beside a large one: not all is written anew each time
t 'a large list'	says '^3000 rows' mw import "$W/l1" --scope big
small() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		printf 'u7@l.example\ns%d@s.example\ns%d@s.example\n' $i $((i + 1)) |
		    mw import - --scope big >"$W/s.$i" || return 1
	done
}
t 'many small ones'	small
t 'counted once each'	has "$W/s.5" \
    'scope big:  1 added, 0 removed, 2 unchanged; 3005 before, 3006 after'
t 'in few lists'	says ' entries, ([0-9]|1[0-9]|2[0-9]) lists of' mw verify
t 'all there'		reason s1@s.example big import
t 'the last, too'	reason s13@s.example big import
t 'and the large one'	reason u2999@l.example big import
t 'remove from under both' says ': removed' mw remove u7@l.example --scope big
t 'it is gone'		absent u7@l.example big
t 'the same again'	says '1 added, 0 removed, 2 unchanged' sh -c \
    'printf "u7@l.example\ns1@s.example\nu8@l.example\n" |
    "$0" -c "$1" import - --scope big' "$BIN/mailweir" "$W/m.conf"
t 'it is back'		reason u7@l.example big import
t 'rollback of a small one' mw rollback big
t 'takes that back alone' absent u7@l.example big
t 'no more'		reason s13@s.example big import
t 'verify'		says '^0 faults' mw verify

# a mark that needs an override is not exchanged for a lesser one either
printf 'ann@example.com\nbob@example.com\n' >"$W/two.txt"
t 'complaints'		mw import "$W/two.txt" --scope cmp --reason complaint
t 'not replaced by opt-outs' fails 77 '2 complaint or legal' \
    mw import "$W/two.txt" --scope cmp --reason optout --replace
t 'they stand'		reason ann@example.com cmp complaint
t 'by more of them'	mw import "$W/two.txt" --scope cmp --reason complaint \
    --replace
t 'by override'		mw import "$W/two.txt" --scope cmp --reason optout \
    --replace --override --note 'ticket 8'
t 'then they went'	reason ann@example.com cmp optout

t 'complaints that are new' mw import "$W/two.txt" --scope cmq \
    --reason complaint
t 'are not rolled back'	fails 77 '2 complaint or legal' mw rollback cmq
t 'they stand'		reason ann@example.com cmq complaint
t 'nor with no reason'	fails 77 '2 complaint' mw rollback cmq --override
t 'but by override'	says 'rolled back' mw rollback cmq --override \
    --note 'ticket 9'
t 'opt-outs that took their place' says 'rolled back' mw rollback cmp
t 'are'			reason ann@example.com cmp complaint

# a file of the columns of an export with our own words in `reason`
printf 'email,reason,created\nann@example.com,legal,2024-01-01\nbob@example.com,550 5.1.1 no,2024-01-01\n' >"$W/own.csv"
t 'columns of SendGrid'	says 'SendGrid' mw import "$W/own.csv" --scope own
t 'our word for a reason' reason ann@example.com own legal
t 'an MTA'\''s words'	reason bob@example.com own hard-bounce

# the journal names the list that an import made, beside those that stay
awk 'BEGIN { for (i = 0; i < 3000; i++) print "u" i "@example.net" }' \
    >"$W/many.txt"
t 'a large list'	mw import "$W/many.txt" --scope lay
t 'a small one beside it' mw import "$W/two.txt" --scope lay
first() { mw journal show --scope lay | sed -n 's/.* list=\([0-9]*\) .*/\1/p' | sort -u | wc -l; }
t 'two numbers in the journal' sh -c 'test "$1" -eq 2' - "$(first)"
t 'all is as the journal says' says '^0 faults' mw verify

# recipients of two lists count once
head -n 2700 "$W/many.txt" >"$W/less.txt"
head -n 500 "$W/many.txt" >"$W/some.txt"
mw import "$W/many.txt" --scope twice >/dev/null
mw import "$W/some.txt" --scope twice --reason optout >/dev/null
t 'the difference to two lists' says '300 removed, 2700 unchanged; 3000 before, 2700 after' \
    mw import "$W/less.txt" --scope twice --replace --dry-run
t '10% of them'		fails 65 '300 of 3000' mw import "$W/less.txt" \
    --scope twice --replace --max-shrink 9%

mw backup "$W/copy" >/dev/null
sed "s,^state_dir.*,&\nstore_path = $W/copy," "$W/m.conf" >"$W/copy.conf"
"$PYTHON" - "$W/copy/data.mdb" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.find(b"\x03lay\x02") + 5	# two lists: exchange their numbers
assert at > 4
data[at:at + 8] = data[at + 4:at + 8] + data[at:at + 4]
open(sys.argv[1], "wb").write(data)
END
t 'a scope that names other lists' fails 65 \
    'scope lay: its lists are not those' \
    "$BIN/mailweir" -c "$W/copy.conf" verify

t 'an expiry that is past' fails 64 'is past' mw import "$W/two.txt" \
    --scope past --expires 2001-01-01
cp "$W/two.txt" "$W/ann@example.com.txt"
t 'a file named after one' mw import "$W/ann@example.com.txt" --scope name
t 'leaves no address'	sh -c '! grep -a -q "ann@example" "$1"' - \
    "$W/state/store/data.mdb"

# FIFO, devices
mkfifo "$W/fifo"
t 'a FIFO that nobody writes to' fails 75 'no data for 1 seconds' \
    mw import "$W/fifo" --scope fifo --timeout 1s
t 'rejects to a FIFO'	sh -c 'cat "$3/fifo" >"$3/through" & "$0" -c "$1" import "$2" --scope fifo --rejects "$3/fifo" && wait && test -p "$3/fifo"' \
    "$BIN/mailweir" "$W/m.conf" "$W/a.csv" "$W"
t 'it came through'	has "$W/through" '^5	no address'
# 58 scopes of 9 reasons
for r in optout complaint hard-bounce soft-bounce invalid-domain manual \
    import legal trap; do echo "many@x.example,$r"; done >"$W/many.csv"
many() {
	i=0
	while [ $((i += 1)) -le 58 ]; do
		mw import "$W/many.csv" --scope "many$i" || return 1
	done
}
t 'many entries of one' many
t 'show says that there are more' says '^mailweir: .*only the first 512' \
    mw show many@x.example
t 'not of one scope'	says 'in force' mw show many@x.example --scope many58
t 'where there are no more' hasnt "$W/said" 'only the first'
t_done
