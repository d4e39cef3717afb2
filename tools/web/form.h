/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * form.h - the fields of an HTML form, urlencoded or multipart
 *
 * Knows nothing of sockets; takes the whole body, which the caller bounded.
 * Ref: RFC 7578, RFC 2046 5.1, WHATWG URL 5.1.
 */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include <stdbool.h>
#include <stddef.h>

#define FORM_FIELDS	16	/* more are refused */
#define FORM_NAME	64	/* octets of a name, NUL included */
#define FORM_VALUE	640	/* of a value that we look at */

enum form_result {
	FORM_OK,
	FORM_TYPE,	/* a content type that is no form */
	FORM_BAD	/* broken, too many fields, too long */
};

struct form_field {
	char	name[FORM_NAME];
	char	value[FORM_VALUE];	/* NUL octets in it make it FORM_BAD */
};

struct form {
	struct form_field	v[FORM_FIELDS];
	size_t			n;
};

/*
 * form_parse - type: Content-Type, NULL or "" counts as urlencoded (a POST by
 * a machine of few words); body: len octets of anything.
 */
enum form_result form_parse(const char *type, const char *body, size_t len,
	    struct form *);

/* The value of that name; NULL when absent. A name that stands there with two
 * different values makes *twice true. */
const char *form_get(const struct form *, const char *name, bool *twice);

#endif
