/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sanitize.h - sanitizers and libmilter's threads; nothing in other builds
 */
#ifndef FRAME_SANITIZE_H
#define FRAME_SANITIZE_H

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
void	sanitize_end(void);	/* ends the program if memory is lost */
#else
static inline void sanitize_end(void) {}
#endif

#endif
