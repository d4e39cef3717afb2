/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * belief.h - who may say so?
 *
 * Anyone can send us a bounce or a complaint. One is believed when
 *  (a) a token of ours verifies: in the address it came to (unsubscribe, VERP),
 *      or in the mail that it returns, naming the very recipient. There a
 *      link's token stops its own scope only, and lifts nothing; or
 *  (b) its sender is listed, [reporter NAME], and proves to be that sender:
 *	local	  our own MTA wrote it: the topmost Received says "by" one of
 *		  these names and has no "from" (mail from outside always has)
 *	dkim	  a signature of one of these domains verifies
 *	spf	  the client may send for one of these domains, which the
 *		  envelope sender names; LMTP tells the client (XFORWARD), or
 *		  the topmost Received of one of our borders
 *	authserv  an Authentication-Results field of one of these hosts (our
 *		  own border, which must drop foreign fields of its name) says
 *		  dkim=pass or spf=pass for one of the domains
 *      and, when it returns a mail, that mail is ours (a).
 * Everything else is parked, and no number of parked reports weighs anything.
 */
#ifndef FEEDBACK_BELIEF_H
#define FEEDBACK_BELIEF_H

#include "conf/conf.h"
#include "feedback/feedback.h"
#include "store/key.h"

#define BELIEF_WHY	96	/* octets of a reason for parking */

struct belief;

extern const struct conf_param reporter_params[];
#define REPORTER_SCHEMA	{ "reporter", true, { reporter_params } }

/* DKIM, given by the program (the library knows no DNS): does a signature of
 * domain verify over raw? 1, 0, -1 cannot say. */
typedef int (*belief_dkim)(void *arg, const char *raw, size_t len,
	    const char *domain);

/* Likewise SPF: may this client send for domain? */
typedef int (*belief_spf)(void *arg, const char *client,
	    const char *domain);

/* How the mail came; NULL or "" = not known. */
struct belief_way {
	const char	*sender;	/* of the envelope */
	const char	*client;	/* who gave it to our border */
};

int	belief_load(const struct conf *, struct belief **, struct err *e);
void	belief_free(struct belief **);
/* What is allowed and hardly meant: a reporter that is anybody who writes by
 * the same provider. note() gets a sentence for each. */
void	belief_notes(const struct belief *,
	    void (*note)(void *arg, const char *what), void *arg);
void	belief_set_dkim(struct belief *, belief_dkim, void *arg);
void	belief_set_spf(struct belief *, belief_spf, void *arg);

/* What is believed of one event. */
struct belief_answer {
	int		 verdict;	/* 1 believed, 0 not, -1 cannot say */
	bool		 by_token;	/* id and token.scope are the event's */
	bool		 link;		/* the token is that of a link, and no
					   listed reporter vouches: whoever was
					   passed the mail has it, too */
	struct store_id	 id;		/* whom it is about, when by_token */
	const char	*reporter;	/* section's name; "" by token */
	char		 why[BELIEF_WHY];	/* when not believed */
};

/* Which listed reporter sent this mail? 1 and its name; 0 none, or -1 when DNS
 * could not say. Ask once a mail. */
int	belief_reporter(const struct belief *, const char *raw, size_t len,
	    const struct belief_way *, const struct feedback *,
	    const char **name);

/* Where this reporter's complaints are handed on: its own folder, else the
 * common one. */
const char *belief_complaint_dir(const struct belief *, const char *reporter,
	    const char *common);

/* reporter: what belief_reporter() said of the mail, NULL = none. */
void	belief_event(const struct belief *, const struct feedback *, size_t i,
	    const struct store_keys *, const struct addr_rules *,
	    const char *reporter, struct belief_answer *);

#endif
