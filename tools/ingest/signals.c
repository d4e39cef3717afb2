/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - TERM and INT stop, HUP and USR1 reload */
#include "ingest/ingest.h"

#include "base/log.h"
#include "base/notify.h"
#include "base/sigfd.h"

#include "base/banned.h"

/* reload - the new configuration, or the old one and a complaint */
static void
reload(struct ingest *in, const char *conf_path)
{
	struct snap	*s;
	struct err	 e = { "", 0 };

	notify_reloading();
	if (snap_load(conf_path, true, &s, &e) == -1) {
		log_event(LOG_ERR, "reload_failed", LOG_STR("why", e.msg));
	} else {
		ingest_swap(in, s);
		log_event(LOG_INFO, "reloaded", LOG_STR("file", conf_path));
	}
	notify("READY=1");
}

bool
signals_take(struct ingest *in, const char *conf_path, int fd)
{
	enum sigfd_wish	wish;

	while ((wish = sigfd_next(fd)) != SIGFD_NONE) {
		if (wish == SIGFD_STOP)
			return true;
		reload(in, conf_path);
	}
	return false;
}
