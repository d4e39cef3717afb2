/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounces.c - see bounces.h
 *
 * A row fits when all its conditions do; a condition is met by any of its
 * alternatives ("a|b"). Texts of all rows are searched in one pass, then the
 * rows are asked in order.
 */
#include "feedback/bounces.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "feedback/phrase.h"

#include "base/banned.h"

#define FILE_MAX	(1u << 20)
#define ANY_TEXT	(-1)	/* instead of a phrase's number */
#define WORD_MAX	8192	/* octets of a condition */
#define TEXT_SCAN_MAX	8192	/* octets of a diagnostic that are asked */

/* Built in: etc/bounces.conf as it was when this was compiled. */
extern const char	bounces_builtin[];
extern const size_t	bounces_builtin_len;

enum cond_kind { C_STATUS, C_CODE, C_COMMAND, C_HOST, C_AGENT, C_TEXT, C_NOT,
    C_DELAYED, C_PROSE };

/* Kinds that the automaton looks for. */
#define IS_PHRASE(k)	((k) == C_TEXT || (k) == C_NOT || (k) == C_PROSE)

struct cond {
	enum cond_kind	 kind;
	unsigned	 first, n;	/* of words[], or of phrase numbers */
};

struct row {
	struct bounces_row	 pub;
	unsigned		 first, n;	/* of conds[] */
};

struct reason {
	char	name[32];
	bool	hard, hard5, ours;
};

struct bounces {
	struct row	*rows;
	struct cond	*conds;
	char		**words;	/* patterns of status, host, ... */
	int		*phrase_ids;
	struct reason	 reasons[64];
	size_t		 nrows, nconds, nwords, nids, nreasons;
	size_t		 caprows, capconds, capwords, capids;
	struct phrases	*phrases;
	char		*path;
	struct bounces_row undefined;
};

/* A line being read. */
struct lex {
	const char	*p, *end;
	const char	*file;
	int		 line;
};

#define GROW(v, n, cap) \
	((n) < (cap) || grow((void **)&(v), &(cap), sizeof *(v)))

static bool
grow(void **v, size_t *cap, size_t size)
{
	size_t	 want = *cap == 0 ? 256 : *cap * 2;
	void	*p = realloc(*v, want * size);

	if (p == NULL)
		return false;
	*v = p;
	*cap = want;
	return true;
}

static int
bad(const struct lex *l, struct err *e, const char *what, const char *word)
{
	return err_code(e, EX_CONFIG, "%s:%d: %s%s%s", l->file, l->line, what,
	    word[0] != '\0' ? ": " : "", word);
}

/* reason_get - by name, made on first use */
static struct reason *
reason_get(struct bounces *b, const char *name)
{
	size_t	i;

	for (i = 0; i < b->nreasons; i++)
		if (strcmp(b->reasons[i].name, name) == 0)
			return &b->reasons[i];
	if (i == sizeof b->reasons / sizeof b->reasons[0] ||
	    strlen(name) >= sizeof b->reasons[0].name)
		return NULL;
	(void)snprintf(b->reasons[i].name, sizeof b->reasons[i].name, "%s",
	    name);
	b->nreasons++;
	return &b->reasons[i];
}

/* word - the next blank-separated word, quotes removed; false at the end */
static bool
word(struct lex *l, char *out, size_t size)
{
	size_t	n = 0;
	bool	quoted = false;

	while (l->p < l->end && (*l->p == ' ' || *l->p == '\t'))
		l->p++;
	if (l->p == l->end || *l->p == '#')
		return false;
	for (; l->p < l->end; l->p++) {
		if (*l->p == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (*l->p == ' ' || *l->p == '\t'))
			break;
		if (n + 1 < size)
			out[n++] = *l->p;
	}
	out[n] = '\0';
	return true;
}

/* add_word - one alternative of a condition */
static int
add_word(struct bounces *b, struct cond *c, const char *p, size_t n,
    const struct lex *l, struct err *e)
{
	char	*copy;
	int	 id;

	if (n == 0)
		return bad(l, e, "an empty alternative", "");
	if (c->kind == C_TEXT && n == 1 && *p == '*') {
		if (!GROW(b->phrase_ids, b->nids, b->capids))
			return err_set(e, "out of memory");
		b->phrase_ids[b->nids++] = ANY_TEXT;
	} else if (IS_PHRASE(c->kind)) {
		if ((id = phrases_add(b->phrases, p, n, e)) == -1)
			return err_prefix(e, "%s:%d: ", l->file, l->line);
		if (!GROW(b->phrase_ids, b->nids, b->capids))
			return err_set(e, "out of memory");
		b->phrase_ids[b->nids++] = id;
	} else {
		if (!GROW(b->words, b->nwords, b->capwords) ||
		    (copy = strndup(p, n)) == NULL)
			return err_set(e, "out of memory");
		b->words[b->nwords++] = copy;
	}
	c->n++;
	return 0;
}

