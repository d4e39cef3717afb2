/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.h - a generation: one configuration and what the policies made of it
 *
 * Built whole or not at all, immutable afterwards, shared by the messages that
 * began under it; the last one to let go frees it. A reload builds the next
 * generation beside it.
 */
#ifndef FRAME_GEN_H
#define FRAME_GEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/conf.h"
#include "frame/frame.h"

#define GEN_POLICIES	8	/* in one process */

enum gen_over { GEN_OVER_REJECT, GEN_OVER_TEMPFAIL, GEN_OVER_PASS };
enum gen_load { GEN_LOAD_TEMPFAIL, GEN_LOAD_PASS };

/* The frame's own parameters, in the section of each program. */
struct frame_conf {
	const char	*socket;
	const char	*socket_mode;
	const char	*user;
	long		 io_timeout;
	long		 stop_timeout;
	long		 max_connections;
	long		 max_in_flight;
	long		 max_time;
	long		 max_memory;
	long		 max_headers, max_header_size;
	long		 max_body;
	long		 max_recipients;
	int		 over_limit;		/* enum gen_over */
	int		 over_load;		/* enum gen_load */
	struct conf_list non_smtp_daemons;
};

struct gen {
	atomic_uint		 refs;
	struct conf		*own;		/* freed with it; may be NULL */
	struct frame_conf	 frame;
	mode_t			 socket_mode;
	size_t			 n;		/* policies */
	const struct frame_policy *const *policies;
	void			*snaps[GEN_POLICIES];
	struct frame_needs	 needs[GEN_POLICIES];
	bool			 late[GEN_POLICIES];	/* behind one that may
						   replace the body */
	struct frame_needs	 all;		/* what all of them need */
	bool			 keep_whole;	/* somebody is late */
};

/*
 * gen_build - load every policy from conf; one reference is the caller's
 *
 * program: whose section holds the frame's parameters.
 * own:     the generation frees conf in the end (only if this succeeds).
 */
int	gen_build(const struct conf *conf, bool own, const char *program,
	    const struct frame_policy *const *policies, struct gen **,
	    struct err *e);

void	gen_hold(struct gen *);
void	gen_drop(struct gen **);	/* NULL is fine */

/* Would a connection negotiated for old show all that new must see? */
bool	gen_covers(const struct gen *old, const struct gen *new);

#endif
