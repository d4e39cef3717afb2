/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter.h - between the program (main.c) and libmilter (milter.c, apply.c)
 */
#ifndef FRAME_MILTER_H
#define FRAME_MILTER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/listen.h"
#include "frame/gen.h"
#include "frame/msg.h"
#include "metrics/metrics.h"

/* What all connections share. */
struct milter {
	const char		*name;		/* "mailweir-suppress" */
	struct listener		 listener;
	struct metrics		*metrics;
	struct msg_env		 env;
	atomic_size_t		 octets;	/* env.octets */
	atomic_long		 connections;
	atomic_long		 in_flight;	/* messages */
	atomic_bool		 draining;	/* no new messages */
	atomic_bool		 stopping;	/* by milter_stop() */
	atomic_bool		 ended;	/* libmilter has */
};

/* The generation that new messages begin under; milter_gen() gives a
 * reference, milter_set_gen() takes one over and drops the old. */
struct gen *milter_gen(void);
void	 milter_set_gen(struct gen *);

/* Hand the listener to libmilter. */
int	milter_setup(struct milter *, struct err *e);
/* Serve until milter_stop(); -1 when libmilter gave up. */
int	milter_run(struct milter *);
/* Any thread, not a signal handler: make milter_run() return soon. */
void	milter_stop(struct milter *);

#endif
