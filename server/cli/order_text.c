#include "server/cli/order_text.h"

#include "base/rfc3339.h"
#include "server/cli/table.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"

#include <math.h>
#include <string.h>

enum { DETAIL_BYTES_MAX = 4096 };

static const char *text(const struct json_value *v, const char *name)
{
    const char *found = json_value_member_text(v, name);
    return found ? found : "-";
}

static bool is_zero(const char *decimal)
{
    return decimal[strspn(decimal, "-0.")] == '\0';
}

enum { TO_THE_SECOND = 19, TO_THE_MILLISECOND = 23 };

/* A stamp without its T, zone and finer digits. */
static const char *when_to(const struct json_value *v, const char *name, int digits,
                           char out[TEXT_FORMAT_MAX])
{
    const char *stamp = json_value_member_text(v, name);
    snprintf(out, TEXT_FORMAT_MAX, "%.*s", digits, stamp ? stamp : "-");
    out[strcspn(out, "Z")] = '\0';
    char *t = strchr(out, 'T');
    if (t)
        *t = ' ';
    return out;
}

static const char *when(const struct json_value *v, const char *name, char out[TEXT_FORMAT_MAX])
{
    return when_to(v, name, TO_THE_SECOND, out);
}

static enum table_style style_of(const struct json_value *order)
{
    const char *status = text(order, "status");
    if (strcmp(status, "unprotected") == 0 || strcmp(status, "needs_review") == 0 ||
        !is_zero(text(order, "unprotected_quantity")))
        return TABLE_RED;
    return strcmp(status, "protecting") == 0 ? TABLE_GREEN : TABLE_PLAIN;
}

const char *order_text_contract(const struct json_value *order, char out[ORDER_TEXT_NAME])
{
    const char *right = json_value_member_text(order, "right");
    if (right)
        snprintf(out, ORDER_TEXT_NAME, "%s %s %s %s", text(order, "symbol"), text(order, "expiry"),
                 text(order, "strike"), right);
    else
        snprintf(out, ORDER_TEXT_NAME, "%s", text(order, "symbol"));
    return out;
}

/* ---- one ------------------------------------------------------------------------------------- */

/* "UNPROTECTED: 2 since ..., no_quote", when anything is. */
static void print_unprotected(FILE *out, const struct json_value *order, int indent)
{
    char stamp[TEXT_FORMAT_MAX];
    if (is_zero(text(order, "unprotected_quantity")))
        return;
    fprintf(out, "%*s  UNPROTECTED: %s", indent, "", text(order, "unprotected_quantity"));
    if (json_value_member_text(order, "unprotected_reason"))
        fprintf(out, " since %s UTC, %s", when(order, "unprotected_since", stamp),
                text(order, "unprotected_reason"));
    fputc('\n', out);
}

/* A line of its own, when there are any. */
static void print_alarms(FILE *out, const struct json_value *alarms)
{
    const struct json_value *alarm = json_value_first(alarms);
    for (const char *before = "  ALARMS: "; alarm; alarm = json_value_next(alarm), before = ", ")
        fprintf(out, "%s%s", before, json_value_text(alarm));
    if (json_value_first(alarms))
        fputc('\n', out);
}

static void print_legs(FILE *out, const struct json_value *legs)
{
    static const char *const names[] = {"leg",    "gen",   "type", "status",         "quantity",
                                        "filled", "limit", "stop", "client order id"};
    struct table t;
    table_init(&t, "lrllrrrrl");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(&t, TABLE_BOLD, "%s", names[i]);
    for (const struct json_value *l = json_value_first(legs); l; l = json_value_next(l)) {
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "leg"));
        table_cell(&t, TABLE_PLAIN, "%lld", (long long)json_value_member_int(l, "generation"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "type"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "status"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "quantity"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "filled_quantity"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "limit_price"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "stop_price"));
        table_cell(&t, TABLE_PLAIN, "%s", text(l, "client_order_id"));
    }
    table_print(&t, out, 2, terminal_has_colour(out));
    table_release(&t);
}

void order_text_one(FILE *out, const struct json_value *order)
{
    char name[ORDER_TEXT_NAME], stamp[TEXT_FORMAT_MAX];
    const char *reason = json_value_member_text(order, "close_reason");
    fprintf(out, "%s %s %s: %s%s%s%s\n", text(order, "side"), text(order, "quantity"),
            order_text_contract(order, name), text(order, "status"), reason ? " (" : "",
            reason ? reason : "", reason ? ")" : "");
    fprintf(out, "  id %s", text(order, "id"));
    if (json_value_member_text(order, "client_order_id"))
        fprintf(out, ", yours %s", text(order, "client_order_id"));
    fprintf(out, "\n  filled %s at %s, open %s, unprotected %s, realized %s\n",
            text(order, "filled_quantity"), text(order, "average_fill_price"),
            text(order, "open_quantity"), text(order, "unprotected_quantity"),
            text(order, "realized_pnl"));
    print_unprotected(out, order, 0);
    print_alarms(out, json_value_member(order, "alarms"));
    fprintf(out, "  updated %s UTC, revision %lld\n\n", when(order, "updated_at", stamp),
            (long long)json_value_member_int(order, "rev"));
    print_legs(out, json_value_member(order, "legs"));
}

