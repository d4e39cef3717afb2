/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.c - see packet.h
 *
 * libmilter 8.17 looks a macro up by steps of two, name and value, until it
 * comes upon the end of the list. A list that ends with a name has its end
 * between two steps: smfi_getsymval() walks on through memory and crashes. No
 * MTA sends such a list, but whoever reaches the socket can.
 */
#include "frame/packet.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

#include "base/listen.h"
#include "base/log.h"

#include "base/banned.h"

/* What libmilter's reader gives as a command when it is to hang up: anything
 * below a blank. */
#define HANG_UP		'\1'

typedef char *reader(int, struct timeval *, char *, size_t *, char *);

static reader	*libmilters;
static bool	 over_tcp;

int
packet_setup(bool local, struct err *e)
{
	void	*f = dlsym(RTLD_NEXT, "mi_rd_cmd");

	if (f == NULL)
		return err_code(e, EX_SOFTWARE, "libmilter has no mi_rd_cmd; "
		    "build with Debian's");
	memcpy(&libmilters, &f, sizeof f);
	over_tcp = !local;
	return 0;
}

/* in_pairs - the step's letter, then names and values */
static bool
in_pairs(const char *p, size_t n)
{
	size_t	i, nuls = 0;

	for (i = 1; i < n; i++)
		nuls += p[i] == '\0';
	return nuls % 2 == 0;
}

/*
 * unfit - why libmilter must not see this packet, or NULL
 *
 * After "quit, another connection follows" the library would ask us nothing
 * about steps and actions, and no MTA that we know sends it: one that would
 * is better off with a connection of its own.
 */
static const char *
unfit(char cmd, const char *p, size_t n)
{
	if (cmd == SMFIC_QUIT_NC)
		return "another session on the same connection";
	if (cmd == SMFIC_MACRO && p != NULL && !in_pairs(p, n))
		return "a macro without a value";
	return NULL;
}

/*
 * quick - acknowledge at once what comes next
 *
 * The MTA's kernel keeps a small piece back while an earlier one is not
 * acknowledged (Nagle), and Postfix writes pieces of 4 KB; ours would wait
 * 40 ms before it acknowledges. Each answer that we send makes it forget.
 */
static void
quick(int sd)
{
	int	one = 1;

	(void)setsockopt(sd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

/*
 * mi_rd_cmd - in the place of libmilter's, which it calls
 *
 * The library reads each packet by this name, so that the program's own
 * function of that name comes first, as with sigwait() in main.c.
 */
char	*mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len,
	    char *name);

char *
mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len, char *name)
{
	const char	*why;
	char		*p;

	if (over_tcp)
		quick(sd);
	p = libmilters(sd, timeout, cmd, len, name);
	if ((why = unfit(*cmd, p, *len)) == NULL)
		return p;
	log_event(LOG_ERR, "bad_packet", LOG_STR("why", why));
	free(p);
	*cmd = HANG_UP;
	*len = 0;
	return NULL;
}

/*
 * accept - in the place of libc's, for libmilter's listener, which would try
 * again at once, all day long and without a word, where there are no
 * descriptors
 */
int
accept(int sd, struct sockaddr *restrict sa, socklen_t *restrict len)
{
	return listen_accept(sd, sa, len, 0);
}
