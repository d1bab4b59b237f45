#include "server/cli/strategy_flags.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "base/rfc3339.h"
#include "server/cli/flag_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Flags with a field of their own. */
static const struct {
    const char *field, *flag;
    size_t offset;
} flags[] = {
    {"side", "--side", offsetof(struct strategy_flags, side)},
    {"entry", "--entry", offsetof(struct strategy_flags, entry)},
    {"take_profit", "--take-profit", offsetof(struct strategy_flags, take_profit)},
    {"stop_loss", "--stop-loss", offsetof(struct strategy_flags, stop_loss)},
    {"exit_rule", "--exit-rule", offsetof(struct strategy_flags, exit_rule)},
    {"max_holding", "--max-holding", offsetof(struct strategy_flags, max_holding)},
    {"flat_at", "--flat-at", offsetof(struct strategy_flags, flat_at)},
    {"intrabar", "--intrabar", offsetof(struct strategy_flags, intrabar)},
    {"slippage", "--slippage", offsetof(struct strategy_flags, slippage)},
    {"commission", "--commission", offsetof(struct strategy_flags, commission)},
    {"sizing", "--size", offsetof(struct strategy_flags, size)},
    {"initial_cash", "--cash", offsetof(struct strategy_flags, cash)},
};
enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };

static const char *text_of(const struct strategy_flags *f, size_t i)
{
    return *(const char *const *)((const char *)f + flags[i].offset);
}

const char *strategy_flag_of(const struct strategy_flags *f, const char *pointer)
{
    static const char prefix[] = "/strategy";
    size_t length = strlen(prefix);
    if (strncmp(pointer, prefix, length) != 0)
        return NULL;
    pointer += length + (pointer[length] == '/');
    size_t field_length = strcspn(pointer, "/");
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (text_of(f, i) && strlen(flags[i].field) == field_length &&
            strncmp(flags[i].field, pointer, field_length) == 0)
            return flags[i].flag;
    return "--strategy";
}

/* ---- the whole as JSON ---- */

static enum err fill_json(const struct strategy_flags *f, struct arena *arena,
                          struct strategy_spec *ret, struct error *e)
{
    const char *text = NULL;
    struct error inner;
    enum err err = flag_text("--strategy", f->strategy, arena, &text, e);
    if (!err && (err = strategy_spec_decode(text, strlen(text), arena, ret, &inner)))
        error_set(e, err, "--strategy: %s", inner.message);
    return err;
}

/* ---- the short ones ---- */

/* A decimal; *ret_percent says whether a '%' followed it. False when it is none. */
static bool parse_amount(const char *text, int64_t *ret_value, bool *ret_percent)
{
    size_t length = strlen(text);
    *ret_percent = length > 0 && text[length - 1] == '%';
    return decimal_parse(text, length - *ret_percent, ret_value, NULL) == ERR_OK;
}

static enum err refuse(const char *flag, const char *text, const char *form, struct error *e)
{
    return error_set(e, ERR_INVALID, "%s: '%.60s' is not %s", flag, text, form);
}

/* "2*atr(14)" */
static bool parse_atr(const char *text, struct strategy_spec_atr *ret)
{
    static const char middle[] = "*atr(";
    const char *star = strstr(text, middle);
    char *end;
    if (!star || decimal_parse(text, (size_t)(star - text), &ret->multiple, NULL) != ERR_OK)
        return false;
    ret->period = strtol(star + strlen(middle), &end, 10);
    return end[0] == ')' && end[1] == '\0';
}

static enum err fill_distance(const char *text, const char *flag, bool *ret_given,
                              struct strategy_spec_distance *ret, struct error *e)
{
    struct strategy_spec_distance d = {0};
    int64_t value;
    bool percent;
    if (!text)
        return ERR_OK;
    if (parse_amount(text, &value, &percent)) {
        d.has_percent = percent;
        d.has_offset = !percent;
        *(percent ? &d.percent : &d.offset) = value;
    } else if (parse_atr(text, &d.atr)) {
        d.has_atr = true;
    } else {
        return refuse(flag, text, "0.5%, 1.25 or 2*atr(14)", e);
    }
    *ret = d;
    *ret_given = true;
    return ERR_OK;
}

