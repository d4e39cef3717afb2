/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.h - a growing buffer that must be told how far it may grow
 *
 * Invariant: data[len] is always '\0' once anything was allocated, so text
 * can be read as a C string; data may hold NUL octets of its own.
 * A failed append (limit or memory) sets `failed` and leaves the content as
 * it was; later appends fail too, so that a run of them needs one check.
 * Not thread-safe; each buffer has one owner.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char	*data;		/* NULL until the first append */
	size_t	 len;		/* octets used */
	size_t	 cap;		/* octets allocated, the NUL included */
	size_t	 max;		/* len never exceeds this */
	bool	 failed;
	bool	 starved;	/* failed, and not because of max */
};

#define BUF_INIT(limit)	{ .max = (limit) }

void	buf_init(struct buf *b, size_t max);
void	buf_free(struct buf *b);	/* frees, keeps max; usable again */
/* len = 0, failed = false; keeps the memory. */
void	buf_reset(struct buf *b);

/* Each returns 0, or -1 when the limit or memory does not allow it. */
int	buf_add(struct buf *b, const void *p, size_t n);
int	buf_addc(struct buf *b, char c);
int	buf_adds(struct buf *b, const char *s);
int	buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
int	buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	    __attribute__((format(printf, 2, 0)));

/* As much of p as fits under max; returns the octets taken. */
size_t	buf_add_some(struct buf *b, const void *p, size_t n);

/* The content as a C string: "" while nothing was appended. */
const char *buf_str(const struct buf *b);

/* Hand the allocation to the caller (free() it); the buffer is empty after.
 * NULL when `failed` or without memory. */
char	*buf_steal(struct buf *b);

#endif
