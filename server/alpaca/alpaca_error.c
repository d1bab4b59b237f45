#include "server/alpaca/alpaca_error.h"

#include "base/json_writer.h"
#include "server/http/response.h"

#include <stdio.h>
#include <string.h>

enum { CODE_MALFORMED = 40010000, CODE_FIELD = 40010001 };
enum { STATUS_MALFORMED = 400, STATUS_UNPROCESSABLE = 422 };

/* A text that is no JSON is told with its place and without a field. */
static bool is_malformed(const struct error *e)
{
    return e->code == ERR_INVALID && e->line > 0 && !e->pointer[0];
}

int alpaca_error_status(const struct error *e)
{
    switch (e->code) {
    case ERR_INVALID:
        return is_malformed(e) ? STATUS_MALFORMED : STATUS_UNPROCESSABLE;
    case ERR_CONFLICT:
    case ERR_CANCELED:
    case ERR_PRECONDITION:
        return STATUS_UNPROCESSABLE;
    default:
        return err_http_status(e->code);
    }
}

int alpaca_error_code(const struct error *e)
{
    if (is_malformed(e))
        return CODE_MALFORMED;
    if (e->code == ERR_INVALID)
        return CODE_FIELD;
    if (e->code == ERR_CONFLICT && strcmp(e->pointer, "/client_order_id") == 0)
        return CODE_FIELD;
    return alpaca_error_status(e) * 100000 + 10000;
}

/* Pointers into the terms of a bracket (order_request.h), and what Alpaca calls the same. */
static const struct {
    const char *pointer, *field;
} fields[] = {
    {"/quantity", "qty"},
    {"/entry/limit_price", "limit_price"},
    {"/entry/stop_price", "stop_price"},
    {"/entry", "type"},
    {"/time_in_force", "time_in_force"},
    {"/take_profit/limit_price", "take_profit.limit_price"},
    {"/take_profit", "take_profit"},
    {"/stop_loss/stop_price", "stop_loss.stop_price"},
    {"/stop_loss/limit_price", "stop_loss.limit_price"},
    {"/stop_loss", "stop_loss"},
    {"/symbol", "symbol"},
    {"/occ_symbol", "symbol"},
    {"/expiry", "symbol"},
};

static const char *field_of(const char *pointer)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].pointer, pointer) == 0)
            return fields[i].field;
    return NULL;
}

void alpaca_error_write(const struct error *e, struct strbuf *out)
{
    char message[ERROR_MESSAGE_MAX + 64];
    const char *field = field_of(e->pointer);
    /* Where the message names the field by itself, it begins with it in quotes. */
    snprintf(message, sizeof message, "%s%s%s", field && e->message[0] != '\'' ? field : "",
             field && e->message[0] != '\'' ? ": " : "", e->message);
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_member_int(&w, "code", alpaca_error_code(e));
    json_member_string(&w, "message", message);
    json_end_object(&w);
}

const struct http_error_style alpaca_error_style = {
    .segment = "v2",
    .content_type = "application/json",
    .status = alpaca_error_status,
    .write = alpaca_error_write,
};
