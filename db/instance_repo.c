#include "db/instance_repo.h"

#include "base/random.h"

#include <stdio.h>
#include <string.h>

static const char SQL_GET[] =
    "SELECT instance, incarnation, file = :file AS same,"
    " EXISTS(SELECT 1 FROM orders WHERE final = 0) AS open FROM owner WHERE one = 1";
static const char SQL_SET[] = "UPDATE owner SET instance = :instance, incarnation = :incarnation,"
                              " file = :file WHERE one = 1";

static void make_name(char out[CLIENT_ID_INSTANCE_MAX + 1])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv"; /* 5 bits */
    unsigned char secret[CLIENT_ID_INSTANCE_MAX];
    random_secret(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        out[i] = letters[secret[i] & 31];
    out[sizeof secret] = '\0';
}

enum err instance_repo_take(struct db_write *w, const char *file, struct instance *ret,
                            struct error *e)
{
    struct instance now = {.incarnation = 0};
    bool same = false, open = false;
    struct statement *s = db_prepare(&w->read, SQL_GET);
    statement_bind_text(s, ":file", file);
    if (statement_next(s)) {
        snprintf(now.name, sizeof now.name, "%s", statement_text(s, "instance"));
        now.incarnation = (int32_t)statement_int(s, "incarnation");
        same = statement_int(s, "same") != 0;
        open = statement_int(s, "open") != 0;
    }
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    bool fresh = now.name[0] == '\0';
    now.copied = !fresh && !same;
    if (fresh)
        make_name(now.name);
    else if (now.copied && !open)
        now.incarnation = (now.incarnation + 1) % CLIENT_ID_INCARNATIONS;
    *ret = now;
    if (same || (now.copied && open))
        return ERR_OK;
    s = db_prepare(&w->read, SQL_SET);
    statement_bind_text(s, ":instance", now.name);
    statement_bind_int(s, ":incarnation", now.incarnation);
    statement_bind_text(s, ":file", file);
    return statement_run(s, NULL, e);
}
