/* The importer against a reader that is as plain as can be: one field after the other, strtod, a
 * list of rows, a loop for every rule. Both read the same random texts, clean and dirty, under
 * random options, and must agree in every bar, count and first error, bit for bit.
 *
 * The texts keep to `epoch seconds or ISO with Z, O,H,L,C,volume` with a header, so that the
 * reference needs no dialect; test_csv_dialect.c has those.
 */
#include "base/clock.h"
#include "base/random.h"
#include "engine/bars/demo.h"
#include "tests/engine/csv_case.h"

#include <math.h>
#include <stdio.h>

enum { MOST_ROWS = 2000, FIELDS = 6 };

/* ---- the reference ---- */

struct naive_row {
    int64_t time_ns, line;
    double value[BAR_COLUMN_COUNT];
};

struct naive {
    struct naive_row rows[MOST_ROWS];
    int64_t count, read, outside, misaligned, bad, duplicates, conflicts, errors, first_error_line;
};

static struct naive naive;

static void naive_error(int64_t line)
{
    if (naive.errors++ == 0)
        naive.first_error_line = line;
}

/* Cuts a line at commas, and each field's spaces and quotes. False when it has not six fields. */
static bool naive_fields(char *line, char *fields[FIELDS])
{
    int count = 0;
    for (char *at = line;;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        while (*at == ' ')
            at++;
        size_t length = strlen(at);
        while (length > 0 && at[length - 1] == ' ')
            at[--length] = '\0';
        if (length >= 2 && at[0] == '"' && at[length - 1] == '"') {
            at[length - 1] = '\0';
            at++;
        }
        if (count == FIELDS)
            return false;
        fields[count++] = at;
        if (!comma)
            return count == FIELDS;
        at = comma + 1;
    }
}

static bool naive_stamp(const char *text, bool iso, int64_t *ret_ns)
{
    long long s;
    char rest;
    if (iso)
        return strlen(text) == 20 && rfc3339_parse(text, 20, ret_ns, NULL) == ERR_OK;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 10 ||
        sscanf(text, "%lld%c", &s, &rest) != 1)
        return false;
    *ret_ns = s * NS_PER_SECOND;
    return true;
}

/* 0 a good number, 1 no bar can be made of it, 2 no number */
static int naive_number(const char *text, bool volume, double *ret)
{
    char *end;
    *ret = 0;
    if (!*text)
        return volume ? 0 : 1;
    *ret = strtod(text, &end);
    if (*end || end[-1] == '.')
        return 2;
    if (*ret == 0)
        *ret = 0; /* not -0 */
    return isfinite(*ret) && *ret >= 0 ? 0 : 1;
}

static bool naive_values_fit(const double *v)
{
    return v[BAR_HIGH] >= v[BAR_LOW] && v[BAR_OPEN] >= v[BAR_LOW] && v[BAR_OPEN] <= v[BAR_HIGH] &&
           v[BAR_CLOSE] >= v[BAR_LOW] && v[BAR_CLOSE] <= v[BAR_HIGH];
}

/* Against the row kept last, whose time it has. */
static void naive_conflict(const struct naive_row *r, const struct csv_options *o)
{
    struct naive_row *last = &naive.rows[naive.count - 1];
    if (memcmp(last->value, r->value, sizeof(r->value)) == 0) {
        naive.duplicates++;
    } else if (o->duplicates == CSV_CONFLICT_REFUSE) {
        naive_error(r->line);
    } else {
        naive.conflicts++;
        if (o->duplicates == CSV_CONFLICT_LAST)
            *last = *r;
    }
}

static void naive_drop_or_refuse(int64_t line, enum csv_policy policy, int64_t *counter)
{
    if (policy == CSV_DROP)
        (*counter)++;
    else
        naive_error(line);
}

