/* SPDX-License-Identifier: BSD-2-Clause */
/* spool.c - see spool.h */
#include "feedback/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "feedback/parse.h"

#include "base/banned.h"

#define JSON_MAX	65536

static void
member(struct buf *b, const char *before, const char *value)
{
	(void)buf_adds(b, before);
	json_quote(b, value);
}

int
spool_complaint(const char *dir, const struct feedback *fb, size_t i,
    const struct apply_event *ae, struct err *e)
{
	static atomic_ulong	 number;
	struct buf		 b = BUF_INIT(JSON_MAX);
	char			 iso[CLOCK_ISO_SIZE], path[PATH_MAX];
	int64_t			 now = clock_now();
	int			 rc;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_set(e, "%s: %s", dir, strerror(errno));
	(void)snprintf(path, sizeof path, "%s/%" PRId64 "-%ld-%lu.json", dir,
	    now, (long)getpid(), atomic_fetch_add(&number, 1));
	member(&b, "{\"time\":", clock_iso(now, iso));
	member(&b, ",\"source\":", ae->source);
	member(&b, ",\"reporter\":", ae->reporter);
	member(&b, ",\"stream\":", ae->stream);
	member(&b, ",\"scope\":", ae->scope);
	member(&b, ",\"report\":", fb->report_id);
	member(&b, ",\"from\":", fb->from);
	(void)buf_adds(&b, ",\"complaint\":");
	rc = feedback_json(fb, i, "", &b);
	(void)buf_adds(&b, "}\n");
	rc = rc == -1 || b.failed ? err_set(e, "out of memory") :
	    file_write_new(path, 0600, b.data, b.len, false, e);
	buf_free(&b);
	return rc;
}
