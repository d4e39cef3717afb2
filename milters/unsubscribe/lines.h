/* SPDX-License-Identifier: BSD-2-Clause */
/* lines.h - the words of a stream's footer */
#ifndef UNSUBSCRIBE_LINES_H
#define UNSUBSCRIBE_LINES_H

#include "base/buf.h"
#include "base/err.h"
#include "stream/stream.h"

/* The templates of a stream: known names in ${...}, one of them
 * unsubscribe_url. -1 with *e and the parameter at fault. */
int	lines_check(const struct stream *, const char **name, struct err *e);

/* The footer around this link, UTF-8 with LF. 0; -1 when out is full or out of
 * memory. */
int	lines_text(const struct stream *, const char *url, struct buf *out);
int	lines_html(const struct stream *, const char *url, struct buf *out);

#endif
