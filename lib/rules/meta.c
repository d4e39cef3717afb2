/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.c - see rule.h: expressions over the hits of other rules
 *
 * As Perl evaluates them: || and && give the value of the side that decided,
 * so that a meta over counted rules counts; division by zero is 0.
 */
#include "rules/rule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NODES_MAX	4096	/* of an expression */
#define DEPTH_MAX	200	/* of its parentheses */

enum op {
	OP_NUM, OP_RULE, OP_GLOB,
	OP_OR, OP_AND, OP_NOT, OP_NEG, OP_XOR,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_IF
};

struct node {
	enum op		 op;
	double		 num;
	char		*name;		/* RULE, GLOB until it is bound */
	size_t		 a, b, c;	/* operands; RULE: index; GLOB: first
					   and count in deps */
};

struct meta {
	struct node	*v;
	size_t		 n, cap, root;
	size_t		*deps;
	size_t		 ndeps;
};

struct parser {
	struct meta	*m;
	const char	*p;
	unsigned	 depth;
	struct err	*e;
};

static size_t	ternary(struct parser *);

/* add - a node; RULES_NONE when there are too many */
static size_t
add(struct parser *ps, enum op op, size_t a, size_t b)
{
	struct meta	*m = ps->m;
	struct node	*more;

	if (a == RULES_NONE || b == RULES_NONE)
		return RULES_NONE;
	if (m->n == m->cap) {
		size_t	cap = m->cap == 0 ? 16 : 2 * m->cap;

		if (cap > NODES_MAX || (more = realloc(m->v, cap *
		    sizeof *more)) == NULL) {
			(void)err_set(ps->e, "expression is too long");
			return RULES_NONE;
		}
		m->v = more;
		m->cap = cap;
	}
	memset(&m->v[m->n], 0, sizeof m->v[m->n]);
	m->v[m->n].op = op;
	m->v[m->n].a = a;
	m->v[m->n].b = b;
	return m->n++;
}

static void
blanks(struct parser *ps)
{
	while (isspace((unsigned char)*ps->p))
		ps->p++;
}

