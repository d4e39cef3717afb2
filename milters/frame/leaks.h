/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaks.h - LeakSanitizer at the end of a milter; nothing in other builds
 */
#ifndef FRAME_LEAKS_H
#define FRAME_LEAKS_H

#ifdef __SANITIZE_ADDRESS__
void	leaks_check(void);	/* ends the program if any memory is lost */
#else
static inline void leaks_check(void) {}
#endif

#endif
