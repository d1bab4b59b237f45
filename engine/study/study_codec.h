/* A merged shard as bytes, for storage and for resuming. Private to the study.
 *
 * Format 1: "bdshard" and the format's number, 8 bytes; the study's fingerprint, 16 bytes; the body
 * (packing.h): shard index, re-evaluated flag, counts, fires, exit state, and with a symbol's last
 * shard the symbol's sums; then BLAKE2b-128 of all before, 16 bytes.
 */
#ifndef ENGINE_STUDY_CODEC_H
#define ENGINE_STUDY_CODEC_H

#include "base/digest.h"
#include "engine/study/study_shard.h"

struct shard_record {
    int64_t index; /* in the plan */
    bool reevaluated;
    struct shard_result *result; /* its entry state is not stored */
    struct study_sums *sums;     /* of the whole symbol, or NULL */
};

void shard_record_encode(const struct shard_record *record,
                         const unsigned char fingerprint[DATA_HASH_BYTES], struct strbuf *out);

/* Fills record->result (empty before; the caller releases it in any case) and, when `sums` is
 * given, the sums, which must be empty and present in the bytes. The index must be `record->index`.
 * ERR_DATA. */
enum err shard_record_decode(const void *bytes, size_t size_bytes,
                             const unsigned char fingerprint[DATA_HASH_BYTES],
                             struct shard_record *record, struct error *e);

#endif
