/* The schemas, as the scripts that led to them. A script that was released never changes; new ones
 * go to the end.
 *
 * Keys are time-ordered (rowids, UUIDv7), because a random key halves the rate of inserts. Large
 * values are a table's last columns: SQLite reads a row from the front, so lists never touch their
 * pages.
 */
#include "db/migrations.h"

#include <assert.h>
#include <stdio.h>

static const char *const main_scripts[] = {
    /* 1: API keys */
    "CREATE TABLE keys("
    "  seq INTEGER PRIMARY KEY,"
    "  id BLOB NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  scopes INTEGER NOT NULL,"
    "  secret_sha256 BLOB NOT NULL UNIQUE,"
    "  created_at_ns INTEGER NOT NULL,"
    "  revoked_at_ns INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE UNIQUE INDEX keys_in_force ON keys(name) WHERE revoked_at_ns = 0;",

    /* 2: jobs and their shards */
    "CREATE TABLE jobs("
    "  seq INTEGER PRIMARY KEY,"
    "  id BLOB NOT NULL UNIQUE,"
    "  kind TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  name TEXT,"
    "  key_id BLOB NOT NULL,"
    "  created_at_ns INTEGER NOT NULL,"
    "  started_at_ns INTEGER NOT NULL DEFAULT 0,"
    "  finished_at_ns INTEGER NOT NULL DEFAULT 0,"
    "  shards_done INTEGER NOT NULL DEFAULT 0,"
    "  shards_total INTEGER NOT NULL DEFAULT 0,"
    "  bars_done INTEGER NOT NULL DEFAULT 0,"
    "  bars_total INTEGER NOT NULL DEFAULT 0,"
    "  engine_version TEXT NOT NULL,"
    "  data_hash BLOB NOT NULL,"
    "  rev INTEGER NOT NULL,"
    "  error TEXT,"
    "  request TEXT NOT NULL,"
    "  result TEXT"
    ") STRICT;"
    "CREATE INDEX jobs_unfinished ON jobs(id) WHERE status < 2;"
    "CREATE TABLE shards("
    "  id INTEGER PRIMARY KEY,"
    "  job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  symbol TEXT NOT NULL,"
    "  from_day INTEGER NOT NULL,"
    "  to_day INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  bars INTEGER NOT NULL,"
    "  fires INTEGER NOT NULL,"
    "  elapsed_us INTEGER NOT NULL,"
    "  worker INTEGER NOT NULL,"
    "  error TEXT,"
    "  payload BLOB,"
    "  UNIQUE(job, ordinal)"
    ") STRICT;",

    /* 3: idempotency keys */
    "CREATE TABLE idempotency("
    "  id INTEGER PRIMARY KEY,"
    "  key_id BLOB NOT NULL,"
    "  key TEXT NOT NULL,"
    "  body_sha256 BLOB NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  resource_id BLOB NOT NULL,"
    "  created_at_ns INTEGER NOT NULL,"
    "  response TEXT NOT NULL,"
    "  UNIQUE(key_id, key)"
    ") STRICT;"
    "CREATE INDEX idempotency_age ON idempotency(created_at_ns);",

    /* 4: fires of jobs, a row per shard that has any */
    "CREATE TABLE fires("
    "  id INTEGER PRIMARY KEY,"
    "  job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  UNIQUE(job, ordinal)"
    ") STRICT;",

    /* 5: trades and equity of jobs with a strategy, and notes on jobs (a table of their own, as a
       column behind `result` would make lists read through it) */
    "CREATE TABLE ledgers("
    "  job INTEGER PRIMARY KEY REFERENCES jobs(seq) ON DELETE CASCADE,"
    "  trades INTEGER NOT NULL,"
    "  points INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE ledger_chunks("
    "  id INTEGER PRIMARY KEY,"
    "  job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
    "  series INTEGER NOT NULL,"
    "  first INTEGER NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  UNIQUE(job, series, first)"
    ") STRICT;"
    "CREATE TABLE job_notes("
    "  job INTEGER PRIMARY KEY REFERENCES jobs(seq) ON DELETE CASCADE,"
    "  notes TEXT NOT NULL"
    ") STRICT;",

    /* 6: jobs whose shards came from earlier results in part, and what a job was estimated to cost;
       the payloads of shards are in cache.db now */
    "ALTER TABLE jobs ADD COLUMN shards_cached INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE shards ADD COLUMN cached INTEGER NOT NULL DEFAULT 0;"
    "UPDATE shards SET payload = NULL;",

    /* 7: brackets, their events in one chain each, the orders at the broker that they intend,
       fills; who owns the database, and the kill switch */
    "CREATE TABLE orders("
    "  seq INTEGER PRIMARY KEY,"
    "  id BLOB NOT NULL UNIQUE,"
    "  key_id BLOB NOT NULL,"
    "  client_order_id TEXT,"
    "  symbol TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  final INTEGER NOT NULL,"
    "  rev INTEGER NOT NULL,"
    "  created_at_ns INTEGER NOT NULL,"
    "  updated_at_ns INTEGER NOT NULL,"
    "  head BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX orders_client_order_id ON orders(client_order_id)"
    " WHERE client_order_id IS NOT NULL;"
    "CREATE INDEX orders_unfinished ON orders(id) WHERE final = 0;"
    "CREATE TABLE order_events("
    "  sequence INTEGER PRIMARY KEY,"
    "  bracket INTEGER NOT NULL REFERENCES orders(seq),"
    "  seq INTEGER NOT NULL,"
    "  at_ns INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  prev_hash BLOB NOT NULL,"
    "  body BLOB NOT NULL,"
    "  UNIQUE(bracket, seq)"
    ") STRICT;"
    "CREATE TABLE intents("
    "  bracket INTEGER NOT NULL REFERENCES orders(seq),"
    "  leg INTEGER NOT NULL,"
    "  generation INTEGER NOT NULL,"
    "  client_id TEXT NOT NULL UNIQUE,"
    "  side INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  cancels INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  limit_price INTEGER NOT NULL,"
    "  stop_price INTEGER NOT NULL,"
    "  broker_order_id TEXT,"
    "  PRIMARY KEY(bracket, leg, generation)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE fills("
    "  id INTEGER PRIMARY KEY,"
    "  broker TEXT NOT NULL,"
    "  execution_id TEXT NOT NULL,"
    "  client_id TEXT NOT NULL,"
    "  symbol TEXT NOT NULL,"
    "  multiplier INTEGER NOT NULL,"
    "  side INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  price INTEGER NOT NULL,"
    "  at_ns INTEGER NOT NULL,"
    "  UNIQUE(broker, execution_id)"
    ") STRICT;"
    "CREATE TABLE owner("
    "  one INTEGER PRIMARY KEY CHECK(one = 1),"
    "  epoch INTEGER NOT NULL,"
    "  pid INTEGER NOT NULL,"
    "  boot_id TEXT NOT NULL,"
    "  paused INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "INSERT INTO owner(one, epoch, pid, boot_id) VALUES(1, 0, 0, '');",

    /* 8: the paper broker: what it goes on from, and its journal (docs/paper-broker.md) */
    "CREATE TABLE paper_account("
    "  one INTEGER PRIMARY KEY CHECK(one = 1),"
    "  cash INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE paper_positions("
    "  symbol TEXT PRIMARY KEY,"
    "  kind INTEGER NOT NULL,"
    "  multiplier INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  cost INTEGER NOT NULL,"
    "  realized INTEGER NOT NULL,"
    "  bought INTEGER NOT NULL,"
    "  sold INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE paper_orders("
    "  id INTEGER PRIMARY KEY,"
    "  pair_id INTEGER NOT NULL,"
    "  client_id TEXT NOT NULL UNIQUE,"
    "  symbol TEXT NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  side INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  time_in_force INTEGER NOT NULL,"
    "  opens INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  limit_price INTEGER NOT NULL,"
    "  stop_price INTEGER NOT NULL,"
    "  reserve_price INTEGER NOT NULL,"
    "  accepted_ns INTEGER NOT NULL,"
    "  expires_ns INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  reason INTEGER NOT NULL,"
    "  triggered INTEGER NOT NULL,"
    "  cancel_asked INTEGER NOT NULL,"
    "  filled INTEGER NOT NULL,"
    "  filled_value INTEGER NOT NULL,"
    "  ended_ns INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX paper_orders_live ON paper_orders(id) WHERE ended_ns = 0;"
    "CREATE INDEX paper_orders_ended ON paper_orders(ended_ns) WHERE ended_ns > 0;"
    "CREATE TABLE paper_journal("
    "  seq INTEGER PRIMARY KEY,"
    "  at_ns INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  order_id INTEGER REFERENCES paper_orders(id),"
    "  symbol TEXT NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  price INTEGER NOT NULL,"
    "  cash INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX paper_journal_executions ON paper_journal(at_ns) WHERE kind = 4;",

    /* 9: what client order ids begin with, and in which file that was true */
    "ALTER TABLE owner ADD COLUMN instance TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE owner ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE owner ADD COLUMN file TEXT NOT NULL DEFAULT '';",

    /* 10: what the orders of a key may come to, at 1e-6; 0 = no limit */
    ("ALTER TABLE keys ADD COLUMN max_order_notional INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE keys ADD COLUMN max_open_notional INTEGER NOT NULL DEFAULT 0;"),

    /* 11: what each order cost and nobody read. References to the row that was written just before
       in the same transaction; uniqueness of the broker's ids, which are made of bracket, leg and
       generation; an index by age, when rows come by age. */
    "CREATE TABLE events_anew("
    "  sequence INTEGER PRIMARY KEY,"
    "  bracket INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  at_ns INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  prev_hash BLOB NOT NULL,"
    "  body BLOB NOT NULL,"
    "  UNIQUE(bracket, seq)"
    ") STRICT;"
    "INSERT INTO events_anew SELECT sequence, bracket, seq, at_ns, type, prev_hash, body"
    " FROM order_events;"
    "DROP TABLE order_events;"
    "ALTER TABLE events_anew RENAME TO order_events;"
    "CREATE TABLE intents_anew("
    "  bracket INTEGER NOT NULL,"
    "  leg INTEGER NOT NULL,"
    "  generation INTEGER NOT NULL,"
    "  client_id TEXT NOT NULL,"
    "  side INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  cancels INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  limit_price INTEGER NOT NULL,"
    "  stop_price INTEGER NOT NULL,"
    "  broker_order_id TEXT,"
    "  PRIMARY KEY(bracket, leg, generation)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO intents_anew SELECT bracket, leg, generation, client_id, side, type, status,"
    " cancels, quantity, limit_price, stop_price, broker_order_id FROM intents;"
    "DROP TABLE intents;"
    "ALTER TABLE intents_anew RENAME TO intents;"
    "CREATE TABLE journal_anew("
    "  seq INTEGER PRIMARY KEY,"
    "  at_ns INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  order_id INTEGER,"
    "  symbol TEXT NOT NULL,"
    "  quantity INTEGER NOT NULL,"
    "  price INTEGER NOT NULL,"
    "  cash INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO journal_anew SELECT seq, at_ns, kind, order_id, symbol, quantity, price, cash"
    " FROM paper_journal;"
    "DROP TABLE paper_journal;"
    "ALTER TABLE journal_anew RENAME TO paper_journal;"
    "CREATE INDEX paper_journal_executions ON paper_journal(at_ns) WHERE kind = 4;"
    "DROP INDEX idempotency_age;",
};

