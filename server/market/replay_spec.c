#include "server/market/replay_spec.h"

#include "base/decimal.h"
#include "base/number.h"
#include "server/market/market_symbol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SPEED_BYTES = 32, SPREAD_PERCENT_MAX = 50, SPREAD_TICKS_MAX = 10000 };

static const char *const steps_names[] = {"ticks", "corners", NULL};

/* clang-format off */
#define SPREAD(member, name, kind, ...) \
    JSON_FIELD(struct replay_spread, member, name, kind, __VA_ARGS__, JSON_PRESENT(struct replay_spread, has_##member))
#define SPEC(member, name, kind, ...) JSON_FIELD(struct replay_spec, member, name, kind, __VA_ARGS__)
#define HAS(member) JSON_PRESENT(struct replay_spec, member)
#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

static const struct json_field spread_fields[] = {
    SPREAD(percent, "percent", JSON_DECIMAL, .min = 0, .max = SPREAD_PERCENT_MAX * DECIMAL_ONE),
    SPREAD(price, "price", JSON_DECIMAL, .min = 0, .max = LIMIT_ORDER_PRICE),
    SPREAD(ticks, "ticks", JSON_INT, .min = 0, .max = SPREAD_TICKS_MAX),
};
static const struct json_field spec_fields[] = {
    SPEC(symbols, "symbols", JSON_TEXTS, .required = true, .min = 1, .max = LIMIT_REPLAY_SYMBOLS),
    SPEC(as, "as", JSON_TEXTS, .min = 1, .max = LIMIT_REPLAY_SYMBOLS, HAS(has_as)),
    SPEC(timeframe_text, "timeframe", JSON_TEXT, .min = 1, .max = 8),
    SPEC(from_text, "from", JSON_TEXT, .min = 1, .max = 40),
    SPEC(to_text, "to", JSON_TEXT, .min = 1, .max = 40),
    SPEC(speed_text, "speed", JSON_SCALAR, .min = 1, .max = SPEED_BYTES),
    SPEC(spread, "spread", JSON_OBJECT, .fields = spread_fields, .field_count = COUNT(spread_fields), HAS(has_spread)),
    SPEC(size, "size", JSON_DECIMAL, .min = 1, .max = LIMIT_ORDER_QUANTITY, HAS(has_size)),
    SPEC(intrabar, "intrabar", JSON_ENUM, .choices = intrabar_names, HAS(has_intrabar)),
    SPEC(side, "side", JSON_ENUM, .choices = trade_side_names, HAS(has_side)),
    SPEC(steps, "steps", JSON_ENUM, .choices = steps_names, HAS(has_steps)),
};
/* clang-format on */

/* ---- reading what the texts say -------------------------------------------------------------- */

static enum err parse_speed(const char *text, double *ret, struct error *e)
{
    double speed;
    if (strcmp(text, "max") == 0) {
        *ret = REPLAY_SPEED_MAX;
        return ERR_OK;
    }
    if (!number_parse(text, strlen(text), &speed) || !(speed >= LIMIT_REPLAY_SPEED_MIN) ||
        !(speed <= LIMIT_REPLAY_SPEED_MAX))
        return error_field(e, ERR_INVALID, "/speed",
                           "'speed' is a number from %g to %d (1 is real time), or \"max\"",
                           LIMIT_REPLAY_SPEED_MIN, LIMIT_REPLAY_SPEED_MAX);
    *ret = speed;
    return ERR_OK;
}

static enum err settle_target(struct replay_spec *s, size_t i, struct error *e)
{
    struct error inner;
    char pointer[32];
    const char *name = s->has_as ? s->as.items[i] : s->symbols.items[i];
    snprintf(pointer, sizeof pointer, "/%s/%zu", s->has_as ? "as" : "symbols", i);
    if (market_symbol_parse(name, s->targets[i], &inner))
        return error_field(e, ERR_INVALID, pointer, "'%s' is not a symbol that is traded: %s%s",
                           name, inner.message, s->has_as ? "" : "; name one with 'as'");
    for (size_t k = 0; k < i; k++)
        if (strcmp(s->targets[k], s->targets[i]) == 0)
            return error_field(e, ERR_INVALID, pointer, "'%s' would be quoted twice", name);
    return ERR_OK;
}

static enum err settle_targets(struct replay_spec *s, struct arena *arena, struct error *e)
{
    if (s->has_as && s->as.count != s->symbols.count)
        return error_field(e, ERR_INVALID, "/as", "'as' has a name for each of the %zu symbols",
                           s->symbols.count);
    s->targets = arena_alloc_array(arena, s->symbols.count, sizeof(*s->targets));
    if (!s->targets)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the symbols");
    for (size_t i = 0; i < s->symbols.count; i++) {
        enum err err = settle_target(s, i, e);
        if (err)
            return err;
    }
    return ERR_OK;
}

static enum err settle(struct replay_spec *s, struct arena *arena, struct error *e)
{
    struct error inner;
    enum err err;
    if (s->timeframe_text &&
        timeframe_parse(s->timeframe_text, strlen(s->timeframe_text), &s->timeframe, &inner))
        return error_field(e, ERR_INVALID, "/timeframe", "%s", inner.message);
    if (s->has_spread && s->spread.has_percent + s->spread.has_price + s->spread.has_ticks != 1)
        return error_field(e, ERR_INVALID, "/spread", "one of percent, price and ticks");
    if ((s->from_text && (err = study_spec_when_parse(s->from_text, "/from", &s->from, e))) ||
        (s->to_text && (err = study_spec_when_parse(s->to_text, "/to", &s->to, e))) ||
        (s->speed_text && (err = parse_speed(s->speed_text, &s->speed, e))))
        return err;
    return settle_targets(s, arena, e);
}

enum err replay_spec_decode(const char *text, size_t length, struct arena *arena,
                            struct replay_spec *ret, struct error *e)
{
    memset(ret, 0, sizeof(*ret));
    ret->timeframe.minutes = 1;
    ret->speed = 1;
    enum err err = json_decode(text, length, spec_fields, COUNT(spec_fields), ret, arena, e);
    return err ? err : settle(ret, arena, e);
}

void replay_spec_encode(const struct replay_spec *s, struct json_writer *w)
{
    json_begin_object(w);
    json_encode(w, spec_fields, COUNT(spec_fields), s);
    json_end_object(w);
}

/* ---- a change -------------------------------------------------------------------------------- */

struct posted_change {
    int32_t status;
    const char *speed_text;
    bool has_status;
};

enum err replay_change_decode(const char *text, size_t length, struct arena *arena,
                              struct replay_change *ret, struct error *e)
{
    static const char *const statuses[] = {"running", "paused", NULL};
    static const struct json_field fields[] = {
        JSON_FIELD(struct posted_change, status, "status", JSON_ENUM, .choices = statuses,
                   JSON_PRESENT(struct posted_change, has_status)),
        JSON_FIELD(struct posted_change, speed_text, "speed", JSON_SCALAR, .min = 1,
                   .max = SPEED_BYTES),
    };
    struct posted_change posted = {0};
    struct replay_change change = {.wish = REPLAY_AS_IT_IS};
    enum err err = json_decode(text, length, fields, COUNT(fields), &posted, arena, e);
    if (!err && posted.speed_text)
        err = parse_speed(posted.speed_text, &change.speed, e);
    if (err)
        return err;
    if (posted.has_status)
        change.wish = posted.status == 0 ? REPLAY_RUN : REPLAY_PAUSE;
    *ret = change;
    return ERR_OK;
}
