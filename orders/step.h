/* The machine's only way to move: state and event in, state out.
 *
 * Total: any event in any state is defined and changes at most `*out`; what makes no sense there
 * changes nothing. No I/O, no allocation, no clock. An event applied twice in a row changes nothing
 * the second time; reports may come in any order, any number of times.
 *
 * The order of effects around it is always: event -> step -> derive -> commit (events, intents) ->
 * effects -> their outcomes come back as events.
 */
#ifndef ORDERS_STEP_H
#define ORDERS_STEP_H

#include "orders/order_event.h"

/* out may be s. */
void bracket_step(const struct bracket_state *s, const struct order_event *e,
                  struct bracket_state *out);

/* Whether a MODIFIED with this spec is allowed now: contract, side and what the broker can do must
 * stay, an entry that is done keeps its terms, and the quantity must not fall below what is filled.
 * ERR_CONFLICT or ERR_INVALID with a pointer. step() ignores what this refuses. */
enum err bracket_may_modify(const struct bracket_state *s, const struct bracket_spec *spec,
                            struct error *e);

#endif