static const char *const bar_scripts[] = {
    /* 1: series and their bars, a row per session day; AUTOINCREMENT, so that an id is never used
       again */
    "CREATE TABLE series("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  symbol TEXT NOT NULL,"
    "  minutes INTEGER NOT NULL,"
    "  calendar TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  first_ns INTEGER NOT NULL,"
    "  last_ns INTEGER NOT NULL,"
    "  bars INTEGER NOT NULL,"
    "  days INTEGER NOT NULL,"
    "  created_at_ns INTEGER NOT NULL,"
    "  updated_at_ns INTEGER NOT NULL,"
    "  UNIQUE(symbol, minutes)"
    ") STRICT;"
    "CREATE TABLE bars("
    "  id INTEGER PRIMARY KEY,"
    "  count INTEGER NOT NULL,"
    "  first_ns INTEGER NOT NULL,"
    "  last_ns INTEGER NOT NULL,"
    "  price_decimals INTEGER NOT NULL,"
    "  hash BLOB NOT NULL,"
    "  data BLOB NOT NULL"
    ") STRICT;"
    /* A plan reads these columns of every day: from here, without a look at the pages of data. */
    "CREATE INDEX bars_directory ON bars(id, count, price_decimals, hash);",
};

static const char *const cache_scripts[] = {
    /* 1: results of shards; their bytes apart, so that marking an entry as used does not write them
     */
    "CREATE TABLE entries("
    "  id INTEGER PRIMARY KEY,"
    "  key BLOB NOT NULL UNIQUE,"
    "  used INTEGER NOT NULL,"
    "  size_bytes INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX entries_used ON entries(used, id);"
    "CREATE TABLE results("
    "  id INTEGER PRIMARY KEY,"
    "  data BLOB NOT NULL"
    ") STRICT;",
};

