/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify.h - tell systemd how we are (sd_notify(3) without its library)
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/* state: "READY=1" and the like, lines. Nothing happens without
 * $NOTIFY_SOCKET. */
void	notify(const char *state);

/* "RELOADING=1" with the time that Type=notify-reload asks for. */
void	notify_reloading(void);

#endif
