/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_sns.c - what Amazon SNS signs, and with which certificate */
#include "web/hook_key.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "web/hook_fetch.h"

#include "base/banned.h"

#define TEXT_MAX	(1u << 20)

/* The members that are signed, in this order. */
static const char *const notice[] = { "Message", "MessageId", "Subject",
    "Timestamp", "TopicArn", "Type", NULL };
static const char *const handshake[] = { "Message", "MessageId",
    "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type", NULL };

static const char *
str(const json_t *o, const char *name)
{
	const char	*s = json_string_value(json_object_get(o, name));

	return s == NULL ? "" : s;
}

int
hook_sns_text(const json_t *o, struct buf *out)
{
	const char *const	*names = notice;
	const char		*s;
	int			 i;

	if (strcmp(str(o, "Type"), "SubscriptionConfirmation") == 0 ||
	    strcmp(str(o, "Type"), "UnsubscribeConfirmation") == 0)
		names = handshake;
	else if (strcmp(str(o, "Type"), "Notification") != 0)
		return -1;
	for (i = 0; names[i] != NULL; i++) {
		s = json_string_value(json_object_get(o, names[i]));
		if (s == NULL && strcmp(names[i], "Subject") == 0)
			continue;	/* the one that may be absent */
		if (s == NULL)
			return -1;
		(void)buf_addf(out, "%s\n%s\n", names[i], s);
	}
	return out->failed ? -1 : 0;
}

bool
hook_sns_url(const char *url)
{
	static const char	begin[] = "https://sns.";
	static const char	low[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t			n;

	if (strncmp(url, begin, sizeof begin - 1) != 0)
		return false;
	url += sizeof begin - 1;
	n = strspn(url, low);
	url += n;
	if (n == 0 || n > 32 || strncmp(url, ".amazonaws.com", 14) != 0)
		return false;
	url += 14;
	if (strncmp(url, ".cn", 3) == 0)
		url += 3;
	n = strlen(url);
	return url[0] == '/' && n < 2048 && strspn(url, "ABCDEFGHIJKLMNOPQRST"
	    "UVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?&=%:") == n;
}

int
hook_sns_time(const char *text, int64_t *out)
{
	char	whole[CLOCK_ISO_SIZE];
	time_t	t;
	size_t	n = strcspn(text, ".Z");

	/* fractions of a second are of no use here */
	if (n + 2 > sizeof whole || strchr(text, 'Z') == NULL)
		return -1;
	(void)snprintf(whole, sizeof whole, "%.*sZ", (int)n, text);
	if (clock_parse_iso(whole, &t) == -1)
		return -1;
	*out = t;
	return 0;
}

/* our_topic - SNS signs with one key for everybody who has a topic */
static bool
our_topic(const struct conf_list *topics, const char *arn)
{
	size_t	i;

	for (i = 0; i < topics->n; i++)
		if (strcmp(topics->v[i], arn) == 0)
			return true;
	return false;
}

/* by_fetched - with the certificate that it names */
static enum hook_proof
by_fetched(struct hook_fetch *f, const EVP_MD *md, const json_t *o,
    const struct buf *text)
{
	const char	*url = str(o, "SigningCertURL");
	EVP_PKEY	*key;
	bool		 ok;

	if (!hook_sns_url(url) || strlen(url) < 4 ||
	    strcmp(url + strlen(url) - 4, ".pem") != 0 ||
	    strpbrk(url, "?&%") != NULL)
		return HOOK_REFUSED;
	if ((key = hook_fetch_key(f, url)) == NULL)
		return HOOK_LATER;
	ok = hook_verified(key, md, str(o, "Signature"), buf_str(text),
	    text->len, "", 0);
	EVP_PKEY_free(key);
	return ok ? HOOK_PROVEN : HOOK_REFUSED;
}

enum hook_proof
hook_sns_prove(const struct hook_keys *k, struct hook_fetch *f,
    const struct hook_claim *c, int64_t *when, const char **why)
{
	struct buf	 text = BUF_INIT(TEXT_MAX);
	const char	*version = str(c->doc, "SignatureVersion");
	const EVP_MD	*md = strcmp(version, "1") == 0 ? EVP_sha1() :
			    strcmp(version, "2") == 0 ? EVP_sha256() : NULL;
	enum hook_proof	 p = HOOK_REFUSED;
	size_t		 i;

	*why = "topic";
	if (!our_topic(&k->conf->topics, str(c->doc, "TopicArn")))
		return HOOK_REFUSED;
	*why = "signature";
	if (md == NULL || hook_sns_text(c->doc, &text) == -1 ||
	    hook_sns_time(str(c->doc, "Timestamp"), when) == -1) {
		buf_free(&text);
		return HOOK_REFUSED;
	}
	for (i = 0; i < k->npkeys && p != HOOK_PROVEN; i++)
		if (hook_verified(k->pkeys[i], md, str(c->doc, "Signature"),
		    buf_str(&text), text.len, "", 0))
			p = HOOK_PROVEN;
	if (p != HOOK_PROVEN && k->conf->fetch && f != NULL)
		p = by_fetched(f, md, c->doc, &text);
	buf_free(&text);
	return p;
}
