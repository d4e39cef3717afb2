/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows.c - rows for the benchmarks: bench-rows N [FROM], or -k N
 *
 * csv with a header and the address in the second of three columns, in no
 * order; or with -k, N digests and values as hex, "KEY<tab>VALUE", in no
 * order, for sort and mdb_load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

#include "base/banned.h"

/* mix - a permutation of 64-bit numbers */
static unsigned long long
mix(unsigned long long x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void
put_keys(unsigned long long n)
{
	unsigned long long	i, v[2];
	unsigned char		zero[12] = { 7 };
	char			key[CODEC_HEX_SIZE(16)];
	char			value[CODEC_HEX_SIZE(12)];

	codec_hex(zero, sizeof zero, value);
	for (i = 0; i < n; i++) {
		v[0] = mix(i);
		v[1] = mix(~i);
		codec_hex(v, sizeof v, key);
		(void)printf(" %s\t %s\n", key, value);
	}
}

static void
put_rows(unsigned long long n, unsigned long long from)
{
	unsigned long long	i, x;

	(void)puts("id,email,name");
	for (i = from; i < from + n; i++) {
		x = mix(i);
		(void)printf("%llu,User.%llx@Domain%llu.Example,Name of %llu\n",
		    i, x >> 24, x % 50000, i);
	}
}

int
main(int argc, char **argv)
{
	static char	out[1 << 20];

	(void)setvbuf(stdout, out, _IOFBF, sizeof out);
	if (argc == 3 && strcmp(argv[1], "-k") == 0)
		put_keys(strtoull(argv[2], NULL, 10));
	else if (argc == 2 || argc == 3)
		put_rows(strtoull(argv[1], NULL, 10),
		    argc == 3 ? strtoull(argv[2], NULL, 10) : 0);
	else
		return 64;
	return fflush(stdout) == 0 ? 0 : 1;
}
