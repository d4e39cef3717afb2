/* SPDX-License-Identifier: BSD-2-Clause */
/* notice.c - see notice.h */
#include "unsubscribe/notice.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define BOUNDARY	"mailweir-split-notice"

/* line - up to its end; what follows it */
static const char *
line(const char *p, int *len)
{
	const char	*end = strchr(p, '\n');

	*len = end == NULL ? (int)strlen(p) : (int)(end - p);
	return end == NULL ? p + *len : end + 1;
}

/* put_list - for people */
static void
put_list(const char *p, struct buf *out)
{
	int	len;

	while (*p != '\0') {
		const char	*next = line(p, &len);

		(void)buf_addf(out, "%.*s\r\n", len, p);
		p = line(next, &len);
		(void)buf_addf(out, "    %.*s\r\n", len, next);
	}
}

/* put_status - for programs: one group of fields each */
static void
put_status(const char *p, struct buf *out)
{
	const char	*reply;
	int		 len;

	while (*p != '\0') {
		reply = line(p, &len);
		(void)buf_addf(out, "\r\nFinal-Recipient: rfc822; %.*s\r\n"
		    "Action: failed\r\n", len > 2 ? len - 2 : 0, p + 1);
		p = line(reply, &len);
		/* "550 5.1.1 text" */
		if (len > 9 && reply[4] == '5' && reply[5] == '.' &&
		    isdigit((unsigned char)reply[6]))
			(void)buf_addf(out, "Status: %.*s\r\n",
			    (int)strspn(reply + 4, "0123456789."), reply + 4);
		else
			(void)buf_adds(out, "Status: 5.0.0\r\n");
		(void)buf_addf(out, "Diagnostic-Code: smtp; %.*s\r\n", len,
		    reply);
	}
}

/* put_headers - of the message, so that its sender knows which it was */
static void
put_headers(const struct frame_msg *m, struct buf *out)
{
	static const char *const	names[] = { "From", "To", "Subject",
	    "Date", "Message-ID" };
	const struct header		*h;
	const char			*p;
	size_t				 i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		if ((h = header_first(frame_headers(m), names[i])) == NULL)
			continue;
		(void)buf_addf(out, "%s:", names[i]);
		for (p = h->value; *p != '\0'; p++) {
			if (*p == '\n')
				(void)buf_addc(out, '\r');
			(void)buf_addc(out, *p);
		}
		(void)buf_adds(out, "\r\n");
	}
}

int
notice_compose(const struct frame_msg *m, const char *refused,
    struct buf *out, struct err *e)
{
	const char	*host = frame_conn(m)->hostname;
	char		 date[CLOCK_RFC5322_SIZE];

	if (*host == '\0')
		host = "localhost";
	(void)buf_addf(out, "From: Mail Delivery System "
	    "<MAILER-DAEMON@%s>\r\nTo: %s\r\nDate: %s\r\n"
	    "Subject: Undelivered mail: some recipients were refused\r\n"
	    "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n\r\n"
	    "Your message was sent to each of its recipients by itself. These "
	    "were\r\nrefused; the others were accepted.\r\n\r\n", host,
	    frame_sender(m), clock_rfc5322(clock_now(), date));
	put_list(refused, out);
	(void)buf_addf(out, "\r\n--" BOUNDARY "\r\n"
	    "Content-Type: message/delivery-status\r\n\r\n"
	    "Reporting-MTA: dns; %s\r\n", host);
	put_status(refused, out);
	(void)buf_adds(out, "\r\n--" BOUNDARY "\r\n"
	    "Content-Type: text/rfc822-headers\r\n\r\n");
	put_headers(m, out);
	(void)buf_adds(out, "\r\n--" BOUNDARY "--\r\n");
	return out->failed ? err_set(e, "notice: out of memory") : 0;
}
