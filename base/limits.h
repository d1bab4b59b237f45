/* Every limit of the program, in one place. Each refuses before acceptance, with a clear text.
 * README and openapi.yaml repeat those that users meet.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdint.h>

/* JSON */
enum {
    LIMIT_JSON_DEPTH = 32,
    LIMIT_JSON_KEYS = 256,        /* in one object */
    LIMIT_JSON_NUMBER_BYTES = 63, /* the text of one number; cJSON cuts a longer one */
};

/* HTTP */
enum {
    LIMIT_BODY_BYTES = 256 * 1024, /* all but imports, which stream */
    LIMIT_HEADER_BYTES = 8 * 1024, /* memory of one connection: request line and headers */
    LIMIT_URL_BYTES = 4 * 1024,
    LIMIT_PATH_SEGMENTS = 16,
    LIMIT_QUERY_PARAMETERS = 64,
    LIMIT_CONNECTIONS = 2048,        /* and under RLIMIT_NOFILE */
    LIMIT_REQUEST_HEAD_SECONDS = 10, /* first byte to the end of the headers */
    LIMIT_REQUEST_BODY_SECONDS = 30, /* the whole body, imports apart */
    LIMIT_IMPORT_SECONDS = 3600,     /* the whole body of an import */
    LIMIT_RESPONSE_SECONDS = 60,     /* a reader that takes longer to drain an answer is cut */
    LIMIT_IDLE_SECONDS = 75,         /* keep-alive without a request */
    LIMIT_OFFLOAD_QUEUE = 256,       /* requests waiting for a thread that may block */
    LIMIT_PAGE_ITEMS = 1000,
    LIMIT_PAGE_ITEMS_DEFAULT = 100,
    LIMIT_BARS_PAGE = 50000,
    LIMIT_EQUITY_POINTS = 20000, /* of a curve that is drawn */
    LIMIT_WAIT_SECONDS = 60,     /* Prefer: wait */
    LIMIT_EVENT_STREAMS = 512,   /* of GET /v1/events, at a time */
    LIMIT_EVENT_RING = 4096,     /* newest events kept for them; older ones come from the log */
    LIMIT_EVENT_JOBS = 256,      /* jobs whose newest state they are told */
    LIMIT_EVENT_BEAT_SECONDS = 15,
    LIMIT_IDEMPOTENCY_KEY_BYTES = 255,
    LIMIT_REQUEST_ID_BYTES = 64,
    LIMIT_KEYS = 1000,
    LIMIT_KEY_NAME_BYTES = 64,
};

/* rules */
enum {
    LIMIT_RULE_BYTES = 4 * 1024,
    LIMIT_RULE_DEPTH = 32,
    LIMIT_RULE_NODES = 1000,
    LIMIT_RULE_WINDOW = 100000, /* bars */
    LIMIT_RULE_PARAMETERS = 16,
    LIMIT_RULE_TIMEFRAMES = 8, /* of tf(), beside the rule's own */
    LIMIT_RULE_MEMORY_BYTES =
        32 * 1024 * 1024, /* of one run: windows and what offsets look back on */
    LIMIT_SERIES_EXPRESSIONS = 16,
    LIMIT_SERIES_BARS = 100000,
};

/* bars and imports */
enum {
    LIMIT_SYMBOL_BYTES = 32,
    LIMIT_IMPORT_LINE_BYTES = 4 * 1024,
    LIMIT_IMPORT_COLUMNS = 64,
    LIMIT_IMPORT_ERRORS = 20,  /* told in one answer */
    LIMIT_SESSION_BARS = 1440, /* of one day */
    LIMIT_SYMBOLS = 1000000,   /* series: of options each contract has up to three */
};
#define LIMIT_ZIP_FILE_BYTES (INT64_C(64) << 20)       /* of one file in a zip, inflated */
#define LIMIT_IMPORT_INFLATED_BYTES (INT64_C(4) << 30) /* of a gzip file or a zip */
#define LIMIT_BAR_CACHE_BYTES (INT64_C(2) << 30)
#define LIMIT_SHARD_CACHE_BYTES (INT64_C(1) << 30) /* on disk, by default */

/* backtests */
enum {
    LIMIT_JOBS_QUEUED = 1000,
    LIMIT_JOB_THREADS = 64, /* jobs under way at the same time */
    LIMIT_JOB_SYMBOLS = 2000,
    LIMIT_JOB_NAME_BYTES = 200,
    LIMIT_JOB_NOTES_BYTES = 16 * 1024,
    LIMIT_HORIZONS = 12,
    LIMIT_SHARDS = 2000000, /* of one job */
    LIMIT_SHARD_ATTEMPTS = 3,
    LIMIT_SHARD_RECORD_BYTES = 16 * 1024 * 1024, /* a larger result is not kept for later */
    LIMIT_JOB_PLANS = 20, /* of one job, while imports change its bars under it */
    LIMIT_WORKERS = 64,
    LIMIT_HTTP_THREADS = 16,
    LIMIT_FIRES = 5000000, /* of one job */
};

