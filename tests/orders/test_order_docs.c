/* The tables in docs/orders.md and the diagram docs/orders.svg are made from the tables that the
 * program runs: `make docs` writes them, the test holds them together.
 *
 * In the page a table stands between <!-- table NAME --> and <!-- end -->.
 */
#include "orders/transitions.h"

#include "base/strbuf.h"
#include "orders/exposure.h"
#include "orders/order_event.h"
#include "orders/outcome.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_PATH "docs/orders.md"
#define DIAGRAM_PATH "docs/orders.svg"
enum { PAGE_MAX_BYTES = 1 << 20 };

/* ---- tables ---------------------------------------------------------------------------------- */

static void write_matrix(struct strbuf *out)
{
    strbuf_add_string(out, "| signal | what it is |");
    for (int from = ORDER_STATUS_NONE; from < ORDER_STATUS_COUNT; from++)
        strbuf_add_format(out, " %s |", order_status_name((enum order_status)from));
    strbuf_add_string(out, "\n| --- | --- |");
    for (int from = ORDER_STATUS_NONE; from < ORDER_STATUS_COUNT; from++)
        strbuf_add_string(out, " --- |");
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        enum order_signal signal = (enum order_signal)i;
        strbuf_add_format(out, "\n| `%s` | %s |", order_signal_name(signal),
                          order_signal_text(signal));
        for (int from = ORDER_STATUS_NONE; from < ORDER_STATUS_COUNT; from++) {
            enum order_status to = order_transition((enum order_status)from, signal);
            strbuf_add_format(out, " %s |", (int)to == from ? "" : order_status_name(to));
        }
    }
    strbuf_add_char(out, '\n');
}

static void write_rules(struct strbuf *out)
{
    strbuf_add_string(out, "| | status | holds when |\n| --- | --- | --- |\n");
    for (int i = 0; i < FACT_COUNT; i++)
        strbuf_add_format(out, "| %d | `%s` | %s |\n", i + 1,
                          bracket_status_name(bracket_rules[i].status), bracket_rules[i].text);
}

static void write_edges(struct strbuf *out)
{
    strbuf_add_string(out, "| | from | to | by |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < bracket_edge_count; i++)
        if (bracket_edges[i].kind == EDGE_NORMAL)
            strbuf_add_format(out, "| %zu | `%s` | `%s` | %s |\n", i + 1,
                              bracket_status_name(bracket_edges[i].from),
                              bracket_status_name(bracket_edges[i].to), bracket_edges[i].cause);
}

static void write_late(struct strbuf *out)
{
    strbuf_add_string(out, "| from | to |\n| --- | --- |\n");
    for (int from = 0; from < BRACKET_STATUS_COUNT; from++) {
        bool first = true;
        for (size_t i = 0; i < bracket_edge_count; i++) {
            const struct bracket_edge *edge = &bracket_edges[i];
            if (edge->kind != EDGE_LATE || (int)edge->from != from)
                continue;
            if (first)
                strbuf_add_format(out, "| `%s` | ", bracket_status_name(edge->from));
            strbuf_add_format(out, "%s`%s`", first ? "" : ", ", bracket_status_name(edge->to));
            first = false;
        }
        if (!first)
            strbuf_add_string(out, " |\n");
    }
}

static void write_reviews(struct strbuf *out)
{
    static const struct {
        const char *name, *text;
    } reviews[] = {
#define OVER_CLOSE_TEXT "the exits filled more than the entry: every exit is canceled, none is sent"
#define OVER_ENTRY_TEXT "the entry filled more than was asked; all of it is protected"
#define STRAY_TEXT                                                                                 \
    "the broker has an order with our id that we never made; it counts and is canceled"
#define UNTRACKED_TEXT                                                                             \
    "fills of an order so old that only its sum is kept: new or old, nobody can tell"
#define EXPIRED_OPEN_TEXT "the contract has ended with a position open"
#define X(code, bit, name) {name, code##_TEXT},
        REVIEW_TABLE(X)
#undef X
    };
    strbuf_add_string(out, "| reason | what it says |\n| --- | --- |\n");
    for (size_t i = 0; i < sizeof(reviews) / sizeof(reviews[0]); i++)
        strbuf_add_format(out, "| `%s` | %s |\n", reviews[i].name, reviews[i].text);
}

static void write_exposures(struct strbuf *out)
{
    strbuf_add_string(out, "| `unprotected_reason` | what it says |\n| --- | --- |\n");
    for (int i = EXPOSURE_NONE + 1; i < EXPOSURE_REASON_COUNT; i++)
        strbuf_add_format(out, "| `%s` | %s |\n", exposure_reason_name((enum exposure_reason)i),
                          exposure_reason_text((enum exposure_reason)i));
}

static const struct {
    const char *name;
    void (*write)(struct strbuf *);
} tables[] = {
    {"transitions", write_matrix}, {"rules", write_rules},     {"edges", write_edges},
    {"late", write_late},          {"reviews", write_reviews}, {"exposures", write_exposures},
};

/* The page with each of its tables written anew. */
static void write_page(const char *page, struct strbuf *out)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char begin[64];
        snprintf(begin, sizeof(begin), "<!-- table %s -->\n", tables[i].name);
        const char *start = strstr(page, begin);
        const char *end = start ? strstr(start, "<!-- end -->") : NULL;
        if (!end)
            fail_msg("%s has no place for the table %s", PAGE_PATH, tables[i].name);
        strbuf_add(out, page, (size_t)(start - page) + strlen(begin));
        tables[i].write(out);
        page = end;
    }
    strbuf_add_string(out, page);
}

