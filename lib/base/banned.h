/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * banned.h - calls that this house does not use
 *
 * Every .c file includes it last, after the system's headers, so that a use
 * is a compile error at its own line. Instead: snprintf, memcpy with a known
 * length, buf_*, strtol through conf or num, *_r forms of time functions.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison strtok atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime ctime_r asctime asctime_r
#undef alloca
#pragma GCC poison alloca tmpnam tempnam mktemp

#endif
