/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - reading and writing whole small files, secrets above all
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * file_read - the whole of a regular file
 *
 * max:     refuse a larger one.
 * Returns: 0 and *data, *len (free() it; data[len] is NUL); -1 with
 *          "PATH: why".
 */
int	file_read(const char *path, size_t max, char **data, size_t *len,
	    struct err *e);

/*
 * file_read_secret - the same for a key
 *
 * Refused when other users may read or write it (mode & 007), when the group
 * may write it, or when it belongs to someone who is neither root nor the
 * user of this process. Release with file_wipe().
 */
int	file_read_secret(const char *path, size_t max, char **data,
	    size_t *len, struct err *e);

/* Overwrite and free what file_read_secret() gave; NULL is fine. */
void	file_wipe(char **data, size_t len);

/*
 * file_write_new - create path with exactly these octets, or change nothing
 *
 * Written without a name (to a neighbour, PATH.XXXXXX, where the file system
 * cannot do that, and with `replace`), synced, linked into place: refused with
 * EX_CANTCREAT when path exists, unless `replace`. The folder is synced too, so
 * that the file is there after a crash once this returned 0.
 */
int	file_write_new(const char *path, mode_t mode, const void *data,
	    size_t len, bool replace, struct err *e);

/* The names in a folder, on disk: what was made, renamed or removed there is
 * so after a crash. 0; -1 with errno. */
int	file_sync_dir(const char *dir);

#endif
