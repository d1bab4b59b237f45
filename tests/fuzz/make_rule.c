#include "tests/fuzz/make_rule.h"

#include "engine/indicators/indicators.h"
#include "engine/rule/series.h"

#include <math.h>

enum { DEEPEST = 6 };

struct maker {
    const uint8_t *p, *end;
    struct strbuf *out;
    struct made_bounds bounds; /* of what was written last */
    bool in_tf;
};

static void write_number(struct maker *m, int depth);
static void write_truth(struct maker *m, int depth);

static unsigned take(struct maker *m)
{
    return m->p < m->end ? *m->p++ : 0;
}

static void unbounded(struct maker *m)
{
    m->bounds = (struct made_bounds){-INFINITY, INFINITY};
}

static void write_series(struct maker *m)
{
    const struct series *s = series_at(take(m) % series_count());
    strbuf_add_string(m->out, s->name);
    m->bounds = (struct made_bounds){s->min, s->max};
}

static void write_constant(struct maker *m)
{
    static const char *const odd[] = {"0", "1e300", "1e-300", "1e308", "0.1", "09:45", "100", "-0"};
    unsigned b = take(m);
    if (b >= 248)
        strbuf_add_string(m->out, odd[b - 248]);
    else
        strbuf_add_format(m->out, "%g", b / 4.0);
}

/* Mostly small, seldom far, sometimes at an end. */
static void write_parameter(struct maker *m, const struct indicator_parameter *p)
{
    unsigned b = take(m);
    double value = p->min + b % 32;
    if (b >= 252)
        value = b % 2 ? p->min : p->min + 700;
    else if (b >= 224)
        value = p->min + 32 + 5 * (b - 224);
    else if (!p->whole)
        value = p->min + b / 16.0;
    strbuf_add_format(m->out, "%.10g", fmin(value, p->max));
}

static void write_indicator(struct maker *m, int depth)
{
    const struct indicator *indicator = indicator_at(take(m) % indicator_count());
    const char *before = "(";
    strbuf_add_string(m->out, indicator->name);
    for (int32_t i = 0; i < indicator->input_count; i++) {
        enum indicator_input input = indicator->input[i];
        if (input > INDICATOR_INPUT_RULE || (input == INDICATOR_INPUT_SERIES && take(m) % 2))
            continue;
        strbuf_add_string(m->out, before);
        before = ", ";
        if (input == INDICATOR_INPUT_RULE)
            write_truth(m, depth - 1);
        else
            write_number(m, depth - 1);
    }
    for (int32_t i = 0; i < indicator->parameter_count; i++) {
        strbuf_add_string(m->out, before);
        before = ", ";
        write_parameter(m, &indicator->parameter[i]);
    }
    strbuf_add_string(m->out, before[0] == ',' ? ")" : "");
    m->bounds = (struct made_bounds){indicator->min, indicator->max};
}

static void write_tf(struct maker *m, int depth, void (*inside)(struct maker *, int))
{
    static const char *const frames[] = {"5m", "10m", "35m", "1h", "240m", "1d", "2m", "15m"};
    if (m->in_tf) {
        inside(m, depth - 1);
        return;
    }
    m->in_tf = true;
    strbuf_add_format(m->out, "tf(\"%s\", ", frames[take(m) % 8]);
    inside(m, depth - 1);
    strbuf_add_char(m->out, ')');
    m->in_tf = false;
}

static void write_offset(struct maker *m)
{
    unsigned b = take(m);
    strbuf_add_format(m->out, ")[%u]", b < 240 ? b % 8 : (b - 239) * 90);
}

static void write_number(struct maker *m, int depth)
{
    unsigned b = depth > 0 && m->p < m->end ? take(m) % 11 : 0;
    if (b == 0) {
        write_series(m);
        return;
    }
    if (b >= 6) {
        write_indicator(m, depth);
        return;
    }
    if (b == 5) {
        write_tf(m, depth, write_number);
        unbounded(m);
        return;
    }
    strbuf_add_string(m->out, b == 1 ? "-(" : b == 4 ? "" : "(");
    if (b == 4)
        write_constant(m);
    else
        write_number(m, depth - 1);
    if (b == 2) {
        strbuf_add_format(m->out, " %c ", "+-*/"[take(m) % 4]);
        write_number(m, depth - 1);
    }
    if (b == 3)
        write_offset(m);
    else if (b != 4)
        strbuf_add_char(m->out, ')');
    if (b != 3) /* as it was k bars earlier */
        unbounded(m);
}

static void write_comparison(struct maker *m, int depth)
{
    static const char *const operators[] = {" < ",
                                            " <= ",
                                            " > ",
                                            " >= ",
                                            " == ",
                                            " != ",
                                            " crosses ",
                                            " crosses above ",
                                            " crosses below "};
    write_number(m, depth - 1);
    strbuf_add_string(m->out, operators[take(m) % 9]);
    write_number(m, depth - 1);
}

static void write_truth(struct maker *m, int depth)
{
    unsigned b = depth > 1 && m->p < m->end ? take(m) % 10 : 0;
    if (b <= 4) {
        write_comparison(m, depth);
    } else if (b == 5) {
        write_tf(m, depth, write_truth);
    } else {
        strbuf_add_string(m->out, b == 6 ? "not (" : "(");
        write_truth(m, depth - 1);
        if (b >= 8) {
            strbuf_add_string(m->out, b == 8 ? " and " : " or ");
            write_truth(m, depth - 1);
        }
        if (b == 7)
            write_offset(m);
        else
            strbuf_add_char(m->out, ')');
    }
    m->bounds = (struct made_bounds){0, 1};
}

void make_rule(const uint8_t *data, size_t size, struct strbuf *out, struct made_bounds *ret)
{
    struct maker m = {.p = data, .end = data + size, .out = out};
    if (take(&m) % 2)
        write_number(&m, DEEPEST);
    else
        write_truth(&m, DEEPEST);
    *ret = m.bounds;
}