/* condition - "key=a|b" */
static int
condition(struct bounces *b, const char *w, const struct lex *l,
    struct err *e)
{
	static const char *const keys[] = { "status", "code", "command",
	    "host", "agent", "text", "not", "delayed", "prose", NULL };
	const char	*eq = strchr(w, '='), *p, *bar;
	struct cond	 c = { C_STATUS, 0, 0 };
	int		 i;

	if (eq == NULL)
		return bad(l, e, "not a condition (key=value)", w);
	for (i = 0; keys[i] != NULL; i++)
		if (strlen(keys[i]) == (size_t)(eq - w) &&
		    strncmp(keys[i], w, (size_t)(eq - w)) == 0)
			break;
	if (keys[i] == NULL)
		return bad(l, e, "unknown condition", w);
	c.kind = (enum cond_kind)i;
	c.first = (unsigned)(IS_PHRASE(c.kind) ? b->nids : b->nwords);
	for (p = eq + 1; ; p = bar + 1) {
		bar = strchrnul(p, '|');
		if (add_word(b, &c, p, (size_t)(bar - p), l, e) == -1)
			return -1;
		if (*bar == '\0')
			break;
	}
	if (!GROW(b->conds, b->nconds, b->capconds))
		return err_set(e, "out of memory");
	b->conds[b->nconds++] = c;
	return 0;
}

/* flag - "%hard userunknown ..." */
static int
flag(struct bounces *b, struct lex *l, const char *name, struct err *e)
{
	struct reason	*r;
	char		 w[64];
	bool		 hard5 = strcmp(name, "%hard5") == 0;
	bool		 hard = hard5 || strcmp(name, "%hard") == 0;

	if (!hard && strcmp(name, "%ours") != 0)
		return bad(l, e, "not %hard, %hard5 or %ours", name);
	while (word(l, w, sizeof w)) {
		if ((r = reason_get(b, w)) == NULL)
			return bad(l, e, "not a reason", w);
		r->hard |= hard;
		r->hard5 |= hard5;
		r->ours |= !hard;
	}
	return 0;
}

/* line - one row or flag */
static int
line(struct bounces *b, struct lex *l, struct err *e)
{
	char		 w[WORD_MAX];
	struct reason	*r;
	struct row	 row;

	if (!word(l, w, sizeof w))
		return 0;
	if (w[0] == '%')
		return flag(b, l, w, e);
	if (b->nrows == BOUNCES_ROWS_MAX)
		return bad(l, e, "too many rows", "");
	if ((r = reason_get(b, w)) == NULL)
		return bad(l, e, "not a reason", w);
	memset(&row, 0, sizeof row);
	row.pub.reason = r->name;
	row.pub.file = l->file;
	row.pub.line = l->line;
	row.first = (unsigned)b->nconds;
	while (word(l, w, sizeof w))
		if (condition(b, w, l, e) == -1)
			return -1;
	row.n = (unsigned)b->nconds - row.first;
	if (row.n == 0)
		return bad(l, e, "a row without a condition fits all", "");
	if (!GROW(b->rows, b->nrows, b->caprows))
		return err_set(e, "out of memory");
	b->rows[b->nrows++] = row;
	return 0;
}

static int
read_rows(struct bounces *b, const char *file, const char *p, size_t n,
    struct err *e)
{
	const char	*end = p + n, *nl;
	struct lex	 l = { .file = file };

	for (; p < end; p = nl + (nl < end)) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		l.p = p;
		l.end = nl;
		l.line++;
		if (line(b, &l, e) == -1)
			return -1;
	}
	return 0;
}

/* finish - flags into rows, phrases into their automaton */
static int
finish(struct bounces *b, struct err *e)
{
	struct reason	*r;
	size_t		 i;

	for (i = 0; i < b->nrows; i++) {
		r = reason_get(b, b->rows[i].pub.reason);
		b->rows[i].pub.hard = r->hard;
		b->rows[i].pub.hard5 = r->hard5;
		b->rows[i].pub.ours = r->ours;
	}
	b->undefined.reason = "undefined";
	b->undefined.file = "-";
	return phrases_build(b->phrases, e);
}

