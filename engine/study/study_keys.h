/* What a stored result is called: a hash of everything that it depends on, so that a result found
 * under its key is the result, for any job and at any time. Private to the study.
 *
 * A shard's candidates depend on the rule and on what is asked of it, but not on the cooldown (the
 * merge's), the cut into shards or the symbol's name; on all stored bars up to the shard's end,
 * because indicators remember them; on whether its last session is the last one stored, for what
 * comes after is unknown then; and with the horizon next_open on the day after it. The sums of a
 * block of shards depend on its own days and what comes after, and on no rule.
 *
 * Days enter by the hashes of their stored bars. So a day that is appended changes the keys of the
 * last shard only, and a day changed in the middle those of its shard, of the shard before (with
 * next_open) and of the later ones.
 */
#ifndef ENGINE_STUDY_KEYS_H
#define ENGINE_STUDY_KEYS_H

#include "engine/study/study_state.h"

/* The keys of shards [first, end) of the plan. */
void study_shard_keys(const struct study *s, int64_t first, int64_t end,
                      unsigned char (*keys)[DATA_HASH_BYTES]);
/* The key of the sums of counted shards [first, end), of one symbol. */
void study_sums_key(const struct study *s, int64_t first, int64_t end,
                    unsigned char key[DATA_HASH_BYTES]);

#endif