static void naive_line(char *line, int64_t number, bool iso, const struct csv_options *o)
{
    char *fields[FIELDS];
    struct naive_row r = {.line = number};
    struct session session;
    if (strspn(line, " ") == strlen(line))
        return;
    naive.read++;
    if (!naive_fields(line, fields) || !naive_stamp(fields[0], iso, &r.time_ns)) {
        naive_error(number);
        return;
    }
    bool bad = false;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        int kind = naive_number(fields[1 + c], c == BAR_VOLUME, &r.value[c]);
        if (kind == 2) {
            naive_error(number);
            return;
        }
        bad = bad || kind == 1;
    }
    if (o->label == CSV_LABEL_END)
        r.time_ns -= NS_PER_MINUTE;
    if (!calendar_session_at(o->calendar, r.time_ns, &session))
        naive_drop_or_refuse(number, o->outside, &naive.outside);
    else if (r.time_ns % NS_PER_MINUTE != 0)
        naive_drop_or_refuse(number, o->bad_rows, &naive.misaligned);
    else if (bad || !naive_values_fit(r.value))
        naive_drop_or_refuse(number, o->bad_rows, &naive.bad);
    else if (o->sort || naive.count == 0 || r.time_ns > naive.rows[naive.count - 1].time_ns)
        naive.rows[naive.count++] = r;
    else if (r.time_ns < naive.rows[naive.count - 1].time_ns)
        naive_error(number);
    else
        naive_conflict(&r, o);
}

static void naive_sort(const struct csv_options *o)
{
    static struct naive_row sorted[MOST_ROWS];
    int64_t count = naive.count;
    for (int64_t i = 1; i < count; i++) { /* by insertion: keeps the order of equals */
        struct naive_row r = naive.rows[i];
        int64_t k = i;
        for (; k > 0 && naive.rows[k - 1].time_ns > r.time_ns; k--)
            naive.rows[k] = naive.rows[k - 1];
        naive.rows[k] = r;
    }
    memcpy(sorted, naive.rows, (size_t)count * sizeof(sorted[0]));
    naive.count = 0;
    for (int64_t i = 0; i < count; i++)
        if (naive.count > 0 && naive.rows[naive.count - 1].time_ns == sorted[i].time_ns)
            naive_conflict(&sorted[i], o);
        else
            naive.rows[naive.count++] = sorted[i];
}

static void naive_import(const char *text, bool iso, const struct csv_options *o)
{
    memset(&naive, 0, sizeof(naive));
    int64_t number = 0;
    for (const char *at = text; *at; number++) {
        char line[512];
        size_t length = strcspn(at, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)length, at);
        at += length + (at[length] == '\n');
        length = strlen(line);
        if (length > 0 && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (number > 0)
            naive_line(line, number + 1, iso, o);
    }
    if (o->sort)
        naive_sort(o);
}

/* ---- random texts ---- */

struct source {
    const struct bars *bars;
    struct random random;
    bool iso;
    int32_t dirt; /* one row in so many is spoiled; 0 none */
};

static bool chance(struct source *s, uint64_t one_in)
{
    return random_below(&s->random, one_in) == 0;
}

static void write_stamp(const struct source *s, char out[64], int64_t ns)
{
    if (s->iso)
        rfc3339_format(ns, out);
    else
        snprintf(out, 64, "%lld", (long long)(ns / NS_PER_SECOND));
}

static void wrap(char field[64], const char *before, const char *after)
{
    char copy[64];
    snprintf(copy, sizeof(copy), "%s", field);
    snprintf(field, 64, "%s%.40s%s", before, copy, after);
}

/* Makes something wrong, odd or only unusual of a row's fields. */
static void spoil(struct source *s, char fields[FIELDS][64], int64_t ns)
{
    static const char *const words[] = {
        "abc",           "nan", "",    "-1", "1e2", "-0", "99999999999999999",
        "0.12345678901", "7",   "inf", "1.", "x"};
    const char *word = words[random_below(&s->random, 12)];
    size_t which = (size_t)random_below(&s->random, FIELDS);
    switch (random_below(&s->random, 10)) {
    case 0:
        write_stamp(s, fields[0], ns + NS_PER_SECOND); /* off the minute */
        return;
    case 1:
        write_stamp(s, fields[0], ns - 8 * 3600 * NS_PER_SECOND); /* in the night, and back */
        return;
    case 2:
        write_stamp(s, fields[0], ns - 3 * NS_PER_MINUTE);
        return;
    case 3:
        snprintf(fields[1 + which % 5], 64, "%s", word);
        return;
    case 4:
        snprintf(fields[0], 64, "%s", word);
        return;
    case 5:
        wrap(fields[which], "\"", "\"");
        return;
    case 6:
        wrap(fields[which], "  ", " ");
        return;
    case 7: /* a price that contradicts the others */
        snprintf(fields[1 + which % 4], 64, "%d", (int)random_below(&s->random, 200));
        return;
    case 8: /* one more field */
        snprintf(fields[5], 64, "1,2");
        return;
    default: /* the minute before again, with another volume */
        write_stamp(s, fields[0], ns - NS_PER_MINUTE);
        snprintf(fields[5], 64, "%d", (int)random_below(&s->random, 3));
    }
}

