#include "server/jobs/study_json.h"

#include "base/clock.h"
#include "server/jobs/trade_json.h"
#include "server/jobs/trade_warnings.h"

#include <stdio.h>

static void member_numbers(struct json_writer *w, const struct study_horizon_stats *s)
{
    json_member_number(w, "mean", s->mean);
    json_member_number(w, "median", s->median);
    json_member_number(w, "stdev", s->stdev);
    json_member_number(w, "hit_rate", s->hit_rate);
    json_member_int(w, "base_n", s->base_n);
    json_member_number(w, "base_mean", s->base_mean);
    json_member_number(w, "base_hit_rate", s->base_hit_rate);
    json_member_number(w, "difference", s->difference);
    json_member_number(w, "ci_low", s->ci_low);
    json_member_number(w, "ci_high", s->ci_high);
}

static void write_horizons(struct json_writer *w, const struct study_request *request,
                           const struct study_horizon_stats *stats)
{
    json_key(w, "horizons");
    json_begin_array(w);
    for (size_t i = 0; i < request->horizon_count; i++) {
        json_begin_object(w);
        json_member_string(w, "horizon", request->horizons[i].name);
        json_member_int(w, "n", stats[i].n);
        member_numbers(w, &stats[i]);
        json_end_object(w);
    }
    json_end_array(w);
}

typedef void write_group_key(struct json_writer *w, int32_t key);

static void write_minute(struct json_writer *w, int32_t key)
{
    char text[16];
    snprintf(text, sizeof(text), "%02d:%02d", key / 60, key % 60);
    json_member_string(w, "time", text);
}

static void write_weekday(struct json_writer *w, int32_t key)
{
    json_member_string(w, "weekday", weekday_names[key - 1]);
}

static void write_month(struct json_writer *w, int32_t key)
{
    char text[32];
    snprintf(text, sizeof(text), "%04d-%02d", key / 12, key % 12 + 1);
    json_member_string(w, "month", text);
}

static void write_groups(struct json_writer *w, const char *name, const struct study_groups *groups,
                         size_t horizon_count, write_group_key *write_key)
{
    json_key(w, name);
    json_begin_array(w);
    for (size_t i = 0; i < groups->count; i++) {
        const struct study_group *g = &groups->items[i];
        json_begin_object(w);
        write_key(w, g->key);
        json_member_int(w, "fires", g->fires);
        json_key(w, "n");
        json_begin_array(w);
        for (size_t h = 0; h < horizon_count; h++)
            json_int(w, g->horizon[h].n);
        json_end_array(w);
        json_key(w, "mean");
        json_begin_array(w);
        for (size_t h = 0; h < horizon_count; h++)
            json_number(w, g->horizon[h].mean);
        json_end_array(w);
        json_key(w, "hit_rate");
        json_begin_array(w);
        for (size_t h = 0; h < horizon_count; h++)
            json_number(w, g->horizon[h].hit_rate);
        json_end_array(w);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_days(struct json_writer *w, const struct study_task *t)
{
    int32_t first, last;
    if (!study_task_days(t, &first, &last))
        return;
    json_key(w, "first_day");
    json_date(w, first);
    json_key(w, "last_day");
    json_date(w, last);
}

static void write_study(struct json_writer *w, const struct study_task *t,
                        const struct study_result *r)
{
    json_key(w, "study");
    json_begin_object(w);
    json_member_int(w, "bars", r->counts.bars_evaluated);
    json_member_int(w, "bars_in_window", r->counts.bars_in_window);
    write_days(w, t);
    json_member_int(w, "days", r->counts.days);
    json_member_int(w, "days_with_fires", r->counts.days_with_fires);
    json_member_int(w, "candidates", r->counts.candidates);
    json_member_string(w, "timezone", zone_name(study_task_zone(t)));
    write_horizons(w, study_task_request(t), r->horizons);
    write_groups(w, "by_minute", &r->by_minute, r->horizon_count, write_minute);
    write_groups(w, "by_weekday", &r->by_weekday, r->horizon_count, write_weekday);
    write_groups(w, "by_month", &r->by_month, r->horizon_count, write_month);
    json_end_object(w);
}

static void write_symbol(struct json_writer *w, const struct study_task *t,
                         const struct study_result *r, const struct simulation *simulation,
                         size_t i)
{
    const struct study_symbol_summary *s = &r->symbols[i];
    char hash[2 * DATA_HASH_BYTES + 1];
    hex_format(study_task_symbol_hash(t, i), DATA_HASH_BYTES, hash);
    json_begin_object(w);
    json_member_string(w, "symbol", study_task_symbol(t, i));
    json_member_int(w, "fires", s->counts.fires);
    json_member_int(w, "candidates", s->counts.candidates);
    json_member_int(w, "bars", s->counts.bars_evaluated);
    json_member_int(w, "bars_in_window", s->counts.bars_in_window);
    json_member_string(w, "data_hash", hash);
    write_horizons(w, study_task_request(t), s->horizons);
    if (simulation)
        trade_json_symbol(w, &simulation->symbols[i]);
    json_end_object(w);
}

void study_json_result(struct json_writer *w, const struct study_task *t,
                       const struct study_result *r, const struct simulation *simulation)
{
    json_begin_object(w);
    json_member_int(w, "fires", r->counts.fires);
    write_study(w, t, r);
    if (simulation)
        trade_json_members(w, simulation);
    if (simulation)
        trade_warnings_member(w, study_task_strategy(t), simulation->ledger, r->counts.fires);
    json_key(w, "symbols");
    json_begin_array(w);
    for (size_t i = 0; i < r->symbol_count; i++)
        write_symbol(w, t, r, simulation, i);
    json_end_array(w);
    json_member_string(w, "digest", simulation ? simulation->digest : r->digest);
    json_end_object(w);
}

static void member_price(struct json_writer *w, const char *name, double price)
{
    json_key(w, name);
    json_price(w, price);
}

void study_json_fire(struct json_writer *w, const struct study_fire *fire, const double *forward,
                     const char *symbol, const struct study_horizon *horizons, size_t horizon_count)
{
    json_begin_object(w);
    json_member_time(w, "at", fire->at_ns);
    json_member_string(w, "symbol", symbol);
    member_price(w, "price", fire->close);
    json_key(w, "bar");
    json_begin_object(w);
    member_price(w, "open", fire->open);
    member_price(w, "high", fire->high);
    member_price(w, "low", fire->low);
    member_price(w, "close", fire->close);
    member_price(w, "volume", fire->volume);
    json_end_object(w);
    json_key(w, "forward");
    json_begin_object(w);
    for (size_t i = 0; i < horizon_count; i++)
        json_member_number(w, horizons[i].name, forward[i]);
    json_end_object(w);
    json_member_number(w, "mfe", fire->mfe);
    json_member_number(w, "mae", fire->mae);
    json_end_object(w);
}

void study_json_timing(struct json_writer *w, const struct study_timing *timing)
{
    double seconds = (double)timing->elapsed_ns / 1e9;
    json_begin_object(w);
    json_member_number(w, "elapsed_ms", (double)(timing->elapsed_ns / NS_PER_US) / 1e3);
    json_member_number(w, "bars_per_second",
                       seconds > 0 ? (double)(int64_t)((double)timing->bars / seconds) : 0);
    json_member_int(w, "workers", timing->workers);
    json_end_object(w);
}
