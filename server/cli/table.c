#include "server/cli/table.h"

#include <assert.h>
#include <string.h>

enum { TABLE_BYTES_MAX = 4 << 20 };

static const char *const escapes[TABLE_STYLE_COUNT] = {[TABLE_PLAIN] = "",
                                                       [TABLE_BOLD] = "\033[1m",
                                                       [TABLE_GREEN] = "\033[32m",
                                                       [TABLE_RED] = "\033[31m"};

void table_init(struct table *t, const char *columns)
{
    memset(t, 0, sizeof(*t));
    strbuf_init(&t->cells, TABLE_BYTES_MAX);
    t->column_count = strlen(columns);
    assert(t->column_count > 0 && t->column_count <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < t->column_count; i++)
        t->right[i] = columns[i] == 'r';
}

void table_release(struct table *t)
{
    strbuf_release(&t->cells);
}

void table_cell(struct table *t, enum table_style style, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    strbuf_add_char(&t->cells, (char)('0' + style));
    strbuf_add(&t->cells, text, strlen(text) + 1);
    t->cell_count++;
}

void table_end_row(struct table *t)
{
    while (t->cell_count % t->column_count)
        table_cell(t, TABLE_PLAIN, "%s", "");
}

/* Characters: every byte but those that go on with one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void print_cell(const char *cell, size_t width, bool right, bool last, bool colour,
                       FILE *out)
{
    const char *text = cell + 1;
    size_t own = width_of(text);
    int pad = width > own ? (int)(width - own) : 0;
    const char *escape = colour && *text ? escapes[cell[0] - '0'] : "";
    if (right)
        fprintf(out, "%*s", pad, "");
    fprintf(out, "%s%s%s", escape, text, *escape ? "\033[0m" : "");
    if (!right && !last)
        fprintf(out, "%*s", pad, "");
    if (!last)
        fputs("  ", out);
}

bool table_print(const struct table *t, FILE *out, int indent, bool colour)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    if (strbuf_failed(&t->cells))
        return false;
    assert(t->cell_count % t->column_count == 0);
    const char *cell = strbuf_text(&t->cells);
    for (size_t i = 0; i < t->cell_count; i++, cell += strlen(cell) + 1) {
        size_t width = width_of(cell + 1);
        if (width > widths[i % t->column_count])
            widths[i % t->column_count] = width;
    }
    cell = strbuf_text(&t->cells);
    for (size_t i = 0; i < t->cell_count; i++, cell += strlen(cell) + 1) {
        size_t column = i % t->column_count;
        bool last = column + 1 == t->column_count;
        if (column == 0)
            fprintf(out, "%*s", indent, "");
        print_cell(cell, widths[column], t->right[column], last, colour, out);
        if (last)
            fputc('\n', out);
    }
    return true;
}
