/* GET /v1/indicators: the tables that the rule language is built on, as they are. The answer is the
 * same for the life of the process, and its tag is its hash. */
#include "engine/indicators/indicators.h"

#include "base/digest.h"
#include "base/json_writer.h"
#include "engine/rule/series.h"
#include "server/api/api.h"
#include "server/app.h"

#include <math.h>

static void begin_item(struct json_writer *w, const char *name, const char *kind,
                       const char *summary)
{
    json_begin_object(w);
    json_member_string(w, "name", name);
    json_member_string(w, "kind", kind);
    json_member_string(w, "summary", summary);
}

static void end_item(struct json_writer *w, const char *lookback, const char *memory)
{
    json_member_string(w, "lookback", lookback);
    json_member_string(w, "memory", memory);
    json_end_object(w);
}

/* ---- series ---- */

static void write_series(struct json_writer *w, const struct series *s)
{
    static const char *const memories[] = {
        [SERIES_OF_BAR] = "none",
        [SERIES_OF_SESSION] = "session",
        [SERIES_OF_PREVIOUS_SESSION] = "session",
    };
    begin_item(w, s->name, "series", s->summary);
    json_key(w, "inputs");
    json_begin_array(w);
    for (int c = 0; c < BAR_COLUMN_COUNT && s->raw_column < 0; c++)
        if (s->columns & BAR_COLUMN_BIT(c))
            json_string(w, bar_column_name(c));
    json_end_array(w);
    json_key(w, "parameters");
    json_begin_array(w);
    json_end_array(w);
    end_item(w, s->reach == SERIES_OF_PREVIOUS_SESSION ? "the first session" : "0",
             memories[s->reach]);
}

/* ---- indicators ---- */

static void write_inputs(struct json_writer *w, const struct indicator *in)
{
    static const char *const names[] = {
        [INDICATOR_INPUT_SERIES] = "close", /* when no other series is given */
        [INDICATOR_INPUT_VALUE] = "value",   [INDICATOR_INPUT_RULE] = "rule",
        [INDICATOR_INPUT_OPEN] = "open",     [INDICATOR_INPUT_HIGH] = "high",
        [INDICATOR_INPUT_LOW] = "low",       [INDICATOR_INPUT_CLOSE] = "close",
        [INDICATOR_INPUT_VOLUME] = "volume",
    };
    json_key(w, "inputs");
    json_begin_array(w);
    for (int32_t i = 0; i < in->input_count; i++)
        json_string(w, names[in->input[i]]);
    json_end_array(w);
}

static void write_parameters(struct json_writer *w, const struct indicator *in)
{
    json_key(w, "parameters");
    json_begin_array(w);
    for (int32_t i = 0; i < in->parameter_count; i++) {
        const struct indicator_parameter *p = &in->parameter[i];
        json_begin_object(w);
        json_member_string(w, "name", p->name);
        json_member_string(w, "type", p->whole ? "integer" : "number");
        json_member_number(w, "min", p->min);
        json_member_number(w, "max", p->max);
        if (!isnan(p->fallback))
            json_member_number(w, "default", p->fallback);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_indicator(struct json_writer *w, const struct indicator *in)
{
    static const char *const memories[] = {
        [INDICATOR_POINTWISE] = "none",
        [INDICATOR_WINDOW] = "window",
        [INDICATOR_RECURSIVE] = "recursive",
    };
    char lookback[256];
    enum indicator_memory memory = in->kernel->memory;
    begin_item(w, in->name, memory == INDICATOR_POINTWISE ? "function" : "indicator", in->summary);
    json_member_string(w, "formula", in->formula);
    json_member_string(w, "source", in->source);
    write_inputs(w, in);
    write_parameters(w, in);
    end_item(w, indicator_lookback_text(in, lookback, sizeof lookback), memories[memory]);
}

static void write_all(struct strbuf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    for (size_t i = 0; i < series_count(); i++)
        write_series(&w, series_at(i));
    for (size_t i = 0; i < indicator_count(); i++)
        write_indicator(&w, indicator_at(i));
    json_end_array(&w);
    json_end_object(&w);
}

/* The server answers 304 by the tag; rendering takes microseconds. */
static enum err list_indicators(struct http_request *r, struct http_response *out, struct error *e)
{
    unsigned char hash[DATA_HASH_BYTES];
    char tag[2 * DATA_HASH_BYTES + 1];
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    write_all(&out->body);
    data_hash_of(strbuf_text(&out->body), out->body.length, hash);
    hex_format(hash, sizeof hash, tag);
    http_set_etag(out, "\"%s\"", tag);
    out->cache_control = "no-cache"; /* kept, and asked for again with the tag */
    return http_respond_json(out, 200, e);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/v1/indicators",
     .handler = list_indicators,
     .scope = KEY_SCOPE_READ,
     .operation_id = "listIndicators"},
};
const struct http_route_table indicators_routes = {routes, sizeof routes / sizeof routes[0]};
