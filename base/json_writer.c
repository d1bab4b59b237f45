/* Answers are made of very many very small pieces, so what each piece costs beside its bytes
 * decides: a piece goes straight into the buffer when there is room for its longest form, and
 * through a local array when there is not, so that a text which just fits into the maximum is not
 * refused.
 */
#include "base/json_writer.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { PIECE_MAX = 48 }; /* the longest number or stamp, with quotes and NUL */

/* Where a piece of at most PIECE_MAX bytes may be written: the buffer's end, or `local`. */
static char *begin_piece(struct strbuf *b, char local[PIECE_MAX])
{
    return b->capacity - b->length > PIECE_MAX && !b->failed ? b->data + b->length : local;
}

static void end_piece(struct strbuf *b, const char *local, char *piece, size_t length)
{
    if (piece == local) {
        strbuf_add(b, local, length);
        return;
    }
    b->length += length;
    b->data[b->length] = '\0';
}

static void put_char(struct strbuf *b, char c)
{
    if (b->capacity - b->length > 1 && !b->failed) {
        b->data[b->length++] = c;
        b->data[b->length] = '\0';
    } else {
        strbuf_add_char(b, c);
    }
}

/* What comes before a value: nothing after a key, a comma after another item. */
static void begin_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    assert(!w->in_object[w->depth - 1]);
    bool *comma = &w->comma[w->depth - 1];
    if (*comma)
        put_char(w->out, ',');
    *comma = true;
}

void json_writer_init(struct json_writer *w, struct strbuf *out)
{
    *w = (struct json_writer){.out = out};
}

static void begin_container(struct json_writer *w, char bracket, bool object)
{
    begin_value(w);
    assert(w->depth < JSON_WRITER_DEPTH);
    w->comma[w->depth] = false;
    w->in_object[w->depth] = object;
    w->depth++;
    put_char(w->out, bracket);
}

static void end_container(struct json_writer *w, char bracket, bool object)
{
    assert(w->depth > 0 && w->in_object[w->depth - 1] == object && !w->after_key);
    w->depth--;
    put_char(w->out, bracket);
}

void json_begin_object(struct json_writer *w)
{
    begin_container(w, '{', true);
}

void json_end_object(struct json_writer *w)
{
    end_container(w, '}', true);
}

void json_begin_array(struct json_writer *w)
{
    begin_container(w, '[', false);
}

void json_end_array(struct json_writer *w)
{
    end_container(w, ']', false);
}

/* ASCII that needs no escape. */
static bool is_plain(char c)
{
    return c >= 0x20 && c != '"' && c != '\\'; /* char is signed: no bytes from 0x80 on */
}

static size_t plain_length(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && is_plain(text[i]))
        i++;
    return i;
}

/* The same question for eight characters at once. A borrow from one byte into the next can only
 * turn a yes into a no, never the reverse. */
static bool are_plain(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quotes = eight ^ (ones * '"');
    uint64_t backslashes = eight ^ (ones * '\\');
    uint64_t found = eight | (eight - ones * 0x20) | (quotes - ones) | (backslashes - ones);
    return (found & ones * 0x80) == 0;
}

/* Copies plain text; false when it is not, and then `out` may hold a part of it. */
static bool copy_plain(char *out, const char *text, size_t length)
{
    uint64_t eight;
    size_t i = 0;
    for (; i + sizeof eight <= length; i += sizeof eight) {
        memcpy(&eight, text + i, sizeof eight);
        memcpy(out + i, &eight, sizeof eight);
        if (!are_plain(eight))
            return false;
    }
    for (; i < length; i++) {
        out[i] = text[i];
        if (!is_plain(text[i]))
            return false;
    }
    return true;
}