/* ---- the diagram ----------------------------------------------------------------------------- */

enum { BOX_WIDTH = 132, BOX_HEIGHT = 40, WIDTH = 1060, HEIGHT = 560 };

/* Centers. Where a status is put is taste; what is drawn between is the table. */
static const struct place {
    int x, y;
} places[BRACKET_STATUS_COUNT] = {
    [BRACKET_NONE] = {60, 60},          [BRACKET_SUBMITTING] = {300, 130},
    [BRACKET_WORKING] = {300, 320},     [BRACKET_PROTECTING] = {540, 200},
    [BRACKET_UNPROTECTED] = {765, 360}, [BRACKET_CLOSING] = {880, 90},
    [BRACKET_CLOSED] = {880, 540},      [BRACKET_CANCELED] = {470, 540},
    [BRACKET_EXPIRED] = {200, 540},     [BRACKET_REJECTED] = {60, 400},
    [BRACKET_NEEDS_REVIEW] = {60, 200},
};

static const char style[] =
    "<style>rect{fill:#fff;stroke:#445;stroke-width:1.3}rect.end{fill:#eef3ee}"
    "rect.alarm{fill:#fdecea;stroke:#b3261e}text{font:13px sans-serif;text-anchor:middle;"
    "dominant-baseline:central;fill:#223}path{fill:none;stroke:#667;stroke-width:1.1}"
    "text.n{font-size:10px;fill:#245}circle{fill:#fff;stroke:#99a;stroke-width:.6}"
    "text.small{font-size:11px}</style>\n";

/* Where the line from a box's center towards (x, y) leaves the box. */
static void leave_box(struct place box, double x, double y, double *ret_x, double *ret_y)
{
    double dx = x - box.x, dy = y - box.y;
    double to_side = dx ? BOX_WIDTH / 2.0 / (dx < 0 ? -dx : dx) : 1e9;
    double to_top = dy ? BOX_HEIGHT / 2.0 / (dy < 0 ? -dy : dy) : 1e9;
    double t = to_side < to_top ? to_side : to_top;
    *ret_x = box.x + t * dx;
    *ret_y = box.y + t * dy;
}

/* A curve that bends to its right, so that two ways between the same boxes lie apart. */
static void draw_edge(struct strbuf *out, struct place from, struct place to, size_t number)
{
    double dx = to.x - from.x, dy = to.y - from.y;
    double bend_x = (from.x + to.x) / 2.0 - 0.13 * dy, bend_y = (from.y + to.y) / 2.0 + 0.13 * dx;
    double x0, y0, x1, y1;
    leave_box(from, bend_x, bend_y, &x0, &y0);
    leave_box(to, bend_x, bend_y, &x1, &y1);
    double mid_x = x0 / 4 + bend_x / 2 + x1 / 4, mid_y = y0 / 4 + bend_y / 2 + y1 / 4;
    strbuf_add_format(out,
                      "<path d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" marker-end=\"url(#a)\"/>"
                      "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>"
                      "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">%zu</text>\n",
                      x0, y0, bend_x, bend_y, x1, y1, mid_x, mid_y, mid_x, mid_y, number);
}

static void draw_box(struct strbuf *out, enum bracket_status status)
{
    const struct place *at = &places[status];
    bool alarm = status == BRACKET_UNPROTECTED || status == BRACKET_NEEDS_REVIEW;
    const char *class = alarm ? "alarm" : bracket_status_final(status) ? "end" : "way";
    strbuf_add_format(out,
                      "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>"
                      "<text x=\"%d\" y=\"%d\">%s</text>\n",
                      class, at->x - BOX_WIDTH / 2 + 6, at->y - BOX_HEIGHT / 2, BOX_WIDTH - 12,
                      BOX_HEIGHT, at->x, at->y, bracket_status_name(status));
}

