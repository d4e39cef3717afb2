/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c - see words.h */
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* splitmix64: small, and good enough for dice */
uint64_t
next(struct rng *r)
{
	uint64_t	z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t
below(struct rng *r, uint32_t n)
{
	return (uint32_t)((next(r) >> 32) * n >> 32);
}

void
add(struct text *t, const void *p, size_t n)
{
	char	*q;

	if (t->cap - t->n < n) {
		if ((q = realloc(t->p, 2 * t->cap + n + 64)) == NULL)
			abort();
		t->p = q;
		t->cap = 2 * t->cap + n + 64;
	}
	if (n > 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

void
add_u32(struct text *t, uint32_t v)
{
	char	p[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8),
		    (char)v };

	add(t, p, sizeof p);
}

static void
add_str(struct text *t, const char *s)
{
	add(t, s, strlen(s));
}

void
random_octets(struct rng *r, struct text *t, size_t n)
{
	uint64_t	v;

	for (; n > 0; n -= n < 8 ? n : 8) {
		v = next(r);
		add(t, &v, n < 8 ? n : 8);
	}
}

/* run - one octet, many times */
static void
run(struct rng *r, struct text *t, size_t n)
{
	char	block[256];

	memset(block, " a<(\"\\;=@\r\n\t\377"[below(r, 13)], sizeof block);
	for (; n > 0; n -= n < sizeof block ? n : sizeof block)
		add(t, block, n < sizeof block ? n : sizeof block);
}

#define PICK(r, list)	((list)[below((r), sizeof(list) / sizeof *(list))])

static const char *const words[] = {
	"", "a", "localhost", "client.example", "[192.0.2.7]", "192.0.2.7",
	"2001:db8::7", "IPv6:2001:db8::7", "smtpd", "Postfix 3.7.11", "1",
	"4FzQ2x0v2Dz1", "sender.example", "xn--mller-kva.example",
	"m\303\274ller.example", "\377\376", "%s%n%d", "TLSv1.3", "news",
	"../../etc/passwd", "a b\tc", "x\r\nY: z", "999999999999999999999",
};

static void
add_word(struct rng *r, struct text *t)
{
	switch (below(r, 40)) {
	case 0:
		run(r, t, below(r, 3000));
		break;
	case 1:
		random_octets(r, t, below(r, 60));
		break;
	default:
		add_str(t, PICK(r, words));
	}
}

void
put_word(struct rng *r, struct text *t)
{
	add_word(r, t);
	add(t, "", 1);
}

void
put_connect(struct rng *r, struct text *t)
{
	static const char	families[] = "444446LUX";
	char			family = families[below(r, 9)];

	put_word(r, t);
	add(t, &family, 1);
	if (family == 'U')
		return;
	random_octets(r, t, 2);
	if (below(r, 4) == 0)
		put_word(r, t);
	else
		add(t, family == '6' ? "2001:db8::7" : "192.0.2.7",
		    family == '6' ? 12 : 10);
}

void
put_path(struct rng *r, struct text *t, bool sender)
{
	static const char *const senders[] = {
		"<news@sender.example>", "<news@sender.example>", "<>",
		"<must@sender.example>", "<a@sender.example>",
		"news@sender.example", "<stranger@elsewhere.example>",
		"<split@sender.example>", "<foot@sender.example>",
	};
	static const char *const rcpts[] = {
		"<ann@world.example>", "<ann@world.example>",
		"<bob@world.example>", "<\"a b\"@world.example>", "<@>", "<>",
		"<a@[192.0.2.1]>", "<m\303\274@m\303\274ller.example>", "",
		"<@a,@b:c@d.example>", "bob@world.example", "<<>>", "<x",
		"<ann@WORLD.example.>", "<ann+news@world.example>",
	};

	if (below(r, 12) == 0)
		add_word(r, t);
	else
		add_str(t, sender ? PICK(r, senders) : PICK(r, rcpts));
	add(t, "", 1);
	while (below(r, 4) == 0) {
		add_str(t, "SIZE=");
		put_word(r, t);
	}
}

void
put_macros(struct rng *r, struct text *t, char where)
{
	static const char *const names[] = {
		"i", "j", "v", "{daemon_name}", "{client_addr}",
		"{client_connections}", "{auth_authen}", "{tls_version}",
		"{daemon_port}", "{daemon_addr}", "_", "{", "}", "{}", "{mail}",
	};
	static const char	postfix[] = "v\0Postfix 3.7.11\0"
				    "{client_connections}\0001";
	unsigned		n = below(r, 60) == 0 ? 500 : below(r, 8);

	add(t, &where, 1);
	if (where == 'C' && below(r, 2) == 0)
		add(t, postfix, sizeof postfix);
	for (; n > 0; n--) {
		if (below(r, 20) == 0) {
			put_word(r, t);
		} else {
			add_str(t, PICK(r, names));
			add(t, "", 1);
		}
		put_word(r, t);
	}
}

static const char *const fields[] = {
	"From", "From", "Sender", "To", "Cc", "Subject", "Date", "Message-ID",
	"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
	"DKIM-Signature", "Content-Type", "Content-Type", "MIME-Version",
	"Content-Transfer-Encoding", "Content-Disposition", "Received",
	"X-Mailweir-Score", "X-Mailweir-Split", "Authentication-Results",
	"Return-Path", "Bcc", "X", "", "bad name", "\303\274", "Resent-From",
};

static const char *const values[] = {
	" Sender <news@sender.example>", "news@sender.example", "", " ",
	" \"a, b\" <a@sender.example>, (c) <news@sender.example>",
	" =?utf-8?B?broken", " =?utf-8?Q?=F0=9F=92=A3?=", " <<<", " ((((((",
	" group: a@sender.example, b@sender.example;", " text/plain",
	" multipart/mixed; boundary=\"b\"", " multipart/alternative;\n"
	"\tboundary=b", " text/html; charset=utf-7", " message/rfc822",
	" text/plain; charset*0*=us-ascii'en'utf; charset*1=-8; name*=x'%ff",
	" base64", " quoted-printable", " x-uuencode", " 8bit",
	" <https://u.example/u/x>, <mailto:u@u.example>",
	" List-Unsubscribe=One-Click", " <news.sender.example>",
	" v=1; a=rsa-sha256; d=sender.example; s=rsa; h=from; bh=; b=",
	" from a (b [192.0.2.1])\n\tby c with ESMTP id d; Sat, 21 Nov 2026",
	" Sat, 21 Nov 2026 12:00:00 +0000", " 1.0", " ACT NOW, risk-free offer",
	" a\n\tb\n c\n\td", " a\r\n b", " a\n\nb", "\t\v\f", " 99999999999",
};

void
put_header(struct rng *r, struct text *t)
{
	unsigned	n;

	if (below(r, 20) == 0)
		add_word(r, t);
	else
		add_str(t, PICK(r, fields));
	add(t, "", 1);
	switch (below(r, 40)) {
	case 0:
		run(r, t, below(r, 8) == 0 ? below(r, 700000) :
		    below(r, 5000));
		break;
	case 1:
		for (n = below(r, 300); n > 0; n--)
			add_str(t, PICK(r, values));
		break;
	case 2:
		add_word(r, t);
		break;
	default:
		add_str(t, PICK(r, values));
	}
	add(t, "", 1);
}

static const char *const lines[] = {
	"Three things happened.\r\n", "\r\n", "\n", "\r", ".\r\n", "--b\r\n",
	"--b--\r\n", "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
	"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
	"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x\r\n\r\n",
	"<html><body><p>new bank account</p>", "<div><div><div><table><b>",
	"</body></html>\r\n", "<script>risk-free offer</script><!-- ",
	"<a href=\"http://bank.example/?a=%%00&#x41;\">x</a>", "&#xd800;&amp",
	"=C3=BC=\r\n", "=\r\n", "SGVsbG8gd29ybGQ=\r\n", "risk-free offer ",
	"new\xc2\xa0""bank \xe2\x80\x8b""account ", "\xff\xfe\xfd", "\0\0\0",
	"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n", "http://192.0.2.1/x ",
};

void
put_body(struct rng *r, struct text *t)
{
	const char	*line;
	unsigned	 n;

	switch (below(r, 24)) {
	case 0:
		random_octets(r, t, below(r, 65535));
		break;
	case 1:
		run(r, t, below(r, 65535));
		break;
	case 2:
		break;
	case 3:		/* one line, as often as goes into a packet */
		line = PICK(r, lines);
		for (n = below(r, 65000); t->n + 80 < n && *line != '\0'; )
			add_str(t, line);
		break;
	default:
		for (n = below(r, 40); n > 0; n--)
			add_str(t, PICK(r, lines));
	}
}
