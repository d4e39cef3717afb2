/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold.h - text in a form in which spelling tricks no longer show
 *
 * Case, width (full and half), ligatures and styled letters (NFKD), accents of
 * Latin letters, letters that only look like Latin ones (Cyrillic, Greek),
 * zero-width and bidirectional marks, soft hyphens: all folded away. White
 * space is one blank, and none between two characters of scripts that are
 * written without it (Chinese, Japanese, Thai).
 * Two texts that a reader takes for the same fold to the same octets. The
 * result is for comparison alone. Threads: safe.
 */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append n octets of UTF-8, folded; what is not valid becomes a blank. 0, or
 * -1 without memory or room. */
int	fold_text(const char *p, size_t n, struct buf *out);

/* Does a word end here? Between the octets before and behind offset `at` of a
 * folded text: yes, unless both are letters or digits of a script that puts
 * blanks between words. */
bool	fold_border(const char *p, size_t n, size_t at);

#endif
