/* Shard results and sums as bytes, for a cache. Private to the study.
 *
 * A record: its kind and format, 8 bytes ("bdshard", "bdsums_" and the format's number); its key,
 * 16 bytes; the body (packing.h); BLAKE2b-128 of all before, 16 bytes. The body of a shard has
 * counts, candidate fires, the hash of the state it was entered in and the state it was left in.
 */
#ifndef ENGINE_STUDY_CODEC_H
#define ENGINE_STUDY_CODEC_H

#include "base/digest.h"
#include "engine/study/study_shard.h"

/* The candidates of a shard, before any cooldown. */
void shard_record_encode(const struct shard_result *result,
                         const unsigned char key[DATA_HASH_BYTES], struct strbuf *out);
void sums_record_encode(const struct study_sums *sums, const unsigned char key[DATA_HASH_BYTES],
                        struct strbuf *out);

/* Fill what is given, which must be empty; the caller releases it in any case. ERR_DATA when the
 * bytes are damaged or of another kind, format or key. */
enum err shard_record_decode(const void *bytes, size_t size_bytes,
                             const unsigned char key[DATA_HASH_BYTES], struct shard_result *result,
                             struct error *e);
enum err sums_record_decode(const void *bytes, size_t size_bytes,
                            const unsigned char key[DATA_HASH_BYTES], struct study_sums *sums,
                            struct error *e);

#endif