static void write_row(struct source *s, struct strbuf *out, int64_t i, int64_t shift_ns)
{
    char fields[FIELDS][64];
    const struct bars *b = s->bars;
    write_stamp(s, fields[0], b->time_ns[i] + shift_ns);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        snprintf(fields[1 + c], 64, "%.*f", c == BAR_VOLUME ? 0 : (int)b->price_decimals,
                 b->column[c][i]);
    if (s->dirt && chance(s, (uint64_t)s->dirt))
        spoil(s, fields, b->time_ns[i] + shift_ns);
    for (int repeat = s->dirt && chance(s, (uint64_t)s->dirt * 3) ? 2 : 1; repeat > 0; repeat--)
        strbuf_add_format(out, "%s,%s,%s,%s,%s,%s%s", fields[0], fields[1], fields[2], fields[3],
                          fields[4], fields[5], s->dirt && chance(s, 50) ? "\r\n" : "\n");
    if (s->dirt && chance(s, (uint64_t)s->dirt * 5))
        strbuf_add_string(out, " \n");
}

static void write_text(struct source *s, struct strbuf *out, const struct csv_options *o)
{
    int64_t shift_ns = o->label == CSV_LABEL_END ? NS_PER_MINUTE : 0;
    strbuf_init(out, 1 << 22);
    strbuf_add_string(out, "time,open,high,low,close,volume\n");
    int32_t dirt = s->dirt;
    s->dirt = 0; /* the first row decides the form of the stamps */
    write_row(s, out, 0, shift_ns);
    s->dirt = dirt;
    for (int64_t i = 1; i < s->bars->count; i++) {
        if (i + 1 < s->bars->count && s->dirt && chance(s, (uint64_t)s->dirt * 8)) {
            write_row(s, out, i + 1, shift_ns); /* two rows swapped */
            write_row(s, out, i++, shift_ns);
        } else {
            write_row(s, out, i, shift_ns);
        }
    }
    if (chance(s, 2)) /* without the last line break */
        out->data[--out->length] = '\0';
}

static struct csv_options random_options(struct source *s)
{
    struct csv_options o = csv_minutes();
    o.label = chance(s, 3) ? CSV_LABEL_END : CSV_LABEL_START;
    o.outside = chance(s, 4) ? CSV_REFUSE : CSV_DROP;
    o.bad_rows = chance(s, 4) ? CSV_REFUSE : CSV_DROP;
    o.duplicates = (enum csv_conflict)random_below(&s->random, 3);
    o.sort = chance(s, 2);
    return o;
}

static void make_bars(struct source *s, uint64_t seed, int64_t count)
{
    struct demo_options o = {.seed = seed,
                             .calendar = csv_calendar("XNYS"),
                             .from_day = 19790 + (int32_t)random_below(&s->random, 60),
                             .to_day = 19900,
                             .first_price = 100,
                             .price_decimals = (int32_t)random_below(&s->random, 5),
                             .missing_share = 0.1 * (double)random_below(&s->random, 5),
                             .max_count = count};
    assert_int_equal(demo_bars(&o, &s->bars, NULL), ERR_OK);
}

/* ---- comparing ---- */

