#include "bench/support/bench_commits.h"

#include "base/thread.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "bench/support/bench_folder.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECKPOINT_PAGES = 4096 };

struct commits {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    sem_t asked, done;
    int32_t rows;
};

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "bench: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void step(sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_DONE)
        abort();
    sqlite3_reset(s);
}

static void open_database(struct commits *c, const char *folder)
{
    char path[BENCH_FOLDER_BYTES + 16];
    snprintf(path, sizeof path, "%s/rows.db", folder);
    sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                    NULL);
    run(c->db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "PRAGMA cache_size=-32768; CREATE TABLE rows(id INTEGER PRIMARY KEY, data BLOB)");
    sqlite3_wal_autocheckpoint(c->db, CHECKPOINT_PAGES);
    sqlite3_prepare_v2(c->db, "BEGIN IMMEDIATE", -1, &c->begin, NULL);
    sqlite3_prepare_v2(c->db, "INSERT INTO rows(data) VALUES(?)", -1, &c->insert, NULL);
    sqlite3_prepare_v2(c->db, "COMMIT", -1, &c->commit, NULL);
}

static void close_database(struct commits *c)
{
    sqlite3_finalize(c->begin);
    sqlite3_finalize(c->insert);
    sqlite3_finalize(c->commit);
    sqlite3_close(c->db);
}

static void *commit_all(void *context)
{
    struct commits *c = context;
    for (int32_t rows = 0; rows < c->rows;) {
        int32_t group = 0;
        sem_wait(&c->asked);
        step(c->begin);
        do {
            step(c->insert);
            group++;
        } while (sem_trywait(&c->asked) == 0);
        step(c->commit);
        rows += group;
        while (group-- > 0)
            sem_post(&c->done);
    }
    return NULL;
}

static double ask_for_all(struct commits *c, int32_t in_flight)
{
    struct thread thread;
    struct error e;
    double start = bench_now_s();
    bench_must(thread_start(&thread, &(struct thread_options){.name = "bare"}, commit_all, c, &e),
               &e);
    for (int32_t i = 0; i < c->rows; i++) {
        if (i >= in_flight)
            sem_wait(&c->done);
        sem_post(&c->asked);
    }
    thread_join(&thread);
    return c->rows / (bench_now_s() - start);
}

double bench_commits(int32_t rows, size_t row_bytes, int32_t in_flight)
{
    char folder[BENCH_FOLDER_BYTES];
    struct commits c = {.rows = rows};
    void *row = calloc(1, row_bytes);
    bench_folder_make(folder);
    open_database(&c, folder);
    sqlite3_bind_blob64(c.insert, 1, row, row_bytes, SQLITE_STATIC);
    sem_init(&c.asked, 0, 0);
    sem_init(&c.done, 0, 0);
    double rate = ask_for_all(&c, in_flight);
    sem_destroy(&c.asked);
    sem_destroy(&c.done);
    close_database(&c);
    free(row);
    bench_folder_remove(folder);
    return rate;
}
