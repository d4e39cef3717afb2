/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts.c - see hosts.h */
#include "dkim/hosts.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/banned.h"

struct host {
	bool		 not;
	const char	*name;		/* of a name item; else NULL */
	uint8_t		 addr[16];	/* IPv4 as ::ffff:a.b.c.d */
	unsigned	 bits;
};

struct hosts {
	size_t		n;
	struct host	v[];
};

/* parse_addr - either family; its width in bits, or 0 */
static unsigned
parse_addr(const char *s, uint8_t out[16])
{
	static const uint8_t	v4[12] = { [10] = 0xff, [11] = 0xff };

	if (strncasecmp(s, "IPv6:", 5) == 0)
		s += 5;
	if (inet_pton(AF_INET, s, out + 12) == 1) {
		memcpy(out, v4, sizeof v4);
		return 32;
	}
	return inet_pton(AF_INET6, s, out) == 1 ? 128 : 0;
}

/* same - are the first bits of both alike? */
static bool
same(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned	mask = 0xff00u >> (bits % 8) & 0xff;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

static int
parse(const char *item, struct host *h, struct err *e)
{
	char		 text[300], *slash, *end;
	unsigned	 width;
	unsigned long	 bits;

	h->not = *item == '!';
	item += h->not;
	if (*item == '\0' || strlen(item) >= sizeof text)
		return err_code(e, EX_CONFIG, "'%.40s': not a host", item);
	memcpy(text, item, strlen(item) + 1);
	if ((slash = strchr(text, '/')) != NULL)
		*slash++ = '\0';
	if ((width = parse_addr(text, h->addr)) == 0) {
		if (slash != NULL || strspn(item, "0123456789.:") ==
		    strlen(item))
			return err_code(e, EX_CONFIG, "%s: want an address, a "
			    "network such as 192.0.2.0/24, a host name or "
			    ".domain", item);
		h->name = item;
		return 0;
	}
	bits = width;
	if (slash != NULL) {
		bits = strtoul(slash, &end, 10);
		if (*slash < '0' || *slash > '9' || *end != '\0' ||
		    bits > width)
			return err_code(e, EX_CONFIG, "%s: want a prefix "
			    "length from 0 to %u after the '/'", item, width);
	}
	h->bits = (unsigned)bits + (128 - width);
	return 0;
}

int
hosts_load(const struct conf_list *list, struct hosts **out, struct err *e)
{
	struct hosts	*h;
	size_t		 i;

	h = calloc(1, sizeof *h + list->n * sizeof *h->v);
	if (h == NULL)
		return err_code(e, EX_OSERR, "no memory");
	for (i = 0; i < list->n; i++)
		if (parse(list->v[i], &h->v[h->n++], e) == -1) {
			hosts_free(&h);
			return -1;
		}
	*out = h;
	return 0;
}

void
hosts_free(struct hosts **h)
{
	free(*h);
	*h = NULL;
}

/* exactness - how well the item fits: 0 not at all, more is better; a name is
 * more exact than any network, an address as exact as a whole name */
static size_t
exactness(const struct host *h, const uint8_t *addr, bool known,
    const char *name)
{
	size_t	n = strlen(name), k;

	if (h->name == NULL)
		return known && same(h->addr, addr, h->bits) ? 1 + h->bits : 0;
	k = strlen(h->name);
	if (h->name[0] != '.')
		return strcasecmp(h->name, name) == 0 ? 1000 : 0;
	if (n > k && strcasecmp(name + n - k, h->name) == 0)
		return 200 + k;
	return 0;
}

bool
hosts_has(const struct hosts *h, const char *addr, const char *name)
{
	uint8_t	ip[16];
	bool	known = parse_addr(addr, ip) != 0, in = false;
	size_t	best = 0, x, i;

	for (i = 0; i < h->n; i++) {
		x = exactness(&h->v[i], ip, known, name);
		if (x > best || (x == best && x > 0 && h->v[i].not)) {
			best = x;
			in = !h->v[i].not;
		}
	}
	return in;
}
