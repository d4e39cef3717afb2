/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - the body shared by every milter; a policy supplies the mind
 *
 * A policy is a struct of hooks over a message that the frame collects; it
 * knows no socket and no libmilter. Hooks return a verdict and append edits to
 * a plan; the frame checks the whole plan before the first octet of it goes to
 * the MTA. The same policy runs under libmilter (milter.c), in a unit test,
 * and under `mailweir replay` (drive.h). In mailweir-chain a later policy sees
 * the edits of an earlier one, as it would behind it in smtpd_milters.
 *
 * Threads: hooks run on many threads at once, those of one message never two
 * at a time but not always on the same thread. No function-local statics, no
 * thread-locals.
 */
#ifndef FRAME_FRAME_H
#define FRAME_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "mail/header.h"

enum frame_verdict {
	FRAME_CONTINUE,
	FRAME_REJECT,		/* 5xx, text set by frame_reply() */
	FRAME_TEMPFAIL,		/* 4xx, likewise */
	FRAME_DISCARD		/* accept and drop; logged by the policy */
};

struct frame_msg;	/* one transaction: MAIL to end of message or abort */

/* The session, as far as the MTA told; strings never NULL, "" = unknown. */
struct frame_conn {
	bool		 smtp;		/* false: sendmail(1), no SMTP client to
					   refuse; RCPT must not be rejected */
	const char	*client_name, *client_addr;
	const char	*daemon_name, *daemon_port, *daemon_addr;
	const char	*sasl_login;	/* {auth_authen} */
	const char	*hostname;	/* j, the MTA's own */
};

/* What a policy under its present configuration must be shown. */
struct frame_needs {
	bool	rcpts;		/* frame_rcpt() is asked; set for a rcpt hook */
	bool	headers;
	bool	body;		/* .body is called with every chunk */
	size_t	keep_body;	/* the frame keeps this many octets of the body
				   for frame_body(); 0 = none */
	bool	edits_headers, edits_sender, edits_rcpts, edits_body,
		quarantines;	/* what its plan may hold; others are refused */
};

struct frame_policy {
	const char		*name;	/* "suppress": section, log name */
	const struct conf_param	*params; /* of section [name]; or NULL */
	const struct conf_schema *schemas; /* other sections it reads (key,
					   rules), ended by kind NULL; or
					   NULL */

	/*
	 * load - build a snapshot from a configuration: keys, tables, rules
	 * Called at start and at each reload, on one thread. conf outlives
	 * the snapshot. -1 with *e: do not start, or keep the old snapshot.
	 */
	int	(*load)(const struct conf *conf, void **snap, struct err *e);
	void	(*unload)(void *snap);	/* no hook uses it any more */
	void	(*needs)(const void *snap, struct frame_needs *needs);

	/* Per message; the value is what frame_local() gives. Optional; NULL
	 * return = out of memory, the message is tempfailed. finish is called
	 * at end of message, abort and close alike. */
	void	*(*begin)(struct frame_msg *m);
	void	 (*finish)(void *local);

	/*
	 * Hooks; a NULL hook is negotiated away. eoh and body are for work
	 * that cannot wait, hashing above all: in a chain they come before the
	 * edits of earlier policies (which are made in eom), so that what is
	 * said of the header is best decided in eom. Only behind a policy that
	 * may replace the body are eoh, body and eom all called at the end of
	 * message, on what the earlier ones made of it. A REJECT in rcpt is
	 * for this recipient, elsewhere for the message.
	 */
	enum frame_verdict (*mail)(struct frame_msg *m, const char *sender);
	enum frame_verdict (*rcpt)(struct frame_msg *m, const char *rcpt);
	enum frame_verdict (*eoh)(struct frame_msg *m);
	enum frame_verdict (*body)(struct frame_msg *m, const void *p,
		    size_t n);
	enum frame_verdict (*eom)(struct frame_msg *m);
};

/* What the hooks may ask. Pointers are valid during the hook. */
const void	*frame_snap(const struct frame_msg *m);
void		*frame_local(const struct frame_msg *m);
const struct frame_conn *frame_conn(const struct frame_msg *m);
/* No MTA asks: a test, or `mailweir replay`. Whatever would be done outside of
 * the plan must not be done. */
bool		 frame_dry(const struct frame_msg *m);
const char	*frame_qid(const struct frame_msg *m);	/* "-" if unknown */
/* "<a@b>", as at MAIL, for every policy. */
const char	*frame_sender(const struct frame_msg *m);
/* Recipients as at RCPT, without those that a policy refused, with brackets.
 * A policy sees what it added or deleted itself; those behind it do not, as
 * milters in a row hear of no change to the envelope. */
