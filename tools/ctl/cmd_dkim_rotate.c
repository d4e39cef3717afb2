/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim_rotate.c - mailweir dkim rotate: take the steps that are due */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "ctl/cmd_dkim.h"
#include "dkim/dcheck.h"
#include "dkim/dkim.h"
#include "dkim/rotate.h"

#include "base/banned.h"

#define HOOK_US	60000000	/* a hook that takes longer is killed */

extern char	**environ;

struct rotation {
	const char	*hook;
	struct ddns	*dns;
};

/* look - at every authoritative server */
static enum rotate_seen
look(void *arg, const char *name, const struct dkey *key, long *ttl,
    char *why, size_t size)
{
	struct rotation		*r = arg;
	struct ddns_answers	*a = calloc(1, sizeof *a);
	struct dcheck		 c;
	struct err		 e = { "", 0 };
	size_t			 i, good = 0, none = 0, unknown = 0;

	if (a == NULL || ddns_everywhere(r->dns, name, a, &e) == -1) {
		(void)snprintf(why, size, "%s", a == NULL ? "no memory" :
		    e.msg);
		free(a);
		return ROTATE_UNKNOWN;
	}
	for (i = 0; i < a->n; i++) {
		if (a->v[i].ttl > *ttl)
			*ttl = a->v[i].ttl;
		if (a->v[i].found == 1 && key == NULL)
			continue;	/* whose it was, nobody knows */
		if (a->v[i].found == 1)
			dcheck_record(key, a->v[i].txt, &c);
		if (a->v[i].found == 1 && c.state == DCHECK_OK) {
			good++;
			continue;
		}
		unknown += a->v[i].found == -1;
		none += a->v[i].found == 0;
		(void)snprintf(why, size, "%s: %s", a->v[i].server,
		    a->v[i].found == -1 ? "no answer" : a->v[i].found == 0 ?
		    "has no such record" : c.why);
	}
	i = a->n;
	ddns_answers_free(a);
	free(a);
	if (i > 0 && good == i)
		return ROTATE_EVERYWHERE;
	if (i > 0 && none == i)
		return ROTATE_NOWHERE;
	/* a server that is down says nothing, one that denies says enough */
	return unknown > 0 && none == 0 ? ROTATE_UNKNOWN : ROTATE_SOMEWHERE;
}

/* wait_hook - its exit status, or kill it when it takes too long */
static int
wait_hook(pid_t pid)
{
	const struct timespec	nap = { 0, 20000000 };
	int64_t			end = clock_mono_us() + HOOK_US;
	int			st;
	pid_t			got;

	while ((got = waitpid(pid, &st, WNOHANG)) == 0 ||
	    (got == -1 && errno == EINTR)) {
		if (clock_mono_us() > end) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &st, 0);
			return -1;
		}
		(void)nanosleep(&nap, NULL);
	}
	return got == pid && WIFEXITED(st) && WEXITSTATUS(st) == 0 ? 0 : -1;
}

/* act - through the hook, or by telling */
static int
act(void *arg, const char *verb, const char *name, const char *data)
{
	const struct rotation	*r = arg;
	char			*argv[5];
	struct buf		 zone = BUF_INIT(2 * DKEY_RECORD_MAX);
	const char		*dot = strstr(name, "._domainkey.");
	char			 selector[64];
	pid_t			 pid;
	int			 rc;

	if (r->hook[0] != '\0') {
		argv[0] = (char *)(uintptr_t)r->hook;
		argv[1] = (char *)(uintptr_t)verb;
		argv[2] = (char *)(uintptr_t)name;
		argv[3] = (char *)(uintptr_t)data;
		argv[4] = NULL;
		(void)fflush(stdout);
		rc = posix_spawn(&pid, r->hook, NULL, NULL, argv, environ);
		if (rc != 0) {
			(void)fprintf(stderr, "mailweir: %s: %s\n", r->hook,
			    strerror(rc));
			return -1;
		}
		return wait_hook(pid);
	}
	if (strcmp(verb, "publish") == 0 && dot != NULL) {
		(void)snprintf(selector, sizeof selector, "%.*s",
		    (int)(dot - name), name);
		(void)drecord_zone(selector, dot + 12, data, &zone);
		(void)printf("publish this record:\n%s", buf_str(&zone));
	} else if (strcmp(verb, "withdraw") == 0) {
		(void)printf("withdraw the record %s\n", name);
	} else {
		(void)printf("reload mailweir-dkim: %s has a new key\n", data);
	}
	buf_free(&zone);
	return 0;
}