static void assert_agrees(const struct csv_report *r, const struct csv_bars *b, enum err err,
                          const struct error *e)
{
    assert_int_equal(r->rows, naive.read);
    assert_int_equal(r->outside, naive.outside);
    assert_int_equal(r->misaligned, naive.misaligned);
    assert_int_equal(r->bad, naive.bad + naive.misaligned);
    assert_int_equal(r->duplicates, naive.duplicates);
    assert_int_equal(r->conflicts, naive.conflicts);
    assert_int_equal(r->error_count, naive.errors);
    if (naive.errors > 0) {
        assert_int_equal(err, ERR_DATA);
        assert_int_equal(e->line, naive.first_error_line);
        assert_int_equal(b->count, 0);
        return;
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(b->count, naive.count);
    for (int64_t i = 0; i < b->count; i++) {
        assert_int_equal(b->time_ns[i], naive.rows[i].time_ns);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            assert_memory_equal(&b->column[c][i], &naive.rows[i].value[c], sizeof(double));
    }
}

static void assert_same_session(const struct bars_session *a, const struct bars_session *b)
{
    assert_int_equal(a->day, b->day);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->open_ns, b->open_ns);
    assert_int_equal(a->close_ns, b->close_ns);
}

static void run_random(uint64_t seed, int32_t dirt, int64_t count)
{
    struct source s = {.dirt = dirt};
    struct strbuf text;
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    random_seed(&s.random, seed);
    s.iso = chance(&s, 2);
    make_bars(&s, seed, count);
    struct csv_options o = random_options(&s);
    write_text(&s, &text, &o);
    assert_false(strbuf_failed(&text));
    naive_import(text.data, s.iso, &o);
    enum err err = csv_run(text.data, text.length, &o, &report, &bars, &e);
    assert_agrees(&report, &bars, err, &e);
    if (dirt == 0) {
        assert_int_equal(bars.count, s.bars->count);
        assert_memory_equal(bars.time_ns, s.bars->time_ns, (size_t)bars.count * sizeof(int64_t));
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            assert_memory_equal(bars.column[c], s.bars->column[c],
                                (size_t)bars.count * sizeof(double));
        assert_int_equal(bars.session_count, s.bars->session_count);
        for (int64_t k = 0; k < bars.session_count; k++)
            assert_same_session(&bars.sessions[k], &s.bars->sessions[k]);
    }
    csv_bars_release(&bars);
    bars_unref(s.bars);
    strbuf_release(&text);
}

static void clean_texts_give_back_the_bars_they_were_made_of(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++)
        run_random(seed, 0, 1 + (int64_t)(seed * 7 % 1500));
}

static void dirty_texts_agree_with_the_plain_reader(void **state)
{
    (void)state;
    static const int32_t dirts[] = {2, 5, 20, 100, 400};
    for (uint64_t seed = 1; seed <= 600; seed++)
        run_random(1000 + seed, dirts[seed % 5], 5 + (int64_t)(seed % 60) * 5);
}

static void noise_is_refused_and_never_read_past_its_end(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789.,;\t\n\r\" -:TZeopenhighlwcsum,,,\n\n0123456789";
    struct random r;
    char text[400];
    random_seed(&r, 77);
    for (int round = 0; round < 20000; round++) {
        static const char *const starts[] = {"", "t,o,h,l,c,v\n", "1709908200,1,2,1,2,5\n",
                                             "time;open;high;low;close\n2024-03-08T14:30:00Z;1"};
        size_t n = (size_t)snprintf(text, sizeof(text), "%s", starts[round % 4]);
        size_t length = n + (size_t)random_below(&r, 200);
        for (; n < length; n++)
            text[n] = alphabet[random_below(&r, sizeof(alphabet) - 1)];
        struct csv_options o = csv_minutes();
        struct csv_report report;
        struct csv_bars bars;
        struct error e;
        o.outside = round % 3 ? CSV_DROP : CSV_REFUSE;
        o.ignore_columns = round % 2;
        enum err err = csv_run(text, length, &o, &report, &bars, &e);
        assert_true(err == ERR_OK || err == ERR_DATA || err == ERR_INVALID);
        csv_bars_release(&bars);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_texts_give_back_the_bars_they_were_made_of),
        cmocka_unit_test(dirty_texts_agree_with_the_plain_reader),
        cmocka_unit_test(noise_is_refused_and_never_read_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
