/* Errors in Alpaca's form: {"code": 40410000, "message": "..."}.
 *
 * The code begins with the status of HTTP and names a family of reasons, not one reason:
 *
 *   40010000 400   the body is no JSON
 *   40010001 422   a field is missing, unknown or out of its range
 *   40110000 401   no key, or one that is not known
 *   40310000 403   not allowed: the key, buying power, quantity, risk limits
 *   40410000 404   no such order, position, asset or path
 *   42210000 422   well formed, and yet not possible: the state of the order, the terms, the broker
 *   NNN10000 NNN   the rest: 405, 413, 415, 429, 500, 503, 507
 *
 * Alpaca's own client repeats what is answered with 429 and 504, a POST too: 429 is only said of
 * what was not accepted, and 504 never.
 */
#ifndef SERVER_ALPACA_ERROR_H
#define SERVER_ALPACA_ERROR_H

#include "base/error.h"
#include "base/strbuf.h"

struct http_error_style;

/* Of everything below /v2. */
extern const struct http_error_style alpaca_error_style;

int alpaca_error_status(const struct error *e);
int alpaca_error_code(const struct error *e);
/* The object as above. A pointer of ours is told as the name of Alpaca's field before the message.
 */
void alpaca_error_write(const struct error *e, struct strbuf *out);

#endif
