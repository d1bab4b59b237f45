/* What is held, and what of it is free: a live bracket keeps its position for its own exits. All of
 * these block. */
#ifndef SERVER_ALPACA_HOLDINGS_H
#define SERVER_ALPACA_HOLDINGS_H

#include "base/arena.h"
#include "orders/desk/desk.h"

struct app;

struct alpaca_holding {
    struct position position;
    int64_t in_brackets; /* of position.quantity, with its sign */
};

struct alpaca_holdings {
    struct alpaca_holding *items; /* in the arena */
    size_t count;
};

/* Every position that is not flat, or only the one of a symbol or asset id (NULL = all). */
enum err alpaca_holdings_read(struct app *app, struct arena *arena, const char *symbol_or_id,
                              struct alpaca_holdings *ret, struct error *e);
/* What no bracket keeps, without sign. */
int64_t alpaca_holding_available(const struct alpaca_holding *holding);
/* FORBIDDEN when more is asked for than is available. */
enum err alpaca_check_available(int64_t requested, int64_t available, struct error *e);

/* Calls `visit` with each open bracket, of one contract or of all (symbol NULL), newest first; the
 * order is borrowed for the call. An error ends it and is returned. */
typedef enum err alpaca_open_fn(void *context, struct desk_order *order, struct error *e);
enum err alpaca_each_open(struct app *app, struct arena *arena, const char *symbol,
                          alpaca_open_fn *visit, void *context, struct error *e);

/* What Alpaca says at once and the broker only later: FORBIDDEN when a purchase costs more than the
 * buying power, or a guard is for more than what is free of the position. */
struct order_request;
enum err alpaca_check_funds(struct app *app, struct arena *arena,
                            const struct order_request *request, struct error *e);

#endif
