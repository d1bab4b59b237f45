#include "db/integrity.h"

#include <stdio.h>
#include <string.h>

static const char *const checks[] = {
    "PRAGMA quick_check(orders)",          "PRAGMA quick_check(intents)",
    "PRAGMA quick_check(owner)",           "PRAGMA quick_check(paper_orders)",
    "PRAGMA quick_check(paper_positions)", "PRAGMA quick_check(paper_account)",
};

static enum err check(const struct db_read *r, const char *sql, struct error *e)
{
    char found[256] = "nothing was told";
    struct statement *s = db_prepare(r, sql);
    if (statement_next(s))
        snprintf(found, sizeof found, "%s", statement_text(s, "quick_check"));
    enum err err = statement_finish(s, e);
    if (err != ERR_OK || strcmp(found, "ok") == 0)
        return err;
    return error_set(e, ERR_DATA,
                     "bracketd.db is damaged, put a backup in its place (docs/operations.md): %s",
                     found);
}

enum err integrity_check_orders(const struct db_read *r, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof checks / sizeof checks[0]; i++)
        err = check(r, checks[i], e);
    return err;
}
