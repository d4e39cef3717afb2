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
	/* German */
	{ WORDS_BOUNCE, "konnte nicht zugestellt", NULL },
	{ WORDS_BOUNCE, "nicht zugestellt", NULL },
	{ WORDS_BOUNCE, "unzustellbar", NULL },
	{ WORDS_BOUNCE, "nachrichtenzustellung", NULL },
	{ WORDS_BOUNCE, "zustellung fehlgeschlagen", NULL },
	{ WORDS_BOUNCE, "nicht ausgeliefert", NULL },
	/* French */
	{ WORDS_BOUNCE, "n'a pas pu", NULL },
	{ WORDS_BOUNCE, "n'a pas \xc3\xa9t\xc3\xa9 distribu", NULL },
	{ WORDS_BOUNCE, "n'a pas \xc3\xa9t\xc3\xa9 remis", NULL },
	{ WORDS_BOUNCE, "non remis", NULL },
	{ WORDS_BOUNCE, "non distribu", NULL },
	{ WORDS_BOUNCE, "non d\xc3\xa9livr", NULL },
	{ WORDS_BOUNCE, "chec de la remise", NULL },
	{ WORDS_BOUNCE, "chec de remise", NULL },
	{ WORDS_BOUNCE, "impossible de remettre", NULL },
	/* Spanish */
	{ WORDS_BOUNCE, "no se ha podido entregar", NULL },
	{ WORDS_BOUNCE, "no se pudo entregar", NULL },
	{ WORDS_BOUNCE, "no pudo ser entregado", NULL },
	{ WORDS_BOUNCE, "no ha podido ser entregado", NULL },
	{ WORDS_BOUNCE, "no ha sido entregado", NULL },
	{ WORDS_BOUNCE, "no entregado", NULL },
	{ WORDS_BOUNCE, "no se puede entregar", NULL },
	{ WORDS_BOUNCE, "mensaje devuelto", NULL },
	{ WORDS_BOUNCE, "correo devuelto", NULL },
	/* Italian */
	{ WORDS_BOUNCE, "non recapitabile", NULL },
	{ WORDS_BOUNCE, "non pu\xc3\xb2 essere consegnato", NULL },
	{ WORDS_BOUNCE, "non \xc3\xa8 stato consegnato", NULL },
	{ WORDS_BOUNCE, "impossibile recapitare", NULL },
	{ WORDS_BOUNCE, "impossibile consegnare", NULL },
	{ WORDS_BOUNCE, "mancata consegna", NULL },
	{ WORDS_BOUNCE, "mancato recapito", NULL },
	/* Portuguese */
	{ WORDS_BOUNCE, "p\xc3\xb4" "de ser entregue", NULL },
	{ WORDS_BOUNCE, "n\xc3\xa3o foi entregue", NULL },
	{ WORDS_BOUNCE, "n\xc3\xa3o foi poss\xc3\xadvel entregar", NULL },
	{ WORDS_BOUNCE, "nao foi possivel entregar", NULL },
	{ WORDS_BOUNCE, "mensagem devolvida", NULL },
	/* Dutch */
	{ WORDS_BOUNCE, "niet worden bezorgd", NULL },
	{ WORDS_BOUNCE, "niet bezorgd", NULL },
	{ WORDS_BOUNCE, "niet worden afgeleverd", NULL },
	{ WORDS_BOUNCE, "niet afgeleverd", NULL },
	{ WORDS_BOUNCE, "onbestelba", NULL },
	/* Polish */
	{ WORDS_BOUNCE, "nie mo\xc5\xbcna dostarczy", NULL },
	{ WORDS_BOUNCE, "zosta\xc4\x87 dostarczona", NULL },
	{ WORDS_BOUNCE, "nie zosta\xc5\x82" "a dostarczona", NULL },
	{ WORDS_BOUNCE, "niedostarczon", NULL },
	/* Scandinavian */
	{ WORDS_BOUNCE, "kunde inte levereras", NULL },
	{ WORDS_BOUNCE, "gick inte att leverera", NULL },
	{ WORDS_BOUNCE, "kunne ikke leveres", NULL },
	{ WORDS_BOUNCE, "ikke leveret", NULL },
	{ WORDS_BOUNCE, "ei voitu toimittaa", NULL },
	/* Czech, Hungarian, Turkish */
	{ WORDS_BOUNCE, "nelze doru\xc4\x8dit", NULL },
	{ WORDS_BOUNCE, "nebyla doru\xc4\x8d" "ena", NULL },
	{ WORDS_BOUNCE, "nedoru\xc4\x8diteln", NULL },
	{ WORDS_BOUNCE, "nem k\xc3\xa9zbes\xc3\xadthet", NULL },
	{ WORDS_BOUNCE, "teslim edilemedi", NULL },
	/* Russian */
	{ WORDS_BOUNCE,
	    "\xd0\xbd\xd0\xb5 \xd0\xbc\xd0\xbe\xd0\xb6\xd0\xb5\xd1"
	    "\x82 \xd0\xb1\xd1\x8b\xd1\x82\xd1\x8c \xd0\xb4\xd0\xbe"
	    "\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd", NULL },
	{ WORDS_BOUNCE,
	    "\xd0\xbd\xd0\xb5 \xd1\x83\xd0\xb4\xd0\xb0\xd0\xbb\xd0"
	    "\xbe\xd1\x81\xd1\x8c \xd0\xb4\xd0\xbe\xd1\x81\xd1\x82"
	    "\xd0\xb0\xd0\xb2\xd0\xb8\xd1\x82\xd1\x8c", NULL },
	{ WORDS_BOUNCE,
	    "\xd0\xbd\xd0\xb5 \xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0"
	    "\xb0\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd", NULL },
	{ WORDS_BOUNCE,
	    "\xd0\xbd\xd0\xb5\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0"
	    "\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd\xd0\xbd", NULL },
	{ WORDS_BOUNCE,
	    "\xd0\x9d\xd0\xb5\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0"
	    "\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd\xd0\xbd", NULL },
	{ WORDS_BOUNCE,
	    "\xd0\xbd\xd0\xb5 \xd0\xb1\xd1\x8b\xd0\xbb\xd0\xbe \xd0"
	    "\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2\xd0\xbb\xd0"
	    "\xb5\xd0\xbd", NULL },
	/* Chinese */
	{ WORDS_BOUNCE, "\xe9\x80\x80\xe4\xbf\xa1", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x97\xa0\xe6\xb3\x95\xe6\x8a\x95\xe9\x80\x92", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x97\xa0\xe6\xb3\x95\xe9\x80\x81\xe8\xbe\xbe", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x97\xa0\xe6\xb3\x95\xe5\x8f\x91\xe9\x80\x81\xe5\x88"
	    "\xb0", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x97\xa0\xe6\xb3\x95\xe4\xbc\xa0\xe9\x80\x92", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x9c\xaa\xe8\x83\xbd\xe9\x80\x81\xe8\xbe\xbe", NULL },
	{ WORDS_BOUNCE,
	    "\xe6\x8a\x95\xe9\x80\x92\xe5\xa4\xb1\xe8\xb4\xa5", NULL },
	{ WORDS_BOUNCE, "\xe8\xa2\xab\xe9\x80\x80\xe5\x9b\x9e", NULL },
	{ WORDS_BOUNCE,
	    "\xe7\x84\xa1\xe6\xb3\x95\xe5\x82\xb3\xe9\x81\x9e", NULL },
	{ WORDS_BOUNCE,
	    "\xe7\x84\xa1\xe6\xb3\x95\xe6\x8a\x95\xe9\x81\x9e", NULL },
	{ WORDS_BOUNCE,
	    "\xe7\x84\xa1\xe6\xb3\x95\xe5\x82\xb3\xe9\x80\x81", NULL },
	{ WORDS_BOUNCE, "\xe6\x9c\xaa\xe5\x82\xb3\xe9\x81\x9e", NULL },
	{ WORDS_BOUNCE, "\xe6\x9c\xaa\xe4\xbc\xa0\xe9\x80\x92", NULL },
	/* Japanese */
	{ WORDS_BOUNCE,
	    "\xe9\x85\x8d\xe4\xbf\xa1\xe3\x81\xa7\xe3\x81\x8d", NULL },
	{ WORDS_BOUNCE,
	    "\xe9\x85\x8d\xe4\xbf\xa1\xe4\xb8\x8d\xe8\x83\xbd", NULL },
	{ WORDS_BOUNCE,
	    "\xe9\x85\x8d\xe4\xbf\xa1\xe3\x81\xab\xe5\xa4\xb1\xe6\x95"
	    "\x97", NULL },
	{ WORDS_BOUNCE,
	    "\xe9\x85\x8d\xe9\x81\x94\xe3\x81\xa7\xe3\x81\x8d", NULL },
	{ WORDS_BOUNCE,
	    "\xe5\xb1\x8a\xe3\x81\x91\xe3\x82\x89\xe3\x82\x8c\xe3\x81"
	    "\xbe\xe3\x81\x9b\xe3\x82\x93", NULL },
	{ WORDS_BOUNCE,
	    "\xe5\xb1\x8a\xe3\x81\x91\xe3\x81\xa7\xe3\x81\x8d\xe3\x81"
	    "\xbe\xe3\x81\x9b\xe3\x82\x93", NULL },
	{ WORDS_BOUNCE,
	    "\xe5\xb1\x8a\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x9b\xe3\x82"
	    "\x93", NULL },
	{ WORDS_BOUNCE,
	    "\xe9\x80\x81\xe4\xbf\xa1\xe3\x81\xa7\xe3\x81\x8d\xe3\x81"
	    "\xbe\xe3\x81\x9b\xe3\x82\x93", NULL },
	{ WORDS_BOUNCE,
	    "\xe9\x80\x81\xe4\xbf\xa1\xe3\x82\xa8\xe3\x83\xa9\xe3\x83"
	    "\xbc", NULL },
	/* Korean */
	{ WORDS_BOUNCE,
	    "\xeb\xb0\xb0\xeb\x8b\xac\xed\x95\xa0 \xec\x88\x98 \xec"
	    "\x97\x86", NULL },
	{ WORDS_BOUNCE,
	    "\xec\xa0\x84\xeb\x8b\xac\xeb\x90\x98\xec\xa7\x80 \xec"
	    "\x95\x8a", NULL },
	{ WORDS_BOUNCE, "\xeb\xb0\x98\xec\x86\xa1\xeb\x90\x98", NULL },
	{ WORDS_BOUNCE,
	    "\xec\xa0\x84\xec\x86\xa1\xed\x95\x98\xec\xa7\x80 \xeb"
	    "\xaa\xbb", NULL },
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