static enum err fill_costs(const struct strategy_flags *f, struct strategy_spec *s, struct error *e)
{
    int64_t value;
    bool percent;
    if (f->slippage) {
        if (!parse_amount(f->slippage, &value, &percent) || !percent)
            return refuse("--slippage", f->slippage, "a percentage such as 0.01%", e);
        s->has_slippage = true;
        s->slippage = (struct strategy_spec_slippage){.has_percent = true, .percent = value};
    }
    if (f->commission) {
        if (!parse_amount(f->commission, &value, &percent))
            return refuse("--commission", f->commission, "0.005 a share or 0.1%", e);
        s->has_commission = true;
        s->commission =
            (struct strategy_spec_commission){.has_percent = percent, .has_per_share = !percent};
        *(percent ? &s->commission.percent : &s->commission.per_share) = value;
    }
    return ERR_OK;
}

static enum err fill_size(const struct strategy_flags *f, struct strategy_spec *s, struct error *e)
{
    bool percent, by_quantity = f->size && f->size[0] == 'x';
    if (f->size) {
        struct strategy_spec_sizing *z = &s->sizing;
        if (!parse_amount(f->size + by_quantity, &z->value, &percent) || (by_quantity && percent))
            return refuse("--size", f->size, "10000, 20% or x100", e);
        z->type = by_quantity ? SIZING_FIXED_QUANTITY
                  : percent   ? SIZING_PERCENT_EQUITY
                              : SIZING_FIXED_CASH;
        s->has_sizing = true;
    }
    if (f->cash) {
        if (!parse_amount(f->cash, &s->initial_cash, &percent) || percent)
            return refuse("--cash", f->cash, "an amount of money", e);
        s->has_initial_cash = true;
    }
    return ERR_OK;
}

static enum err fill_times(const struct strategy_flags *f, struct strategy_spec *s, struct error *e)
{
    struct error inner;
    if (f->max_holding) {
        if (duration_parse(f->max_holding, strlen(f->max_holding), &s->max_holding_ns, &inner))
            return error_set(e, ERR_INVALID, "--max-holding: %s", inner.message);
        s->has_max_holding = true;
    }
    if (f->flat_at) {
        if (time_of_day_parse(f->flat_at, strlen(f->flat_at), &s->flat_at_minute, &inner))
            return error_set(e, ERR_INVALID, "--flat-at: %s", inner.message);
        s->has_flat_at = true;
    }
    return ERR_OK;
}

/* The parser of options has checked that the text is one of the names. */
static void fill_choice(const char *text, const char *const *names, bool *ret_given, int32_t *ret)
{
    for (int32_t i = 0; text && names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *ret = i;
            *ret_given = true;
        }
}

enum err strategy_flags_fill(const struct strategy_flags *f, struct arena *arena,
                             struct strategy_spec *ret, bool *ret_given, struct error *e)
{
    struct strategy_spec s = {0};
    bool given = f->strategy != NULL;
    for (size_t i = 0; i < FLAG_COUNT; i++)
        given = given || text_of(f, i);
    enum err err = ERR_OK;
    if (f->strategy)
        err = fill_json(f, arena, &s, e);
    fill_choice(f->side, trade_side_names, &s.has_side, &s.side);
    fill_choice(f->entry, trade_entry_names, &s.has_entry, &s.entry);
    fill_choice(f->intrabar, intrabar_names, &s.has_intrabar, &s.intrabar);
    if (f->exit_rule)
        s.exit_rule = f->exit_rule;
    if (err ||
        (err = fill_distance(f->take_profit, "--take-profit", &s.has_take_profit, &s.take_profit,
                             e)) ||
        (err = fill_distance(f->stop_loss, "--stop-loss", &s.has_stop_loss, &s.stop_loss, e)) ||
        (err = fill_times(f, &s, e)) || (err = fill_costs(f, &s, e)) || (err = fill_size(f, &s, e)))
        return err;
    *ret = s;
    *ret_given = given;
    return ERR_OK;
}