size_t		 frame_rcpt_count(const struct frame_msg *m);
const char	*frame_rcpt(const struct frame_msg *m, size_t i);
const struct header_list *frame_headers(const struct frame_msg *m);
/* Up to keep_body octets (and not more than max_body of the configuration),
 * CRLF line ends as sent. *total: octets seen; more than *len = it was cut. */
const char	*frame_body(const struct frame_msg *m, size_t *len,
		    uint64_t *total);

/*
 * The reply for the next REJECT or TEMPFAIL: code "550", status "5.7.1", text
 * of one line of printable ASCII (others become '?'), cut after 480 octets, so
 * that the reply is one line of SMTP. Copied.
 */
void	frame_reply(struct frame_msg *m, const char *code,
	    const char *status, const char *text);

/*
 * Edits, only in eom. Each returns 0, or -1 when the edit is invalid (name,
 * NUL or bare CR in a value, not declared in needs, limits): the message is
 * then tempfailed as a whole and the fault logged. Values are given without
 * the leading space and folded with "\n\t" or "\n ".
 * nth counts fields of that name from 1, as they stand after the edits so far;
 * to change or delete a field that is not there is a fault. Addresses have
 * angle brackets; one to delete is given as frame_rcpt() has it, and all that
 * are equal to it go. A body of more than max_body octets cannot be replaced:
 * look whether *total of frame_body() is *len first.
 */
int	frame_insert_header(struct frame_msg *m, size_t pos, const char *name,
	    const char *value);			/* pos 0 = top */
int	frame_append_header(struct frame_msg *m, const char *name,
	    const char *value);
int	frame_change_header(struct frame_msg *m, const char *name, size_t nth,
	    const char *value);
int	frame_delete_header(struct frame_msg *m, const char *name, size_t nth);
int	frame_change_sender(struct frame_msg *m, const char *sender);
int	frame_add_rcpt(struct frame_msg *m, const char *rcpt);
int	frame_delete_rcpt(struct frame_msg *m, const char *rcpt);
int	frame_replace_body(struct frame_msg *m, const void *p, size_t n);
/* Hold. The policies behind this one are asked all the same; one of them may
 * still refuse it. */
int	frame_quarantine(struct frame_msg *m, const char *reason);
bool	frame_held(const struct frame_msg *m);

/*
 * One event line: `EVENT qid=... policy=... fields`; event is a literal that
 * doc/LOGS lists. Several fields, LOG_STR() etc.; at least one.
 */
#define frame_event(m, priority, event, ...)				\
	frame_log((m), (priority), (event),				\
	    (const struct log_field[]){ __VA_ARGS__,			\
	    { LOG_K_END, NULL, NULL, 0, 0, 0 } })
void	frame_log(const struct frame_msg *m, int priority, const char *event,
	    const struct log_field *fields);

/* Add 1 to `mailweir_NAME{label="value"}` (metrics.h); label may be NULL. */
void	frame_count(const struct frame_msg *m, const char *name,
	    const char *label, const char *value);

/* The same by n; and raised to n, the highest figure seen (NAME_max). */
void	frame_sum(const struct frame_msg *m, const char *name,
	    const char *label, const char *value, uint64_t n);
void	frame_peak(const struct frame_msg *m, const char *name,
	    const char *label, const char *value, uint64_t n);

/* The frame's own parameters, in the section of every program. */
extern const struct conf_param frame_params[];

/*
 * frame_schemas - every section that these policies and the frame read
 *
 * For conf_check() and option -H. program as for frame_main(). out gets at
 * most size entries, the last with kind NULL; -1 when they do not fit.
 */
#define FRAME_SCHEMAS	24
int	frame_schemas(const char *program,
	    const struct frame_policy *const *policies,
	    struct conf_schema *out, size_t size, struct err *e);

/*
 * frame_main - everything main() would do; returns the exit status
 *
 * program: "suppress", "chain": names mailweir-PROGRAM and section [PROGRAM].
 * policies: in order, NULL at the end.
 * Options: -c FILE config, -d log to standard error, -n check and stop,
 *          -H print parameters, -p SOCKET over the configured one, -V, -h.
 * Exit:    sysexits.h.
 */
int	frame_main(int argc, char **argv, const char *program,
	    const struct frame_policy *const *policies);

#endif
