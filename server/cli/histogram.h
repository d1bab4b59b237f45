/* Counts as bars of text. */
#ifndef SERVER_CLI_HISTOGRAM_H
#define SERVER_CLI_HISTOGRAM_H

#include "base/json_value.h"

#include <stdio.h>

enum { HISTOGRAM_BUCKETS_MAX = 24, HISTOGRAM_LABEL_MAX = 16 };

struct histogram {
    size_t count;
    struct {
        char label[HISTOGRAM_LABEL_MAX];
        int64_t fires;
    } buckets[HISTOGRAM_BUCKETS_MAX];
};

/* Groups of the API ("time": "09:45") as buckets of 5 minutes to an hour: the shortest with which
 * the times from first to last take few lines. Buckets in between without a fire are there too. */
void histogram_of_times(const struct json_value *by_minute, struct histogram *ret);
/* Monday to Friday always, Saturday and Sunday when anything fired there. */
void histogram_of_weekdays(const struct json_value *by_weekday, struct histogram *ret);

/* A line each: label, count, share, bar. */
void histogram_print(const struct histogram *h, FILE *out, int indent);

#endif
