/* SPDX-License-Identifier: BSD-2-Clause */
/* value.c - text to typed value, with units and bounds; see conf.h */
#include "conf/conf_int.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

struct unit {
	char	letter;
	long	factor;
};

static const struct unit time_units[] = {
	{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	{ 'w', 7 * 86400 }, { 'y', 365L * 86400 }, { '\0', 0 }
};

static const struct unit size_units[] = {
	{ 'K', 1L << 10 }, { 'k', 1L << 10 }, { 'M', 1L << 20 },
	{ 'm', 1L << 20 }, { 'G', 1L << 30 }, { 'g', 1L << 30 },
	{ 'T', 1L << 40 }, { 't', 1L << 40 }, { '\0', 0 }
};

static int __attribute__((format(printf, 2, 3)))
no(char why[CONF_WHY], const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, CONF_WHY, fmt, ap);
	va_end(ap);
	return -1;
}

/* in_bounds - is the number where the table wants it? */
static int
in_bounds(const struct conf_param *p, double v, const char *text,
    char why[CONF_WHY])
{
	if ((p->min == 0 && p->max == 0) || (v >= p->min && v <= p->max))
		return 0;
	switch (p->type) {
	case CONF_T_SECS:
		return no(why, "%.40s is out of bounds: %.0fs to %.0fs", text,
		    p->min, p->max);
	case CONF_T_SIZE:
		return no(why, "%.40s is out of bounds: %.0f to %.0f octets",
		    text, p->min, p->max);
	default:
		return no(why, "%.40s is out of bounds: %.15g to %.15g", text,
		    p->min, p->max);
	}
}

static int
parse_bool(const char *text, bool *out, char why[CONF_WHY])
{
	static const char *const	words[] = {
		"no", "yes", "false", "true", "off", "on", "0", "1"
	};
	size_t				i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return 0;
		}
	return no(why, "\"%.40s\" is neither yes nor no", text);
}

/* parse_long - decimal digits, perhaps a sign; *end is what follows */
static int
parse_long(const char *text, long *out, char **end, char why[CONF_WHY])
{
	const char	*digits = *text == '-' || *text == '+' ? text + 1 :
			    text;

	if (*digits < '0' || *digits > '9')
		return no(why, "\"%.40s\" is not a number", text);
	errno = 0;
	*out = strtol(text, end, 10);
	if (errno == ERANGE)
		return no(why, "%.40s is too large", text);
	return 0;
}

static int
parse_int(const char *text, long *out, char why[CONF_WHY])
{
	char	*end;

	if (parse_long(text, out, &end, why) == -1)
		return -1;
	if (*end != '\0')
		return no(why, "\"%.40s\" is not a whole number", text);
	return 0;
}

static int
parse_real(const char *text, double *out, char why[CONF_WHY])
{
	char	*end;

	/* strtod would also take "inf", "nan" and hexadecimal */
	if (*text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
		return no(why, "\"%.40s\" is not a number", text);
	errno = 0;
	*out = strtod(text, &end);
	if (*end != '\0' || end == text)
		return no(why, "\"%.40s\" is not a number", text);
	if (errno == ERANGE || !isfinite(*out))
		return no(why, "%.40s is too large or too small", text);
	return 0;
}

/* parse_unit - a number with one letter of the list behind it */
static int
parse_unit(const char *text, const struct unit *units, bool must,
    const char *hint, long *out, char why[CONF_WHY])
{
	char	*end;
	long	 factor = 1;

	if (parse_long(text, out, &end, why) == -1)
		return -1;
	if (*out < 0)
		return no(why, "%.40s is negative", text);
	if (*end == '\0') {
		if (must && *out != 0)
			return no(why, "\"%.40s\" has no unit; %s", text,
			    hint);
		return 0;
	}
	while (units->letter != '\0' && units->letter != *end)
		units++;
	if (units->letter == '\0' || end[1] != '\0')
		return no(why, "\"%.40s\" has an unknown unit; %s", text,
		    hint);
	factor = units->factor;
	if (*out > LONG_MAX / factor)
		return no(why, "%.40s is too large", text);
	*out *= factor;
	return 0;
}

static bool
separates(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

/* parse_list - items between commas or blanks, NULL after the last */
static int
parse_list(struct conf_pool *pool, const char *text, struct conf_list *out,
    char why[CONF_WHY])
{
	const char	**v, *p = text, *item;
	size_t		  n = 0;

	for (; *p != '\0'; p++)		/* an upper bound is enough */
		n += separates(*p);
	if ((v = conf_alloc(pool, (n + 2) * sizeof *v)) == NULL)
		return no(why, "no memory");
	for (n = 0, p = text; ; n++) {
		while (separates(*p))
			p++;
		if (*p == '\0')
			break;
		for (item = p; *p != '\0' && !separates(*p); p++)
			;
		v[n] = conf_strndup(pool, item, (size_t)(p - item));
		if (v[n] == NULL)
			return no(why, "no memory");
	}
	v[n] = NULL;
	out->v = v;
	out->n = n;
	return 0;
}

static int
parse_enum(const struct conf_param *p, const char *text, int *out,
    char why[CONF_WHY])
{
	int	i, n;

	for (i = 0; p->names[i] != NULL; i++)
		if (strcmp(p->names[i], text) == 0) {
			*out = i;
			return 0;
		}
	n = snprintf(why, CONF_WHY, "\"%.40s\" is not one of", text);
	for (i = 0; p->names[i] != NULL && n > 0 && n < CONF_WHY; i++)
		n += snprintf(why + n, CONF_WHY - (size_t)n, "%s %s",
		    i > 0 ? "," : "", p->names[i]);
	return -1;
}

int
conf_value(struct conf_pool *pool, const struct conf_param *p,
    const char *text, void *out, char why[CONF_WHY])
{
	union {
		const char	*s;
		bool		 b;
		long		 l;
		double		 d;
		struct conf_list list;
		int		 i;
	}	v;
	size_t	size = sizeof v.l;
	int	rc = -1;

	switch (p->type) {
	case CONF_T_STR:
	case CONF_T_RAW:
		size = sizeof v.s;
		v.s = conf_strndup(pool, text, strlen(text));
		rc = v.s != NULL ? 0 : no(why, "no memory");
		break;
	case CONF_T_BOOL:
		size = sizeof v.b;
		rc = parse_bool(text, &v.b, why);
		break;
	case CONF_T_INT:
		if ((rc = parse_int(text, &v.l, why)) == 0)
			rc = in_bounds(p, (double)v.l, text, why);
		break;
	case CONF_T_REAL:
		size = sizeof v.d;
		if ((rc = parse_real(text, &v.d, why)) == 0)
			rc = in_bounds(p, v.d, text, why);
		break;
	case CONF_T_SECS:
		if ((rc = parse_unit(text, time_units, true, "write 90s, 5m, "
		    "2h, 7d, 4w or 3y", &v.l, why)) == 0)
			rc = in_bounds(p, (double)v.l, text, why);
		break;
	case CONF_T_SIZE:
		if ((rc = parse_unit(text, size_units, false, "write 512, 64K,"
		    " 25M or 2G", &v.l, why)) == 0)
			rc = in_bounds(p, (double)v.l, text, why);
		break;
	case CONF_T_LIST:
		size = sizeof v.list;
		rc = parse_list(pool, text, &v.list, why);
		break;
	case CONF_T_ENUM:
		size = sizeof v.i;
		rc = parse_enum(p, text, &v.i, why);
		break;
	}
	if (rc == 0 && out != NULL)
		memcpy((char *)out + p->off, &v, size);
	return rc;
}
