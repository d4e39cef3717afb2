/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailer.h - confirmation mail, by SMTP through the configured server
 *
 * One thread sends from a queue of bounded length; nobody waits for it, so the
 * time of an answer tells nothing about an address. What is queued when the
 * program ends abruptly is lost: whoever waits for it asks again.
 */
#ifndef WEB_MAILER_H
#define WEB_MAILER_H

#include "mail/addr.h"
#include "metrics/metrics.h"
#include "web/params.h"

struct mailer;

int	mailer_start(struct metrics *, struct mailer **, struct err *e);
void	mailer_stop(struct mailer **);	/* sends what waits, a moment long */

/*
 * mailer_push - queue one text of UTF-8
 *
 * conf: smtp, mail_from, mail_timeout and brand; copied. Returns 0, or -1
 * when the queue is full or memory is.
 */
int	mailer_push(struct mailer *, const struct web_conf *conf,
	    const struct addr *to, const char *subject, const char *lang,
	    const char *text);

#endif
