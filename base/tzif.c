/* A file holds the changes up to some year and a rule for the years after. The rule is played out
 * here for 400 years, after which the calendar repeats, so that a lookup is one binary search
 * whatever the year, with nothing to remember between lookups.
 */
#include "base/tzif.h"

#include "base/civil.h"
#include "base/posix_tz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    YEARS_PLAYED = 406,       /* a cycle, the years before repeats_from_s, and one to look ahead */
    FIRST_YEAR_PLAYED = 1600, /* for a file with a rule and no changes */
    CHANGES_PER_YEAR = 2,
    SECONDS_PER_DAY = 86400,
};

struct header {
    char version;
    uint32_t isut_count, isstd_count, leap_count, time_count, type_count, char_count;
};

/* The parts of the 64-bit block, all within the file. */
struct block {
    struct header header;
    const unsigned char *times, *type_of_time, *types, *footer;
    size_t footer_length;
};

static uint64_t big_endian(const unsigned char *p, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | p[i];
    return value;
}

static bool read_header(const unsigned char *p, size_t left, struct header *h)
{
    if (left < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    h->version = (char)p[4];
    h->isut_count = (uint32_t)big_endian(p + 20, 4);
    h->isstd_count = (uint32_t)big_endian(p + 24, 4);
    h->leap_count = (uint32_t)big_endian(p + 28, 4);
    h->time_count = (uint32_t)big_endian(p + 32, 4);
    h->type_count = (uint32_t)big_endian(p + 36, 4);
    h->char_count = (uint32_t)big_endian(p + 40, 4);
    return true;
}

/* The counts have 32 bits and the factors are small: no overflow in 64. */
static uint64_t data_bytes(const struct header *h, uint64_t time_bytes)
{
    return h->time_count * (time_bytes + 1) + (uint64_t)h->type_count * TYPE_BYTES + h->char_count +
           h->leap_count * (time_bytes + 4) + h->isstd_count + h->isut_count;
}

static enum err find_block(const unsigned char *p, size_t left, struct block *b, struct error *e)
{
    struct header first;
    if (!read_header(p, left, &first))
        return error_set(e, ERR_DATA, "not a time zone file");
    if (first.version < '2')
        return error_set(e, ERR_DATA, "a time zone file of version 1, which ends in 2037");
    uint64_t skipped = HEADER_BYTES + data_bytes(&first, 4);
    if (skipped > left || !read_header(p + skipped, left - skipped, &b->header))
        return error_set(e, ERR_DATA, "the time zone file is cut off");
    p += skipped + HEADER_BYTES;
    left -= skipped + HEADER_BYTES;

    const struct header *h = &b->header;
    uint64_t size = data_bytes(h, 8);
    if (size > left || left - size < 2 || p[size] != '\n')
        return error_set(e, ERR_DATA, "the time zone file is cut off");
    b->times = p;
    b->type_of_time = b->times + (size_t)h->time_count * 8;
    b->types = b->type_of_time + h->time_count;
    b->footer = p + size + 1;
    const unsigned char *stop = memchr(b->footer, '\n', left - size - 1);
    if (!stop)
        return error_set(e, ERR_DATA, "the time zone file is cut off");
    b->footer_length = (size_t)(stop - b->footer);
    if (h->leap_count > 0)
        return error_set(e, ERR_DATA, "the time zone file counts leap seconds");
    if (h->type_count == 0)
        return error_set(e, ERR_DATA, "the time zone file is damaged: no offsets");
    return ERR_OK;
}

/* Starts a span, or corrects the one that starts at the same instant; spans without a change
 * vanish. */
static void add_span(struct tzif *t, int64_t start, int32_t offset_s)
{
    if (t->count > 0 && t->starts[t->count - 1] == start)
        t->count--;
    if (t->count > 0 && t->offsets_s[t->count - 1] == offset_s)
        return;
    t->starts[t->count] = start;
    t->offsets_s[t->count++] = offset_s;
}

static bool read_offset(const struct block *b, unsigned type, int32_t *ret_offset_s)
{
    if (type >= b->header.type_count)
        return false;
    int32_t offset_s = (int32_t)(uint32_t)big_endian(b->types + (size_t)type * TYPE_BYTES, 4);
    if (offset_s < -TZIF_OFFSET_MAX_S || offset_s > TZIF_OFFSET_MAX_S)
        return false;
    *ret_offset_s = offset_s;
    return true;
}

/* What the file lists. *ret_last is the last change, INT64_MIN when there is none. */
static enum err add_listed(struct tzif *t, const struct block *b, int64_t *ret_last,
                           struct error *e)
{
    int32_t offset_s = 0;
    if (!read_offset(b, 0, &offset_s))
        return error_set(e, ERR_DATA, "the time zone file is damaged: an impossible offset");
    add_span(t, INT64_MIN, offset_s);
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < b->header.time_count; i++) {
        int64_t start = (int64_t)big_endian(b->times + i * 8, 8);
        if (i > 0 && start <= last)
            return error_set(e, ERR_DATA, "the time zone file is damaged: times out of order");
        if (!read_offset(b, b->type_of_time[i], &offset_s))
            return error_set(e, ERR_DATA, "the time zone file is damaged: an impossible offset");
        add_span(t, start, offset_s);
        last = start;
    }
    *ret_last = last;
    return ERR_OK;
}

