#include "engine/study/study_codec.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC_BYTES = 8 };
static const unsigned char magic[MAGIC_BYTES] = {'b', 'd', 's', 'h', 'a', 'r', 'd', 1};

static void pack_fires(const struct fire_list *l, struct strbuf *out)
{
    int64_t at_ns = 0, bar = 0;
    pack_unsigned(out, l->count);
    for (size_t i = 0; i < l->count; i++) {
        const struct study_fire *f = &l->fires[i];
        pack_signed(out, f->at_ns - at_ns);
        pack_signed(out, f->bar - bar);
        at_ns = f->at_ns;
        bar = f->bar;
        pack_signed(out, f->day);
        pack_unsigned(out, (uint64_t)f->minute);
        pack_unsigned(out, (uint64_t)f->session);
        const double values[] = {f->open, f->high, f->low, f->close, f->volume, f->mfe, f->mae};
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            pack_double(out, values[k]);
        for (size_t h = 0; h < l->horizon_count; h++)
            pack_double(out, l->forward[i * l->horizon_count + h]);
    }
}

static void unpack_fire(struct unpacker *u, struct study_fire *f)
{
    /* Whatever they add up to: whether it is a place in the shard is seen later. */
    f->at_ns = (int64_t)((uint64_t)f->at_ns + (uint64_t)unpack_signed(u));
    f->bar = (int64_t)((uint64_t)f->bar + (uint64_t)unpack_signed(u));
    f->day = (int32_t)unpack_signed(u);
    f->minute = (int32_t)unpack_count(u, MINUTES_OF_DAY - 1);
    f->session = (int32_t)unpack_count(u, INT32_MAX);
    double *const values[] = {&f->open, &f->high, &f->low, &f->close, &f->volume, &f->mfe, &f->mae};
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        *values[k] = unpack_double(u);
}

static enum err unpack_fires(struct unpacker *u, struct fire_list *l, struct error *e)
{
    /* Each fire takes more than one byte, so the bytes left bound what is allocated. */
    size_t count = unpack_count(u, (size_t)(u->end - u->at));
    enum err code = count ? fire_list_reserve(l, count, e) : ERR_OK;
    if (code != ERR_OK)
        return code;
    struct study_fire fire = {0};
    for (size_t i = 0; i < count && !u->failed; i++) {
        unpack_fire(u, &fire);
        l->fires[i] = fire;
        for (size_t h = 0; h < l->horizon_count; h++)
            l->forward[i * l->horizon_count + h] = unpack_double(u);
        l->count++;
    }
    return ERR_OK;
}

static void pack_counts(const struct study_counts *c, struct strbuf *out)
{
    pack_signed(out, c->candidates);
    pack_signed(out, c->bars_evaluated);
    pack_signed(out, c->bars_in_window);
    pack_signed(out, c->days);
}

static void unpack_counts(struct unpacker *u, struct study_counts *c)
{
    c->candidates = unpack_signed(u);
    c->bars_evaluated = unpack_signed(u);
    c->bars_in_window = unpack_signed(u);
    c->days = unpack_signed(u);
}

void shard_record_encode(const struct shard_record *record,
                         const unsigned char fingerprint[DATA_HASH_BYTES], struct strbuf *out)
{
    const struct shard_result *r = record->result;
    size_t start = out->length;
    strbuf_add(out, magic, sizeof magic);
    strbuf_add(out, fingerprint, DATA_HASH_BYTES);
    pack_signed(out, record->index);
    pack_unsigned(out, record->reevaluated);
    pack_counts(&r->counts, out);
    pack_fires(&r->fires, out);
    pack_unsigned(out, r->state_bytes);
    strbuf_add(out, r->exit_state, r->state_bytes);
    pack_unsigned(out, record->sums != NULL);
    if (record->sums)
        study_sums_pack(record->sums, out);
    if (strbuf_failed(out))
        return;
    unsigned char hash[DATA_HASH_BYTES];
    data_hash_of(out->data + start, out->length - start, hash);
    strbuf_add(out, hash, sizeof hash);
}

static enum err unpack_state(struct unpacker *u, struct shard_result *r, struct error *e)
{
    r->state_bytes = unpack_count(u, (size_t)(u->end - u->at));
    const void *state = unpack_bytes(u, r->state_bytes);
    if (!state || r->state_bytes == 0)
        return ERR_OK;
    r->exit_state = malloc(r->state_bytes);
    if (!r->exit_state)
        return error_set(e, ERR_NO_MEMORY, "no memory for the state of the rule");
    memcpy(r->exit_state, state, r->state_bytes);
    return ERR_OK;
}

static enum err unpack_body(struct unpacker *u, struct shard_record *record, struct error *e)
{
    if (unpack_signed(u) != record->index)
        return error_set(e, ERR_DATA, "the stored result is of another shard");
    record->reevaluated = unpack_unsigned(u) != 0;
    unpack_counts(u, &record->result->counts);
    enum err code = unpack_fires(u, &record->result->fires, e);
    if (code == ERR_OK)
        code = unpack_state(u, record->result, e);
    if (code != ERR_OK)
        return code;
    bool has_sums = unpack_unsigned(u) != 0;
    if (has_sums != (record->sums != NULL))
        u->failed = true;
    else if (has_sums)
        study_sums_unpack(record->sums, u);
    if (u->failed || u->at != u->end)
        return error_set(e, ERR_DATA, "the stored result of a shard is damaged");
    return ERR_OK;
}

enum err shard_record_decode(const void *bytes, size_t size_bytes,
                             const unsigned char fingerprint[DATA_HASH_BYTES],
                             struct shard_record *record, struct error *e)
{
    const unsigned char *data = bytes;
    if (size_bytes < MAGIC_BYTES + 2 * DATA_HASH_BYTES || memcmp(data, magic, MAGIC_BYTES) != 0)
        return error_set(e, ERR_DATA, "no stored shard of this version");
    size_t signed_bytes = size_bytes - DATA_HASH_BYTES;
    unsigned char hash[DATA_HASH_BYTES];
    data_hash_of(data, signed_bytes, hash);
    if (memcmp(hash, data + signed_bytes, DATA_HASH_BYTES) != 0)
        return error_set(e, ERR_DATA, "the stored result of a shard is damaged");
    if (memcmp(data + MAGIC_BYTES, fingerprint, DATA_HASH_BYTES) != 0)
        return error_set(e, ERR_DATA,
                         "the stored result is of another request, plan, data or version");
    struct unpacker u = {.at = data + MAGIC_BYTES + DATA_HASH_BYTES, .end = data + signed_bytes};
    return unpack_body(&u, record, e);
}
