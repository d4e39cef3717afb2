/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oom.c - for LD_PRELOAD: the n-th allocation from now on fails
 *
 * The file that MAILWEIR_OOM names holds three numbers of 8 octets: how many
 * allocations are left until one fails (0: none does), how many were asked
 * for, how many failed. The test writes it while the program runs.
 * MAILWEIR_OOM_TRACE set: where it failed goes to standard error.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	atomic_llong	left, asked, failed;
};

static struct control	*control;

static void	*(*real_malloc)(size_t);
static void	*(*real_calloc)(size_t, size_t);
static void	*(*real_realloc)(void *, size_t);
static int	 (*real_memalign)(void **, size_t, size_t);
static void	 (*real_free)(void *);
static int	 (*real_getattr)(pthread_t, pthread_attr_t *);

/* This thread is in a call that is not the program's. */
static __attribute__((tls_model("initial-exec"))) _Thread_local bool	exempt;

/* What is wanted before we know where the others are. */
static char		early[65536];
static atomic_size_t	used;

static void *
early_alloc(size_t n)
{
	size_t	at = atomic_fetch_add(&used, (n + 15) & ~(size_t)15);

	return at + n <= sizeof early ? early + at : NULL;
}

/* next_one - of this name, as a function pointer at to */
static void
next_one(const char *name, void *to)
{
	void	*f = dlsym(RTLD_NEXT, name);

	memcpy(to, &f, sizeof f);
}

/* ready - know where they are; false while that is being found out, which
 * itself allocates. The first call comes before main() and its threads. */
static bool
ready(void)
{
	static bool	looking;

	if (real_malloc != NULL)
		return true;
	if (looking)
		return false;
	looking = true;
	next_one("calloc", &real_calloc);
	next_one("realloc", &real_realloc);
	next_one("posix_memalign", &real_memalign);
	next_one("free", &real_free);
	next_one("pthread_getattr_np", &real_getattr);
	next_one("malloc", &real_malloc);
	return true;
}

__attribute__((constructor)) static void
begin(void)
{
	const char	*path = getenv("MAILWEIR_OOM");
	void		*p;
	int		 fd;

	if (path == NULL || (fd = open(path, O_RDWR)) == -1)
		return;
	p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	(void)close(fd);
	if (p != MAP_FAILED)
		control = p;
}

static void
trace(void)
{
	void	*at[40];

	if (getenv("MAILWEIR_OOM_TRACE") != NULL)
		backtrace_symbols_fd(at, backtrace(at, 40), 2);
}

static int
fails(void)
{
	if (exempt || control == NULL || atomic_load(&control->left) <= 0)
		return 0;
	(void)atomic_fetch_add(&control->asked, 1);
	if (atomic_fetch_sub(&control->left, 1) != 1)
		return 0;
	(void)atomic_fetch_add(&control->failed, 1);
	trace();
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	if (!ready())
		return early_alloc(n);
	return fails() ? NULL : real_malloc(n);
}

void *
calloc(size_t k, size_t n)
{
	if (!ready())
		return early_alloc(k * n);
	return fails() ? NULL : real_calloc(k, n);
}

void *
realloc(void *p, size_t n)
{
	if (!ready())
		return NULL;
	return fails() ? NULL : real_realloc(p, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	if (!ready())
		return ENOMEM;
	return fails() ? ENOMEM : real_memalign(p, align, n);
}

void
free(void *p)
{
	if ((char *)p >= early && (char *)p < early + sizeof early)
		return;
	if (ready())
		real_free(p);
}

/* AddressSanitizer asks where a new thread's stack is, and ends the program
 * when it is not told. */
int
pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	int	rc;

	exempt = true;
	rc = ready() ? real_getattr(thread, attr) : ENOMEM;
	exempt = false;
	return rc;
}

/* AddressSanitizer's would not come by here. */
char *
strdup(const char *s)
{
	size_t	 n = strlen(s) + 1;
	char	*p = malloc(n);

	return p == NULL ? NULL : memcpy(p, s, n);
}
