/* SPDX-License-Identifier: BSD-2-Clause */
/* lines.c - see lines.h */
#include "unsubscribe/lines.h"

#include <string.h>

#include "mail/footer.h"

#include "base/banned.h"

#define NAME_MAX	24	/* octets of what stands in ${...} */

static const struct {
	const char	*why;		/* ${list_name} is filled in */
	const char	*label;		/* of the link */
	const char	*colon;		/* between it and a bare link */
} words[STREAM_LANGUAGES] = {
	[STREAM_LANG_EN] = { "You receive this email because you are "
	    "subscribed to ${list_name}.", "Unsubscribe", ": " },
	[STREAM_LANG_ZH] = { "您收到这封邮件，是因为您订阅了“${list_name}”。",
	    "退订", "：" },
	[STREAM_LANG_DE] = { "Sie erhalten diese E-Mail, weil Sie "
	    "„${list_name}“ abonniert haben.", "Abmelden", ": " },
	[STREAM_LANG_FR] = { "Vous recevez ce message parce que vous êtes "
	    "abonné à « ${list_name} ».", "Se désabonner", " : " },
	[STREAM_LANG_ES] = { "Recibe este mensaje porque está suscrito a "
	    "«${list_name}».", "Darse de baja", ": " },
	[STREAM_LANG_JA] = { "このメールは「${list_name}」を購読されている方に"
	    "お送りしています。", "配信を停止する", "：" },
};

/* What the names of a template stand for; NULL: this one is not known here. */
struct values {
	const char	*url, *list, *address;
	bool		 html, link;	/* escape; make the URL a link */
};

/* value_of - what ${NAME} is, and its end; NULL for no such name */
static const char *
value_of(const struct values *v, const char *p, const char **after)
{
	const char	*end = strchr(p, '}');
	size_t		 n;

	if (end == NULL || (n = (size_t)(end - p)) > NAME_MAX)
		return NULL;
	*after = end + 1;
	if (n == 15 && memcmp(p, "unsubscribe_url", n) == 0)
		return v->url;
	if (n == 9 && memcmp(p, "list_name", n) == 0)
		return v->list;
	if (n == 14 && memcmp(p, "postal_address", n) == 0)
		return v->address;
	return NULL;
}

/* unescape - "\n" of the configuration file as a new line */
static void
unescape(const char *s, struct buf *out)
{
	for (; *s != '\0'; s++)
		if (s[0] == '\\' && s[1] == 'n') {
			(void)buf_addc(out, '\n');
			s++;
		} else {
			(void)buf_addc(out, *s);
		}
}

/* put_value - what stands for a name */
static void
put_value(const struct values *v, const char *value, struct buf *out)
{
	struct buf	tmp = BUF_INIT(FOOTER_MAX);

	unescape(value, &tmp);
	if (!v->html) {
		(void)buf_adds(out, buf_str(&tmp));
	} else if (value == v->url && v->link) {
		(void)buf_adds(out, "<a href=\"");
		(void)footer_escape(buf_str(&tmp), out);
		(void)buf_adds(out, "\">");
		(void)footer_escape(buf_str(&tmp), out);
		(void)buf_adds(out, "</a>");
	} else {
		(void)footer_escape(buf_str(&tmp), out);
	}
	out->failed |= tmp.failed;
	buf_free(&tmp);
}

/* expand - a template; escape: its own text is plain, too */
static int
expand(const char *t, const struct values *v, bool escape, struct buf *out)
{
	const char	*value, *after;
	char		 c[3] = { 0, 0, 0 };

	while (*t != '\0') {
		if (t[0] == '$' && t[1] == '{' &&
		    (value = value_of(v, t + 2, &after)) != NULL) {
			put_value(v, value, out);
			t = after;
			continue;
		}
		c[0] = *t++;
		if (c[0] == '\\' && *t == 'n') {
			t++;
			c[0] = '\n';
		}
		if (escape)
			(void)footer_escape(c, out);
		else
			(void)buf_adds(out, c);
	}
	return out->failed ? -1 : 0;
}

static struct values
values_of(const struct stream *s, const char *url, bool html)
{
	return (struct values){ url, *s->list_name != '\0' ? s->list_name :
	    s->name, s->postal_address, html, false };
}

/* check_one - of a template that the file gives */
static int
check_one(const char *t, struct err *e)
{
	const struct values	 v = { "u", "l", "p", false, false };
	const char		*value, *p, *after = "";
	bool			 link = false;

	if (*t == '\0')
		return 0;
	for (p = t; (p = strstr(p, "${")) != NULL; p = after) {
		if ((value = value_of(&v, p + 2, &after)) == NULL)
			return err_set(e, "unknown %.40s; there are "
			    "${unsubscribe_url}, ${list_name} and "
			    "${postal_address}", p);
		link |= value == v.url;
	}
	if (!link)
		return err_set(e, "without ${unsubscribe_url} it is no way "
		    "out");
	if (strlen(t) > FOOTER_MAX / 8)
		return err_set(e, "longer than %d octets", FOOTER_MAX / 8);
	return 0;
}

int
lines_check(const struct stream *s, const char **name, struct err *e)
{
	*name = "footer_text";
	if (check_one(s->footer_text, e) == -1)
		return -1;
	*name = "footer_html";
	return check_one(s->footer_html, e);
}

int
lines_text(const struct stream *s, const char *url, struct buf *out)
{
	struct values	v = values_of(s, url, false);

	if (*s->footer_text != '\0') {
		(void)buf_addc(out, '\n');
		(void)expand(s->footer_text, &v, false, out);
	} else {
		(void)buf_adds(out, "\n----------\n");
		(void)expand(words[s->footer_language].why, &v, false, out);
		(void)buf_addf(out, "\n%s%s%s",
		    words[s->footer_language].label,
		    words[s->footer_language].colon, url);
		if (*v.address != '\0') {
			(void)buf_adds(out, "\n\n");
			put_value(&v, v.address, out);
		}
	}
	return buf_addc(out, '\n');
}

/* built_in - the paragraphs that we bring along */
static void
built_in(const struct stream *s, const struct values *v, struct buf *out)
{
	(void)buf_addf(out, "<div lang=\"%s\" style=\"margin-top:2em;"
	    "font-size:small\">\n<hr>\n<p>",
	    stream_language_name(s->footer_language));
	(void)expand(words[s->footer_language].why, v, true, out);
	(void)buf_adds(out, "<br>\n<a href=\"");
	(void)footer_escape(v->url, out);
	(void)buf_addf(out, "\">%s</a></p>\n",
	    words[s->footer_language].label);
	if (*v->address != '\0') {
		(void)buf_adds(out, "<p>");
		put_value(v, v->address, out);
		(void)buf_adds(out, "</p>\n");
	}
	(void)buf_adds(out, "</div>");
}

int
lines_html(const struct stream *s, const char *url, struct buf *out)
{
	struct values	v = values_of(s, url, true);

	if (*s->footer_html != '\0') {
		(void)expand(s->footer_html, &v, false, out);
	} else if (*s->footer_text != '\0') {
		v.link = true;
		(void)buf_adds(out, "<div>\n<hr>\n<p>");
		(void)expand(s->footer_text, &v, true, out);
		(void)buf_adds(out, "</p>\n</div>");
	} else {
		built_in(s, &v, out);
	}
	return buf_addc(out, '\n');
}
