/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c - see words.h */
#include "feedback/words.h"

#include <pthread.h>
#include <string.h>

#include "base/banned.h"

static const struct word {
	enum word_set	 set;
	const char	*phrase, *meaning;
} words[] = {
	{ WORDS_COMMAND, "in reply to rcpt", "RCPT" },
	{ WORDS_COMMAND, "in reply to end of data", "DATA" },
	{ WORDS_COMMAND, "in reply to data", "DATA" },
	{ WORDS_COMMAND, "in reply to mail", "MAIL" },
	{ WORDS_COMMAND, "in reply to ehlo", "HELO" },
	{ WORDS_COMMAND, "in reply to helo", "HELO" },
	{ WORDS_COMMAND, "refused to talk to me", "CONN" },
	{ WORDS_COMMAND, "after initial connection", "CONN" },
	{ WORDS_COMMAND, "after rcpt", "RCPT" },
	{ WORDS_COMMAND, "after mail", "MAIL" },
	{ WORDS_COMMAND, "after end of data", "DATA" },
	{ WORDS_COMMAND, "after data", "DATA" },
	{ WORDS_COMMAND, "after pipelined", "DATA" },
	{ WORDS_COMMAND, "after ehlo", "HELO" },
	{ WORDS_COMMAND, "after helo", "HELO" },
	{ WORDS_COMMAND, "like our rcpt", "RCPT" },
	{ WORDS_COMMAND, "like our final data", "DATA" },
	{ WORDS_COMMAND, "like our mail", "MAIL" },
	{ WORDS_COMMAND, "does not like recipient", "RCPT" },
	{ WORDS_COMMAND, "failed after i sent the message", "DATA" },
	{ WORDS_COMMAND, "sender was rejected", "MAIL" },
	{ WORDS_COMMAND, "my name was rejected", "HELO" },
	{ WORDS_COMMAND, "[rcpt_to]", "RCPT" },
	{ WORDS_COMMAND, "[mail_from]", "MAIL" },
	{ WORDS_COMMAND, "[data]", "DATA" },
	{ WORDS_COMMAND, "smtp command data", "DATA" },
	{ WORDS_COMMAND, "smtp command rcpt", "RCPT" },
	{ WORDS_COMMAND, "following rcpt command", "RCPT" },
	{ WORDS_COMMAND, "smtp:rcpt", "RCPT" },
	{ WORDS_COMMAND, "state 14", "RCPT" },
	{ WORDS_COMMAND, "state 18", "DATA" },
	{ WORDS_SESSION, ">>> rcpt", "RCPT" },
	{ WORDS_SESSION, ">>> data", "DATA" },
	{ WORDS_SESSION, ">>> mail", "MAIL" },
	{ WORDS_BOUNCE, "could not be delivered", NULL },
	{ WORDS_BOUNCE, "couldn't be delivered", NULL },
	{ WORDS_BOUNCE, "was not delivered", NULL },
	{ WORDS_BOUNCE, "not be delivered", NULL },
	{ WORDS_BOUNCE, "delivery has failed", NULL },
	{ WORDS_BOUNCE, "unable to deliver", NULL },
	{ WORDS_BOUNCE, "did not reach", NULL },
	{ WORDS_BOUNCE, "failed permanently", NULL },
	{ WORDS_BOUNCE, "undeliverable", NULL },
	{ WORDS_BOUNCE, "user unknown", NULL },
	{ WORDS_BOUNCE, "permanent error", NULL },
	{ WORDS_BOUNCE, "permanent fatal error", NULL },
	{ WORDS_BOUNCE, "delivery failed", NULL },
	{ WORDS_BOUNCE, "not yet been delivered", NULL },
	{ WORDS_BOUNCE, "is delayed", NULL },
	{ WORDS_BOUNCE, "failed recipient", NULL },
	{ WORDS_BOUNCE, "transcript of session", NULL },
	{ WORDS_BOUNCE, "not deliver", NULL },
	{ WORDS_BOUNCE, "delivery to the following", NULL },
	{ WORDS_BOUNCE, "recipient address rejected", NULL },
	{ WORDS_BOUNCE, "address(es) failed", NULL },
	{ WORDS_BOUNCE, "could not deliver", NULL },
	{ WORDS_BOUNCE, "mailbox is full", NULL },
	{ WORDS_BOUNCE, "no such user", NULL },
	{ WORDS_BOUNCE, "konnte nicht zugestellt", NULL },
	{ WORDS_BOUNCE, "nicht zugestellt", NULL },
	{ WORDS_BOUNCE, "n'a pas pu", NULL },
	{ WORDS_BOUNCE, "non recapitabile", NULL },
	{ WORDS_BOUNCE, "no se ha podido entregar", NULL },
	{ WORDS_TRYING, "still being", NULL },
	{ WORDS_TRYING, "still trying", NULL },
	{ WORDS_TRYING, "will continue", NULL },
	{ WORDS_TRYING, "will be retried", NULL },
	{ WORDS_TRYING, "will retry", NULL },
	{ WORDS_TRYING, "not yet been delivered", NULL },
	{ WORDS_TRYING, "has been delayed", NULL },
	{ WORDS_TRYING, "is delayed", NULL },
	{ WORDS_TRYING, "warning message only", NULL },
	{ WORDS_TRYING, "do not need to resend", NULL },
	{ WORDS_TRYING, "delivery attempts will", NULL },
	{ WORDS_TRYING, "keep trying", NULL },
	{ WORDS_TRYING, "continue to try", NULL },
	{ WORDS_TRYING, "not been delivered yet", NULL },
	{ WORDS_TRYING, "temporary non-critical", NULL },
	{ WORDS_OVER, "given up", NULL },
	{ WORDS_OVER, "giving up", NULL },
	{ WORDS_OVER, "failed permanently", NULL },
	{ WORDS_OVER, "permanent error", NULL },
	{ WORDS_OVER, "has failed", NULL },
	{ WORDS_OVER, "too long", NULL },
};

#define WORDS_N	(sizeof words / sizeof words[0])

static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static struct phrases	*all;
static int		 ids[WORDS_N];	/* a phrase may stand in two sets */

static void
build(void)
{
	struct phrases	*p;
	size_t		 i;

	if (phrases_new(&p, NULL) == -1)
		return;
	for (i = 0; i < WORDS_N; i++)
		if ((ids[i] = phrases_add(p, words[i].phrase,
		    strlen(words[i].phrase), NULL)) == -1)
			break;
	if (i < WORDS_N || phrases_build(p, NULL) == -1)
		phrases_free(&p);
	all = p;
}

bool
words_scan(struct text t, struct phrase_hits *hits)
{
	(void)pthread_once(&once, build);
	memset(hits, 0, sizeof *hits);
	if (all == NULL)
		return false;
	phrases_scan(all, t.p, t.n, hits);
	return true;
}

/* hit - was the i-th phrase of the table seen? */
static bool
hit(const struct phrase_hits *hits, size_t i)
{
	return (hits->w[ids[i] / 64] >> ids[i] % 64 & 1) != 0;
}

bool
words_any(const struct phrase_hits *hits, enum word_set set)
{
	size_t	i;

	for (i = 0; i < WORDS_N; i++)
		if (words[i].set == set && hit(hits, i))
			return true;
	return false;
}

const char *
words_meaning(const struct phrase_hits *hits, enum word_set set)
{
	size_t	i;

	for (i = 0; i < WORDS_N; i++)
		if (words[i].set == set && hit(hits, i))
			return words[i].meaning;
	return NULL;
}
