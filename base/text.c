#include "base/text.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64, CARET_COLUMNS = 72 };

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn a into b: insert, delete, replace, swap of two neighbours (the distance of
 * optimal string alignment). Row i of the table needs only the two before it. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_MAX_BYTES + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = fold(a[i - 1]), y = fold(b[j - 1]);
            row[j] = least(last[j - 1] + (x != y), least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

const char *text_nearest(const char *name, size_t length, const char *const *candidates,
                         size_t candidate_count)
{
    if (length > NAME_MAX_BYTES)
        return NULL;
    const char *nearest = NULL;
    size_t nearest_distance = (length + 2) / 3 + 1;
    for (size_t i = 0; i < candidate_count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > NAME_MAX_BYTES)
            continue;
        size_t longer = length > candidate_length ? length : candidate_length;
        size_t shorter = least(length, candidate_length);
        if (longer - shorter >= nearest_distance)
            continue;
        size_t distance = edit_distance(name, length, candidates[i], candidate_length);
        if (distance < nearest_distance && distance < longer) {
            nearest = candidates[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* One column of a line as it is shown. */
struct column {
    const char *bytes;
    size_t size_bytes;
};

/* Bytes of the well-formed UTF-8 character at `text`, 0 when there is none (RFC 3629's table,
 * without overlong forms and surrogates). */
static size_t utf8_character_bytes(const unsigned char *text, size_t length)
{
    static const struct {
        unsigned char lead_from, lead_to, second_from, second_to, size_bytes;
    } forms[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t size_bytes = forms[i].size_bytes;
        if (text[0] < forms[i].lead_from || text[0] > forms[i].lead_to || size_bytes > length)
            continue;
        if (size_bytes > 1 && (text[1] < forms[i].second_from || text[1] > forms[i].second_to))
            return 0;
        for (size_t k = 2; k < size_bytes; k++) {
            if ((text[k] & 0xC0) != 0x80)
                return 0;
        }
        return size_bytes;
    }
    return 0;
}

/* Reads the column at `text` and returns how many bytes it took there. */
static size_t next_column(const char *text, size_t length, struct column *ret_column)
{
    size_t size_bytes = utf8_character_bytes((const unsigned char *)text, length);
    *ret_column = (struct column){.bytes = text, .size_bytes = size_bytes};
    if (*text == '\t')
        *ret_column = (struct column){.bytes = " ", .size_bytes = 1};
    else if (size_bytes == 0 || (unsigned char)*text < ' ' || *text == 0x7F)
        *ret_column = (struct column){.bytes = "?", .size_bytes = 1};
    return size_bytes ? size_bytes : 1;
}

/* How many columns of the line end at or before `until`. */
static size_t count_columns(const char *line, size_t length, size_t until)
{
    size_t count = 0;
    struct column column;
    size_t at = 0;
    while (at < length) {
        at += next_column(line + at, length - at, &column);
        if (at > until)
            break;
        count++;
    }
    return count;
}

/* Columns [from, to) of the line; those in `dotted_before` and after `dotted_after` become dots. */
static void add_columns(struct strbuf *out, const char *line, size_t length, size_t from, size_t to,
                        size_t dotted_before, size_t dotted_after)
{
    size_t index = 0;
    struct column column;
    for (size_t at = 0; at < length && index < to; index++) {
        at += next_column(line + at, length - at, &column);
        if (index < from)
            continue;
        if (index < dotted_before || index >= dotted_after)
            strbuf_add_char(out, '.');
        else
            strbuf_add(out, column.bytes, column.size_bytes);
    }
}

void text_add_caret(struct strbuf *out, const char *text, size_t length, size_t offset)
{
    offset = least(offset, length);
    size_t start = offset;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    size_t end = offset;
    while (end < length && text[end] != '\n')
        end++;
    if (end > start && text[end - 1] == '\r')
        end--;

    const char *line = text + start;
    size_t line_length = end - start;
    size_t caret = count_columns(line, line_length, offset - start);
    size_t total = count_columns(line, line_length, line_length);
    size_t from = 0, to = total;
    if (total > CARET_COLUMNS) {
        /* The place goes to the middle, unless an end of the line is nearer. */
        from = caret > CARET_COLUMNS / 2 ? caret - CARET_COLUMNS / 2 : 0;
        from = least(from, total - CARET_COLUMNS);
        to = from + CARET_COLUMNS;
    }
    add_columns(out, line, line_length, from, to, from > 0 ? from + 3 : 0,
                to < total ? to - 3 : total);
    strbuf_add_char(out, '\n');
    for (size_t i = from; i < caret; i++)
        strbuf_add_char(out, ' ');
    strbuf_add_char(out, '^');
}

void text_fit(const char *text, char *out, size_t room)
{
    size_t length = strnlen(text, room - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}
