#include "engine/study/study_codec.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC_BYTES = 8 };
static const unsigned char shard_magic[MAGIC_BYTES] = {'b', 'd', 's', 'h', 'a', 'r', 'd', 2};
static const unsigned char sums_magic[MAGIC_BYTES] = {'b', 'd', 's', 'u', 'm', 's', '_', 1};

/* --- the envelope --- */

static size_t begin_record(struct strbuf *out, const unsigned char magic[MAGIC_BYTES],
                           const unsigned char key[DATA_HASH_BYTES])
{
    size_t start = out->length;
    strbuf_add(out, magic, MAGIC_BYTES);
    strbuf_add(out, key, DATA_HASH_BYTES);
    return start;
}

static void end_record(struct strbuf *out, size_t start)
{
    unsigned char hash[DATA_HASH_BYTES];
    if (strbuf_failed(out))
        return;
    data_hash_of(out->data + start, out->length - start, hash);
    strbuf_add(out, hash, sizeof hash);
}

/* The body of a good record of the kind and key. */
static enum err open_record(const void *bytes, size_t size_bytes,
                            const unsigned char magic[MAGIC_BYTES],
                            const unsigned char key[DATA_HASH_BYTES], struct unpacker *ret,
                            struct error *e)
{
    const unsigned char *data = bytes;
    if (size_bytes < MAGIC_BYTES + 2 * DATA_HASH_BYTES || memcmp(data, magic, MAGIC_BYTES) != 0)
        return error_set(e, ERR_DATA, "no stored result of this kind and format");
    if (memcmp(data + MAGIC_BYTES, key, DATA_HASH_BYTES) != 0)
        return error_set(e, ERR_DATA, "the stored result is of another question or other data");
    size_t signed_bytes = size_bytes - DATA_HASH_BYTES;
    unsigned char hash[DATA_HASH_BYTES];
    data_hash_of(data, signed_bytes, hash);
    if (memcmp(hash, data + signed_bytes, DATA_HASH_BYTES) != 0)
        return error_set(e, ERR_DATA, "the stored result is damaged");
    *ret =
        (struct unpacker){.at = data + MAGIC_BYTES + DATA_HASH_BYTES, .end = data + signed_bytes};
    return ERR_OK;
}

static enum err close_record(const struct unpacker *u, struct error *e)
{
    return u->failed || u->at != u->end ? error_set(e, ERR_DATA, "the stored result is damaged")
                                        : ERR_OK;
}

/* --- shards --- */

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

void shard_record_encode(const struct shard_result *result,
                         const unsigned char key[DATA_HASH_BYTES], struct strbuf *out)
{
    size_t start = begin_record(out, shard_magic, key);
    pack_counts(&result->counts, out);
    pack_fires(&result->fires, out);
    pack_unsigned(out, result->state_bytes);
    if (result->state_bytes > 0) {
        strbuf_add(out, result->entry_hash, sizeof result->entry_hash);
        strbuf_add(out, result->exit_state, result->state_bytes);
    }
    end_record(out, start);
}

static enum err unpack_states(struct unpacker *u, struct shard_result *r, struct error *e)
{
    size_t state_bytes = unpack_count(u, (size_t)(u->end - u->at));
    if (state_bytes == 0)
        return ERR_OK;
    const void *hash = unpack_bytes(u, sizeof r->entry_hash);
    const void *state = unpack_bytes(u, state_bytes);
    if (!hash || !state)
        return ERR_OK;
    r->exit_state = malloc(state_bytes);
    if (!r->exit_state)
        return error_set(e, ERR_NO_MEMORY, "no memory for the state of the rule");
    r->state_bytes = state_bytes;
    memcpy(r->exit_state, state, state_bytes);
    memcpy(r->entry_hash, hash, sizeof r->entry_hash);
    return ERR_OK;
}

enum err shard_record_decode(const void *bytes, size_t size_bytes,
                             const unsigned char key[DATA_HASH_BYTES], struct shard_result *result,
                             struct error *e)
{
    struct unpacker u;
    enum err code = open_record(bytes, size_bytes, shard_magic, key, &u, e);
    if (code != ERR_OK)
        return code;
    unpack_counts(&u, &result->counts);
    code = unpack_fires(&u, &result->fires, e);
    if (code == ERR_OK)
        code = unpack_states(&u, result, e);
    return code == ERR_OK ? close_record(&u, e) : code;
}

/* --- sums --- */

void sums_record_encode(const struct study_sums *sums, const unsigned char key[DATA_HASH_BYTES],
                        struct strbuf *out)
{
    size_t start = begin_record(out, sums_magic, key);
    pack_unsigned(out, sums->horizon_count);
    study_sums_pack(sums, out);
    end_record(out, start);
}

enum err sums_record_decode(const void *bytes, size_t size_bytes,
                            const unsigned char key[DATA_HASH_BYTES], struct study_sums *sums,
                            struct error *e)
{
    struct unpacker u;
    enum err code = open_record(bytes, size_bytes, sums_magic, key, &u, e);
    if (code != ERR_OK)
        return code;
    if (unpack_unsigned(&u) != sums->horizon_count)
        u.failed = true;
    else
        study_sums_unpack(sums, &u);
    return close_record(&u, e);
}
