#include "server/jobs/fire_record.h"

#include <string.h>

/* No pointers and no padding: what is stored is what is in memory. */
struct record_head {
    int64_t at_ns;
    int64_t bar;
    int32_t symbol;
    int32_t day;
    int32_t minute;
    int32_t reserved;
    double open, high, low, close, volume, mfe, mae;
};
_Static_assert(sizeof(struct record_head) == 88, "stored records have no padding");

size_t fire_record_bytes(size_t horizon_count)
{
    return sizeof(struct record_head) + horizon_count * sizeof(double);
}

void fire_record_write(struct strbuf *out, const struct study_fire *fire, const double *forward,
                       size_t horizon_count)
{
    struct record_head head = {.at_ns = fire->at_ns,
                               .bar = fire->bar,
                               .symbol = fire->symbol,
                               .day = fire->day,
                               .minute = fire->minute,
                               .open = fire->open,
                               .high = fire->high,
                               .low = fire->low,
                               .close = fire->close,
                               .volume = fire->volume,
                               .mfe = fire->mfe,
                               .mae = fire->mae};
    strbuf_add(out, &head, sizeof(head));
    strbuf_add(out, forward, horizon_count * sizeof(*forward));
}

void fire_record_read(const void *record, size_t horizon_count, struct study_fire *ret_fire,
                      double *ret_forward)
{
    struct record_head head;
    memcpy(&head, record, sizeof(head));
    memcpy(ret_forward, (const char *)record + sizeof(head), horizon_count * sizeof(*ret_forward));
    *ret_fire = (struct study_fire){.at_ns = head.at_ns,
                                    .bar = head.bar,
                                    .symbol = head.symbol,
                                    .day = head.day,
                                    .minute = head.minute,
                                    .open = head.open,
                                    .high = head.high,
                                    .low = head.low,
                                    .close = head.close,
                                    .volume = head.volume,
                                    .mfe = head.mfe,
                                    .mae = head.mae};
}
