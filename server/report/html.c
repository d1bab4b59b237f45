#include "server/report/html.h"

#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What stands for a byte of plain text, or NULL when that is the byte itself. */
static const char *entity_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return NULL;
    default:
        return c < 0x20 || c == 0x7f ? "\xef\xbf\xbd" : NULL;
    }
}

void html_text(struct strbuf *out, const char *text)
{
    if (!text)
        return;
    size_t left = strlen(text);
    while (left) {
        /* U+FFFE and U+FFFF are characters of UTF-8, but not of XML. */
        size_t taken = utf8_length(text, left);
        bool refused = taken == 0 || (taken == 3 && memcmp(text, "\xef\xbf\xbe", 2) == 0 &&
                                      (unsigned char)text[2] >= 0xbe);
        const char *entity = refused ? "\xef\xbf\xbd" : entity_of((unsigned char)text[0]);
        taken = taken ? taken : 1;
        if (entity)
            strbuf_add_string(out, entity);
        else
            strbuf_add(out, text, taken);
        text += taken;
        left -= taken;
    }
}

void html_coordinate(struct strbuf *out, double x)
{
    char text[64];
    assert(isfinite(x) && fabs(x) < 1e9);
    long long tenths = llround(10 * x);
    const char *sign = tenths < 0 ? "-" : "";
    tenths = llabs(tenths);
    int length = tenths % 10
                     ? snprintf(text, sizeof(text), "%s%lld.%lld", sign, tenths / 10, tenths % 10)
                     : snprintf(text, sizeof(text), "%s%lld", sign, tenths / 10);
    strbuf_add(out, text, (size_t)length);
}

/* Writes the argument of the conversion at `p` (past its '%') and returns where it ends. */
static const char *convert(struct strbuf *out, const char *p, va_list *arguments)
{
    if (*p == '%') {
        strbuf_add_char(out, '%');
    } else if (*p == 's') {
        html_text(out, va_arg(*arguments, const char *));
    } else if (*p == 'g') {
        html_coordinate(out, va_arg(*arguments, double));
    } else if (*p == 'd') {
        strbuf_add_format(out, "%d", va_arg(*arguments, int));
    } else if (strncmp(p, "lld", 3) == 0) {
        strbuf_add_format(out, "%lld", va_arg(*arguments, long long));
        p += 2;
    } else if (strncmp(p, "zu", 2) == 0) {
        strbuf_add_format(out, "%zu", va_arg(*arguments, size_t));
        p += 1;
    } else {
        assert(!"a conversion that html_format has");
    }
    return p + 1;
}

void html_format(struct strbuf *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *p = format; *p;) {
        size_t plain = strcspn(p, "%");
        strbuf_add(out, p, plain);
        p += plain;
        if (*p == '%')
            p = convert(out, p + 1, &arguments);
    }
    va_end(arguments);
}
