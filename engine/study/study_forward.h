/* What the market did after each bar of a session: forward returns by horizon, and excursions. The
 * definitions are study_request.h's. Market data only: no rule, no window.
 */
#ifndef ENGINE_STUDY_FORWARD_H
#define ENGINE_STUDY_FORWARD_H

#include "engine/study/study_request.h"

struct forward_plan {
    size_t horizon_count;
    const struct study_horizon *horizons; /* borrowed from the request */
    int64_t timeframe_ns;
    int64_t excursion_ns; /* reach of the excursions; INT64_MAX = to the end of the session */
};

void forward_plan_init(struct forward_plan *p, const struct study_request *request);

/* The return at one horizon of every bar of a session, NaN where MISSING. out[0] is the session's
 * first bar. */
void forward_returns(const struct forward_plan *p, const struct bars *bars, int64_t session,
                     size_t horizon, double *out);

/* mfe and mae of one bar of a session (0 is its first). */
void forward_excursion(const struct forward_plan *p, const struct bars *bars, int64_t session,
                       int64_t bar, double *ret_mfe, double *ret_mae);
/* mfe and mae of every bar of a session, NaN where MISSING. queue: scratch for as many indices as
 * the session has bars, twice. */
void forward_excursions(const struct forward_plan *p, const struct bars *bars, int64_t session,
                        int32_t *queue, double *mfe, double *mae);

#endif