/* What one job may cost by default, in units (server/jobs/study_cost.h): some three hours of a
 * core. */
#define LIMIT_JOB_BUDGET (INT64_C(10000000) * 1000000)

/* strategies */
enum {
    LIMIT_STRATEGY_DISTANCE = 1000000, /* of an exit: percent, price or multiple */
    LIMIT_STRATEGY_ATR_PERIOD = 2000,  /* bars */
    LIMIT_STRATEGY_HOLDING_DAYS = 3650,
    LIMIT_STRATEGY_COMMISSION = 1000000, /* of an order or a unit */
    LIMIT_STRATEGY_TICKS = 10000,
    LIMIT_STRATEGY_TICK_SIZE = 10000,
    LIMIT_STRATEGY_POSITIONS = 100, /* at a time in one symbol */
    LIMIT_STRATEGY_BARS =
        100000000, /* stored, of all symbols: the account holds them, 48 bytes each */
};
#define LIMIT_STRATEGY_QUANTITY INT64_C(1000000000)
#define LIMIT_STRATEGY_CASH INT64_C(1000000000000)
#define LIMIT_STRATEGY_PRICE INT64_C(1000000000)   /* a fire at more is not entered */
#define LIMIT_ACCOUNT_MONEY INT64_C(4000000000000) /* cash or equity, either sign */

/* options */
enum {
    LIMIT_OPTION_VOLATILITY_DAYS = 252, /* of "realized:20d" */
    LIMIT_OPTION_DTE = 1100,            /* days to expiry that a contract is chosen by */
    LIMIT_OPTION_STEPS = 100,           /* strikes from the money */
};
#define LIMIT_OPTION_BARS_BYTES (INT64_C(1) << 30) /* bars of contracts held by one backtest */

/* orders */
#define LIMIT_ORDER_PRICE INT64_C(1000000000000)       /* 1,000,000 at 1e-6 */
#define LIMIT_ORDER_QUANTITY INT64_C(1000000000000)    /* 1,000,000 shares or contracts, at 1e-6 */
#define LIMIT_ORDER_NOTIONAL INT64_C(1000000000000000) /* 1,000,000,000 of cash, at 1e-6 */
enum {
    LIMIT_ORDERS_LIVE = 30000,   /* brackets with a thread each; pid_max leaves some 32,000 */
    LIMIT_ORDER_COMMANDS = 16,   /* of users, waiting in one bracket's mailbox */
    LIMIT_DESK_MARKETS = 200000, /* contracts with a quote or a bracket */
    LIMIT_TRACKER_STUCK_SECONDS = 30,
    /* A tracking thread waits no longer for the broker's rate with a question, and no longer for a
     * listing before it asks for its own orders: a stop may be to be sent meanwhile. */
    LIMIT_QUESTION_WAIT_MS = 250,
    LIMIT_LISTING_LATE_MS = 3000,
    LIMIT_ORDER_ANSWER_SECONDS = 30, /* a request waits no longer for its commit */
};
#define LIMIT_ORDER_BODIES_BYTES (INT64_C(64) << 20) /* renderings of orders in memory */
enum { LIMIT_ALPACA_GROUPS = 4096 };                 /* orders as /v2 has them, some 4 MiB */

/* market */
enum {
    LIMIT_QUOTES_BATCH = 1000,     /* in one request */
    LIMIT_QUOTES_LISTED = 100,     /* symbols that one look asks for */
    LIMIT_QUOTE_ERRORS = 20,       /* told in one answer */
    LIMIT_QUOTE_AHEAD_MS = 2000,   /* of our clock */
    LIMIT_MARKET_SYMBOLS = 200000, /* of which the newest quote is kept */
    LIMIT_REPLAYS_LIVE = 16,       /* running or paused */
    LIMIT_REPLAYS_KEPT = 100,      /* ended, to be looked at */
    LIMIT_REPLAY_SYMBOLS = 100,    /* of one replay */
    LIMIT_REPLAY_STEPS = 300,      /* quotes between two corners of a bar */
    LIMIT_REPLAY_SPEED_MAX = 100000,
};
#define LIMIT_REPLAY_SPEED_MIN 0.1

/* the paper broker */
enum {
    LIMIT_PAPER_MARKETS = 200000, /* symbols with a quote, an order or a position */
    LIMIT_PAPER_ORDERS = 200000,  /* live at a time */
    LIMIT_PAPER_QUOTES = 16384,   /* waiting */
    LIMIT_PAPER_BATCH = 256,      /* events, after which a commit is full */
    LIMIT_PAPER_BATCHES = 64,     /* waiting to be stored; above it no quote is taken */
};

/* db */
enum {
    LIMIT_WRITER_QUEUE = 4096,
    LIMIT_WRITER_GROUP = 256, /* items of one commit */
    LIMIT_READERS = 96,       /* read-only connections to one database */
    LIMIT_STATEMENTS = 128,   /* prepared on one connection */
};
/* The ballast is given up when less than this is free on disk. */
#define LIMIT_DISK_FULL_BYTES (INT64_C(2) << 20)

#endif
