/* Fires as stored: the fires of one shard in a row, each a record of fixed size, so that a page
 * begins anywhere without reading what is before it. Little-endian, as the machines this runs on.
 */
#ifndef SERVER_JOBS_FIRE_RECORD_H
#define SERVER_JOBS_FIRE_RECORD_H

#include "base/strbuf.h"
#include "engine/study/study_result.h"

size_t fire_record_bytes(size_t horizon_count);
void fire_record_write(struct strbuf *out, const struct study_fire *fire, const double *forward,
                       size_t horizon_count);
/* `record` has fire_record_bytes(horizon_count); forward[horizon_count] is filled in. */
void fire_record_read(const void *record, size_t horizon_count, struct study_fire *ret_fire,
                      double *ret_forward);

#endif
