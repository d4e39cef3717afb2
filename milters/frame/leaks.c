/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaks.c - see leaks.h
 *
 * GCC 12's sanitizer counts a thread as one to be joined unless it was created
 * detached, and keeps its number for ever. libmilter's workers detach
 * themselves. When the system gives a number out again, as it does after
 * pid_max threads, the sanitizer takes the new worker for the dead one and does
 * not look into it; what only that worker holds, such as OpenSSL's error queue
 * of a thread, would be called lost. So its workers are created detached here.
 */
#include "frame/leaks.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

#ifdef __SANITIZE_ADDRESS__

typedef int creator(pthread_t *, const pthread_attr_t *, void *(*)(void *),
    void *);
typedef int detacher(pthread_t);

void	__lsan_do_leak_check(void);

void
leaks_check(void)
{
	__lsan_do_leak_check();
}

/* in_libmilter - does the code at p belong to it? */
static bool
in_libmilter(const void *p)
{
	Dl_info	info;

	return dladdr(p, &info) != 0 && info.dli_fname != NULL &&
	    strstr(info.dli_fname, "libmilter") != NULL;
}

/* pthread_create - in the place of the sanitizer's, which it calls */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	void		*f = dlsym(RTLD_NEXT, "pthread_create");
	creator		*create;
	pthread_attr_t	 detached;
	int		 rc;

	memcpy(&create, &f, sizeof create);
	if (attr != NULL || !in_libmilter(__builtin_return_address(0)))
		return create(thread, attr, run, arg);
	if ((rc = pthread_attr_init(&detached)) != 0)
		return rc;
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	rc = create(thread, &detached, run, arg);
	(void)pthread_attr_destroy(&detached);
	return rc;
}

/* pthread_detach - done already for libmilter, which ends on any error */
int
pthread_detach(pthread_t thread)
{
	void		*f = dlsym(RTLD_NEXT, "pthread_detach");
	detacher	*detach;

	if (in_libmilter(__builtin_return_address(0)))
		return 0;
	memcpy(&detach, &f, sizeof detach);
	return detach(thread);
}

#endif
