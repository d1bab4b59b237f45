#include "engine/study/study_request.h"

#include "base/rfc3339.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const trigger_names[] = {
    [STUDY_ON_TRUE] = "on_true",
    [STUDY_EVERY_BAR] = "every_bar",
    [STUDY_ONCE_PER_DAY] = "once_per_day",
};
enum { TRIGGER_COUNT = sizeof trigger_names / sizeof *trigger_names };

enum err study_trigger_parse(const char *text, size_t length, enum study_trigger *ret,
                             struct error *e)
{
    for (int i = 0; i < TRIGGER_COUNT; i++) {
        if (strlen(trigger_names[i]) == length && memcmp(trigger_names[i], text, length) == 0) {
            *ret = (enum study_trigger)i;
            return ERR_OK;
        }
    }
    return error_set(e, ERR_INVALID,
                     "trigger must be \"on_true\", \"every_bar\" or \"once_per_day\"");
}

const char *study_trigger_name(enum study_trigger t)
{
    assert((int)t < TRIGGER_COUNT);
    return trigger_names[t];
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* Also keeps the name as the user wrote it, so that answers use the same key as the question. */
enum err study_horizon_parse(const char *text, size_t length, struct study_horizon *ret,
                             struct error *e)
{
    struct study_horizon h = {.kind = HORIZON_DURATION};
    bool fits = length < HORIZON_NAME_BYTES;
    for (size_t i = 0; fits && i < length; i++)
        h.name[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    if (is_word(text, length, "close"))
        h.kind = HORIZON_CLOSE;
    else if (is_word(text, length, "next_open"))
        h.kind = HORIZON_NEXT_OPEN;
    else if (!fits || duration_parse(h.name, length, &h.duration_ns, NULL) != ERR_OK)
        return error_set(e, ERR_INVALID,
                         "'%.*s' is not a horizon: a duration such as \"5m\", \"close\" or "
                         "\"next_open\"",
                         length > 40 ? 40 : (int)length, text);
    *ret = h;
    return ERR_OK;
}

void study_request_defaults(struct study_request *r)
{
    static const char *const names[] = {"5m", "15m", "30m", "60m", "close", "next_open"};
    r->window = (struct study_window){.from_minute = 0, .to_minute = MINUTES_OF_DAY};
    r->trigger = STUDY_ON_TRUE;
    r->cooldown_ns = 0;
    r->shard_size = (struct shard_size){.unit = SHARD_BY_MONTH};
    r->horizon_count = sizeof names / sizeof *names;
    for (size_t i = 0; i < r->horizon_count; i++) {
        enum err code = study_horizon_parse(names[i], strlen(names[i]), &r->horizons[i], NULL);
        assert(code == ERR_OK);
        (void)code;
    }
}

static bool same_horizon(const struct study_horizon *a, const struct study_horizon *b)
{
    return a->kind == b->kind && (a->kind != HORIZON_DURATION || a->duration_ns == b->duration_ns);
}

static enum err check_horizons(const struct study_request *r, struct error *e)
{
    if (r->horizon_count < 1 || r->horizon_count > LIMIT_HORIZONS)
        return error_field(e, ERR_INVALID, "/horizons", "1 to %d horizons, not %zu", LIMIT_HORIZONS,
                           r->horizon_count);
    for (size_t i = 0; i < r->horizon_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!same_horizon(&r->horizons[i], &r->horizons[j]))
                continue;
            char pointer[32];
            snprintf(pointer, sizeof pointer, "/horizons/%zu", i);
            return error_field(e, ERR_INVALID, pointer, "\"%s\" is asked for twice",
                               r->horizons[i].name);
        }
    }
    return ERR_OK;
}

enum err study_request_check(const struct study_request *r, struct error *e)
{
    if (!rule_is_boolean(r->rule))
        return error_set(e, ERR_RULE, "a rule must be true or false, this one is a number");
    if (rule_parameter_count(r->rule) > 0)
        return error_set(e, ERR_RULE, "parameter $%s has no value",
                         rule_parameter_name(r->rule, 0));
    if (r->from_ns >= r->to_ns)
        return error_field(e, ERR_INVALID, "/to", "to must be after from");
    if (r->cooldown_ns < 0)
        return error_field(e, ERR_INVALID, "/cooldown", "cooldown must not be negative");
    enum err code = study_window_check(&r->window, e);
    return code == ERR_OK ? check_horizons(r, e) : code;
}
