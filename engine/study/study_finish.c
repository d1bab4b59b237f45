#include "engine/study/study_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err study_finish(struct study *s, const _Atomic bool *cancel, struct study_result **ret,
                      struct error *e)
{
    assert(s->merged == s->plan.shard_count);
    struct study_result *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(e, ERR_NO_MEMORY, "no memory for the result");
    r->horizon_count = s->request.horizon_count;
    r->counts = s->counts;
    r->shards = s->plan.shard_count;
    r->shards_reevaluated = s->reevaluated;
    enum err code = ERR_OK;
    if (s->symbol_count == 1)
        memcpy(r->horizons, s->summaries[0].horizons, sizeof r->horizons);
    else
        code = study_statistics(&s->fires, 0, s->fires.count, &s->pooled, cancel, r->horizons, e);
    if (code == ERR_OK)
        code = study_aggregates(&s->fires, cancel, r, e);
    if (code == ERR_OK)
        code = study_digest(s, cancel, r->digest, e);
    if (code != ERR_OK) {
        study_result_free(r);
        return code;
    }
    /* The study gives its lists away. */
    r->symbol_count = s->symbol_count;
    r->symbols = s->summaries;
    s->summaries = NULL;
    r->fire_count = s->fires.count;
    r->fires = s->fires.fires;
    r->forward = s->fires.forward;
    s->fires = (struct fire_list){.horizon_count = s->fires.horizon_count};
    *ret = r;
    return ERR_OK;
}

void study_result_free(struct study_result *r)
{
    if (!r)
        return;
    free(r->by_minute.items);
    free(r->by_weekday.items);
    free(r->by_month.items);
    free(r->map);
    free(r->symbols);
    free(r->fires);
    free(r->forward);
    free(r);
}
