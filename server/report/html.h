/* Markup into a strbuf, escaped by construction: text reaches the page through html_format's %s or
 * html_text, and there is no third way but literals.
 *
 * What is written is HTML that is well-formed XML too, so that strict parsers read it. Characters
 * that XML does not allow (controls, bytes that are no UTF-8) become U+FFFD.
 */
#ifndef SERVER_REPORT_HTML_H
#define SERVER_REPORT_HTML_H

#include "base/strbuf.h"

/* Text, escaped for content and for attributes in double quotes. NULL writes nothing. */
void html_text(struct strbuf *out, const char *text);

/* A coordinate: at most one decimal. x must be finite (asserted). */
void html_coordinate(struct strbuf *out, double x);

/* The format is markup and goes out as it is. Of printf's conversions there are: %s a text,
 * escaped; %d, %lld and %zu; %g a coordinate; %%. Others abort. */
void html_format(struct strbuf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