const struct migration_set main_migrations = {
    .database = "bracketd.db",
    .application_id = 0x62726b31, /* "brk1" */
    .scripts = main_scripts,
    .count = sizeof main_scripts / sizeof main_scripts[0],
};

const struct migration_set bar_migrations = {
    .database = "bars.db",
    .application_id = 0x62726b32, /* "brk2" */
    .scripts = bar_scripts,
    .count = sizeof bar_scripts / sizeof bar_scripts[0],
};

const struct migration_set cache_migrations = {
    .database = "cache.db",
    .application_id = 0x62726b33, /* "brk3" */
    .scripts = cache_scripts,
    .count = sizeof cache_scripts / sizeof cache_scripts[0],
};

static const char SQL_APPLICATION_ID[] = "PRAGMA application_id";
static const char SQL_USER_VERSION[] = "PRAGMA user_version";
static const char SQL_TABLE_COUNT[] = "SELECT count(*) FROM sqlite_schema";

/* Reads the version and refuses what is not ours or not yet known. */
static enum err check(struct db_connection *c, const struct migration_set *set,
                      int64_t *ret_version, struct error *e)
{
    struct db_read r = db_reading(c);
    int64_t application_id, version, tables;
    enum err err = db_query_int(&r, SQL_APPLICATION_ID, &application_id, e);
    if (err == ERR_OK)
        err = db_query_int(&r, SQL_USER_VERSION, &version, e);
    if (err == ERR_OK)
        err = db_query_int(&r, SQL_TABLE_COUNT, &tables, e);
    if (err != ERR_OK)
        return err;
    bool fresh = application_id == 0 && version == 0 && tables == 0;
    if (!fresh && application_id != set->application_id)
        return error_set(e, ERR_DATA, "%s is a database of another program", set->database);
    if (version > set->count)
        return error_set(e, ERR_CONFLICT,
                         "%s has version %lld, written by a newer bracketd; this one knows "
                         "versions up to %lld",
                         set->database, (long long)version, (long long)set->count);
    *ret_version = version;
    return ERR_OK;
}

static enum err run_one(struct db_connection *c, const struct migration_set *set, int64_t version,
                        struct error *e)
{
    char stamp[96];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id=%d; PRAGMA user_version=%lld",
             set->application_id, (long long)version + 1);
    struct db_write w;
    enum err err = db_begin(c, &w, e);
    if (err != ERR_OK)
        return err;
    err = db_execute(c, set->scripts[version], e);
    if (err == ERR_OK)
        err = db_execute(c, stamp, e);
    if (err == ERR_OK)
        return db_commit(&w, e);
    db_rollback(&w);
    return err;
}

enum err migrations_run(struct db_connection *c, const struct migration_set *set, struct error *e)
{
    int64_t version = 0;
    enum err err = check(c, set, &version, e);
    for (; err == ERR_OK && version < set->count; version++)
        err = run_one(c, set, version, e);
    return err;
}
