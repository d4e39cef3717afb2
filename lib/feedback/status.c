/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - status and reply code that stand in a text
 *
 * Both are numbers with dots, of which mail is full (versions, addresses,
 * sizes): each must stand alone, and one that follows the other is preferred.
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <string.h>

#include "feedback/words.h"

#include "base/banned.h"

static bool
digit(struct text t, size_t i)
{
	return i < t.n && isdigit((unsigned char)t.p[i]);
}

/* before_ok - may a number begin here? */
static bool
before_ok(struct text t, size_t i)
{
	return i == 0 || (!isalnum((unsigned char)t.p[i - 1]) &&
	    strchr("./@", t.p[i - 1]) == NULL);
}

/* status_len - octets of "5.1.1" at i, 0 if there is none */
static size_t
status_len(struct text t, size_t i)
{
	size_t	k = i, part;

	if (i + 5 > t.n || (t.p[i] != '5' && t.p[i] != '4') ||
	    !before_ok(t, i))
		return 0;
	k++;
	for (part = 0; part < 2; part++) {
		if (k >= t.n || t.p[k] != '.' || !digit(t, k + 1))
			return 0;
		k += 2;
		if (digit(t, k))
			k++;
		if (digit(t, k))
			k++;
	}
	if (digit(t, k) || (k < t.n && isalpha((unsigned char)t.p[k])) ||
	    (k + 1 < t.n && t.p[k] == '.' && digit(t, k + 1)))
		return 0;
	return k - i;
}

/* code_at - does "550" stand at i, as a reply code may? */
static bool
code_at(struct text t, size_t i)
{
	if (i + 3 > t.n || (t.p[i] != '5' && t.p[i] != '4') ||
	    t.p[i + 1] < '0' || t.p[i + 1] > '7' || !digit(t, i + 2) ||
	    !before_ok(t, i) || (i > 0 && t.p[i - 1] == '-'))
		return false;
	if (i + 3 == t.n)
		return true;
	return !isalnum((unsigned char)t.p[i + 3]) && t.p[i + 3] != '@' &&
	    !(t.p[i + 3] == '.' && digit(t, i + 4)) &&
	    !(t.p[i + 3] == ',' && digit(t, i + 4));
}

/* code_then_status - "550 5.1.1", "550-5.1.1", "550 #5.1.1": where the status
 * begins, 0 if this is no such pair */
static size_t
code_then_status(struct text t, size_t i)
{
	size_t	k = i + 3;

	while (k < t.n && k < i + 6 && strchr(" -#(:['", t.p[k]) != NULL)
		k++;
	return status_len(t, k) > 0 && t.p[k] == t.p[i] ? k : 0;
}

const char *
status_find(struct parse *ps, struct text t)
{
	size_t	i, n, first = t.n;

	for (i = 0; i + 5 <= t.n; i++) {
		if (code_at(t, i) && (n = code_then_status(t, i)) > 0)
			return arena_dup(ps->arena, t.p + n,
			    status_len(t, n));
		if (first == t.n && status_len(t, i) > 0)
			first = i;
	}
	return first < t.n ? arena_dup(ps->arena, t.p + first,
	    status_len(t, first)) : "";
}

/* reply_like - is it said to be a reply? */
static bool
reply_like(struct text t, size_t i)
{
	static const char *const before[] = { "said: ", "<<< ", "error: ",
	    "reply: ", "response: ", "smtp; ", "smtp;", "responded: ",
	    "was: ", "command: ", "error ", "code: ", "returned: ",
	    "message: ", "RCPT TO): ", "SMTP error from remote server: ",
	    NULL };
	size_t	n;
	int	k;

	if (i == 0)
		return true;
	for (k = 0; before[k] != NULL; k++) {
		n = strlen(before[k]);
		if (i >= n && text_is((struct text){ t.p + i - n, n },
		    before[k]))
			return true;
	}
	return false;
}

const char *
status_code(struct parse *ps, struct text t)
{
	size_t	i, first = t.n, likely = t.n;

	for (i = 0; i + 3 <= t.n; i++) {
		if (!code_at(t, i))
			continue;
		if (code_then_status(t, i) > 0)
			return arena_dup(ps->arena, t.p + i, 3);
		if (likely == t.n && reply_like(t, i))
			likely = i;
		if (first == t.n)
			first = i;
	}
	if (likely < t.n)
		first = likely;
	return first < t.n ? arena_dup(ps->arena, t.p + first, 3) : "";
}

/* last_command - of a transcript: what stands right before the refusal */
static const char *
last_command(struct text t)
{
	static const char *const prompts[] = { ">>> RCPT", ">>> DATA",
	    ">>> MAIL", NULL };
	static const char *const commands[] = { "RCPT", "DATA", "MAIL" };
	const char	*p, *at = NULL, *best = "";
	int		 i;

	for (i = 0; prompts[i] != NULL; i++)
		if ((p = text_find(t, prompts[i])) != NULL &&
		    (at == NULL || p > at)) {
			at = p;
			best = commands[i];
		}
	return best;
}

const char *
status_command(struct text t)
{
	struct phrase_hits	 hits;
	const char		*c;

	if (!words_scan(t, &hits))
		return "";
	if ((c = words_meaning(&hits, WORDS_COMMAND)) != NULL)
		return c;
	return words_any(&hits, WORDS_SESSION) ? last_command(t) : "";
}
