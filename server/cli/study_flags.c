#include "server/cli/study_flags.h"

#include "base/rfc3339.h"

#include <stdio.h>
#include <string.h>

void study_flags_init(struct study_flags *f)
{
    *f = (struct study_flags){.latest = STUDY_LATEST_UNSET};
}

static struct json_texts texts_of(const struct option_texts *t)
{
    /* json_texts is not const for its decoder's sake; nothing here writes through it. */
    return (struct json_texts){.items = (const char **)t->items, .count = t->count};
}

static int index_in(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static enum err fill_days(const struct study_flags *f, struct study_spec *s, struct error *e)
{
    for (size_t i = 0; i < f->days.count; i++) {
        int day = index_in(weekday_names, f->days.items[i]);
        if (day < 0)
            return error_field(e, ERR_INVALID, "/window/days",
                               "'%s' is none of mon, tue, wed, thu, fri, sat, sun",
                               f->days.items[i]);
        s->window.days |= 1u << day;
        s->window.has_days = s->has_window = true;
    }
    return ERR_OK;
}

/* What is not a text of its own: the decoder wants it in the form of the spec. */
static enum err fill_parsed(const struct study_flags *f, struct study_spec *s, struct error *e)
{
    struct error inner;
    enum err err = fill_days(f, s, e);
    if (!err && f->window)
        err = study_spec_parse_window(f->window, "/window", s, e);
    if (err)
        return err;
    if (f->cooldown) {
        if (duration_parse(f->cooldown, strlen(f->cooldown), &s->cooldown_ns, &inner))
            return error_field(e, ERR_INVALID, "/cooldown", "%s", inner.message);
        s->has_cooldown = true;
    }
    if (f->trigger) {
        s->trigger = index_in(study_trigger_names, f->trigger);
        s->has_trigger = true;
    }
    return ERR_OK;
}

static enum err fill(const struct study_flags *f, const char *rule, enum study_spec_kind kind,
                     struct arena *arena, struct study_spec *s, struct error *e)
{
    study_spec_init(s);
    s->name = f->name;
    s->rule = rule;
    s->symbols = texts_of(&f->symbols);
    if (kind == STUDY_SPEC_CHECK)
        s->symbol = f->symbols.items[0];
    s->timeframe_text = f->timeframe;
    s->from_text = f->from;
    s->to_text = f->to;
    s->shard_text = f->shard;
    s->window.timezone = f->timezone;
    s->has_window = f->timezone != NULL;
    s->horizon_names = texts_of(&f->horizons);
    s->has_horizons = f->horizons.count > 0;
    s->has_latest = f->latest != STUDY_LATEST_UNSET;
    if (s->has_latest)
        s->latest = f->latest;
    enum err err = fill_parsed(f, s, e);
    return err ? err : strategy_flags_fill(&f->strategy, arena, &s->strategy, &s->has_strategy, e);
}

/* A pointer into the body as the flag that it came from. */
static void name_flag(const struct study_flags *f, struct error *e)
{
    static const struct {
        const char *pointer, *flag;
    } special[] = {{"/symbols", "--symbol"},
                   {"/window/timezone", "--timezone"},
                   {"/window/days", "--days"},
                   {"/rule", "the rule"}};
    char flag[64], message[ERROR_MESSAGE_MAX];
    if (!e || e->pointer[0] != '/')
        return;
    snprintf(flag, sizeof(flag), "--%.*s", (int)strcspn(e->pointer + 1, "/"), e->pointer + 1);
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (strncmp(e->pointer, special[i].pointer, strlen(special[i].pointer)) == 0)
            snprintf(flag, sizeof(flag), "%s", special[i].flag);
    const char *of_strategy = strategy_flag_of(&f->strategy, e->pointer);
    if (of_strategy)
        snprintf(flag, sizeof(flag), "%s", of_strategy);
    snprintf(message, sizeof(message), "%s", e->message);
    error_set(e, e->code, "%s: %s", flag, message);
}

enum err study_flags_settle(const struct study_flags *f, const struct option_arguments *rest,
                            enum study_spec_kind kind, struct arena *arena, struct strbuf *body,
                            struct study_spec *ret, struct error *e)
{
    struct study_spec given;
    struct json_writer w;
    if (rest->count != 1)
        return error_set(e, ERR_INVALID,
                         rest->count ? "one rule is needed: put it in quotes" : "a rule is needed");
    enum err err = fill(f, rest->items[0], kind, arena, &given, e);
    if (!err) {
        json_writer_init(&w, body);
        json_begin_object(&w);
        study_spec_encode(&given, kind, &w);
        json_end_object(&w);
        err = strbuf_failed(body)
                  ? error_set(e, ERR_TOO_LARGE, "the request is larger than %zu bytes",
                              body->max_bytes)
                  : study_spec_decode(strbuf_text(body), body->length, kind, arena, ret, e);
    }
    if (err)
        name_flag(f, e);
    return err;
}
