/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailer.h - confirmation mail: on disk before it is promised, then by SMTP
 *
 * A folder, web-mail below state_dir, with a file for each letter; one thread
 * hands them to the configured server and takes them away when it has them.
 * What waits when the program ends is sent by the next one; a letter of which
 * we do not know whether it arrived is sent again (RFC 1047).
 *
 * File: "mailweir-letter 1\nFROM\nTO\n", then the message.
 */
#ifndef WEB_MAILER_H
#define WEB_MAILER_H

#include "web/letter.h"
#include "web/web.h"

struct mailer;

int	mailer_start(struct web *, struct mailer **, struct err *e);
void	mailer_stop(struct mailer **);

/*
 * mailer_spool - one letter more; waits for the disk
 *
 * really: false writes it and takes it away again, so that whoever measures
 * the time does not learn that nobody gets mail.
 */
int	mailer_spool(struct mailer *, const struct letter *, bool really,
	    struct err *e);

#endif
