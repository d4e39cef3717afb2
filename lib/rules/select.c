/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * select.c - see rule.h: which text of the header a rule looks at
 *
 *	Subject			every such field, a line each
 *	Subject:raw		undecoded, with its folds
 *	From:addr From:name	the mailboxes in it
 *	...:host :domain :ip :revip	out of what is there, or of :addr
 *	...:first :last		one field only
 *	ALL ToCc MESSAGEID EnvelopeFrom X-Spam-Relays-*		see doc/RULES
 */
#include "rules/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/address.h"
#include "base/banned.h"

#define ALL_MAX		65536	/* octets of ALL */
#define TEXT_MAX	(1u << 20)

enum special {
	SEL_FIELD, SEL_ALL, SEL_TOCC, SEL_MESSAGEID, SEL_ENVELOPE,
	SEL_RELAYS,		/* X-Spam-Relays-...: which says which */
	SEL_RANGE		/* ALL-TRUSTED ...: likewise */
};

struct selector {
	char		*spec, *name;
	enum special	 special;
	enum relay_set	 which;
	bool		 raw, addr, phrase, host, domain, ip, revip, first,
			 last;
};

/* set_modifier - one ":word"; false when unknown */
static bool
set_modifier(struct selector *s, const char *w, size_t n)
{
	static const char *const	words[] = {
		"raw", "addr", "name", "host", "domain", "ip", "revip",
		"first", "last"
	};
	bool *const			flags[] = {
		&s->raw, &s->addr, &s->phrase, &s->host, &s->domain, &s->ip,
		&s->revip, &s->first, &s->last
	};
	size_t				i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == n && memcmp(words[i], w, n) == 0) {
			*flags[i] = true;
			return true;
		}
	return false;
}

/* find_special - names that are no field's */
static void
find_special(struct selector *s)
{
	static const struct {
		const char	*name;
		enum special	 special;
		enum relay_set	 which;
		bool		 exact;		/* case matters */
	} table[] = {
		{ "ALL", SEL_ALL, RELAY_TRUSTED, true },
		{ "ALL-TRUSTED", SEL_RANGE, RELAY_TRUSTED, true },
		{ "ALL-UNTRUSTED", SEL_RANGE, RELAY_UNTRUSTED, true },
		{ "ALL-INTERNAL", SEL_RANGE, RELAY_INTERNAL, true },
		{ "ALL-EXTERNAL", SEL_RANGE, RELAY_EXTERNAL, true },
		{ "MESSAGEID", SEL_MESSAGEID, RELAY_TRUSTED, true },
		{ "ToCc", SEL_TOCC, RELAY_TRUSTED, false },
		{ "EnvelopeFrom", SEL_ENVELOPE, RELAY_TRUSTED, false },
		{ "X-Spam-Relays-Trusted", SEL_RELAYS, RELAY_TRUSTED, false },
		{ "X-Spam-Relays-Untrusted", SEL_RELAYS, RELAY_UNTRUSTED,
		  false },
		{ "X-Spam-Relays-Internal", SEL_RELAYS, RELAY_INTERNAL,
		  false },
		{ "X-Spam-Relays-External", SEL_RELAYS, RELAY_EXTERNAL,
		  false },
	};
	size_t	i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].exact ? strcmp(s->name, table[i].name) == 0 :
		    strcasecmp(s->name, table[i].name) == 0) {
			s->special = table[i].special;
			s->which = table[i].which;
			return;
		}
}

int
selector_parse(const char *spec, bool mime, struct selector **out,
    struct err *e)
{
	struct selector	*s;
	const char	*p = spec, *colon;
	size_t		 n;

	*out = NULL;
	n = strcspn(spec, ":");
	if (n == 0)
		return err_set(e, "want a header's name");
	if ((s = calloc(1, sizeof *s)) == NULL ||
	    (s->spec = strdup(spec)) == NULL ||
	    (s->name = strndup(spec, n)) == NULL) {
		selector_free(&s);
		return err_set(e, "no memory");
	}
	for (p = spec + n; *p == ':'; p = colon) {
		p++;
		colon = p + strcspn(p, ":");
		if (colon > p && !set_modifier(s, p, (size_t)(colon - p))) {
			(void)err_set(e, "unknown modifier :%.*s",
			    (int)(colon - p), p);
			selector_free(&s);
			return -1;
		}
	}
	s->host |= s->domain;
	s->ip |= s->revip;
	if (!mime)
		find_special(s);
	*out = s;
	return 0;
}

