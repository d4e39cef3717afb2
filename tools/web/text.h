/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - what the pages say, in each language; which one a visitor reads
 */
#ifndef WEB_TEXT_H
#define WEB_TEXT_H

#include <stddef.h>

#include "web/params.h"

/* The order of WEB_LANGS and of scope_conf.titles. */
enum lang { LANG_EN, LANG_ZH, LANG_DE, LANG_FR, LANG_ES, LANG_JA };

/* $1 is the title of a list, the brand, or hours, as the comment says; $2 a
 * link. Quotes around a title are the language's own. */
enum text {
	T_TITLE,		/* Unsubscribe */
	T_INTRO,
	T_ON,			/* state of a list */
	T_OFF,
	T_OFF_OTHER,		/* stopped for a reason that is not his wish */
	T_BTN_FROM,		/* $1 title; all T_BTN_ are on buttons */
	T_BTN_ALL,
	T_ALL_HEAD,
	T_ALL_HINT,
	T_DONE_TITLE,
	T_DONE,			/* $1 title */
	T_DONE_ALL,
	T_ALREADY,		/* $1 title */
	T_NEEDED,
	T_UNDO,
	T_BTN_UNDO,
	T_UNDONE_TITLE,
	T_UNDONE,
	T_UNDO_LATE,
	T_AGAIN,
	T_AGAIN_LIST,		/* $1 title */
	T_AGAIN_HOW,
	T_ADDRESS,
	T_BTN_SEND,
	T_SENT_TITLE,
	T_SENT,			/* $1 hours */
	T_ASK,
	T_ASK_NO_MAIL,
	T_CONFIRM_TITLE,
	T_CONFIRM,		/* $1 title */
	T_BTN_CONFIRM,
	T_BACK_TITLE,
	T_BACK,			/* $1 title */
	T_BAD_TITLE,
	T_BAD,
	T_LATER_TITLE,
	T_LATER,
	T_MANY_TITLE,
	T_MAIL_AGAIN_SUBJECT,	/* $1 title */
	T_MAIL_AGAIN,		/* $1 title, $2 link */
	T_MAIL_LINK_SUBJECT,
	T_MAIL_LINK,		/* $2 link */
	T_COUNT
};

const char	*text_of(enum lang, enum text);
const char	*lang_tag(enum lang);		/* "en", "zh-Hans", ... */

/* The language of an Accept-Language field (RFC 9110 12.5.4); English when it
 * is NULL, broken, or asks for none of ours. */
enum lang	 lang_choose(const char *accept);

#endif
