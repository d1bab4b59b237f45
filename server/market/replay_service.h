/* The replays of this process and the thread that runs them: `replay`, one for all.
 *
 * They live in memory: a restart ends and forgets them. Ended ones are kept to be looked at, the
 * LIMIT_REPLAYS_KEPT newest. Functions may be called from any thread; but for create and free none
 * blocks.
 */
#ifndef SERVER_MARKET_REPLAY_SERVICE_H
#define SERVER_MARKET_REPLAY_SERVICE_H

#include "server/market/market_feed.h"
#include "server/market/replay.h"

struct replay_service;

/* clock and feed are borrowed. */
enum err replay_service_create(struct market_feed *feed, const struct clock *clock,
                               struct replay_service **ret, struct error *e);
/* Ends the thread. NULL is fine. */
void replay_service_free(struct replay_service *s);

/* A replay as it is now. */
struct replay_view {
    struct uuid id;
    const char *request; /* JSON, in the arena given */
    size_t request_bytes;
    enum replay_status status;
    double speed;
    int64_t bar_ns, bars_done, bars_total, quotes;
    int64_t eta_ns; /* -1 = nobody knows */
    int64_t created_at_ns, ended_at_ns;
    char expired[LIMIT_SYMBOL_BYTES];
};

/* Begins it. Takes it in any case. BUSY when LIMIT_REPLAYS_LIVE are live; CONFLICT when one of them
 * quotes one of its symbols; NO_MEMORY. */
enum err replay_service_add(struct replay_service *s, struct replay *replay, struct arena *arena,
                            struct replay_view *ret, struct error *e);
/* NOT_FOUND; NO_MEMORY. */
enum err replay_service_get(struct replay_service *s, const struct uuid *id, struct arena *arena,
                            struct replay_view *ret, struct error *e);
/* Also CONFLICT when it has ended. */
enum err replay_service_change(struct replay_service *s, const struct uuid *id,
                               const struct replay_change *change, struct arena *arena,
                               struct replay_view *ret, struct error *e);
/* Stops a live one, removes an ended one: *ret_removed, and then ret is not written. */
enum err replay_service_stop_or_remove(struct replay_service *s, const struct uuid *id,
                                       struct arena *arena, struct replay_view *ret,
                                       bool *ret_removed, struct error *e);
/* The newest first, after `after` (NULL = from the start), up to limit, in the arena. NO_MEMORY. */
enum err replay_service_list(struct replay_service *s, const struct uuid *after, size_t limit,
                             struct arena *arena, struct replay_view **ret, size_t *ret_count,
                             bool *ret_more, struct error *e);
/* How many run or are paused. */
size_t replay_service_live(struct replay_service *s);

#endif