void
selector_free(struct selector **s)
{
	if (s == NULL || *s == NULL)
		return;
	free((*s)->name);
	free((*s)->spec);
	free(*s);
	*s = NULL;
}

const char *
selector_spec(const struct selector *s)
{
	return s->spec;
}

/* The lines that a selector has collected so far. */
struct lines {
	const struct selector	*s;
	struct buf		*out;
	size_t			 n;
	bool			 newline;	/* the first one had its own */
	bool			 full;
};

/* put - one value; as SpamAssassin joins them: by the line end they bring, or
 * by one of ours */
static void
put(struct lines *l, const char *p, size_t n, bool newline)
{
	if (l->n > 0 && !l->newline)
		(void)buf_addc(l->out, '\n');
	if (l->n++ == 0)
		l->newline = newline || (n > 0 && p[n - 1] == '\n');
	if (buf_add(l->out, p, n) == -1 ||
	    (newline && buf_addc(l->out, '\n') == -1))
		l->full = true;
}

/* put_host - the host in a value, by :host, :domain, :ip, :revip */
static void
put_host(struct lines *l, const char *p, size_t n)
{
	struct buf	t = BUF_INIT(512);

	if (l->s->ip ? address_ip(p, n, l->s->revip, &t) :
	    address_host(p, n, l->s->addr, l->s->domain, &t))
		put(l, buf_str(&t), t.len, false);
	buf_free(&t);
}

/* one_address - a mailbox that :addr or :name found */
static void
one_address(void *arg, const char *addr, size_t naddr, const char *name,
    size_t nname)
{
	struct lines	*l = arg;
	struct buf	 t = BUF_INIT(65536);
	const char	*p = l->s->addr ? addr : name;
	size_t		 n = l->s->addr ? naddr : nname;

	if (p == NULL)
		return;
	if (!l->s->addr && !l->s->raw) {
		if (address_phrase(p, n, &t) == -1)
			goto done;
		p = buf_str(&t);
		n = t.len;
	}
	if (l->s->host || l->s->ip)
		put_host(l, p, n);
	else
		put(l, p, n, false);
done:
	buf_free(&t);
}

/* value - one field's value, as far as the modifiers want it */
static void
value(struct lines *l, const struct view_header *h)
{
	const struct selector	*s = l->s;

	if (s->addr || s->phrase)
		address_each(h->raw.p, h->raw.n, one_address, l);
	else if (s->host || s->ip)
		put_host(l, s->raw ? h->raw.p : h->text.p,
		    s->raw ? h->raw.n : h->text.n);
	else if (s->raw)
		put(l, h->raw.p, h->raw.n, false);
	else
		put(l, h->text.p, h->text.n, true);
}

/* is_field - most fields differ in length or in the first letter */
static bool
is_field(const struct view_header *h, const char *name, size_t len)
{
	return h->name.n == len && ((h->name.p[0] ^ name[0]) & 0x5f) == 0 &&
	    strncasecmp(h->name.p, name, len) == 0;
}

/* fields - every field of that name, or the first or last of them */
static void
fields(struct lines *l, const struct view_header *h, size_t n,
    const char *name)
{
	const struct view_header	*last = NULL;
	size_t				 i, len = strlen(name);

	for (i = 0; i < n; i++) {
		if (!is_field(&h[i], name, len))
			continue;
		if (l->s->last) {
			last = &h[i];
			continue;
		}
		value(l, &h[i]);
		if (l->s->first)
			return;
	}
	if (last != NULL)
		value(l, last);
}

