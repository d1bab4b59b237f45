#include "engine/csv/csv_importer.h"

/* Reads the stamp at *at, learning a new hour where needed. */
static inline bool fast_stamp(struct csv_importer *im, const char **at, const char *limit,
                              int64_t *ret_ns)
{
    if (im->format.stamp == CSV_STAMP_EPOCH)
        return csv_clock_fast_epoch(&im->clock, at, ret_ns);
    if (csv_clock_fast_wall(&im->clock, at, ret_ns))
        return true;
    const char *stop = csv_skip_fast(*at, limit, CSV_EACH_BYTE(im->format.dialect.delimiter));
    return stop && stop - *at >= 14 && csv_clock_learn(&im->clock, *at, (size_t)(stop - *at)) &&
           csv_clock_fast_wall(&im->clock, at, ret_ns);
}

/* Reads the fields of the row at p. Returns its line break, or NULL when a field is not as
 * expected. */
static inline const char *fast_fields(struct csv_importer *im, const char *p, const char *limit,
                                      double value[BAR_COLUMN_COUNT], int64_t *ret_ns)
{
    const int32_t columns = im->format.dialect.column_count;
    const char delimiter = im->format.dialect.delimiter;
    for (int32_t i = 0; i < columns; i++) {
        if (p >= limit)
            return NULL;
        switch (im->role[i]) {
        case ROLE_PRICE:
            if (!csv_number_fast(&p, im->price_divisor, &value[im->price[i]]))
                return NULL;
            break;
        case ROLE_VOLUME:
            if (!csv_number_fast(&p, im->volume_divisor, &value[BAR_VOLUME]))
                return NULL;
            break;
        case ROLE_TIME:
            if (!fast_stamp(im, &p, limit, ret_ns))
                return NULL;
            break;
        case ROLE_SKIP:
            if (!(p = csv_skip_fast(p, limit, CSV_EACH_BYTE(delimiter))))
                return NULL;
        }
        if (i + 1 < columns && *p++ != delimiter)
            return NULL;
    }
    p += *p == '\r';
    return *p == '\n' ? p : NULL;
}

static inline bool is_valid(const double v[BAR_COLUMN_COUNT])
{
    return (v[BAR_LOW] <= v[BAR_OPEN]) & (v[BAR_OPEN] <= v[BAR_HIGH]) &
           (v[BAR_LOW] <= v[BAR_CLOSE]) & (v[BAR_CLOSE] <= v[BAR_HIGH]);
}

void csv_fast_rows(struct csv_importer *im, int64_t most)
{
    struct csv_rows *rows = &im->rows;
    if (im->end - im->at <= CSV_READ_AHEAD)
        return;
    const char *limit = im->end - CSV_READ_AHEAD;
    int64_t last_ns = csv_previous_ns(im);
    if (rows->capacity - rows->count < most)
        most = rows->capacity - rows->count;
    double value[BAR_COLUMN_COUNT] = {0};
    for (int64_t n = 0; n < most; n++) {
        int64_t time_ns = 0;
        const char *line_break = fast_fields(im, im->at, limit, value, &time_ns);
        if (!line_break || line_break - im->at > LIMIT_IMPORT_LINE_BYTES || !is_valid(value) ||
            time_ns <= last_ns || time_ns < im->session.open_ns || time_ns >= im->session.close_ns)
            return;
        int64_t k = rows->count++;
        rows->time_ns[k] = last_ns = time_ns;
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            rows->column[c][k] = value[c];
        if (rows->line)
            rows->line[k] = im->line;
        im->last_line = im->line++;
        im->report->rows++;
        im->at = line_break + 1;
    }
}
