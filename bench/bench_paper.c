/* What the paper broker takes: durable submits from many threads, and quotes.
 *
 *   submits   1, 16 and 64 threads, each submits and waits for its answer, on bracketd.db
 *   quotes    in lots of 100 over 1,000 symbols: without orders; with 30,000 resting orders that
 *             they do not touch; until the market has taken the last of them
 *
 * Baseline of submits: the same threads, each item one row in a table of its own, by the same
 * writer. Memory is the growth of the process over 30,000 live orders.
 */
#include "base/decimal.h"
#include "base/thread.h"
#include "bench/support/bench.h"
#include "bench/support/bench_folder.h"
#include "bench/support/bench_process.h"
#include "db/paper_store.h"
#include "db/storage.h"
#include "orders/paper/paper_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE DECIMAL_ONE

enum {
    THREADS_MAX = 64,
    SUBMITS_EACH = 12000, /* of all threads together */
    RESTING = 30000,
    SYMBOLS = 1000,
    LOT = 100,
    QUOTES = 400000,
    REPETITIONS = 3,
};
#define CASH INT64_C(1000000000)

static void check(enum err err, const struct error *e)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "bench_paper: %s\n", e ? e->message : err_title(err));
    exit(1);
}

struct bench {
    struct storage storage;
    struct paper_store *store;
    struct broker *broker;
};

static void open_bench(struct bench *b, const char *folder)
{
    struct error e;
    check(storage_open(folder, NULL, &b->storage, &e), &e);
    check(paper_store_create(b->storage.writer, b->storage.readers, &b->store, &e), &e);
    const struct paper_options options = {
        .clock = clock_real(), .store = b->store, .cash = CASH * ONE};
    check(paper_broker_create(&options, &b->broker, &e), &e);
}

static void close_bench(struct bench *b)
{
    b->broker->operations->free(b->broker);
    paper_store_free(b->store);
    storage_close(&b->storage);
}

/* ---- submits --------------------------------------------------------------------------------- */

struct caller {
    struct bench *bench;
    struct thread thread;
    int number, count;
    int64_t first;
};

static void symbol_of(int64_t number, char out[LIMIT_SYMBOL_BYTES])
{
    snprintf(out, LIMIT_SYMBOL_BYTES, "S%lld", (long long)(number % SYMBOLS));
}

static void *submit_many(void *context)
{
    struct caller *c = context;
    struct broker *b = c->bench->broker;
    for (int i = 0; i < c->count; i++) {
        char id[CLIENT_ID_TEXT], symbol[LIMIT_SYMBOL_BYTES];
        struct broker_submit s = {.client_id = id,
                                  .type = ORDER_TYPE_LIMIT,
                                  .time_in_force = TIF_GTC,
                                  .quantity = ONE,
                                  .limit_price = ONE,
                                  .opens = true};
        struct broker_report report;
        struct broker_refusal refusal;
        bool reported;
        int64_t number = c->first + i;
        snprintf(id, sizeof id, "bk0000-%026lld-e%d", (long long)number, c->number + 1);
        symbol_of(number, symbol);
        check(contract_share(symbol, strlen(symbol), &s.contract, NULL), NULL);
        if (b->operations->submit(b, &s, &reported, &report, &refusal) != OUTCOME_OK) {
            fprintf(stderr, "bench_paper: %s\n", refusal.message);
            exit(1);
        }
    }
    return NULL;
}

static enum err insert_row(struct db_write *w, void *context, struct error *e)
{
    static const char SQL[] = "INSERT INTO bench_rows(body) VALUES(:body)";
    struct statement *s = db_prepare(&w->read, SQL);
    statement_bind_text(s, ":body", context);
    return statement_run(s, NULL, e);
}

static enum err make_table(struct db_write *w, void *context, struct error *e)
{
    (void)context;
    return db_execute(w->read.connection,
                      "CREATE TABLE bench_rows(id INTEGER PRIMARY KEY, body TEXT) STRICT", e);
}

static void *insert_many(void *context)
{
    struct caller *c = context;
    struct error e;
    char body[] = "a row about as long as an order that the paper broker stores, give or take some";
    for (int i = 0; i < c->count; i++)
        check(writer_call(c->bench->storage.writer, insert_row, body, &e), &e);
    return NULL;
}

/* Items a second. */
static double run_callers(struct bench *b, int threads, int64_t *next, void *(*run)(void *))
{
    static struct caller callers[THREADS_MAX];
    struct error e;
    int count = SUBMITS_EACH / threads / (threads == 1 ? 4 : 1);
    double began_s = bench_now_s();
    for (int i = 0; i < threads; i++) {
        callers[i] = (struct caller){.bench = b, .number = i, .count = count, .first = *next};
        *next += count;
        check(thread_start(&callers[i].thread, &(struct thread_options){.name = "caller"}, run,
                           &callers[i], &e),
              &e);
    }
    for (int i = 0; i < threads; i++)
        thread_join(&callers[i].thread);
    return count * threads / (bench_now_s() - began_s);
}

