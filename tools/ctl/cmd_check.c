/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_check.c - mailweir check: the whole configuration, all faults at once
 *
 * First what stands in the file, by the tables of every program; then what it
 * names: folders, keys, the store, and whatever each policy loads. A policy
 * reports what it meets first, so a fault may be found twice: it is said once.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/log.h"
#include "ctl/cmds.h"
#include "ctl/programs.h"
#include "dkim/dkim.h"
#include "feedback/belief.h"
#include "feedback/bounces.h"
#include "feedback/conf.h"
#include "feedback/proof.h"
#include "frame/gen.h"
#include "stream/stream.h"
#include "token/token.h"
#include "web/hook_conf.h"

#include "base/banned.h"

struct check {
	struct ctl	*ctl;
	bool		 json;
	char		**said;
	size_t		 n;
};

/* ends_with - is one text the end of the other? */
static bool
ends_with(const char *text, const char *end)
{
	size_t	n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* fault - print one, unless it was said, with or without its place */
static void
fault(void *arg, const char *msg)
{
	struct check	*k = arg;
	char		**v;
	json_t		*j;
	size_t		 i;

	for (i = 0; i < k->n; i++)
		if (ends_with(k->said[i], msg) || ends_with(msg, k->said[i]))
			return;
	v = realloc(k->said, (k->n + 1) * sizeof *v);
	if (v != NULL && (v[k->n] = strdup(msg)) != NULL)
		k->n++;
	if (v != NULL)
		k->said = v;
	if (!k->json) {
		(void)printf("%s\n", msg);
		return;
	}
	j = json_pack("{s:s}", "fault", msg);
	if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
}

/* fault_at - a fault of what a parameter of the top names */
static void
fault_at(struct check *k, const char *name, struct err *e)
{
	char	where[256];

	(void)err_prefix(e, "%s", conf_where(conf_find(k->ctl->conf, "",
	    NULL), name, where, sizeof where));
	fault(k, e->msg);
}

/* check_dir - a folder that must be there */
static void
check_dir(struct check *k, const char *name, const char *path)
{
	struct err	e;
	struct stat	st;

	if (stat(path, &st) == -1)
		(void)err_set(&e, "%s: %s; `mailweir init` makes it", path,
		    strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		(void)err_set(&e, "%s: not a folder", path);
	else
		return;
	fault_at(k, name, &e);
}

/* check_files - what the top of the file names */
static void
check_files(struct check *k)
{
	struct ctl		*c = k->ctl;
	struct conf_common	*common = &c->common;
	struct token_keys	*tokens = NULL;
	struct err		 e = { "", 0 };

	if (conf_bind(c->conf, conf_find(c->conf, "", NULL),
	    conf_common_params, common, &e) == -1) {
		fault(k, e.msg);
		return;
	}
	check_dir(k, "state_dir", common->state_dir);
	check_dir(k, "run_dir", common->run_dir);
	if (addr_rules_load(common->fold_local, &common->address_rules,
	    &c->rules, &e) == -1)
		fault_at(k, "address_rules", &e);
	if (token_keys_load(common->token_key_file, &tokens, &e) == -1)
		fault_at(k, "token_key_file", &e);
	token_keys_free(&tokens);
	if (store_keys_load(common->store_key_file, &c->keys, &e) == -1)
		fault_at(k, "store_key_file", &e);
	else if (store_open_conf(c->conf, common->store_path, STORE_READ,
	    c->keys, &c->store, &e) == -1)
		fault_at(k, "store_path", &e);
}

/* check_program - as mailweir-NAME would load it */
static void
check_program(struct check *k, const char *name,
    const struct frame_policy *const *policies)
{
	struct gen	*g = NULL;
	struct err	 e = { "", 0 };

	if (gen_build(k->ctl->conf, false, name, policies, &g, &e) == -1)
		fault(k, e.msg);
	gen_drop(&g);
}

/* check_milters - each policy once; of the chain, its own parameters */
static void
check_milters(struct check *k)
{
	const struct frame_policy	*one[2] = { NULL, NULL };
	size_t				 i;

	for (i = 0; ctl_policies[i] != NULL; i++) {
		one[0] = ctl_policies[i];
		check_program(k, one[0]->name, one);
	}
	check_program(k, "chain", one + 1);
}

/* note - what is no fault and hardly meant */
static void
note(void *arg, const char *what)
{
	const struct check	*k = arg;

	(void)fprintf(stderr, "mailweir: %s: note: %s\n", k->ctl->conf_path,
	    what);
}

/* check_feedback - what mailweir-ingest would load besides */
static void
check_feedback(struct check *k)
{
	const struct conf	*c = k->ctl->conf;
	struct feedback_conf	 f;
	struct bounces		*bounces = NULL;
	struct belief		*belief = NULL;
	struct proof		*proof = NULL;
	struct err		 e = { "", 0 };
	char			 where[256];

	if (feedback_conf_load(c, &f, &e) == -1)
		fault(k, e.msg);
	else if (f.dkim_records[0] != '\0' && proof_open(&f, &proof,
	    &e) == -1) {
		(void)err_prefix(&e, "%s", conf_where(conf_find(c, "feedback",
		    NULL), "dkim_records", where, sizeof where));
		fault(k, e.msg);
	}
	else if (bounces_load(f.bounces, &bounces, &e) == -1) {
		(void)err_prefix(&e, "%s", conf_where(conf_find(c, "feedback",
		    NULL), "bounces", where, sizeof where));
		fault(k, e.msg);
	}
	proof_close(&proof);
	bounces_free(&bounces);
	if (belief_load(c, &belief, &e) == -1)
		fault(k, e.msg);
	else
		belief_notes(belief, note, k);
	belief_free(&belief);
}

/* check_hooks - what mailweir-web would load for providers' web hooks */
static void
check_hooks(struct check *k)
{
	struct webhooks	h;
	struct err	e = { "", 0 };

	if (webhooks_load(k->ctl->conf, &h, &e) == -1)
		fault(k, e.msg);
	webhooks_free(&h);
}

/* check_keys - also the DKIM keys that a milter loads at their first use */
static void
check_keys(struct check *k)
{
	struct dtable	*t = NULL;
	struct err	 e = { "", 0 };

	if (dkim_table_load(k->ctl->conf, &t, &e) == -1)
		fault(k, e.msg);
	else
		(void)dtable_check(t, fault, k);
	dtable_free(&t);
}

/* summary - one line when all is well; the exit status */
static int
summary(const struct check *k)
{
	struct stream_set	*set = NULL;
	struct err		 e;
	size_t			 n = 0;

	if (k->n > 0) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "mailweir: %s: %zu fault%s\n",
		    k->ctl->conf_path, k->n, k->n == 1 ? "" : "s");
		return EX_CONFIG;
	}
	if (k->json)
		return EX_OK;
	if (stream_set_load(k->ctl->conf, &set, &e) == 0)
		n = stream_count(set);
	stream_set_free(&set);
	(void)printf("%s: good; %zu stream%s, store %s\n", k->ctl->conf_path,
	    n, n == 1 ? "" : "s", k->ctl->common.store_path);
	return EX_OK;
}

/* run - all of it; the exit status */
static int
run(struct check *k)
{
	struct ctl	*c = k->ctl;
	struct err	 e = { "", 0 };
	size_t		 i;
	int		 rc;

	if (conf_read_all(c->conf_path, fault, k, &c->conf, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	(void)conf_check_all(c->conf, ctl_schemas(), fault, k);
	/* Faults are told here; what a policy logs of them is not news. */
	log_limit(-1);
	check_files(k);
	check_milters(k);
	check_feedback(k);
	check_hooks(k);
	check_keys(k);
	rc = summary(k);
	for (i = 0; i < k->n; i++)
		free(k->said[i]);
	free(k->said);
	return rc;
}

int
cmd_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct check			k = { .ctl = ctl };
	int				ch;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("check",
			    "  --json  one JSON object a fault\n\n"
			    "Prints every fault as FILE:LINE: NAME: WHY and "
			    "ends with status 78 if there is any.\n"
			    "Run it as the user of the programs, who must be "
			    "able to read the keys.\n");
		case 'j':
			k.json = true;
			break;
		default:
			return ctl_usage_opt("check", argv);
		}
	}
	if (optind != argc)
		return ctl_usage("check", "takes no argument");
	return run(&k);
}