/* take - the operator, if it comes next */
static bool
take(struct parser *ps, const char *op)
{
	size_t	n = strlen(op);

	blanks(ps);
	if (strncmp(ps->p, op, n) != 0)
		return false;
	ps->p += n;
	return true;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* named - a node that holds a name of len octets */
static size_t
named(struct parser *ps, enum op op, const char *name, size_t len)
{
	size_t	i = add(ps, op, 0, 0);

	if (i == RULES_NONE)
		return i;
	if ((ps->m->v[i].name = strndup(name, len)) == NULL) {
		(void)err_set(ps->e, "no memory");
		return RULES_NONE;
	}
	return i;
}

/* glob - rules_matching(PATTERN), behind its name */
static size_t
glob(struct parser *ps)
{
	const char	*from;
	size_t		 i;

	if (!take(ps, "("))
		goto bad;
	blanks(ps);
	for (from = ps->p; is_name(*ps->p) || *ps->p == '*' ||
	    *ps->p == '?'; ps->p++)
		;
	if (ps->p == from)
		goto bad;
	i = named(ps, OP_GLOB, from, (size_t)(ps->p - from));
	if (!take(ps, ")"))
		goto bad;
	return i;
bad:
	(void)err_set(ps->e, "want rules_matching(PATTERN)");
	return RULES_NONE;
}

static size_t
primary(struct parser *ps)
{
	const char	*from;
	size_t		 i;
	char		*end;

	blanks(ps);
	if (take(ps, "(")) {
		if (++ps->depth > DEPTH_MAX) {
			(void)err_set(ps->e, "too many parentheses");
			return RULES_NONE;
		}
		if (take(ps, ")"))
			i = add(ps, OP_NUM, 0, 0);
		else {
			i = ternary(ps);
			if (i != RULES_NONE && !take(ps, ")")) {
				(void)err_set(ps->e, "missing ) at \"%.20s\"",
				    ps->p);
				i = RULES_NONE;
			}
		}
		ps->depth--;
		return i;
	}
	if (isdigit((unsigned char)*ps->p) || *ps->p == '.') {
		if ((i = add(ps, OP_NUM, 0, 0)) != RULES_NONE)
			ps->m->v[i].num = strtod(ps->p, &end);
		else
			return i;
		if (end == ps->p)
			goto bad;
		ps->p = end;
		return i;
	}
	for (from = ps->p; is_name(*ps->p); ps->p++)
		;
	if (ps->p == from)
		goto bad;
	i = (size_t)(ps->p - from);
	if (i == 14 && memcmp(from, "rules_matching", i) == 0)
		return glob(ps);
	if (i == 16 && memcmp(from, "local_tests_only", i) == 0) {
		if ((i = add(ps, OP_NUM, 0, 0)) != RULES_NONE)
			ps->m->v[i].num = 1;
		return i;
	}
	return named(ps, OP_RULE, from, i);
bad:
	(void)err_set(ps->e, "want a rule's name or a number at \"%.20s\"",
	    ps->p);
	return RULES_NONE;
}

static size_t
unary(struct parser *ps)
{
	enum op	op;
	size_t	i;

	blanks(ps);
	if (ps->p[0] == '!' && ps->p[1] != '=')
		op = OP_NOT;
	else if (ps->p[0] == '-')
		op = OP_NEG;
	else if (ps->p[0] == '+')
		op = OP_ADD;
	else
		return primary(ps);
	ps->p++;
	if (++ps->depth > DEPTH_MAX) {
		(void)err_set(ps->e, "too many operators in a row");
		return RULES_NONE;
	}
	i = unary(ps);
	ps->depth--;
	return op == OP_ADD ? i : add(ps, op, i, 0);
}

/* Binary operators, loosest first, as in Perl. */
static const struct {
	const char	*text;
	enum op		 op;
	int		 level;
} binaries[] = {
	{ "||", OP_OR, 0 }, { "&&", OP_AND, 1 }, { "^", OP_XOR, 2 },
	{ "==", OP_EQ, 3 }, { "!=", OP_NE, 3 }, { "<=", OP_LE, 4 },
	{ ">=", OP_GE, 4 }, { "<", OP_LT, 4 }, { ">", OP_GT, 4 },
	{ "+", OP_ADD, 5 }, { "-", OP_SUB, 5 }, { "*", OP_MUL, 6 },
	{ "/", OP_DIV, 6 },
};

static size_t
binary(struct parser *ps, int level)
{
	size_t	left, i;

	if (level > 6)
		return unary(ps);
	left = binary(ps, level + 1);
again:
	for (i = 0; left != RULES_NONE &&
	    i < sizeof binaries / sizeof binaries[0]; i++)
		if (binaries[i].level == level &&
		    take(ps, binaries[i].text)) {
			left = add(ps, binaries[i].op, left,
			    binary(ps, level + 1));
			goto again;
		}
	return left;
}

static size_t
ternary(struct parser *ps)
{
	size_t	cond = binary(ps, 0), yes, no, i;

	if (cond == RULES_NONE || !take(ps, "?"))
		return cond;
	if (++ps->depth > DEPTH_MAX) {
		(void)err_set(ps->e, "too many ? : in a row");
		return RULES_NONE;
	}
	yes = ternary(ps);
	if (yes == RULES_NONE || !take(ps, ":")) {
		(void)err_set(ps->e, "want : behind ?");
		return RULES_NONE;
	}
	no = ternary(ps);
	ps->depth--;
	if ((i = add(ps, OP_IF, cond, yes)) != RULES_NONE)
		ps->m->v[i].c = no;
	return no == RULES_NONE ? no : i;
}

int
meta_parse(const char *text, struct meta **out, struct err *e)
{
	struct parser	 ps = { .p = text, .e = e };

	if ((*out = ps.m = calloc(1, sizeof *ps.m)) == NULL)
		return err_set(e, "no memory");
	ps.m->root = ternary(&ps);
	blanks(&ps);
	if (ps.m->root != RULES_NONE && *ps.p == '\0')
		return 0;
	if (ps.m->root != RULES_NONE)
		(void)err_set(e, "do not understand \"%.30s\"", ps.p);
	meta_free(out);
	return -1;
}

void
meta_free(struct meta **mp)
{
	struct meta	*m;
	size_t		 i;

	if (mp == NULL || (m = *mp) == NULL)
		return;
	for (i = 0; i < m->n; i++)
		free(m->v[i].name);
	free(m->v);
	free(m->deps);
	free(m);
	*mp = NULL;
}

static int
add_dep(struct meta *m, size_t rule)
{
	size_t	*more = realloc(m->deps, (m->ndeps + 1) * sizeof *more);

	if (more == NULL)
		return -1;
	m->deps = more;
	m->deps[m->ndeps++] = rule;
	return 0;
}

/* matches - * and ? over a rule's name */
static bool
matches(const char *pat, const char *s)
{
	const char	*star = NULL, *back = NULL;

	while (*s != '\0') {
		if (*pat == '*') {
			star = ++pat;
			back = s;
		} else if (*pat == '?' || *pat == *s) {
			pat++;
			s++;
		} else if (star != NULL) {
			pat = star;
			s = ++back;
		} else
			return false;
	}
	while (*pat == '*')
		pat++;
	return *pat == '\0';
}

int
meta_bind(struct meta *m, const struct rules *r, size_t self,
    void (*unknown)(void *arg, const char *name), void *arg)
{
	struct node	*n;
	size_t		 i, k;

	for (i = 0; i < m->n; i++) {
		n = &m->v[i];
		if (n->op == OP_RULE) {
			n->a = names_get(&r->names, n->name,
			    strlen(n->name));
			if (n->a == RULES_NONE ||
			    r->v[n->a].kind == RULES_EMPTY) {
				if (unknown != NULL)
					unknown(arg, n->name);
				n->op = OP_NUM;
			} else if (add_dep(m, n->a) == -1)
				return -1;
		} else if (n->op == OP_GLOB) {
			n->a = m->ndeps;
			for (k = 0; k < r->n; k++)
				if (k != self && r->v[k].kind != RULES_EMPTY &&
				    matches(n->name, r->v[k].name) &&
				    add_dep(m, k) == -1)
					return -1;
			n->b = m->ndeps - n->a;
		}
		free(n->name);
		n->name = NULL;
	}
	return 0;
}

size_t
meta_deps(const struct meta *m, const size_t **deps)
{
	*deps = m->deps;
	return m->ndeps;
}

static double	eval(const struct meta *m, size_t i, const double *count);

/* compare - the operators that take two values */
static double
compare(enum op op, double a, double b)
{
	switch (op) {
	case OP_EQ:	return a == b;
	case OP_NE:	return a != b;
	case OP_LT:	return a < b;
	case OP_LE:	return a <= b;
	case OP_GT:	return a > b;
	case OP_GE:	return a >= b;
	case OP_ADD:	return a + b;
	case OP_SUB:	return a - b;
	case OP_MUL:	return a * b;
	case OP_DIV:	return b == 0 ? 0 : a / b;
	case OP_XOR:	return (double)((long)a ^ (long)b);
	default:	return 0;
	}
}

static double
eval(const struct meta *m, size_t i, const double *count)
{
	const struct node	*n = &m->v[i];
	double			 v = 0;
	size_t			 k;

	switch (n->op) {
	case OP_NUM:
		return n->num;
	case OP_RULE:
		return count[n->a];
	case OP_GLOB:
		for (k = 0; k < n->b; k++)
			v += count[m->deps[n->a + k]];
		return v;
	case OP_OR:
		v = eval(m, n->a, count);
		return v != 0 ? v : eval(m, n->b, count);
	case OP_AND:
		v = eval(m, n->a, count);
		return v == 0 ? v : eval(m, n->b, count);
	case OP_NOT:
		return eval(m, n->a, count) == 0;
	case OP_NEG:
		return -eval(m, n->a, count);
	case OP_IF:
		return eval(m, eval(m, n->a, count) != 0 ? n->b : n->c,
		    count);
	default:
		return compare(n->op, eval(m, n->a, count),
		    eval(m, n->b, count));
	}
}

double
meta_eval(const struct meta *m, const double *count)
{
	return eval(m, m->root, count);
}