struct change {
    int64_t at_s;
    int32_t offset_s;
    int32_t order; /* as generated: decides between two at the same instant */
};

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int32_t year_of(int64_t at_s)
{
    int64_t first_s =
        (int64_t)civil_to_days((struct civil_date){FIRST_YEAR_PLAYED, 1, 1}) * SECONDS_PER_DAY;
    int64_t day = (at_s < first_s ? first_s : at_s) / SECONDS_PER_DAY;
    return civil_from_days((int32_t)day).year;
}

/* What the rule says for the years after the last listed change. */
static enum err add_played(struct tzif *t, const struct posix_tz *rule, int64_t last,
                           struct error *e)
{
    enum { CHANGES = YEARS_PLAYED * CHANGES_PER_YEAR };
    int64_t latest_s = (int64_t)civil_to_days((struct civil_date){9000, 1, 1}) * SECONDS_PER_DAY;
    if (last > latest_s)
        return error_set(e, ERR_DATA,
                         "the time zone file is damaged: a change after the year 9000");
    struct change *changes = malloc(CHANGES * sizeof *changes);
    if (!changes)
        return error_set(e, ERR_NO_MEMORY, "out of memory");
    int32_t first_year = year_of(last);
    int32_t count = 0;
    for (int32_t year = first_year; year < first_year + YEARS_PLAYED; year++) {
        changes[count] =
            (struct change){posix_tz_summer_start(rule, year), rule->summer_offset_s, count};
        count++;
        changes[count] =
            (struct change){posix_tz_summer_end(rule, year), rule->standard_offset_s, count};
        count++;
    }
    qsort(changes, (size_t)count, sizeof *changes, compare_changes);
    for (int32_t i = 0; i < count; i++)
        if (changes[i].at_s > last)
            add_span(t, changes[i].at_s, changes[i].offset_s);
    free(changes);
    struct civil_date settled = {first_year + 3, 1, 1};
    t->repeats_from_s = (int64_t)civil_to_days(settled) * SECONDS_PER_DAY;
    return ERR_OK;
}

static bool reserve_spans(struct tzif *t, size_t count)
{
    t->starts = malloc(count * sizeof *t->starts);
    t->offsets_s = malloc(count * sizeof *t->offsets_s);
    return t->starts && t->offsets_s;
}

enum err tzif_parse(const void *bytes, size_t size_bytes, struct tzif *ret_table, struct error *e)
{
    struct block b;
    struct posix_tz rule = {0};
    enum err err = find_block(bytes, size_bytes, &b, e);
    if (err)
        return err;
    if (b.footer_length > 0 && !posix_tz_parse((const char *)b.footer, b.footer_length, &rule))
        return error_set(e, ERR_DATA, "the time zone file is damaged: a bad rule");

    struct tzif table = {.repeats_from_s = INT64_MAX};
    int64_t last = INT64_MIN;
    if (!reserve_spans(&table, 1 + (size_t)b.header.time_count + YEARS_PLAYED * CHANGES_PER_YEAR))
        err = error_set(e, ERR_NO_MEMORY, "out of memory");
    if (!err)
        err = add_listed(&table, &b, &last, e);
    if (!err && rule.has_summer)
        err = add_played(&table, &rule, last, e);
    if (err) {
        tzif_release(&table);
        return err;
    }
    *ret_table = table;
    return ERR_OK;
}

void tzif_release(struct tzif *table)
{
    free(table->starts);
    free(table->offsets_s);
    *table = (struct tzif){0};
}
