#include "server/cli/histogram.h"

#include "base/rfc3339.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"
#include "server/jobs/study_spec.h"

#include <string.h>

enum { BAR_CELLS = 40, WORKDAYS = 5, LAST_RESORT_MINUTES = 60 };

static bool minute_of(const struct json_value *group, int32_t *ret)
{
    const char *time = json_value_member_text(group, "time");
    return time && time_of_day_parse(time, strlen(time), ret, NULL) == ERR_OK &&
           *ret < MINUTES_OF_DAY;
}

/* Half an hour is what a session is best read in, so it may take more lines than the shorter ones.
 */
static int32_t bucket_minutes(int32_t first, int32_t last)
{
    static const struct {
        int32_t minutes, most_lines;
    } sizes[] = {{5, 14}, {15, 14}, {30, HISTOGRAM_BUCKETS_MAX}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (last / sizes[i].minutes - first / sizes[i].minutes + 1 <= sizes[i].most_lines)
            return sizes[i].minutes;
    return LAST_RESORT_MINUTES;
}

void histogram_of_times(const struct json_value *by_minute, struct histogram *ret)
{
    int32_t first = MINUTES_OF_DAY, last = -1, minute;
    const struct json_value *g;
    for (g = json_value_first(by_minute); g; g = json_value_next(g)) {
        if (!minute_of(g, &minute))
            continue;
        first = minute < first ? minute : first;
        last = minute > last ? minute : last;
    }
    memset(ret, 0, sizeof(*ret));
    if (last < 0)
        return;
    int32_t size = bucket_minutes(first, last);
    ret->count = (size_t)(last / size - first / size + 1);
    for (size_t i = 0; i < ret->count; i++) {
        int32_t start = (first / size + (int32_t)i) * size;
        snprintf(ret->buckets[i].label, HISTOGRAM_LABEL_MAX, "%02d:%02d", start / 60, start % 60);
    }
    for (g = json_value_first(by_minute); g; g = json_value_next(g))
        if (minute_of(g, &minute))
            ret->buckets[minute / size - first / size].fires += json_value_member_int(g, "fires");
}

void histogram_of_weekdays(const struct json_value *by_weekday, struct histogram *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t day = 0; weekday_names[day]; day++) {
        int64_t fires = 0;
        const struct json_value *g = json_value_first(by_weekday);
        for (; g; g = json_value_next(g)) {
            const char *name = json_value_member_text(g, "weekday");
            if (name && strcmp(name, weekday_names[day]) == 0)
                fires += json_value_member_int(g, "fires");
        }
        if (day >= WORKDAYS && fires == 0)
            continue;
        snprintf(ret->buckets[ret->count].label, HISTOGRAM_LABEL_MAX, "%s", weekday_names[day]);
        ret->buckets[ret->count++].fires = fires;
    }
}

/* In eighths of a cell where the text may hold them. */
static void print_bar(double share, bool utf8, FILE *out)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)(share * BAR_CELLS * 8 + 0.5);
    if (share > 0 && eighths < (utf8 ? 1 : 8))
        eighths = utf8 ? 1 : 8;
    for (int i = 0; i < eighths / 8; i++)
        fputs(utf8 ? "█" : "#", out);
    if (utf8)
        fputs(parts[eighths % 8], out);
}

void histogram_print(const struct histogram *h, FILE *out, int indent)
{
    bool utf8 = terminal_is_utf8();
    int64_t most = 0, all = 0;
    for (size_t i = 0; i < h->count; i++) {
        all += h->buckets[i].fires;
        most = h->buckets[i].fires > most ? h->buckets[i].fires : most;
    }
    char count[TEXT_FORMAT_MAX], share[TEXT_FORMAT_MAX];
    int width = (int)strlen(format_grouped(most, count));
    for (size_t i = 0; i < h->count; i++) {
        int64_t fires = h->buckets[i].fires;
        fprintf(out, "%*s%-5s  %*s  %6s", indent, "", h->buckets[i].label, width,
                format_grouped(fires, count),
                format_percent(all ? (double)fires / (double)all : 0, 1, share));
        if (fires)
            fputs("  ", out);
        print_bar(most ? (double)fires / (double)most : 0, utf8, out);
        fputc('\n', out);
    }
}
