#include "engine/study/study_state.h"

#include <stdatomic.h>

/* The question: everything but the shape of shards. */
static void add_request(struct sha256 *h, const struct study *s)
{
    const struct study_request *r = &s->request;
    sha256_add_string(h, "bracketd study " STUDY_ENGINE_VERSION);
    sha256_add_string(h, rule_normal_form(r->rule));
    sha256_add_u64(h, (uint64_t)r->timeframe.minutes);
    sha256_add_u64(h, (uint64_t)r->from_ns);
    sha256_add_u64(h, (uint64_t)r->to_ns);
    sha256_add_u64(h, (uint64_t)r->window.from_minute);
    sha256_add_u64(h, (uint64_t)r->window.to_minute);
    sha256_add_u64(h, r->window.weekdays ? r->window.weekdays : WEEKDAYS_ALL);
    sha256_add_string(h, r->window.zone ? zone_name(r->window.zone) : "");
    sha256_add_u64(h, r->trigger);
    sha256_add_u64(h, (uint64_t)r->cooldown_ns);
    sha256_add_u64(h, r->horizon_count);
    for (size_t i = 0; i < r->horizon_count; i++) {
        sha256_add_u64(h, r->horizons[i].kind);
        sha256_add_u64(h, (uint64_t)r->horizons[i].duration_ns);
    }
    sha256_add_u64(h, s->symbol_count);
    for (size_t i = 0; i < s->symbol_count; i++) {
        const struct study_symbol *symbol = &s->symbols[i];
        sha256_add_string(h, symbol->stored.name);
        sha256_add_string(h, calendar_name(symbol->stored.calendar));
        sha256_add(h, symbol->data_hash, sizeof symbol->data_hash);
    }
}

/* Fires between two looks at *cancel. */
enum { DIGEST_STEP = 65536 };

enum err study_digest(const struct study *s, const _Atomic bool *cancel, char out[SHA256_TEXT],
                      struct error *e)
{
    struct sha256 h;
    sha256_init(&h);
    add_request(&h, s);
    const struct fire_list *l = &s->fires;
    sha256_add_u64(&h, l->count);
    for (size_t i = 0; i < l->count; i++) {
        const struct study_fire *f = &l->fires[i];
        if (i % DIGEST_STEP == 0 && cancel && atomic_load_explicit(cancel, memory_order_relaxed))
            return error_set(e, ERR_CANCELED, "canceled");
        sha256_add_u64(&h, (uint64_t)f->symbol);
        sha256_add_u64(&h, (uint64_t)f->at_ns);
        sha256_add_double(&h, f->close);
        sha256_add_double(&h, f->mfe);
        sha256_add_double(&h, f->mae);
        for (size_t k = 0; k < l->horizon_count; k++)
            sha256_add_double(&h, l->forward[i * l->horizon_count + k]);
    }
    unsigned char hash[SHA256_BYTES];
    sha256_finish(&h, hash);
    hex_format(hash, sizeof hash, out);
    return ERR_OK;
}
