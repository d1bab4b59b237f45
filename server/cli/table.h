/* Columns of text, lined up: cells are added row by row, then all are printed.
 *
 * Widths count characters, not bytes. Past the memory limit of a table nothing is printed any more
 * (table_print says so).
 */
#ifndef SERVER_CLI_TABLE_H
#define SERVER_CLI_TABLE_H

#include "base/strbuf.h"

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 24 };

enum table_style { TABLE_PLAIN, TABLE_BOLD, TABLE_GREEN, TABLE_RED, TABLE_STYLE_COUNT };

struct table {
    struct strbuf cells; /* style, text, NUL; one after the other */
    size_t cell_count;
    size_t column_count;
    bool right[TABLE_COLUMNS_MAX]; /* numbers line up at their end */
};

/* columns: a letter each, 'l' or 'r' for the side on which the cells line up. */
void table_init(struct table *t, const char *columns);
void table_release(struct table *t);
void table_cell(struct table *t, enum table_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends a row early: the cells that are left stay empty. */
void table_end_row(struct table *t);
/* Each line begins with `indent` spaces; columns are two spaces apart. False when memory was out.
 */
bool table_print(const struct table *t, FILE *out, int indent, bool colour);

#endif
