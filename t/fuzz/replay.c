/* SPDX-License-Identifier: BSD-2-Clause */
/* replay.c - run a fuzz target over files, where there is no libFuzzer */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
	FILE	*f;
	uint8_t	*p = NULL;
	long	 n;
	int	 ok;

	if ((f = fopen(path, "rb")) == NULL) {
		perror(path);
		return -1;
	}
	ok = fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0 &&
	    (p = malloc((size_t)n + (n == 0))) != NULL &&
	    fread(p, 1, (size_t)n, f) == (size_t)n;
	(void)fclose(f);
	if (ok)
		(void)LLVMFuzzerTestOneInput(p, (size_t)n);
	free(p);
	return ok ? 0 : -1;
}

/* run - a file, or every file of a folder */
static int
run(const char *path, unsigned long *count)
{
	struct stat	 st;
	struct dirent	*de;
	DIR		*d;
	char		 sub[PATH_MAX];
	int		 rc = 0;

	if (stat(path, &st) == -1) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		(*count)++;
		return run_file(path);
	}
	if ((d = opendir(path)) == NULL) {
		perror(path);
		return -1;
	}
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		(void)snprintf(sub, sizeof sub, "%s/%s", path, de->d_name);
		if (run(sub, count) == -1)
			rc = -1;
	}
	(void)closedir(d);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned long	count = 0;
	int		i, rc = 0;

	for (i = 1; i < argc; i++)
		if (run(argv[i], &count) == -1)
			rc = 1;
	printf("%lu inputs\n", count);
	return rc;
}
