/* Mutexes with a rank, and conditions: the only locks in the program.
 *
 * Taking a mutex whose rank is not higher than every rank this thread holds aborts with both names;
 * so does a function that may block (may_block()) while a mutex is held. On in every build: a lock
 * order broken once in a test is a deadlock found. The ranks, low to high, are the rows of
 * MUTEX_RANKS; ARCHITECTURE.md repeats the table with what each guards.
 *
 * clang's -Wthread-safety annotations are on the functions (GUARDED_BY on fields).
 */
#ifndef BASE_MUTEX_H
#define BASE_MUTEX_H

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__clang__)
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif
/* Of a field by a field beside it: for people, clang's C does not know the names of fields there.
 */
#define GUARDED_BY(m)
/* By a lock with a name of its own: checked. */
#define GUARDED_BY_GLOBAL(m) THREAD_ANNOTATION(guarded_by(m))
#define REQUIRES(m) THREAD_ANNOTATION(requires_capability(m))
#define ACQUIRES(m) THREAD_ANNOTATION(acquire_capability(m))
#define RELEASES(m) THREAD_ANNOTATION(release_capability(m))
#define ASSERTS(m) THREAD_ANNOTATION(assert_capability(m))
/* For the locks' own definitions, and for tests that misuse them. */
#define UNCHECKED_LOCKS THREAD_ANNOTATION(no_thread_safety_analysis)

/* Taken in this order: a thread that holds a row may take only rows below it. Each guards one
 * thing. */
/* clang-format off */
#define MUTEX_RANKS(X)                                                                             \
    X(JOBS)      /* job service: table of jobs, queue, progress */                                 \
    X(BAR_CACHE) /* cached bar columns */                                                          \
    X(SHARD_CACHE) /* kept results of shards: what was used, whose turn to write it is */          \
    X(POOL)      /* worker pool: the list of runs */                                               \
    X(KEYS)      /* cache of API keys */                                                           \
    X(EVENTS)    /* event hub: who watches, the newest events */                                   \
    X(HTTP_LOOP) /* one loop's list of finished requests */                                        \
    X(OFFLOAD)   /* queue of requests that may block */                                            \
    X(REPLAYS)   /* replays of bars: their table, how far each is */                               \
    X(MARKET)    /* the newest quotes; a batch on its way to broker and desk */                    \
    X(PAPER_HINT) /* who is told of the paper broker's orders */                                  \
    X(PAGES)     /* kept pages of lists of orders */                                               \
    X(ORDER_BODIES) /* kept renderings of orders */                                               \
    X(ALPACA_GROUPS) /* kept orders as Alpaca's clients see them */                               \
    X(DESK)      /* the book of live brackets, markets, risk sums, positions */                    \
    X(BRACKET)   /* one bracket: its published state, mailbox and figures */                       \
    X(GATEWAY)   /* the broker's rate, the newest snapshot */                                      \
    X(PAPER)     /* the paper broker's book and its events on their way to the store */            \
    X(STACKS)    /* stacks of threads that wait for a user */                                      \
    X(DRAFTS)    /* the desk's drafts: those free, those in use */                                 \
    X(WRITER)    /* the writer thread's queue */                                                   \
    X(READERS)   /* pool of read-only connections */                                               \
    X(PAPER_QUOTES) /* quotes on their way to the paper broker */                                  \
    X(ZONES)     /* table of loaded time zones */                                                  \
    X(LOG)       /* one line at a time; last, so that anything may log */
/* clang-format on */

enum mutex_rank {
#define X(name) MUTEX_##name,
    MUTEX_RANKS(X)
#undef X
        MUTEX_RANK_COUNT
};

struct THREAD_ANNOTATION(capability("mutex")) mutex {
    pthread_mutex_t handle;
    enum mutex_rank rank;
};

/* For a mutex of static life; no mutex_init, no mutex_release. */
/* clang-format off */
#define MUTEX_INITIALIZER(r) {.handle = PTHREAD_MUTEX_INITIALIZER, .rank = (r)}
/* clang-format on */

struct condition {
    pthread_cond_t handle; /* on CLOCK_MONOTONIC */
};

void mutex_init(struct mutex *m, enum mutex_rank rank);
void mutex_release(struct mutex *m); /* end of life; must not be held */
void mutex_lock(struct mutex *m) ACQUIRES(m);
void mutex_unlock(struct mutex *m) RELEASES(m);
void mutex_assert_held(const struct mutex *m) ASSERTS(m);
const char *mutex_rank_name(enum mutex_rank rank);

void condition_init(struct condition *c);
void condition_release(struct condition *c);
/* The caller holds m, and no other mutex. Spurious wake-ups happen: wait in a loop. */
void condition_wait(struct condition *c, struct mutex *m) REQUIRES(m);
/* false when the deadline (monotonic ns, of the clock given) passed first. */
bool condition_wait_until(struct condition *c, struct mutex *m, const struct clock *clock,
                          int64_t deadline_ns) REQUIRES(m);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

/* Abort when the calling thread holds any mutex: the first line of whatever may block. */
void may_block(const char *what);

#endif
