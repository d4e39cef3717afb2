/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - mailweir-web: one click, the preference page, the JSON API
 */
#include "web/web.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/listen.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/sigfd.h"
#include "base/watchdog.h"
#include "web/commit.h"
#include "web/hook.h"
#include "web/http.h"
#include "web/keys.h"
#include "web/limit.h"
#include "web/mailer.h"

#include "base/banned.h"

#define ADMIN_CONNECTIONS	16
#define ADMIN_MEMORY		8192
#define API_BODY		(64u << 10)
#define IDLE_MS			1000	/* between two looks for the slow */
#define CROWD_MS		100

static const char	usage_text[] =
    "usage: mailweir-web [-c FILE] [-d]\n"
    "       mailweir-web [-c FILE] -n | -H | -V | -h\n"
    "       mailweir-web --new-key NAME ROLE[,ROLE...]\n";

struct options {
	const char	*conf, *new_key, *roles;
	bool		 to_stderr, check, print;
	int		 exit;		/* -1: go on */
};

static void
options(int argc, char **argv, struct options *o)
{
	static const struct option	longs[] = {
		{ "new-key", required_argument, NULL, 'K' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int				c;

	while ((c = getopt_long(argc, argv, "c:dnHVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':	o->conf = optarg;	break;
		case 'd':	o->to_stderr = true;	break;
		case 'n':	o->check = true;	break;
		case 'H':	o->print = true;	break;
		case 'K':	o->new_key = optarg;	break;
		case 'V':
			puts("mailweir-web " MAILWEIR_VERSION);
			o->exit = EX_OK;
			return;
		case 'h':
			fputs(usage_text, stdout);
			o->exit = EX_OK;
			return;
		default:
			fputs(usage_text, stderr);
			o->exit = EX_USAGE;
			return;
		}
	}
	if (o->new_key != NULL && optind == argc - 1)
		o->roles = argv[optind++];
	if (optind < argc || (o->new_key != NULL && o->roles == NULL)) {
		fputs(usage_text, stderr);
		o->exit = EX_USAGE;
	}
}

/* -- signals --------------------------------------------------------------- */

/* reload - the new configuration, or the old one and a complaint */
static void
reload(struct web *w, const char *conf_path)
{
	struct snap	*s;
	struct err	 e = { "", 0 };

	notify_reloading();
	if (snap_load(conf_path, &s, &e) == -1) {
		log_event(LOG_ERR, "reload_failed", LOG_STR("why", e.msg));
	} else {
		web_swap(w, s);
		log_event(LOG_INFO, "reloaded", LOG_STR("file", conf_path));
	}
	notify("READY=1");
}

/* signals_take - true: stop */
static bool
signals_take(struct web *w, const char *conf_path, int fd)
{
	enum sigfd_wish	wish;

	while ((wish = sigfd_next(fd)) != SIGFD_NONE) {
		if (wish == SIGFD_STOP)
			return true;
		reload(w, conf_path);
	}
	return false;
}

/* -- running --------------------------------------------------------------- */

static int
start_servers(struct web *w, struct err *e)
{
	const struct web_conf	*c = &w->snap->web;
	struct http_opts	 pub = { .listen = listen_spec(c->listen),
	    .name = "public", .threads = (unsigned)c->threads,
	    .max_connections = (unsigned)c->max_connections,
	    .memory = (size_t)c->connection_memory,
	    .idle_timeout = (unsigned)c->idle_timeout,
	    .request_timeout = (unsigned)c->request_timeout,
	    .max_body = (size_t)c->max_body };
	struct http_opts	 api = { .listen = c->api_listen,
	    .name = "api",
	    .max_connections = (unsigned)c->api_max_connections,
	    .memory = (size_t)c->connection_memory,
	    .idle_timeout = (unsigned)c->idle_timeout,
	    .max_body = API_BODY };
	struct http_opts	 admin = { .listen = c->admin_listen,
	    .name = "admin", .max_connections = ADMIN_CONNECTIONS,
	    .memory = ADMIN_MEMORY,
	    .idle_timeout = (unsigned)c->idle_timeout,
	    .request_timeout = (unsigned)c->request_timeout,
	    .max_body = ADMIN_MEMORY };

	if (http_start(w, &pub, &public_handlers, &w->pub, e) == -1)
		return -1;
	if (w->snap->api != NULL &&
	    http_start(w, &api, &api_handlers, &w->api, e) == -1)
		return -1;
	if (c->admin_listen[0] != '\0' &&
	    http_start(w, &admin, &admin_handlers, &w->admin, e) == -1)
		return -1;
	return 0;
}

/* start - all that has threads; end() takes down what is up */
static int
start(struct web *w, struct err *e)
{
	const struct web_conf	*c = &w->snap->web;

	if (metrics_open(w->snap->common.run_dir, "web", &w->metrics,
	    e) == -1)
		log_event(LOG_WARNING, "metrics_failed",
		    LOG_STR("why", e->msg));
	e->msg[0] = '\0';
	if (limit_new(&w->limit, e) == -1 ||
	    hook_state_new(&w->hook_state, e) == -1 ||
	    mailer_start(w, &w->mailer, e) == -1 ||
	    commit_start(c->max_pending, c->batch, WEB_ACTOR, &w->commit,
	    e) == -1)
		return -1;
	return start_servers(w, e);
}

/* drain - no new connections; what is in hand is finished; what is left */
static long
drain(struct web *w, long seconds)
{
	int64_t	until = clock_mono_us() + (int64_t)seconds * 1000000;
	long	n;

	atomic_store(&w->stopping, true);
	http_quiesce(w->pub);
	http_quiesce(w->api);
	while ((n = http_active(w->pub) + http_active(w->api)) > 0 &&
	    clock_mono_us() < until)
		(void)poll(NULL, 0, 20);
	return n;
}

static void
end(struct web *w)
{
	/* whoever waits for the disk is told before the servers go */
	commit_stop(&w->commit);
	http_stop(&w->pub);
	http_stop(&w->api);
	http_stop(&w->admin);
	mailer_stop(&w->mailer);
	limit_free(&w->limit);
	hook_state_free(&w->hook_state);
	metrics_close(&w->metrics);
	snap_release(w->snap);
}

/* serve - until a signal says stop */
static void
serve(struct web *w, const char *conf_path, int fd)
{
	struct pollfd	p[2] = { { fd, POLLIN, 0 }, { -1, POLLIN, 0 } };
	struct watchdog	dog;
	bool		crowd = false;

	watchdog_open(&dog, http_fd(w->pub));
	for (;;) {
		p[1].fd = watchdog_fd(&dog);
		if (poll(p, 2, crowd ? CROWD_MS : IDLE_MS) == -1 &&
		    errno != EINTR)
			break;
		watchdog_turn(&dog);
		if (p[0].revents != 0 && signals_take(w, conf_path, fd))
			break;
		crowd = http_sweep(w->pub);
		(void)http_sweep(w->admin);
	}
	watchdog_close(&dog);
}

/* run - with a configuration that is good */
static int
run(const struct options *o, struct snap *s)
{
	static struct web	 w = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct err		 e = { "", 0 };
	long			 left;
	int			 fd;

	w.snap = s;
	/* a store that is not there yet is no reason to be absent: 503 is */
	if (snap_store(s, &e) == NULL)
		log_event(LOG_ERR, "web_store_failed", LOG_STR("what",
		    "start"), LOG_STR("client", NULL), LOG_STR("why", e.msg));
	e.msg[0] = '\0';
	if ((fd = sigfd_open(&e)) == -1 || start(&w, &e) == -1) {
		fprintf(stderr, "mailweir-web: %s\n", e.msg);
		log_event(LOG_ERR, "start_failed", LOG_STR("why", e.msg));
		end(&w);
		return e.code != 0 ? e.code : EX_OSERR;
	}
	log_event(LOG_INFO, "started", LOG_STR("listen", s->web.listen));
	notify("READY=1");
	serve(&w, o->conf, fd);
	notify("STOPPING=1");
	left = drain(&w, w.snap->web.stop_timeout);
	log_event(left == 0 ? LOG_INFO : LOG_WARNING, "stopped",
	    LOG_INT("unfinished", left));
	end(&w);
	(void)close(fd);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct options	 o = { .conf = CONF_FILE, .exit = -1 };
	struct snap	*s;
	struct err	 e = { "", 0 };

	options(argc, argv, &o);
	if (o.exit != -1)
		return o.exit;
	if (o.new_key != NULL)
		return api_keys_new(o.new_key, o.roles);
	if (o.print) {
		conf_print(web_schemas);
		return EX_OK;
	}
	log_open("mailweir-web", o.to_stderr || o.check);
	if (snap_load(o.conf, &s, &e) == -1) {
		fprintf(stderr, "mailweir-web: %s\n", e.msg);
		if (!o.to_stderr && !o.check)
			log_event(LOG_ERR, "start_failed",
			    LOG_STR("why", e.msg));
		return e.code != 0 ? e.code : EX_CONFIG;
	}
	if (o.check) {
		snap_release(s);
		return EX_OK;
	}
	return run(&o, s);
}
