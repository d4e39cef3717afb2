/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noise.h - sessions of an MTA that nobody would want, from a number
 *
 * The same seed gives the same octets, whatever the milter answers. A session
 * begins as the protocol has it; how much is bent differs from none to all.
 */
#ifndef NOISE_H
#define NOISE_H

#include <stdint.h>

#include "wire.h"

/* Play the session of this seed to its end, which may be in the middle. */
void	noise(struct wire *, uint64_t seed);

#endif