static void bench_submits(void)
{
    static const int threads[] = {1, 16, 64};
    struct error e;
    bench_title("durable submits, and one bare row each by the same writer");
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        struct bench_series rows = {.count = 0}, submits = {.count = 0};
        struct bench b = {.broker = NULL};
        char folder[BENCH_FOLDER_BYTES];
        bench_folder_make(folder);
        int64_t next = 1;
        open_bench(&b, folder);
        check(writer_call(b.storage.writer, make_table, NULL, &e), &e);
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            bench_add(&rows, run_callers(&b, threads[i], &next, insert_many));
            bench_add(&submits, run_callers(&b, threads[i], &next, submit_many));
        }
        char name[32];
        snprintf(name, sizeof name, "%d thread%s", threads[i], threads[i] == 1 ? "" : "s");
        bench_report(name, "/s", &submits, &rows, "bare rows");
        close_bench(&b);
        bench_folder_remove(folder);
    }
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static void put(struct broker *b, const struct market_quote *quotes, size_t count)
{
    struct error e;
    enum err err;
    while ((err = paper_broker_quotes(b, quotes, count, &e)) == ERR_BUSY)
        bench_rest(NS_PER_MS / 10);
    check(err, &e);
}

/* Quotes a second, until the last has been taken. */
static double run_quotes(struct broker *b)
{
    static struct market_quote lot[LOT];
    static int64_t mark;
    struct contract contract;
    struct order_quote seen = {.bid = 0};
    int64_t age_ns;
    double began_s = bench_now_s();
    for (int64_t i = 0; i < QUOTES; i += LOT) {
        for (int64_t k = 0; k < LOT; k++) {
            lot[k] = (struct market_quote){.bid = 99 * ONE, .ask = 100 * ONE};
            symbol_of(i + k, lot[k].symbol);
        }
        put(b, lot, LOT);
    }
    lot[0] = (struct market_quote){.symbol = "MARK", .bid = ++mark};
    put(b, lot, 1);
    check(contract_share("MARK", 4, &contract, NULL), NULL);
    while (seen.bid != mark) {
        bench_rest(NS_PER_MS / 10);
        b->operations->quote(b, &contract, &seen, &age_ns);
    }
    return QUOTES / (bench_now_s() - began_s);
}

/* Every resting order is filled; fills a second, until the last is on disk. */
static double run_fills(struct broker *b, int64_t orders)
{
    static struct market_quote lot[SYMBOLS];
    struct broker_account account;
    double began_s = bench_now_s();
    for (int64_t i = 0; i < SYMBOLS; i++) {
        lot[i] = (struct market_quote){.bid = ONE / 2, .ask = ONE};
        symbol_of(i, lot[i].symbol);
    }
    put(b, lot, SYMBOLS);
    do {
        bench_rest(NS_PER_MS / 10);
        while (b->operations->account(b, &account) != OUTCOME_OK)
            bench_rest(NS_PER_MS);
    } while (account.cash > (CASH - orders) * ONE);
    return (double)orders / (bench_now_s() - began_s);
}

static void bench_quotes(void)
{
    struct bench_series idle = {.count = 0}, resting = {.count = 0}, memory = {.count = 0};
    struct bench_series fills = {.count = 0};
    struct bench b = {.broker = NULL};
    char folder[BENCH_FOLDER_BYTES];
    bench_folder_make(folder);
    int64_t next = 1;
    open_bench(&b, folder);
    for (int i = 0; i < REPETITIONS; i++)
        bench_add(&idle, run_quotes(b.broker));
    int64_t before_bytes = bench_resident_bytes();
    for (int64_t live = 0; live < RESTING; live = next - 1)
        run_callers(&b, THREADS_MAX, &next, submit_many);
    bench_add(&memory, (double)(bench_resident_bytes() - before_bytes) / (double)(next - 1));
    for (int i = 0; i < REPETITIONS; i++)
        bench_add(&resting, run_quotes(b.broker));
    bench_add(&fills, run_fills(b.broker, next - 1));
    bench_title("quotes that fill nothing, over 1,000 symbols");
    bench_report("without orders", "/s", &idle, NULL, NULL);
    bench_report("with 30,000 resting orders", "/s", &resting, &idle, "without orders");
    bench_report("durable fills, all of them at once", "/s", &fills, NULL, NULL);
    bench_report("memory of a live order", " bytes", &memory, NULL, NULL);
    close_bench(&b);
    bench_folder_remove(folder);
}

int main(void)
{
    bench_quotes(); /* first: what it measures of memory nobody has used before */
    bench_submits();
    return 0;
}
