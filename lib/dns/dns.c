/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.c - see dns.h */
#include "dns/dns.h"

#include <sys/types.h>

#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <ares.h>

#include "base/clock.h"

#include "base/banned.h"

#define ANSWER_MAX	65535

struct dns {
	char		*servers;	/* csv, or NULL */
	int		 timeout_ms, tries;
};

/* What comes back for one question. */
struct waiting {
	struct dns_reply *r;
	bool		 done;
	int		 status;	/* ARES_* */
};

static pthread_once_t	ares_once = PTHREAD_ONCE_INIT;
static int		ares_ready = ARES_ENOTINITIALIZED;

static void
start_ares(void)
{
	ares_ready = ares_library_init(ARES_LIB_INIT_ALL);
}

/* servers_ok - a server list that is none shows now, not at first use */
static bool
servers_ok(const char *csv)
{
	ares_channel	ch;
	bool		ok;

	if (ares_init(&ch) != ARES_SUCCESS)
		return true;
	ok = ares_set_servers_ports_csv(ch, csv) == ARES_SUCCESS;
	ares_destroy(ch);
	return ok;
}

int
dns_open(const struct dns_options *o, struct dns **out, struct err *e)
{
	struct dns	*d;
	char		*p;

	*out = NULL;
	(void)pthread_once(&ares_once, start_ares);
	if (ares_ready != ARES_SUCCESS ||
	    (d = calloc(1, sizeof *d)) == NULL)
		return err_code(e, EX_OSERR, "c-ares does not start");
	d->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : 2000;
	d->tries = o->tries > 0 ? o->tries : 2;
	if (o->servers != NULL && o->servers[0] != '\0') {
		if ((d->servers = strdup(o->servers)) == NULL) {
			dns_close(&d);
			return err_code(e, EX_OSERR, "no memory");
		}
		for (p = d->servers; *p != '\0'; p++)
			if (*p == ' ' || *p == '\t')
				*p = ',';
		if (!servers_ok(d->servers)) {
			dns_close(&d);
			return err_code(e, EX_CONFIG, "%s: want addresses, "
			    "with :port if not 53", o->servers);
		}
	}
	*out = d;
	return 0;
}

void
dns_close(struct dns **d)
{
	if (*d == NULL)
		return;
	free((*d)->servers);
	free(*d);
	*d = NULL;
}

/* take - c-ares has an answer, or none */
static void
take(void *arg, int status, int timeouts, unsigned char *abuf, int alen)
{
	struct waiting	*w = arg;

	(void)timeouts;
	w->done = true;
	w->status = status;
	if (abuf != NULL && alen > 0 && alen <= ANSWER_MAX &&
	    (w->r->p = malloc((size_t)alen)) != NULL) {
		memcpy(w->r->p, abuf, (size_t)alen);
		w->r->len = alen;
	}
}

/* wait_for - until the question is answered, or `limit` is over */
static void
wait_for(ares_channel ch, const struct waiting *w, int limit_ms)
{
	ares_socket_t	 socks[ARES_GETSOCK_MAXNUM];
	struct pollfd	 fds[ARES_GETSOCK_MAXNUM];
	struct timeval	 tv, *next, most = { limit_ms / 1000,
			    limit_ms % 1000 * 1000 };
	int64_t		 end = clock_mono_us() + (int64_t)limit_ms * 1000;
	int		 bits, i, n, ms;

	while (!w->done && clock_mono_us() < end) {
		bits = ares_getsock(ch, socks, ARES_GETSOCK_MAXNUM);
		for (i = n = 0; i < ARES_GETSOCK_MAXNUM; i++) {
			short ev = (short)((ARES_GETSOCK_READABLE(bits, i) ?
			    POLLIN : 0) | (ARES_GETSOCK_WRITABLE(bits, i) ?
			    POLLOUT : 0));

			if (ev == 0)
				break;
			fds[n].fd = socks[i];
			fds[n].events = ev;
			fds[n++].revents = 0;
		}
		next = ares_timeout(ch, &most, &tv);
		ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000) + 1;
		if (n == 0)
			break;
		(void)poll(fds, (nfds_t)n, ms);
		for (i = 0; i < n; i++)
			ares_process_fd(ch, fds[i].revents & (POLLIN | POLLERR |
			    POLLHUP) ? fds[i].fd : ARES_SOCKET_BAD,
			    fds[i].revents & POLLOUT ? fds[i].fd :
			    ARES_SOCKET_BAD);
		/* nothing came: let it see to its timeouts */
		ares_process_fd(ch, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
}

int
dns_ask(const struct dns *d, const char *server, const char *name, int type,
    struct dns_reply *r)
{
	struct waiting		 w = { r, false, ARES_ETIMEOUT };
	struct ares_options	 o;
	ares_channel		 ch;
	const char		*csv = server[0] != '\0' ? server : d->servers;
	int			 limit = d->timeout_ms * (d->tries + 1) * 4;

	memset(r, 0, sizeof *r);
	memset(&o, 0, sizeof o);
	o.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
	if (server[0] != '\0')
		o.flags |= ARES_FLAG_NORECURSE;
	o.timeout = d->timeout_ms;
	o.tries = d->tries;
	o.ednspsz = 1232;
	if (ares_init_options(&ch, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_EDNSPSZ) != ARES_SUCCESS)
		return -1;
	if (csv == NULL || ares_set_servers_ports_csv(ch, csv) ==
	    ARES_SUCCESS) {
		ares_query(ch, name, ns_c_in, type, take, &w);
		wait_for(ch, &w, limit);
	}
	if (!w.done)
		ares_cancel(ch);	/* calls take() */
	ares_destroy(ch);
	if (r->p != NULL && (w.status == ARES_SUCCESS ||
	    w.status == ARES_ENODATA || w.status == ARES_ENOTFOUND))
		return 0;
	free(r->p);
	r->p = NULL;
	return -1;
}
