/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_params.c - see hook_params.h */
#include "web/hook_params.h"

#include "base/banned.h"

/* In the order of enum hook_provider. */
static const char *const providers[] = { "ses", "sendgrid", "mailgun",
    "postmark", NULL };

const struct conf_param webhook_params[] = {
	CONF_ENUM(struct hook_conf, provider, NULL, providers,
	    "Whose form it is: ses (by SNS), sendgrid, mailgun or postmark."),
	CONF_STR(struct hook_conf, key_file, "",
	    "What proves the provider; a secret. ses: SNS's certificates, "
	    "PEM. sendgrid: its public key, PEM or one line of base64. "
	    "mailgun: the signing key. postmark: \"user:password\", or what "
	    "header holds. The last two: one a line, any of them proves."),
	CONF_STR(struct hook_conf, header, "",
	    "postmark: the request's header field that holds the secret. "
	    "Empty: Authorization, Basic."),
	CONF_LIST(struct hook_conf, topics, "",
	    "ses: ARNs of our topics; what other topics say is refused. "
	    "Needed: SNS signs for everybody with one key."),
	CONF_BOOL(struct hook_conf, fetch, "no",
	    "ses: get certificates that key_file lacks from SNS, by https."),
	CONF_BOOL(struct hook_conf, confirm, "no",
	    "ses: confirm the subscription of our topics. no: its link is "
	    "logged, for you to visit."),
	CONF_STR(struct hook_conf, scope, "",
	    "Scope of complaints and unsubscribes. Empty: default_scope."),
	CONF_LIST(struct hook_conf, scopes, "",
	    "Items LABEL:SCOPE: the scope of mail with this tag (ses, mailgun, "
	    "postmark), category or group number (sendgrid) or message stream "
	    "(postmark)."),
	CONF_SECS(struct hook_conf, max_age, "1d", 60, 2592000,
	    "Requests that were signed longer ago are refused."),
	CONF_END
};
