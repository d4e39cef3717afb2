/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-conf.c - any text as a configuration: read, checked and bound */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "conf/common.h"
#include "conf/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = { "reject", "discard", NULL };

struct part {
	const char	*s, *raw;
	bool		 b;
	long		 i, secs, size;
	double		 real;
	struct conf_list list;
	int		 e;
};

static const struct conf_param part_params[] = {
	CONF_STR(struct part, s, "$state_dir/$b", ""),
	CONF_RAW(struct part, raw, "${none}", ""),
	CONF_BOOL(struct part, b, "no", ""),
	CONF_INT(struct part, i, "1", -5, 5, ""),
	CONF_SECS(struct part, secs, "5m", 0, 1e9, ""),
	CONF_SIZE(struct part, size, "5M", 0, 0, ""),
	CONF_REAL(struct part, real, "0.5", 0, 1, ""),
	CONF_LIST(struct part, list, "a, b", ""),
	CONF_ENUM(struct part, e, "reject", words, ""),
	CONF_END
};

static const struct conf_schema schemas[] = {
	{ "", false, { conf_common_params } },
	{ "stream", true, { part_params } },
	{ "suppress", false, { part_params } },
	{ NULL, false, { NULL } }
};

static void
count(void *arg, const char *msg)
{
	*(size_t *)arg += strlen(msg) > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_section	*s = NULL;
	struct conf_common		 common;
	struct part			 part;
	struct conf			*c;
	struct err			 e;
	size_t				 faults = 0;

	if (conf_parse("f", (const char *)data, size, &c, &e) == -1)
		return 0;
	assert(conf_check_all(c, schemas, count, &faults) == faults);
	assert((conf_check(c, schemas, &e) == 0) == (faults == 0));
	(void)conf_bind(c, conf_find(c, "", NULL), conf_common_params,
	    &common, &e);
	while ((s = conf_next(c, "stream", s)) != NULL) {
		assert(conf_find(c, "stream", conf_section_name(s)) == s);
		if (conf_bind(c, s, part_params, &part, &e) == 0) {
			assert(strlen(part.s) <= CONF_VALUE_MAX);
			assert(part.i >= -5 && part.i <= 5);
			assert(part.real >= 0 && part.real <= 1);
			assert(part.list.v[part.list.n] == NULL);
		} else
			assert(faults > 0);
	}
	conf_free(&c);
	return 0;
}