static void write_diagram(struct strbuf *out)
{
    strbuf_add_format(out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-20 20 %d %d\">\n"
                      "<title>The states of a bracket</title>\n%s"
                      "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
                      "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
                      "<path d=\"M0 0L8 4L0 8z\" style=\"fill:#667\"/></marker></defs>\n",
                      WIDTH - 80, HEIGHT, style);
    for (size_t i = 0; i < bracket_edge_count; i++)
        if (bracket_edges[i].kind == EDGE_NORMAL)
            draw_edge(out, places[bracket_edges[i].from], places[bracket_edges[i].to], i + 1);
    for (int status = 0; status < BRACKET_STATUS_COUNT; status++)
        draw_box(out, (enum bracket_status)status);
    strbuf_add_format(out,
                      "<text class=\"small\" x=\"%d\" y=\"%d\">from and to every status</text>\n"
                      "</svg>\n",
                      places[BRACKET_NEEDS_REVIEW].x, places[BRACKET_NEEDS_REVIEW].y + 34);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void read_file(const char *path, struct strbuf *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: tests run from the tree's root, make docs writes it", path);
    char buffer[8192];
    size_t n;
    while (file && (n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        strbuf_add(out, buffer, n);
    if (file)
        fclose(file);
}

static bool write_file(const char *path, const struct strbuf *text)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool whole = fwrite(text->data, 1, text->length, file) == text->length;
    return fclose(file) == 0 && whole;
}

static void the_page_has_the_tables_of_the_program(void **state)
{
    (void)state;
    struct strbuf page, expected;
    strbuf_init(&page, PAGE_MAX_BYTES);
    strbuf_init(&expected, PAGE_MAX_BYTES);
    read_file(PAGE_PATH, &page);
    write_page(strbuf_text(&page), &expected);
    if (strcmp(strbuf_text(&page), strbuf_text(&expected)) != 0)
        fail_msg("%s is not what the tables say: make docs", PAGE_PATH);
    strbuf_release(&page);
    strbuf_release(&expected);
}

static void the_diagram_is_drawn_from_the_edges(void **state)
{
    (void)state;
    struct strbuf found, expected;
    strbuf_init(&found, PAGE_MAX_BYTES);
    strbuf_init(&expected, PAGE_MAX_BYTES);
    read_file(DIAGRAM_PATH, &found);
    write_diagram(&expected);
    if (strcmp(strbuf_text(&found), strbuf_text(&expected)) != 0)
        fail_msg("%s is not what the tables say: make docs", DIAGRAM_PATH);
    strbuf_release(&found);
    strbuf_release(&expected);
}

/* The names of the events, outcomes and statuses that the page speaks of are the program's. */
static void the_page_names_every_event_and_outcome(void **state)
{
    (void)state;
    struct strbuf page;
    char name[64];
    strbuf_init(&page, PAGE_MAX_BYTES);
    read_file(PAGE_PATH, &page);
    for (int i = 0; i < EVENT_COUNT; i++) {
        snprintf(name, sizeof(name), "`%s`", order_event_name((enum order_event_type)i));
        if (!strstr(strbuf_text(&page), name))
            fail_msg("%s does not name the event %s", PAGE_PATH, name);
    }
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        snprintf(name, sizeof(name), "`%s`", outcome_name((enum outcome)i));
        if (!strstr(strbuf_text(&page), name))
            fail_msg("%s does not name the outcome %s", PAGE_PATH, name);
    }
    strbuf_release(&page);
}

static int write_all(void)
{
    struct strbuf page, written, diagram;
    strbuf_init(&page, PAGE_MAX_BYTES);
    strbuf_init(&written, PAGE_MAX_BYTES);
    strbuf_init(&diagram, PAGE_MAX_BYTES);
    read_file(PAGE_PATH, &page);
    write_page(strbuf_text(&page), &written);
    write_diagram(&diagram);
    bool done = write_file(PAGE_PATH, &written) && write_file(DIAGRAM_PATH, &diagram);
    strbuf_release(&page);
    strbuf_release(&written);
    strbuf_release(&diagram);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_the_tables_of_the_program),
        cmocka_unit_test(the_diagram_is_drawn_from_the_edges),
        cmocka_unit_test(the_page_names_every_event_and_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
