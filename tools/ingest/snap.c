/* SPDX-License-Identifier: BSD-2-Clause */
/* snap.c - a configuration of mailweir-ingest, loaded whole or not at all */
#include "ingest/ingest.h"

#include <stdlib.h>

#include "store/conf.h"

#include "base/banned.h"

const struct conf_schema ingest_schemas[] = {
	{ "", false, { conf_common_params } },
	INGEST_SCHEMA,
	FEEDBACK_SCHEMA,
	{ "stream", true, { stream_params } },
	REPORTER_SCHEMA,
	STORE_SCHEMA,
	{ NULL, false, { NULL } }
};

/* bind - every section's values */
static int
bind(struct snap *s, struct err *e)
{
	const struct conf	*c = s->file;

	if (conf_check(c, ingest_schemas, e) == -1 ||
	    conf_bind(c, conf_find(c, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    conf_bind(c, conf_find(c, "ingest", NULL), ingest_params,
	    &s->ingest, e) == -1 ||
	    feedback_conf_load(c, &s->feedback, e) == -1)
		return -1;
	return 0;
}

/* blame - say which parameter named the file */
static int
blame(const struct snap *s, const char *name, struct err *e)
{
	return conf_blame(conf_find(s->file, "", NULL), name, e);
}

/* load - what the values name */
static int
load(struct snap *s, bool open_store, struct err *e)
{
	if (addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->rules, e) == -1)
		return blame(s, "address_rules", e);
	if (store_keys_load(s->common.store_key_file, &s->keys, e) == -1)
		return blame(s, "store_key_file", e);
	if (token_keys_load(s->common.token_key_file, &s->tokens, e) == -1)
		return blame(s, "token_key_file", e);
	if (stream_set_load(s->file, &s->streams, e) == -1 ||
	    bounces_load(s->feedback.bounces, &s->bounces, e) == -1 ||
	    belief_load(s->file, &s->belief, e) == -1 ||
	    proof_open(&s->feedback, &s->proof, e) == -1)
		return -1;
	belief_set_dkim(s->belief, proof_of, s->proof);
	belief_set_spf(s->belief, proof_spf, s->proof);
	return open_store ? store_open_conf(s->file, s->common.store_path,
	    STORE_WRITE, s->keys, &s->store, e) : 0;
}

int
snap_load(const char *path, bool open_store, struct snap **out, struct err *e)
{
	struct snap	*s = calloc(1, sizeof *s);

	*out = NULL;
	if (s == NULL)
		return err_set(e, "out of memory");
	atomic_init(&s->refs, 1);
	if (conf_read(path, &s->file, e) == -1 || bind(s, e) == -1 ||
	    load(s, open_store, e) == -1) {
		snap_release(s);
		return -1;
	}
	s->apply = (struct apply){
		.conf = &s->feedback,
		.ctx = { .bounces = s->bounces, .tokens = s->tokens,
		    .token_days = (uint32_t)(s->feedback.token_max_age /
		    86400) },
		.belief = s->belief, .proof = s->proof,
		.store = s->store, .keys = s->keys,
		.rules = s->rules, .streams = s->streams,
		.actor = "mailweir-ingest",
	};
	*out = s;
	return 0;
}

void
snap_release(struct snap *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	store_close(&s->store);
	belief_free(&s->belief);
	proof_close(&s->proof);
	bounces_free(&s->bounces);
	stream_set_free(&s->streams);
	token_keys_free(&s->tokens);
	store_keys_free(&s->keys);
	addr_rules_free(&s->rules);
	conf_free(&s->file);
	free(s);
}

struct snap *
ingest_snap(struct ingest *in)
{
	struct snap	*s;

	(void)pthread_mutex_lock(&in->lock);
	s = in->snap;
	atomic_fetch_add(&s->refs, 1);
	(void)pthread_mutex_unlock(&in->lock);
	return s;
}

void
ingest_swap(struct ingest *in, struct snap *s)
{
	struct snap	*old;

	(void)pthread_mutex_lock(&in->lock);
	old = in->snap;
	in->snap = s;
	(void)pthread_mutex_unlock(&in->lock);
	snap_release(old);
}
