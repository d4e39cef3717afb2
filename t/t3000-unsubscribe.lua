-- SPDX-License-Identifier: BSD-2-Clause
-- t3000-unsubscribe.lua - several messages in one session; every link that
-- comes out goes to the file OUT as "recipients TAB link" for the shell test
local out = assert(io.open(OUT, "w"))
local c = mt.connect(SOCK, 40, 0.05)

local function die(what, got)
	mt.echo("failed: " .. what .. ": " .. tostring(got))
	error(what)
end
local function must(what, got, want)
	if got ~= want then die(what, got) end
end
local function yes(what, got)
	if not got then die(what, got) end
end

-- steps that the policy did not ask for are errors to miltertest
local function step(f, ...) pcall(f, c, ...) end

-- message: recipients, header fields as {name, value} pairs
local function send(rcpts, fields)
	step(mt.mailfrom, "<news@s.example>")
	for _, r in ipairs(rcpts) do
		step(mt.rcptto, r)
	end
	for _, f in ipairs(fields) do
		must("header " .. f[1], mt.header(c, f[1], f[2]), nil)
	end
	step(mt.eoh)
	must("eom", mt.eom(c), nil)
end
local function unfold(v) return (v:gsub("\r?\n", "")) end
local function links(rcpts)
	local v = mt.getheader(c, "List-Unsubscribe", 0)
	yes("List-Unsubscribe there", v)
	for link in unfold(v):gmatch("<([^>]*)>") do
		out:write(table.concat(rcpts, ","), "\t", link, "\n")
	end
end
local function one_click()
	return mt.eom_check(c, MT_HDRADD, "List-Unsubscribe-Post")
end

must("negotiate", mt.negotiate(c, nil, nil, nil), nil)
step(mt.conninfo, "app.example", "192.0.2.1")
step(mt.helo, "app.example")

-- three messages in a row, each with its own recipient
for _, r in ipairs { "<ann@a.example>", "<bob@b.example>", "<ann@a.example>" } do
	send({ r }, { { "From", "news@s.example" }, { "X-Kind", "news" } })
	must("reply", mt.getreply(c), SMFIR_CONTINUE)
	yes("one-click", one_click())
	yes("Feedback-ID", mt.eom_check(c, MT_HDRADD, "Feedback-ID"))
	links({ r })
end

-- a message given up in the middle leaves nothing behind
step(mt.mailfrom, "<news@s.example>")
step(mt.rcptto, "<eve@e.example>")
must("abort", mt.abort(c), nil)
send({ "<bob@b.example>" }, { { "X-Kind", "news" } })
links({ "<bob@b.example>" })

-- several recipients: nobody's token, no one-click
send({ "<ann@a.example>", "<bob@b.example>" }, { { "X-Kind", "news" } })
must("reply", mt.getreply(c), SMFIR_CONTINUE)
yes("no one-click", not one_click())
links({ "-" })

-- another stream is not touched
send({ "<ann@a.example>" }, { { "X-Kind", "other" } })
must("reply", mt.getreply(c), SMFIR_CONTINUE)
yes("nothing added", not mt.eom_check(c, MT_HDRADD))

-- a valid header stays, an invalid one goes
send({ "<ann@a.example>" }, { { "X-Kind", "news" },
    { "List-Unsubscribe", "<https://t.example/1>" },
    { "List-Unsubscribe-Post", "List-Unsubscribe=One-Click" } })
yes("kept", not mt.eom_check(c, MT_HDRADD, "List-Unsubscribe"))
yes("not deleted", not mt.eom_check(c, MT_HDRDELETE, "List-Unsubscribe"))
send({ "<ann@a.example>" }, { { "X-Kind", "news" },
    { "List-Unsubscribe", "<http://t.example/1>" },
    { "Feedback-ID", "a:b:c:forged" } })
yes("deleted", mt.eom_check(c, MT_HDRDELETE, "List-Unsubscribe"))
yes("forged Feedback-ID deleted", mt.eom_check(c, MT_HDRDELETE, "Feedback-ID"))
links({ "<ann@a.example>" })

-- a stream that requires a link and refuses several recipients
send({ "<ann@a.example>", "<bob@b.example>" }, { { "X-Kind", "strict" } })
must("reply", mt.getreply(c), SMFIR_REPLYCODE)
-- and takes one after that
send({ "<bob@b.example>" }, { { "X-Kind", "strict" } })
must("reply", mt.getreply(c), SMFIR_CONTINUE)
links({ "<bob@b.example>" })

out:close()
mt.disconnect(c)
