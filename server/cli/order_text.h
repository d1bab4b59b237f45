/* Orders as people read them. */
#ifndef SERVER_CLI_ORDER_TEXT_H
#define SERVER_CLI_ORDER_TEXT_H

#include "base/json_value.h"

#include <stdio.h>

enum { ORDER_TEXT_NAME = 64 };

/* "AAPL 2026-12-18 200 call", or a share's symbol. */
const char *order_text_contract(const struct json_value *order, char out[ORDER_TEXT_NAME]);

/* An Order of openapi.yaml, with its legs. */
void order_text_one(FILE *out, const struct json_value *order);
/* A line: what an order is at now. */
void order_text_line(FILE *out, const struct json_value *order);
/* A page of orders as a table. */
void order_text_page(FILE *out, const struct json_value *page);
/* A line: an event of the stream. */
void order_text_event(FILE *out, const struct json_value *event);
/* A page of an order's events. */
void order_text_events(FILE *out, const struct json_value *page);

#endif
