#include "base/json_fields.h"
#include "engine/rule/rule.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/series_lookup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WARNING_BYTES = 256 };

struct validate_request {
    const char *rule, *timeframe, *timezone, *symbol;
};

static const struct json_field request_fields[] = {
    JSON_FIELD(struct validate_request, rule, "rule", JSON_TEXT, .required = true, .min = 1,
               .max = LIMIT_RULE_BYTES),
    JSON_FIELD(struct validate_request, timeframe, "timeframe", JSON_TEXT, .min = 1, .max = 8),
    JSON_FIELD(struct validate_request, timezone, "timezone", JSON_TEXT, .min = 1, .max = 64),
    JSON_FIELD(struct validate_request, symbol, "symbol", JSON_TEXT, .min = 1,
               .max = LIMIT_SYMBOL_BYTES),
};

/* Without a symbol nothing is known of the market; with one, its clock is the rule's. */
static enum err read_options(const struct validate_request *request, struct storage *storage,
                             struct rule_options *ret, struct error *e)
{
    struct error inner;
    struct series_row series;
    *ret = (struct rule_options){.timeframe = {.minutes = 1}, .any_type = true, .parameters = true};
    if (request->timeframe &&
        timeframe_parse(request->timeframe, strlen(request->timeframe), &ret->timeframe, &inner))
        return error_field(e, ERR_INVALID, "/timeframe", "%s", inner.message);
    if (request->timezone && zone_find(request->timezone, &ret->zone, &inner))
        return error_field(e, ERR_INVALID, "/timezone", "%s", inner.message);
    if (!request->symbol)
        return ERR_OK;
    enum err err = series_lookup(storage, request->symbol, ret->timeframe, "/symbol", &series, e);
    if (err)
        return err;
    ret->calendar = series.calendar;
    if (!ret->zone)
        ret->zone = calendar_zone(series.calendar);
    return ERR_OK;
}

/* How a rule's look-back compares with the bars that there are. */
static enum err check_lookback(struct app *app, const struct validate_request *request,
                               const struct rule_options *options, const struct rule *rule,
                               char ret_warning[WARNING_BYTES], struct error *e)
{
    const struct bars *bars;
    char timeframe[8];
    ret_warning[0] = '\0';
    if (!request->symbol)
        return ERR_OK;
    enum err err = bar_cache_get(app->storage.bar_cache, app->pool, request->symbol,
                                 options->timeframe, rule_columns(rule), &bars, NULL, e);
    if (err)
        return err;
    int64_t lookback = rule_lookback_bars(rule), count = bars->count;
    bars_unref(bars);
    timeframe_format(options->timeframe, timeframe);
    if (lookback >= count)
        snprintf(ret_warning, WARNING_BYTES,
                 "the rule looks back %" PRId64 " bars, '%s' has %" PRId64 " of %s: a part of it "
                 "never has a value",
                 lookback, request->symbol, count, timeframe);
    else if (lookback > count / 2)
        snprintf(ret_warning, WARNING_BYTES,
                 "the rule looks back %" PRId64 " bars, '%s' has %" PRId64
                 " of %s: on most of them "
                 "a part of it has no value",
                 lookback, request->symbol, count, timeframe);
    return ERR_OK;
}

static void write_texts(struct json_writer *w, const char *name, const struct rule *rule,
                        size_t (*count)(const struct rule *),
                        const char *(*text)(const struct rule *, size_t))
{
    json_key(w, name);
    json_begin_array(w);
    for (size_t i = 0; i < count(rule); i++)
        json_string(w, text(rule, i));
    json_end_array(w);
}

static void write_columns(struct json_writer *w, uint32_t columns)
{
    json_key(w, "columns");
    json_begin_array(w);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        if (columns & BAR_COLUMN_BIT(c))
            json_string(w, bar_column_name(c));
    json_end_array(w);
}

static void write_warnings(struct json_writer *w, const struct rule *rule, const char *more)
{
    json_key(w, "warnings");
    json_begin_array(w);
    for (size_t i = 0; i < rule_warning_count(rule); i++)
        json_string(w, rule_warning(rule, i));
    if (more[0])
        json_string(w, more);
    json_end_array(w);
}

static void write_rule(struct json_writer *w, const char *text, const struct rule *rule,
                       const char *warning)
{
    json_begin_object(w);
    json_member_string(w, "rule", text);
    json_member_string(w, "normal_form", rule_normal_form(rule));
    json_member_string(w, "type", rule_is_boolean(rule) ? "boolean" : "number");
    json_member_int(w, "lookback_bars", rule_lookback_bars(rule));
    write_columns(w, rule_columns(rule));
    write_texts(w, "indicators", rule, rule_indicator_count, rule_indicator_text);
    write_texts(w, "parameters", rule, rule_parameter_count, rule_parameter_name);
    write_warnings(w, rule, warning);
    json_end_object(w);
}

static enum err validate_rule(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct validate_request request = {0};
    struct rule_options options;
    struct rule *rule;
    char warning[WARNING_BYTES];
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = json_decode(r->body, r->body_bytes, request_fields,
                           sizeof request_fields / sizeof request_fields[0], &request, r->arena,
                           e)) ||
        (err = read_options(&request, &app->storage, &options, e)))
        return err;
    err = rule_compile(request.rule, strlen(request.rule), &options, &rule, e);
    if (err) {
        snprintf(e->pointer, sizeof e->pointer, "/rule");
        return err;
    }
    err = check_lookback(app, &request, &options, rule, warning, e);
    if (!err) {
        struct json_writer w;
        json_writer_init(&w, &out->body);
        write_rule(&w, request.rule, rule, warning);
        err = http_respond_json(out, 200, e);
    }
    rule_free(rule);
    return err;
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/rules/validate",
     .handler = validate_rule,
     .scope = KEY_SCOPE_READ,
     .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json",
     .operation_id = "validateRule"},
};
const struct http_route_table rules_routes = {routes, sizeof routes / sizeof routes[0]};