static void
tell(void *arg, const char *line)
{
	(void)arg;
	(void)printf("%s\n", line);
}

/* list - what is there */
static int
list(const char *dir)
{
	struct rotate_key	*v;
	struct err		 e = { "", 0 };
	char			 iso[CLOCK_ISO_SIZE];
	size_t			 n, i;

	if (rotate_list(dir, &v, &n, &e) == -1)
		return ctl_fail(&e, EX_DATAERR);
	for (i = 0; i < n; i++)
		(void)printf("%s\t%s\t%s\t%s\tsince %s\n", v[i].domain,
		    v[i].selector, v[i].alg == DKEY_RSA ? "rsa" : "ed25519",
		    rotate_state_name(v[i].state),
		    clock_iso((time_t)v[i].since, iso));
	free(v);
	return EX_OK;
}

/* run - with the configuration's options and those of the command line */
static int
run(struct ctl *ctl, const char *hook, const char *servers, bool now,
    bool only_list)
{
	struct dkim_rotation	 c;
	struct rotate_options	 o;
	struct ddns_options	 d = { .servers = servers };
	struct rotation		 r = { hook, NULL };
	struct rotate_ops	 ops = { look, act, tell, &r };
	struct err		 e = { "", 0 };
	int			 rc;

	if (dkim_rotation_load(ctl->conf, &c, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	if (c.key_store[0] == '\0') {
		(void)fprintf(stderr, "mailweir: [dkim] has no key_store: no "
		    "folder for keys that rotate\n");
		return EX_CONFIG;
	}
	if (only_list)
		return list(c.key_store);
	o = (struct rotate_options){ .dir = c.key_store,
		.domains = c.rotate_domains,
		.algorithms = c.rotate_algorithms, .bits = (int)c.rotate_bits,
		.every = c.rotate_every, .queue_lifetime = c.queue_lifetime,
		.min_ttl = c.min_ttl, .now = now };
	if (hook == NULL)
		r.hook = c.rotate_hook;
	if (servers == NULL)
		d.servers = c.dns_servers;
	d.port = (unsigned)c.dns_port;
	if (ddns_open(&d, &r.dns, &e) == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	rc = rotate_run(&o, &ops, &e);
	ddns_close(&r.dns);
	if (rc == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	return rc == 0 ? EX_OK : EX_DATAERR;
}

int
cmd_dkim_rotate(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "hook", required_argument, NULL, 'k' },
		{ "dns", required_argument, NULL, 'd' },
		{ "now", no_argument, NULL, 'n' },
		{ "list", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 }
	};
	const char	*hook = NULL, *dns = NULL;
	bool		 now = false, only_list = false;
	int		 ch, rc;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("dkim", "rotate [--now] [--list] "
			    "[--hook PROGRAM] [--dns SERVERS]\n"
			    "  Takes every step that is due for the keys of "
			    "rotate_domains; for cron.\n"
			    "  PROGRAM publish NAME DATA | withdraw NAME "
			    "\"\" | activate NAME DOMAIN is run\n"
			    "  for what is to be done outside; without one it "
			    "is printed.\n"
			    "  --now   begin new keys, whatever the age of the "
			    "old ones\n"
			    "  --list  only show the keys and their states\n");
		case 'k':
			hook = optarg;
			break;
		case 'd':
			dns = optarg;
			break;
		case 'n':
			now = true;
			break;
		case 'l':
			only_list = true;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	if (argc != optind)
		return ctl_usage("dkim", "rotate takes no argument");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	return run(ctl, hook, dns, now, only_list);
}
