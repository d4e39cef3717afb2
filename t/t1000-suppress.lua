-- SPDX-License-Identifier: BSD-2-Clause
-- t1000-suppress.lua - the dialogues of one session; PART tells which
local c = mt.connect(SOCK, 40, 0.05)

local function die(what, got)
	mt.echo("failed: " .. what .. ": got " .. tostring(got))
	error(what)
end
local function must(what, got, want)
	if got ~= want then die(what, got) end
end

-- steps that the policy did not ask for are errors to miltertest
local function step(f, ...) pcall(f, c, ...) end

local function rcpt(who, want)
	must("rcpt " .. who, mt.rcptto(c, who), nil)
	must("reply to " .. who, mt.getreply(c), want)
end

local function eom(want)
	step(mt.eoh)
	must("eom", mt.eom(c), nil)
	must("reply at the end", mt.getreply(c), want)
end

local function deleted(who)
	return mt.eom_check(c, MT_RCPTDELETE, who)
end

must("negotiate", mt.negotiate(c, nil, nil, nil), nil)
step(mt.conninfo, "app.example", "192.0.2.1")
step(mt.helo, "app.example")

local parts = {}

-- known by the sender: answered at RCPT, in any case of letters
function parts.rcpt()
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
	rcpt("<ANN@X.example>", SMFIR_REPLYCODE)
	rcpt("<dead@x.example>", SMFIR_REPLYCODE)
	rcpt("<nonsense>", SMFIR_CONTINUE)
	eom(SMFIR_CONTINUE)
	if deleted("<bob@x.example>") then die("bob deleted", true) end
end

-- the next message of the session is of another kind
function parts.reset()
	step(mt.mailfrom, "<a@reset.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	rcpt("<dead@x.example>", SMFIR_REPLYCODE)
	eom(SMFIR_CONTINUE)
end

function parts.discard()
	step(mt.mailfrom, "<a@quiet.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_CONTINUE)
	if not deleted("<ann@x.example>") then die("ann deleted", false) end
	step(mt.mailfrom, "<a@quiet.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_DISCARD)
end

-- given up half way: nothing of it is left in the next one
function parts.abort()
	step(mt.mailfrom, "<a@quiet.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	must("abort", mt.abort(c), nil)
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_CONTINUE)
	if deleted("<ann@x.example>") then die("ann deleted", true) end
end

local function list_mail(rcpts)
	step(mt.mailfrom, "<a@b.example>")
	for _, r in ipairs(rcpts) do rcpt(r, SMFIR_CONTINUE) end
	must("header", mt.header(c, "X-List", "offers"), nil)
end

-- known by a header: judged at the end
function parts.header()
	list_mail { "<ann@x.example>", "<bob@x.example>" }
	eom(SMFIR_CONTINUE)
	if not deleted("<ann@x.example>") then die("ann deleted", false) end
	list_mail { "<ann@x.example>", "<dead@x.example>" }
	eom(SMFIR_REPLYCODE)
	list_mail { "<bob@x.example>" }
	eom(SMFIR_CONTINUE)
end

-- a session of sendmail(1), told by its daemon's name: nobody is refused
function parts.cli()
	must("macro", mt.macro(c, SMFIC_CONNECT, "{daemon_name}", "pickup"),
	    nil)
	step(mt.conninfo, "localhost", "127.0.0.1")
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_CONTINUE)
	if not deleted("<ann@x.example>") then die("ann deleted", false) end
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<ann@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_DISCARD)
end

-- the store is away: SMTP gets 451 at once, sendmail(1) at the end
function parts.away()
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<bob@x.example>", SMFIR_REPLYCODE)
end
function parts.away_cli()
	must("macro", mt.macro(c, SMFIC_CONNECT, "{daemon_name}", "pickup"),
	    nil)
	step(mt.conninfo, "localhost", "127.0.0.1")
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
	eom(SMFIR_REPLYCODE)
end

-- and back: somebody whom the store does not know
function parts.rcpt_bob()
	step(mt.mailfrom, "<a@news.example>")
	rcpt("<bob@x.example>", SMFIR_CONTINUE)
end

parts[PART]()
mt.disconnect(c)
