/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - a milter as a program: options, start, reload, stop
 *
 * Threads: main runs libmilter; one more owns all signals (control()).
 * libmilter's workers come and go.
 */
#include "frame/frame.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/sigfd.h"
#include "base/watchdog.h"
#include "conf/common.h"
#include "frame/gate.h"
#include "frame/gen.h"
#include "frame/milter.h"
#include "frame/sanitize.h"

#include "base/banned.h"

struct options {
	const char	*conf;
	const char	*socket;	/* -p; NULL: as configured */
	bool		 to_stderr, check, print;
};

/* What the control thread works with. */
struct daemon {
	const char				*program;
	const struct frame_policy *const	*policies;
	struct options				 opt;
	struct conf_schema			 schemas[FRAME_SCHEMAS];
	struct milter				 milter;
	int					 sfd;	/* sigfd */
};

/*
 * sigwait - libmilter's, and nobody else's here
 *
 * libmilter starts a thread that takes SIGHUP for "stop". There is no option
 * against it, and a signal that two threads wait for goes to either. So that
 * reload works and TERM can finish what is in flight, that thread ends here;
 * the control thread reads base/sigfd.
 */
int	sigwait(const sigset_t *restrict set, int *restrict sig);

int
sigwait(const sigset_t *restrict set, int *restrict sig)
{
	(void)set;
	(void)sig;
	pthread_exit(NULL);
}

/* ---- configuration ---- */

/* load - a generation from the file; one reference is the caller's */
static int
load(const struct daemon *d, struct gen **out, struct err *e)
{
	struct conf	*conf;

	if (conf_read(d->opt.conf, &conf, e) == -1)
		return -1;
	if (conf_check(conf, d->schemas, e) == -1 ||
	    gen_build(conf, true, d->program, d->policies, out, e) == -1) {
		conf_free(&conf);
		return -1;
	}
	return 0;
}

/* needs_restart - a parameter that only a start reads, and that changed */
static const char *
needs_restart(const struct frame_conf *a, const struct frame_conf *b)
{
	return strcmp(a->socket, b->socket) != 0 ? "socket" :
	    strcmp(a->socket_mode, b->socket_mode) != 0 ? "socket_mode" :
	    strcmp(a->user, b->user) != 0 ? "user" :
	    a->io_timeout != b->io_timeout ? "io_timeout" : NULL;
}

/* reload - a new generation, or the old one and a line that says why */
static void
reload(struct daemon *d)
{
	struct gen	*g, *old;
	const char	*restart;
	struct err	 e = { .msg = "" };

	notify_reloading();
	if (load(d, &g, &e) == -1) {
		log_event(LOG_ERR, "reload_failed", LOG_STR("why", e.msg));
		metrics_add(d->milter.metrics, "reloads_total", "result",
		    "failed", 1);
	} else {
		old = milter_gen();
		restart = needs_restart(&old->frame, &g->frame);
		gen_drop(&old);
		milter_set_gen(g);
		log_event(LOG_NOTICE, "reloaded",
		    LOG_STR("config", d->opt.conf),
		    LOG_STR("needs_restart", restart));
		metrics_add(d->milter.metrics, "reloads_total", "result",
		    "ok", 1);
	}
	notify("READY=1");
}

/* ---- stop ---- */

/* drain - let messages in flight come to their end, for a bounded time */
static void
drain(struct milter *m)
{
	struct gen	*g = milter_gen();
	long		 ms = g->frame.stop_timeout * 1000;

	gen_drop(&g);
	atomic_store(&m->draining, true);
	for (; atomic_load(&m->in_flight) > 0 && ms > 0; ms -= 10)
		(void)usleep(10000);
	/* the last answer is written after the callback returned */
	(void)usleep(50000);
}

static void
stop(struct daemon *d)
{
	notify("STOPPING=1");
	log_event(LOG_NOTICE, "stopping", LOG_INT("in_flight",
	    atomic_load(&d->milter.in_flight)));
	drain(&d->milter);
	milter_stop(&d->milter);
}

/* control - the thread that takes signals; ends with a stop */
static void *
control(void *arg)
{
	struct daemon	*d = arg;
	struct pollfd	 p[2] = { { d->sfd, POLLIN, 0 }, { -1, POLLIN, 0 } };
	struct watchdog	 dog;

	watchdog_open(&dog, d->milter.listener.fd);
	for (;;) {
		p[1].fd = watchdog_fd(&dog);
		if (poll(p, 2, watchdog_ms(&dog)) == -1 && errno != EINTR)
			break;
		watchdog_turn(&dog);
		switch (sigfd_next(d->sfd)) {
		case SIGFD_RELOAD:
			reload(d);
			break;
		case SIGFD_STOP:
			watchdog_close(&dog);
			stop(d);
			return NULL;
		case SIGFD_NONE:
			break;
		}
	}
	return NULL;
}