/* all - ALL: every field, decoded, or the section as it came */
static void
all(struct lines *l, const struct view *v, const struct view_header *h,
    size_t n)
{
	size_t	i, from;

	l->n = 1;
	l->newline = true;
	if (l->s->raw && v != NULL) {
		struct view_text	t = view_raw_headers(v);

		(void)buf_add_some(l->out, t.p, t.n);
		return;
	}
	for (i = 0; i < n; i++) {
		from = l->out->len;
		(void)buf_add(l->out, h[i].name.p, h[i].name.n);
		(void)buf_add(l->out, ": ", 2);
		(void)buf_add(l->out, h[i].text.p, h[i].text.n);
		(void)buf_addc(l->out, '\n');
		if (l->out->len > ALL_MAX) {
			l->out->len = from;
			l->out->data[from] = '\0';
			return;
		}
	}
}

/* by_relays - the names that ask for the way the message came */
static int
by_relays(struct lines *l, struct selector_env *env)
{
	struct buf	t = BUF_INIT(TEXT_MAX);
	int		rc = -1;

	if (env->relays == NULL && (env->relays = relays_new(env->v,
	    env->forms, env->re, env->origin)) == NULL)
		return -1;
	switch (l->s->special) {
	case SEL_ENVELOPE:
		rc = relay_envelope(env->relays, env->v, &t);
		break;
	case SEL_RELAYS:
		rc = relay_string(env->relays, l->s->which, &t);
		break;
	case SEL_RANGE:
		rc = relay_fields(env->relays, env->v, l->s->which,
		    l->s->raw, &t);
		break;
	default:
		break;
	}
	if (rc == 1 && (l->s->host || l->s->ip))
		put_host(l, buf_str(&t), t.len);
	else if (rc == 1)
		put(l, buf_str(&t), t.len, false);
	buf_free(&t);
	return rc == -1 ? -1 : 0;
}

/* special - the names that are no field's */
static int
special(struct lines *l, struct selector_env *env,
    const struct view_header *h, size_t n)
{
	static const char *const	ids[] = {
		"X-Message-Id", "Resent-Message-Id",
		"X-Original-Message-ID", "Message-Id"
	};
	size_t				 i;

	switch (l->s->special) {
	case SEL_ALL:
		all(l, env->v, h, n);
		return 0;
	case SEL_TOCC:
		fields(l, h, n, "To");
		fields(l, h, n, "Cc");
		return 0;
	case SEL_MESSAGEID:
		for (i = 0; i < sizeof ids / sizeof ids[0]; i++)
			fields(l, h, n, ids[i]);
		return 0;
	default:
		return by_relays(l, env);
	}
}

static int
get(const struct selector *s, struct selector_env *env,
    const struct view_header *h, size_t n, struct buf *out, bool *found)
{
	struct lines	l = { .s = s, .out = out };
	int		rc = 0;

	if (s->special != SEL_FIELD)
		rc = special(&l, env, h, n);
	else if (env == NULL && strcmp(s->name, "ALL") == 0)
		all(&l, NULL, h, n);
	else
		fields(&l, h, n, s->name);
	*found = l.n > 0;
	return rc;
}

int
selector_get(const struct selector *s, struct selector_env *env,
    struct buf *out, bool *found)
{
	size_t	n = view_header_count(env->v);

	return get(s, env, n == 0 ? NULL : view_header_at(env->v, 0), n, out,
	    found);
}

bool
selector_relays(const struct selector *s)
{
	return s->special == SEL_ENVELOPE || s->special == SEL_RELAYS ||
	    s->special == SEL_RANGE;
}

int
selector_get_part(const struct selector *s, const struct view *v,
    size_t part, struct buf *out, bool *found)
{
	const struct view_header	*h;
	size_t				 n = view_part_headers(v, part, &h);

	/* Of a part, the last field of a name counts. */
	if (strcmp(s->name, "ALL") != 0)
		while (n > 0) {
			size_t	i;

			for (i = n; i-- > 0;)
				if (is_field(&h[i], s->name,
				    strlen(s->name)))
					return get(s, NULL, &h[i], 1, out,
					    found);
			*found = false;
			return 0;
		}
	return get(s, NULL, h, n, out, found);
}
