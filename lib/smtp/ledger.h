/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h - which recipients of a message were handed over already
 *
 * A file for each message, named by a keyed digest of what makes it the same
 * message when its sender comes again; a line for each recipient, on disk
 * before the call returns. So a sender who tries again, because we died or
 * somebody said "later", makes no second copy. No address is kept: names and
 * lines are HMACs under the caller's secret.
 *
 * File: "mailweir-ledger 1\n", then "HEX32\n" for each entry. A last line
 * without its end was never promised and does not count.
 */
#ifndef SMTP_LEDGER_H
#define SMTP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "smtp/smtp.h"

#define LEDGER_SECRET	32

struct ledger;

enum ledger_result { LEDGER_OPEN, LEDGER_NONE, LEDGER_BUSY, LEDGER_FAULT };

/*
 * ledger_open - of this message
 *
 * dir:     made (0700) if it is not there; its parent must be.
 * what:    the octets that identify the message.
 * make:    one that is not there, and dir.
 * Returns: LEDGER_OPEN; LEDGER_NONE when there is none and it is not to be
 *          made; LEDGER_BUSY when another thread or process has it open;
 *          LEDGER_FAULT with *e.
 */
enum ledger_result ledger_open(const char *dir,
	    const uint8_t secret[LEDGER_SECRET], const struct smtp_piece *what,
	    size_t n, bool make, struct ledger **, struct err *e);
/* forget: the message is done with and will not come again. */
void	ledger_close(struct ledger **, bool forget);

bool	ledger_has(const struct ledger *, const char *entry);
/* Have room on the disk for so many entries more, so that none of them finds
 * it full: what cannot be written down would be done again. 0; -1 with *e. */
int	ledger_room(struct ledger *, size_t entries, struct err *e);
/* On disk when it returns 0. */
int	ledger_add(struct ledger *, const char *entry, struct err *e);

/* Remove what was last written more than `age` seconds ago; how many. */
size_t	ledger_sweep(const char *dir, long age);

#endif
