/* SPDX-License-Identifier: BSD-2-Clause */
/* switch.c - see switch.h */
#include "store/switch.h"

#include <sysexits.h>

#include "base/banned.h"

int
switch_lock(struct env *env, const char *scope, struct err *e)
{
	struct err	why = { .msg = "" };
	int		fd;

	fd = env_lock(env, LOCK_SCOPE + store_scope_id(scope), false, &why);
	if (fd != -1)
		return fd;
	if (why.msg[0] == '\0')
		return err_code(e, EX_TEMPFAIL, "scope %s: another import of "
		    "it is running", scope);
	if (e != NULL)
		*e = why;
	return -1;
}

size_t
switch_detail(uint8_t *out, const struct scope_rec *before,
    const struct scope_rec *after, const struct run_rec *run)
{
	size_t	n = 0;
	int	i;

	out[n++] = before->nactive;
	for (i = 0; i < before->nactive; i++, n += 4)
		put32(out + n, before->active[i]);
	out[n++] = after->nactive;
	for (i = 0; i < after->nactive; i++, n += 4)
		put32(out + n, after->active[i]);
	if (run != NULL)
		n += run_pack(out + n, run);
	return n;
}

bool
switch_holds(const uint32_t *v, int n, uint32_t list)
{
	int	i;

	for (i = 0; i < n; i++)
		if (v[i] == list)
			return true;
	return false;
}

int
switch_retire(struct env *env, MDB_txn *txn, const struct scope_rec *before,
    const struct scope_rec *after, struct err *e)
{
	const uint32_t	*sets[2] = { before->active, before->prev };
	int		 n[2] = { before->nactive, before->nprev };
	struct run_rec	 run;
	int		 s, i, rc;

	for (s = 0; s < 2; s++)
		for (i = 0; i < n[s]; i++) {
			uint32_t	list = sets[s][i];

			if (switch_holds(after->active, after->nactive,
			    list) || switch_holds(after->prev, after->nprev,
			    list))
				continue;
			if ((rc = run_get(env, txn, list, &run, e)) == -1)
				return -1;
			run.state = RUN_DROPPING;
			if (rc == 1 && (rc = run_put(env, txn, list,
			    &run)) != 0)
				return env_fail(env, "switch lists", rc, e);
		}
	return 0;
}