int
bounces_load(const char *path, struct bounces **out, struct err *e)
{
	struct bounces	*b = calloc(1, sizeof *b);
	char		*data = NULL;
	size_t		 len;
	int		 rc;

	*out = NULL;
	if (b == NULL)
		return err_set(e, "out of memory");
	if (phrases_new(&b->phrases, e) == -1)
		goto fail;
	if (path != NULL && path[0] != '\0') {
		if ((b->path = strdup(path)) == NULL ||
		    file_read(path, FILE_MAX, &data, &len, e) == -1)
			goto fail;
		rc = read_rows(b, b->path, data, len, e);
		free(data);
		if (rc == -1)
			goto fail;
	}
	if (read_rows(b, "builtin", bounces_builtin, bounces_builtin_len,
	    e) == -1 || finish(b, e) == -1)
		goto fail;
	*out = b;
	return 0;
fail:
	bounces_free(&b);
	return -1;
}

void
bounces_free(struct bounces **bp)
{
	struct bounces	*b = *bp;
	size_t		 i;

	if (b == NULL)
		return;
	for (i = 0; i < b->nwords; i++)
		free(b->words[i]);
	free(b->words);
	free(b->rows);
	free(b->conds);
	free(b->phrase_ids);
	free(b->path);
	phrases_free(&b->phrases);
	free(b);
	*bp = NULL;
}

/* like - "5.1.*" fits "5.1.1"; a star takes all that is left of a part */
static bool
like(const char *pattern, const char *s)
{
	if (s == NULL)
		return false;
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '*') {
			if (tolower((unsigned char)*pattern) !=
			    tolower((unsigned char)*s))
				return false;
			s++;
			continue;
		}
		if (pattern[1] == '\0')
			return *s != '\0';
		while (*s != '\0' && *s != pattern[1])
			s++;
	}
	return *s == '\0';
}

/* tail - does the host's name end in it? */
static bool
tail(const char *suffix, const char *host)
{
	size_t	n = strlen(suffix), m = host == NULL ? 0 : strlen(host);

	return m >= n && strcasecmp(host + m - n, suffix) == 0;
}

/* or_none - so that a row can ask for what is not known */
static const char *
or_none(const char *s)
{
	return s == NULL || s[0] == '\0' ? "none" : s;
}

static bool
fits(const struct bounces *b, const struct cond *c,
    const struct bounces_facts *f, const struct phrase_hits *text,
    const struct phrase_hits *prose)
{
	const struct phrase_hits *hits = c->kind == C_PROSE ? prose : text;
	unsigned	i;
	int		id;
	bool		hit = false;

	for (i = c->first; i < c->first + c->n && !hit; i++) {
		switch (c->kind) {
		case C_STATUS:
			hit = like(b->words[i], or_none(f->status));
			break;
		case C_CODE:	hit = like(b->words[i], f->code);	break;
		case C_COMMAND:
			hit = like(b->words[i], or_none(f->command));
			break;
		case C_AGENT:	hit = like(b->words[i], f->agent);	break;
		case C_HOST:	hit = tail(b->words[i], f->host);	break;
		case C_DELAYED:
			hit = (b->words[i][0] == 'y') == f->delayed;
			break;
		case C_TEXT:
		case C_NOT:
		case C_PROSE:
			id = b->phrase_ids[i];
			if (id == ANY_TEXT)
				hit = f->text != NULL && f->text[0] != '\0';
			else
				hit = (hits->w[id / 64] >> id % 64 & 1) != 0;
			break;
		}
	}
	return c->kind == C_NOT ? !hit : hit;
}

const struct bounces_row *
bounces_find(const struct bounces *b, const struct bounces_facts *f)
{
	struct phrase_hits	 hits = { { 0 } }, prose = { { 0 } };
	size_t			 i, n;
	unsigned		 k;

	if (f->text != NULL) {
		n = strnlen(f->text, TEXT_SCAN_MAX);
		phrases_scan(b->phrases, f->text, n, &hits);
	}
	if (f->prose != NULL)
		phrases_scan(b->phrases, f->prose, strnlen(f->prose,
		    TEXT_SCAN_MAX), &prose);
	for (i = 0; i < b->nrows; i++) {
		const struct row	*r = &b->rows[i];

		for (k = 0; k < r->n; k++)
			if (!fits(b, &b->conds[r->first + k], f, &hits,
			    &prose))
				break;
		if (k == r->n)
			return &r->pub;
	}
	return &b->undefined;
}

bool
bounces_ours(const struct bounces *b, const char *reason)
{
	size_t	i;

	for (i = 0; i < b->nreasons; i++)
		if (strcmp(b->reasons[i].name, reason) == 0)
			return b->reasons[i].ours;
	return false;
}
