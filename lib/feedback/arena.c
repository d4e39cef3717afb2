/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.c - the strings of one parsed mail, freed together */
#include "feedback/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CHUNK_SIZE	8192

struct chunk {
	struct chunk	*next;
	size_t		 size;
	char		 data[];
};

void
arena_init(struct arena *a)
{
	memset(a, 0, sizeof *a);
}

void
arena_free(struct arena *a)
{
	struct chunk	*c, *next;

	for (c = a->head; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	arena_init(a);
}

/* reserve - n octets that stay until arena_free(); NULL without memory */
static char *
reserve(struct arena *a, size_t n)
{
	struct chunk	*c = a->head;
	size_t		 size = n > CHUNK_SIZE ? n : CHUNK_SIZE;

	if (c == NULL || n > c->size - a->used) {
		if ((c = malloc(sizeof *c + size)) == NULL) {
			a->failed = true;
			return NULL;
		}
		c->size = size;
		c->next = a->head;
		a->head = c;
		a->used = 0;
	}
	a->used += n;
	return c->data + a->used - n;
}

const char *
arena_dup(struct arena *a, const char *p, size_t n)
{
	char	*out;

	if (n == 0 || (out = reserve(a, n + 1)) == NULL)
		return "";
	memcpy(out, p, n);
	out[n] = '\0';
	return out;
}

const char *
arena_line(struct arena *a, const char *p, size_t n, size_t max)
{
	size_t	i, k = 0;
	char	*out;

	if (n > max)
		n = max;
	if (n == 0 || (out = reserve(a, n + 1)) == NULL)
		return "";
	for (i = 0; i < n; i++) {
		if ((unsigned char)p[i] > ' ' && p[i] != 0x7f)
			out[k++] = p[i];
		else if (k > 0 && out[k - 1] != ' ')
			out[k++] = ' ';
	}
	while (k > 0 && out[k - 1] == ' ')
		k--;
	/* a cut must not leave half a UTF-8 character */
	if (n == max)
		while (k > 0 && (out[k - 1] & 0x80))
			k--;
	out[k] = '\0';
	return out;
}
