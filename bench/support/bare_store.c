#include "bench/support/bare_store.h"

#include "bench/support/bench_bars.h"
#include "bench/support/bench_folder.h"

#include <stdio.h>
#include <stdlib.h>

static const char SQL_INSERT[] = "INSERT INTO rows(data) VALUES(:data)";

struct bare_store {
    char folder[BENCH_FOLDER_BYTES];
    struct writer *writer;
    void *row;
    size_t row_bytes;
};

struct put {
    struct bare_store *store;
    void (*done)(void *context);
    void *context;
};

static void make_table(const char *path)
{
    const struct db_options options = {.mode = DB_CREATE, .sync_full = true};
    struct db_connection *c;
    struct error e;
    bench_must(db_open(path, &options, &c, &e), &e);
    bench_must(db_execute(c, "CREATE TABLE rows(id INTEGER PRIMARY KEY, data BLOB)", &e), &e);
    db_close(c);
}

struct bare_store *bare_store_open(size_t row_bytes)
{
    char path[BENCH_FOLDER_BYTES + 16];
    struct error e;
    struct bare_store *s = calloc(1, sizeof *s);
    if (!s || !(s->row = calloc(1, row_bytes)))
        abort();
    s->row_bytes = row_bytes;
    bench_folder_make(s->folder);
    snprintf(path, sizeof path, "%s/rows.db", s->folder);
    make_table(path);
    bench_must(writer_create(path, NULL, &s->writer, &e), &e);
    return s;
}

static enum err insert(struct db_write *w, void *context, struct error *e)
{
    const struct put *p = context;
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    statement_bind_blob(s, ":data", p->store->row, p->store->row_bytes);
    return statement_run(s, NULL, e);
}

static void stored(void *context, enum err code, const struct error *e)
{
    struct put p = *(struct put *)context;
    bench_must(code, e);
    free(context);
    p.done(p.context);
}

void bare_store_put(struct bare_store *s, void (*done)(void *context), void *context)
{
    struct error e;
    struct put *p = malloc(sizeof *p);
    if (!p)
        abort();
    *p = (struct put){.store = s, .done = done, .context = context};
    bench_must(writer_submit(s->writer, insert, stored, p, &e), &e);
}

void bare_store_close(struct bare_store *s)
{
    if (!s)
        return;
    writer_free(s->writer);
    bench_folder_remove(s->folder);
    free(s->row);
    free(s);
}
