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
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

#include "base/listen.h"
#include "base/log.h"
#include "frame/inflow.h"

#include "base/banned.h"

/* What libmilter's reader gives as a command when it is to hang up: anything
 * below a blank. */
#define HANG_UP		'\1'

int
packet_setup(bool local, struct err *e)
{
	if (dlsym(RTLD_NEXT, "mi_rd_cmd") == NULL)
		return err_code(e, EX_SOFTWARE, "libmilter has no mi_rd_cmd; "
		    "build with Debian's");
	inflow_setup(local);
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

/* read_packet - the next one, with what follows the command, if anything, in
 * memory of its own; false: none came, or none that could be taken */
static bool
read_packet(int sd, const struct timeval *timeout, char *cmd, char **rest,
    size_t *len)
{
	unsigned char	head[5];
	size_t		n;

	if (!inflow_read(sd, timeout, head, sizeof head))
		return false;
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
	    (size_t)head[2] << 8 | head[3];
	if (n == 0 || n - 1 > PACKET_MAX)
		return false;
	*cmd = (char)head[4];
	if ((*len = n - 1) == 0)
		return true;
	return (*rest = malloc(*len)) != NULL &&
	    inflow_read(sd, timeout, *rest, *len);
}

/*
 * mi_rd_cmd - in the place of libmilter's
 *
 * The library reads each packet by this name, so that the program's own
 * function of that name comes first, as with sigwait() in main.c.
 */
char	*mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len,
	    char *name);

char *
mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len, char *name)
{
	const char	*why = NULL;
	char		*p = NULL;

	(void)name;
	*len = 0;
	if (read_packet(sd, timeout, cmd, &p, len) &&
	    (why = unfit(*cmd, p, *len)) == NULL)
		return p;
	if (why != NULL)
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
