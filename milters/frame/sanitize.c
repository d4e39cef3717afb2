/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sanitize.c - see sanitize.h
 *
 * Two things that libmilter does with threads, and that sanitizers tell of
 * although they harm nobody. Its calls come here first, by their names.
 */
#include "frame/sanitize.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__

/* libmilters - is the code at p a part of it? */
static bool
libmilters(const void *p)
{
	Dl_info	info;

	return dladdr(p, &info) != 0 && info.dli_fname != NULL &&
	    strstr(info.dli_fname, "libmilter") != NULL;
}

#define CALLER_IS_LIBMILTER	libmilters(__builtin_return_address(0))

#endif

#ifdef __SANITIZE_ADDRESS__
/*
 * GCC 12's AddressSanitizer counts a thread as one to be joined unless it was
 * created detached, and keeps its number for ever. libmilter's workers detach
 * themselves. When the system gives a number out again, as it does after
 * pid_max threads, the sanitizer takes the new worker for the dead one and does
 * not look into it; what only that worker holds, such as OpenSSL's error queue
 * of a thread, would be called lost. So its workers are created detached.
 */

typedef int creator(pthread_t *, const pthread_attr_t *, void *(*)(void *),
    void *);
typedef int detacher(pthread_t);

void	__lsan_do_leak_check(void);

void
sanitize_end(void)
{
	__lsan_do_leak_check();
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	void		*f = dlsym(RTLD_NEXT, "pthread_create");
	creator		*create;
	pthread_attr_t	 detached;
	int		 rc;

	memcpy(&create, &f, sizeof create);
	if (attr != NULL || !CALLER_IS_LIBMILTER)
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

	memcpy(&detach, &f, sizeof detach);
	return CALLER_IS_LIBMILTER ? 0 : detach(thread);
}

#endif

#ifdef __SANITIZE_THREAD__
/*
 * When it is told to stop, libmilter destroys the lock and the condition that
 * its workers still wait with. A suppression by the name of these functions
 * would hide ours as well, and libmilter's own have none.
 */

typedef int mutex_destroyer(pthread_mutex_t *);
typedef int cond_destroyer(pthread_cond_t *);

void
sanitize_end(void)
{
}

int
pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	void		*f = dlsym(RTLD_NEXT, "pthread_mutex_destroy");
	mutex_destroyer	*destroy;

	memcpy(&destroy, &f, sizeof destroy);
	return CALLER_IS_LIBMILTER ? 0 : destroy(mutex);
}

int
pthread_cond_destroy(pthread_cond_t *cond)
{
	void		*f = dlsym(RTLD_NEXT, "pthread_cond_destroy");
	cond_destroyer	*destroy;

	memcpy(&destroy, &f, sizeof destroy);
	return CALLER_IS_LIBMILTER ? 0 : destroy(cond);
}

#endif