void order_text_line(FILE *out, const struct json_value *order)
{
    char name[ORDER_TEXT_NAME], stamp[TEXT_FORMAT_MAX];
    const char *reason = json_value_member_text(order, "close_reason");
    fprintf(out, "%s  %s  %s %s %s  %s%s%s  filled %s at %s  open %s  realized %s\n",
            when(order, "updated_at", stamp), text(order, "id"), text(order, "side"),
            text(order, "quantity"), order_text_contract(order, name), text(order, "status"),
            reason ? " by " : "", reason ? reason : "", text(order, "filled_quantity"),
            text(order, "average_fill_price"), text(order, "open_quantity"),
            text(order, "realized_pnl"));
    print_unprotected(out, order, (int)strlen(stamp));
}

/* ---- many ------------------------------------------------------------------------------------ */

void order_text_page(FILE *out, const struct json_value *page)
{
    static const char *const names[] = {"id",          "contract", "side",         "quantity",
                                        "status",      "filled",   "at",           "open",
                                        "unprotected", "realized", "updated (UTC)"};
    struct table t;
    table_init(&t, "lllrlrrrrrl");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(&t, TABLE_BOLD, "%s", names[i]);
    const struct json_value *order = json_value_first(json_value_member(page, "items"));
    if (!order) {
        table_release(&t);
        fputs("no orders\n", out);
        return;
    }
    for (; order; order = json_value_next(order)) {
        static const char *const numbers[] = {"filled_quantity", "average_fill_price",
                                              "open_quantity", "unprotected_quantity",
                                              "realized_pnl"};
        char name[ORDER_TEXT_NAME], stamp[TEXT_FORMAT_MAX];
        table_cell(&t, TABLE_PLAIN, "%s", text(order, "id"));
        table_cell(&t, TABLE_PLAIN, "%s", order_text_contract(order, name));
        table_cell(&t, TABLE_PLAIN, "%s", text(order, "side"));
        table_cell(&t, TABLE_PLAIN, "%s", text(order, "quantity"));
        table_cell(&t, style_of(order), "%s", text(order, "status"));
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            table_cell(&t, TABLE_PLAIN, "%s", text(order, numbers[i]));
        table_cell(&t, TABLE_PLAIN, "%s", when(order, "updated_at", stamp));
    }
    table_print(&t, out, 0, terminal_has_colour(out));
    table_release(&t);
    if (json_value_member_text(page, "next_cursor"))
        fputs("There are more: --limit shows up to 1000, --json has the cursor.\n", out);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Members that say something, as "name value"; of objects within, "name.name value". */
static void add_detail(struct strbuf *out, const char *prefix, const struct json_value *detail)
{
    const struct json_value *member = json_value_first(detail);
    for (; member; member = json_value_next(member)) {
        const char *value = json_value_text(member);
        double number = json_value_number(member);
        char path[ORDER_TEXT_NAME];
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", json_value_name(member));
        if (value)
            strbuf_add_format(out, "%s%s %s", out->length ? ", " : "", path, value);
        else if (!isnan(number))
            strbuf_add_format(out, "%s%s %g", out->length ? ", " : "", path, number);
        else if (json_value_is_true(member))
            strbuf_add_format(out, "%s%s", out->length ? ", " : "", path);
        else
            add_detail(out, path, member);
    }
}

void order_text_event(FILE *out, const struct json_value *event)
{
    char stamp[TEXT_FORMAT_MAX];
    const struct json_value *order = json_value_member(event, "order");
    const char *reason = json_value_member_text(order, "close_reason");
    fprintf(out, "%s  %s  %s  %-14s %s%s%s  filled %s at %s  open %s  realized %s\n",
            when_to(event, "at", TO_THE_MILLISECOND, stamp), text(event, "order_id"),
            text(order, "symbol"), text(event, "type"), text(order, "status"), reason ? " by " : "",
            reason ? reason : "", text(order, "filled_quantity"), text(order, "average_fill_price"),
            text(order, "open_quantity"), text(order, "realized_pnl"));
}

void order_text_events(FILE *out, const struct json_value *page)
{
    static const char *const names[] = {"seq", "at (UTC)", "event", "detail"};
    struct strbuf detail;
    struct table t;
    strbuf_init(&detail, DETAIL_BYTES_MAX);
    table_init(&t, "rlll");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(&t, TABLE_BOLD, "%s", names[i]);
    const struct json_value *event = json_value_first(json_value_member(page, "items"));
    for (; event; event = json_value_next(event)) {
        char stamp[TEXT_FORMAT_MAX];
        strbuf_clear(&detail);
        add_detail(&detail, "", json_value_member(event, "detail"));
        table_cell(&t, TABLE_PLAIN, "%lld", (long long)json_value_member_int(event, "seq"));
        table_cell(&t, TABLE_PLAIN, "%s", when_to(event, "at", TO_THE_MILLISECOND, stamp));
        table_cell(&t, TABLE_PLAIN, "%s", text(event, "type"));
        table_cell(&t, TABLE_PLAIN, "%s", strbuf_text(&detail));
    }
    table_print(&t, out, 0, terminal_has_colour(out));
    table_release(&t);
    strbuf_release(&detail);
}
