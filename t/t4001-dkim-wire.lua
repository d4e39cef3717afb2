-- SPDX-License-Identifier: BSD-2-Clause
-- t4001-dkim-wire.lua - sessions with mailweir-dkim; each signed message goes
-- to OUT/NAME.eml, as the MTA would send it, for the shell test to verify
local function die(what, got)
	mt.echo("failed: " .. what .. ": " .. tostring(got))
	error(what)
end
local function must(what, got, want)
	if got ~= want then die(what, got) end
end
local c
-- steps that the policy did not ask for are errors to miltertest
local function step(f, ...) pcall(f, c, ...) end

local function connect(addr)
	c = mt.connect(SOCK, 40, 0.05)
	if not c then die("connect", SOCK) end
	-- everything, as Postfix: SMFIP_HDR_LEADSPC above all
	must("negotiate", mt.negotiate(c, 6, 0x1ff, 0x1fffff), nil)
	step(mt.conninfo, "client.example", addr)
	step(mt.helo, "client.example")
end

-- send: fields as {name, value}, the value with its leading space
local function send(fields, chunks)
	step(mt.mailfrom, "<bounce@example.com>")
	step(mt.rcptto, "<bob@world.example>")
	step(mt.data)
	for _, f in ipairs(fields) do
		must("header " .. f[1], mt.header(c, f[1], f[2]), nil)
	end
	step(mt.eoh)
	for _, b in ipairs(chunks) do
		must("body", mt.bodystring(c, b), nil)
	end
	must("eom", mt.eom(c), nil)
end

-- keep: the message with what was inserted on top
local function keep(name, fields, chunks, nsigs)
	local out = assert(io.open(OUT .. "/" .. name .. ".eml", "wb"))
	for i = 0, nsigs - 1 do
		local v = mt.getheader(c, "DKIM-Signature", i)
		if not v then die(name .. ": signature " .. i, v) end
		out:write("DKIM-Signature:",
		    v:sub(1, 1) == " " and "" or " ",
		    (v:gsub("\r?\n", "\r\n")), "\r\n")
	end
	if mt.getheader(c, "DKIM-Signature", nsigs) then
		die(name .. ": too many signatures", nsigs)
	end
	for _, f in ipairs(fields) do
		out:write(f[1], ":", (f[2]:gsub("\r?\n", "\r\n")), "\r\n")
	end
	out:write("\r\n", table.concat(chunks))
	out:close()
end

local plain = {
	{ "Received", " from app" },
	{ "From", " Ann  <ann@example.com>" },
	{ "To", "\tbob@world.example,\n  carl@world.example" },
	{ "Subject", "  two blanks  " },
	{ "List-Unsubscribe", " <https://u.example.com/1>" },
	{ "List-Unsubscribe-Post", " List-Unsubscribe=One-Click" },
}

connect("127.0.0.1")
-- chunks that part CR from LF, and white space from its line end
send(plain, { "one \t", " two \r", "\nthree\r\n\r", "\n", "\r\n" })
must("reply", mt.getreply(c), SMFIR_CONTINUE)
if not mt.eom_check(c, MT_HDRINSERT, "DKIM-Signature") then
	die("no insertion", "")
end
keep("chunks", plain, { "one \t two \r\nthree\r\n\r\n\r\n" }, 2)

-- a message given up in the middle leaves nothing behind
step(mt.mailfrom, "<x@example.com>")
step(mt.rcptto, "<y@world.example>")
step(mt.header, "From", " x@example.com")
step(mt.eoh)
step(mt.bodystring, "never finished")
must("abort", mt.abort(c), nil)

-- the next one in the same session
local second = {
	{ "From", " ann@example.com" }, { "Subject", " \228\246" },
}
send(second, { "\228\246\252\r\n", "bare\nLF\n" })
must("reply", mt.getreply(c), SMFIR_CONTINUE)
keep("eightbit", second, { "\228\246\252\r\nbare\r\nLF\r\n" }, 2)

-- only line ends (without a body, miltertest sends one of its own)
send(second, { "\r\n\r\n", "\r\n" })
keep("crlfs", second, { "\r\n\r\n\r\n" }, 2)

-- a domain without key passes as it is
send({ { "From", " a@nokey.example" } }, { "x\r\n" })
must("no key", mt.getreply(c), SMFIR_CONTINUE)
if mt.getheader(c, "DKIM-Signature", 0) then die("signed", "no key") end

-- two From fields are refused (bad_message = reject)
send({ { "From", " a@example.com" }, { "From", " b@example.com" } },
    { "x\r\n" })
must("two From", mt.getreply(c), SMFIR_REPLYCODE)
mt.disconnect(c)

-- not one of ours: nothing is signed
connect("192.0.2.1")
send(plain, { "x\r\n" })
must("stranger", mt.getreply(c), SMFIR_CONTINUE)
if mt.getheader(c, "DKIM-Signature", 0) then die("signed", "stranger") end
mt.disconnect(c)

-- a login makes it ours
connect("192.0.2.1")
mt.macro(c, SMFIC_MAIL, "{auth_authen}", "ann")
send(plain, { "login\r\n" })
keep("login", plain, { "login\r\n" }, 2)
mt.disconnect(c)
