/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.h - counters that outlive a reload and that other programs can read
 *
 * A program's counters live in one file, RUN_DIR/PROGRAM.metrics, mapped by
 * all who look: `mailweir stats`, the /metrics page. Counting is one atomic
 * add; no lock, no system call. Labels hold stream, reason, verdict, rule and
 * the like - never an address, never anything that a sender chooses.
 * Threads: metrics_add is safe from all; open and close from one.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdint.h>

#include "base/err.h"

#define METRICS_SLOTS	4096	/* distinct name+label pairs of a program */
#define METRICS_NAME	192	/* octets of name{labels}, NUL included */

struct metrics;

/* Create or reuse dir/program.metrics. 0, or -1 with *e. dir NULL: counters
 * in private memory (tests, replay). */
int	metrics_open(const char *dir, const char *program, struct metrics **,
	    struct err *e);
void	metrics_close(struct metrics **);

/*
 * Add n to the counter `mailweir_NAME{label="value"}`; label may be NULL. A
 * pair seen first takes a slot; when all are taken the event is counted in
 * mailweir_metrics_dropped_total. m NULL: nothing happens.
 */
void	metrics_add(struct metrics *m, const char *name, const char *label,
	    const char *value, uint64_t n);

/* The same counter raised to n, unless it is that high already: the highest
 * figure seen. Its name ends in _max. */
void	metrics_peak(struct metrics *m, const char *name, const char *label,
	    const char *value, uint64_t n);

/* The counter's value in this process's view, 0 if never counted; tests. */
uint64_t metrics_value(const struct metrics *m, const char *name,
	    const char *label, const char *value);

/*
 * metrics_each - for readers: every counter of one file, or of every
 * *.metrics of a folder in the order of their names
 *
 * each:    (arg, program, "mailweir_NAME{label=\"value\"}", count).
 * Returns: 0; -1 with the first fault: no such path, a file that is none of
 *          ours (the others are reported all the same).
 */
int	metrics_each(const char *dir,
	    void (*each)(void *arg, const char *program, const char *name,
	    uint64_t count), void *arg, struct err *e);

#endif
