/* The name of what is quoted, as a user writes it: a share's, or a contract's OCC symbol in either
 * form. */
#ifndef SERVER_MARKET_MARKET_SYMBOL_H
#define SERVER_MARKET_MARKET_SYMBOL_H

#include "base/error.h"
#include "base/limits.h"

/* Writes a share's symbol as it stands, a contract's in the compact form, as orders have them. What
 * has sixteen characters or more is a contract's. ERR_INVALID for anything else. */
enum err market_symbol_parse(const char *text, char ret[LIMIT_SYMBOL_BYTES], struct error *e);

#endif