static void put_escaped(struct strbuf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: what, its escape */
    for (size_t i = 0; i + 1 < sizeof letters; i += 2)
        if (c == (unsigned char)letters[i]) {
            strbuf_add(b, (char[]){'\\', letters[i + 1]}, 2);
            return;
        }
    strbuf_add(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* From the first character that is not plain on. */
static void put_text(struct strbuf *b, const char *text, size_t length)
{
    while (length > 0) {
        size_t taken = plain_length(text, length);
        if (taken > 0) {
            strbuf_add(b, text, taken);
        } else if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\') {
            put_escaped(b, (unsigned char)*text);
            taken = 1;
        } else {
            taken = utf8_length(text, length);
            if (taken > 0) {
                strbuf_add(b, text, taken);
            } else {
                strbuf_add(b, "\xef\xbf\xbd", 3);
                taken = 1;
            }
        }
        text += taken;
        length -= taken;
    }
}

/* `before` (0 = nothing), the text as a string, `after` (0 = nothing). */
static void put_string(struct strbuf *b, char before, const char *text, size_t length, char after)
{
    if (b->capacity - b->length > length + 4 && !b->failed) {
        char *p = b->data + b->length;
        if (before)
            *p++ = before;
        *p++ = '"';
        if (copy_plain(p, text, length)) {
            p += length;
            *p++ = '"';
            if (after)
                *p++ = after;
            *p = '\0';
            b->length = (size_t)(p - b->data);
            return;
        }
        b->data[b->length] = '\0';
    }
    if (before)
        put_char(b, before);
    put_char(b, '"');
    put_text(b, text, length);
    put_char(b, '"');
    if (after)
        put_char(b, after);
}

void json_key(struct json_writer *w, const char *name)
{
    assert(w->depth > 0 && w->in_object[w->depth - 1] && !w->after_key);
    bool *comma = &w->comma[w->depth - 1];
    put_string(w->out, *comma ? ',' : '\0', name, strlen(name), ':');
    *comma = true;
    w->after_key = true;
}

void json_string_n(struct json_writer *w, const char *text, size_t length)
{
    begin_value(w);
    put_string(w->out, 0, text, length, 0);
}

void json_string(struct json_writer *w, const char *text)
{
    if (text)
        json_string_n(w, text, strlen(text));
    else
        json_null(w);
}

void json_raw(struct json_writer *w, const char *json, size_t length)
{
    begin_value(w);
    strbuf_add(w->out, json, length);
}

void json_bool(struct json_writer *w, bool value)
{
    json_raw(w, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_writer *w)
{
    json_raw(w, "null", 4);
}

void json_int(struct json_writer *w, int64_t value)
{
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    end_piece(w->out, local, piece, integer_format(value, piece));
}

void json_number(struct json_writer *w, double x)
{
    if (!isfinite(x)) {
        json_null(w);
        return;
    }
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    end_piece(w->out, local, piece, number_format(x, piece));
}

/* The rest of a string whose opening quote and `length` bytes are in the piece. */
static void end_quoted_piece(struct strbuf *b, const char *local, char *piece, size_t length)
{
    piece[0] = '"';
    piece[1 + length] = '"';
    end_piece(b, local, piece, length + 2);
}

void json_decimal(struct json_writer *w, int64_t value)
{
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    end_quoted_piece(w->out, local, piece, decimal_format(value, piece + 1));
}

void json_price(struct json_writer *w, double x)
{
    if (!isfinite(x)) {
        json_null(w);
        return;
    }
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    end_quoted_piece(w->out, local, piece, number_format(x, piece + 1));
}

void json_time(struct json_writer *w, int64_t ns)
{
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    end_quoted_piece(w->out, local, piece, rfc3339_format(ns, piece + 1));
}

void json_date(struct json_writer *w, int32_t days)
{
    begin_value(w);
    char local[PIECE_MAX];
    char *piece = begin_piece(w->out, local);
    civil_format(days, piece + 1);
    end_quoted_piece(w->out, local, piece, 10);
}

void json_member_string(struct json_writer *w, const char *name, const char *text)
{
    json_key(w, name);
    json_string(w, text);
}

void json_member_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, name);
    json_bool(w, value);
}

void json_member_number(struct json_writer *w, const char *name, double x)
{
    json_key(w, name);
    json_number(w, x);
}

void json_member_decimal(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_decimal(w, value);
}

void json_member_time(struct json_writer *w, const char *name, int64_t ns)
{
    json_key(w, name);
    json_time(w, ns);
}

void json_member_decimal_or_null(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    if (value)
        json_decimal(w, value);
    else
        json_null(w);
}

void json_member_time_or_null(struct json_writer *w, const char *name, int64_t ns)
{
    json_key(w, name);
    if (ns)
        json_time(w, ns);
    else
        json_null(w);
}
