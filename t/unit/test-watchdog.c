/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-watchdog.c - WATCHDOG=1 comes when a client would be answered, else not
 */
#include "unit.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/watchdog.h"

static int	lfd, nfd;	/* a listener of ours; systemd's end */

/* bound - a socket with an abstract name of the kernel's choice */
static int
bound(int type, struct sockaddr_un *sun, socklen_t *n)
{
	int	fd = socket(AF_UNIX, type, 0);

	memset(sun, 0, sizeof *sun);
	sun->sun_family = AF_UNIX;
	*n = sizeof *sun;
	assert_int_equal(bind(fd, (struct sockaddr *)sun,
	    sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)sun, n), 0);
	return fd;
}

static int
setup(void **state)
{
	struct sockaddr_un	sun;
	socklen_t		n;
	char			name[32];

	(void)state;
	lfd = bound(SOCK_STREAM, &sun, &n);
	assert_int_equal(listen(lfd, 8), 0);
	nfd = bound(SOCK_DGRAM, &sun, &n);
	sun.sun_path[0] = '@';
	n -= (socklen_t)sizeof(sa_family_t);
	memcpy(name, sun.sun_path, n);
	name[n] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "30000", 1);
	unsetenv("WATCHDOG_PID");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(lfd);
	(void)close(nfd);
	return 0;
}

/* told - did systemd get a WATCHDOG=1 just now? */
static bool
told(void)
{
	char	text[64];
	ssize_t	n = recv(nfd, text, sizeof text - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	text[n] = '\0';
	assert_string_equal(text, "WATCHDOG=1");
	return true;
}

/* turn - what the loop of a program does once; at most 100 ms */
static void
turn(struct watchdog *w)
{
	struct pollfd	p = { watchdog_fd(w), POLLIN, 0 };
	int		ms = watchdog_ms(w);

	(void)poll(&p, 1, ms < 0 || ms > 100 ? 100 : ms);
	watchdog_turn(w);
}

static void
hang_up(void)
{
	int	fd = accept(lfd, NULL, NULL);

	assert_true(fd != -1);
	(void)close(fd);
}

static void
answered(void **state)
{
	struct watchdog	w;
	int		i;

	(void)state;
	watchdog_open(&w, lfd);
	for (i = 0; i < 3; i++) {
		while (watchdog_fd(&w) == -1)
			turn(&w);
		assert_false(told());
		hang_up();
		turn(&w);
		assert_true(told());
	}
	watchdog_close(&w);
}

static void
greeted(void **state)
{
	struct watchdog	w;
	int		fd;

	(void)state;
	watchdog_open(&w, lfd);
	turn(&w);
	fd = accept(lfd, NULL, NULL);
	assert_int_equal(send(fd, "220 hello\r\n", 11, 0), 11);
	turn(&w);
	assert_true(told());
	(void)close(fd);
	watchdog_close(&w);
}

/* Connections are queued by the kernel, and nobody takes them. */
static void
hangs(void **state)
{
	struct watchdog	w;
	int		i;

	(void)state;
	watchdog_open(&w, lfd);
	for (i = 0; i < 4; i++)
		turn(&w);
	assert_false(told());
	watchdog_close(&w);
}

static void
closed(void **state)
{
	struct watchdog	w;
	int		i;

	(void)state;
	watchdog_open(&w, lfd);
	(void)shutdown(lfd, SHUT_RDWR);
	for (i = 0; i < 4; i++)
		turn(&w);
	assert_false(told());
	assert_true(watchdog_ms(&w) > 0);	/* and it does not spin */
	watchdog_close(&w);
}

static void
unasked(void **state)
{
	static const char *const	pids[] = { NULL, "1" };
	struct watchdog			w;
	size_t				i;

	(void)state;
	for (i = 0; i < 2; i++) {
		if (pids[i] == NULL)
			unsetenv("WATCHDOG_USEC");
		else {
			setenv("WATCHDOG_USEC", "30000", 1);
			setenv("WATCHDOG_PID", pids[i], 1);
		}
		watchdog_open(&w, lfd);
		assert_int_equal(watchdog_ms(&w), -1);
		watchdog_turn(&w);
		assert_int_equal(watchdog_fd(&w), -1);
		assert_false(told());
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(answered), TEST(greeted), TEST(hangs), TEST(closed),
	TEST(unasked),
};

UNIT_MAIN(tests)
