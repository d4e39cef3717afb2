/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter-null.c - the least that a program over libmilter can do
 *
 * usage: milter-null SOCKET rcpt|all
 *
 * rcpt: asked at RCPT only, and answers. all: is shown everything, answers
 * nothing before the end of the message, and adds one header field there. What
 * the frame costs is measured against it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>

#include <libmilter/mfapi.h>

#define NO_REPLY	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | \
    SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | \
    SMFIP_NR_BODY)

static bool	all;

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *p0, unsigned long *p1,
    unsigned long *p2, unsigned long *p3)
{
	(void)ctx;
	(void)f2;
	(void)f3;
	*p0 = all ? SMFIF_ADDHDRS : 0;
	*p1 = SMFIP_NOUNKNOWN | SMFIP_NODATA;
	if (all)
		*p1 |= NO_REPLY;
	else
		*p1 |= SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL |
		    SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY;
	*p0 &= f0;
	*p1 &= f1;
	*p2 = *p3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
answer(void)
{
	return all ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat
on_path(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return answer();
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return answer();
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return answer();
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	if (all)
		(void)smfi_addheader(ctx, (char *)"X-Null", (char *)"seen");
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	struct smfiDesc	desc = {
		.xxfi_name = (char *)"milter-null",
		.xxfi_version = SMFI_VERSION, .xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_negotiate = on_negotiate,
		.xxfi_envfrom = on_path, .xxfi_envrcpt = on_path,
		.xxfi_header = on_header, .xxfi_body = on_body,
		.xxfi_eom = on_eom,
	};

	if (argc != 3) {
		(void)fprintf(stderr, "usage: milter-null SOCKET rcpt|all\n");
		return 64;
	}
	all = strcmp(argv[2], "all") == 0;
	(void)umask(0);
	if (smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS)
		return 70;
	return smfi_main() == MI_SUCCESS ? 0 : 70;
}
