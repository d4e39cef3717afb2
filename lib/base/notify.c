/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.c - see notify.h */
#include "base/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

void
notify(const char *state)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	const char		*path = getenv("NOTIFY_SOCKET");
	size_t			 n = path != NULL ? strlen(path) : 0;
	int			 fd;

	if (n < 2 || n >= sizeof sun.sun_path ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sun.sun_path, path, n);
	if (path[0] == '@')		/* the abstract name space */
		sun.sun_path[0] = '\0';
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	(void)close(fd);
}

void
notify_reloading(void)
{
	char	state[64];

	(void)snprintf(state, sizeof state,
	    "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
	notify(state);
}
