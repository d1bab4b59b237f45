/* Client order ids: computed, so that after any crash the same order has the same name.
 *
 *   <instance><incarnation>-<bracket>-<leg><generation>
 *   bk0a1z-01jd5m3e8x7k2p9qtv4r6s0w1n-s12
 *
 * instance     1..6 of a-z 0-9, from the configuration: who at this account
 * incarnation  four digits of base 36: raised whenever a database is made or restored from a copy
 * bracket      the bracket's id, 26 digits of Crockford's base 32, lower case
 * leg          e, t, s or x (LEG_TABLE), and the generation in decimal
 */
#ifndef ORDERS_CLIENT_ID_H
#define ORDERS_CLIENT_ID_H

#include "base/uuid.h"
#include "orders/order.h"

enum {
    CLIENT_ID_MAX = 48,
    CLIENT_ID_TEXT = CLIENT_ID_MAX + 1,
    CLIENT_ID_INSTANCE_MAX = 6,
    CLIENT_ID_INCARNATIONS = 36 * 36 * 36 * 36,
    CLIENT_ID_GENERATION_MAX = 9999999,
};

struct client_id {
    char instance[CLIENT_ID_INSTANCE_MAX + 1];
    int32_t incarnation; /* 0 .. CLIENT_ID_INCARNATIONS - 1 */
    struct uuid bracket;
    enum leg leg;
    int32_t generation; /* 1 .. CLIENT_ID_GENERATION_MAX */
};

/* false, and out untouched, when a part is out of its range. */
bool client_id_format(const struct client_id *id, char out[CLIENT_ID_TEXT]);
/* false for everything that client_id_format does not write: not an order of ours. */
bool client_id_parse(const char *text, size_t length, struct client_id *ret);

#endif