/* ---- start ---- */

/* become - give up root for the configured user */
static int
become(const char *user, struct err *e)
{
	struct passwd	*pw;

	if (*user == '\0' || geteuid() != 0)
		return 0;
	if ((pw = getpwnam(user)) == NULL)
		return err_code(e, EX_NOUSER, "user %s: no such user", user);
	if (initgroups(user, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		return err_code(e, EX_OSERR, "user %s: %s", user,
		    strerror(errno));
	if (pw->pw_uid != 0 && setuid(0) == 0)
		return err_code(e, EX_OSERR, "user %s: still root", user);
	return 0;
}

/* socket_spec - -p, or systemd's, or the configured one, or
 * run_dir/PROGRAM.sock */
static int
socket_spec(const struct daemon *d, const struct frame_conf *f,
    const char *run_dir, char *out, size_t size, struct err *e)
{
	const char	*given = d->opt.socket != NULL ? d->opt.socket :
			    listen_spec(f->socket);
	int		 n;

	if (*given != '\0')
		n = snprintf(out, size, "%s", given);
	else
		n = snprintf(out, size, "unix:%s/%s.sock", run_dir,
		    d->program);
	if (n < 0 || (size_t)n >= size)
		return err_code(e, EX_CONFIG, "socket: too long");
	return 0;
}

/*
 * open_socket - as root still: the place may be root's, the owner is not
 *
 * Only the frame's own parameters are read here. The policies load as the
 * user that a reload will run as, so that what he may not read fails now.
 */
static int
open_socket(struct daemon *d, const struct conf *conf,
    struct conf_common *common, struct err *e)
{
	const struct conf_section	*s = conf_find(conf, d->program, NULL);
	struct listener			*l = &d->milter.listener;
	struct frame_conf		 f;
	struct passwd			*pw;
	char				 spec[512];
	unsigned long			 mode;

	if (conf_bind(conf, conf_find(conf, "", NULL), conf_common_params,
	    common, e) == -1 || conf_bind(conf, s, frame_params, &f, e) == -1)
		return -1;
	mode = strtoul(f.socket_mode, NULL, 8) & 0777;
	if (socket_spec(d, &f, common->run_dir, spec, sizeof spec, e) == -1 ||
	    listen_open(spec, (mode_t)mode, l, e) == -1)
		return -1;
	if (*f.user != '\0' && geteuid() == 0 && l->path != NULL &&
	    ((pw = getpwnam(f.user)) == NULL ||
	    lchown(l->path, pw->pw_uid, pw->pw_gid) == -1))
		return err_code(e, EX_OSERR, "user %s: cannot own the socket",
		    f.user);
	return become(f.user, e);
}

/* start - everything up to the first connection */
static int
start(struct daemon *d, struct err *e)
{
	struct conf_common	 common;
	struct conf		*conf;
	struct gen		*g;

	if (conf_read(d->opt.conf, &conf, e) == -1)
		return -1;
	if (conf_check(conf, d->schemas, e) == -1 ||
	    open_socket(d, conf, &common, e) == -1 ||
	    metrics_open(common.run_dir, d->milter.name, &d->milter.metrics,
	    e) == -1 ||
	    gen_build(conf, true, d->program, d->policies, &g, e) == -1) {
		conf_free(&conf);
		return -1;
	}
	milter_set_gen(g);
	return milter_setup(&d->milter, e);
}

/* serve - until told to stop; the exit status */
static int
serve(struct daemon *d)
{
	pthread_t	 thread;
	struct gen	*g = milter_gen();
	long		 wait_ms = g->frame.stop_timeout * 1000;
	int		 rc;

	gen_drop(&g);
	if (pthread_create(&thread, NULL, control, d) != 0) {
		log_event(LOG_ERR, "no_thread", LOG_STR("why", "control"));
		return EX_OSERR;
	}
	log_event(LOG_NOTICE, "started", LOG_STR("version", MAILWEIR_VERSION),
	    LOG_STR("config", d->opt.conf));
	notify("READY=1");
	rc = milter_run(&d->milter);
	rc = rc == 0 || atomic_load(&d->milter.stopping) ? EX_OK :
	    EX_UNAVAILABLE;
	if (atomic_load(&d->milter.stopping))
		(void)pthread_join(thread, NULL);
	else
		log_event(LOG_ERR, "libmilter_ended",
		    LOG_STR("why", "see its lines in the log"));
	if (gate_close(wait_ms) == -1) {
		/* tearing down under a running hook would be a crash */
		log_event(LOG_WARNING, "stopped", LOG_STR("hooks", "running"));
		_exit(rc);
	}
	milter_set_gen(NULL);
	log_event(LOG_NOTICE, "stopped", LOG_STR("hooks", "done"));
	return rc;
}

/* ---- options ---- */

static void
usage(FILE *f, const char *program)
{
	(void)fprintf(f, "usage: mailweir-%s [-dhHnV] [-c FILE] [-p SOCKET]\n",
	    program);
}

static void
help(const char *program)
{
	usage(stdout, program);
	(void)printf("  -c FILE    configuration, not %s\n"
	    "  -d         log to standard error\n"
	    "  -n         check the configuration and stop\n"
	    "  -H         print every parameter with its default and stop\n"
	    "  -p SOCKET  listen there, not where the configuration says\n"
	    "  -V         print the version and stop\n"
	    "  -h         print this and stop\n", CONF_FILE);
}

/* options - -1 to go on, else the exit status */
static int
options(int argc, char **argv, const char *program, struct options *o)
{
	int	ch;

	o->conf = CONF_FILE;
	while ((ch = getopt(argc, argv, "c:dhHnp:V")) != -1) {
		switch (ch) {
		case 'c':	o->conf = optarg;	break;
		case 'd':	o->to_stderr = true;	break;
		case 'H':	o->print = true;	break;
		case 'n':	o->check = true;	break;
		case 'p':	o->socket = optarg;	break;
		case 'h':
			help(program);
			return EX_OK;
		case 'V':
			(void)printf("mailweir-%s %s\n", program,
			    MAILWEIR_VERSION);
			return EX_OK;
		default:
			usage(stderr, program);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr, program);
	return EX_USAGE;
}

/* fail - say why on standard error, and in the log if that is elsewhere */
static int
fail(const struct daemon *d, const struct err *e)
{
	(void)fprintf(stderr, "%s: %s\n", d->milter.name, e->msg);
	if (!d->opt.to_stderr && !d->opt.check)
		log_event(LOG_ERR, "start_failed", LOG_STR("why", e->msg));
	return e->code != 0 ? e->code : EX_CONFIG;
}

/* check_only - option -n */
static int
check_only(const struct daemon *d)
{
	struct gen	*g;
	struct err	 e = { .msg = "" };

	if (load(d, &g, &e) == -1)
		return fail(d, &e);
	gen_drop(&g);
	return EX_OK;
}

/*
 * end - without exit handlers
 *
 * Those of OpenSSL and others tear down what libmilter's idle workers, which
 * live on for seconds, still hold.
 */
static _Noreturn void
end(int rc)
{
	(void)fflush(NULL);
	sanitize_end();
	_exit(rc);
}

/*
 * few_arenas - one for each processor
 *
 * glibc gives threads up to eight for each. libmilter's threads come and go,
 * so a connection's memory would lie in any of them, and each keeps what its
 * largest message took.
 */
static void
few_arenas(void)
{
	long	cpus = sysconf(_SC_NPROCESSORS_ONLN);

	(void)mallopt(M_ARENA_MAX, cpus < 2 ? 2 : (int)cpus);
}

int
frame_main(int argc, char **argv, const char *program,
    const struct frame_policy *const *policies)
{
	static struct daemon	 d;
	static char		 name[64];
	struct err		 e = { .msg = "" };
	int			 rc;

	d.program = program;
	d.policies = policies;
	d.milter.listener.fd = -1;
	(void)snprintf(name, sizeof name, "mailweir-%s", program);
	d.milter.name = name;
	if ((rc = options(argc, argv, program, &d.opt)) != -1)
		return rc;
	log_open(name, d.opt.to_stderr);
	if (frame_schemas(program, policies, d.schemas, FRAME_SCHEMAS,
	    &e) == -1)
		return fail(&d, &e);
	if (d.opt.print) {
		conf_print(d.schemas);
		return EX_OK;
	}
	if (d.opt.check)
		return check_only(&d);
	/* before any thread exists */
	few_arenas();
	if ((d.sfd = sigfd_open(&e)) == -1)
		return fail(&d, &e);
	rc = start(&d, &e) == -1 ? fail(&d, &e) : serve(&d);
	milter_set_gen(NULL);
	listen_close(&d.milter.listener);
	metrics_close(&d.milter.metrics);
	end(rc);
}
