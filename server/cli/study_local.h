/* A study on a folder that this process holds: the same work that a server does, answered as the
 * same JSON.
 *
 * A check answers a CheckAnswer of openapi.yaml. A backtest is no job here, it is not kept, so its
 * answer has what is left of a Job: {"status": "succeeded", "request", "result", "timing"}.
 */
#ifndef SERVER_CLI_STUDY_LOCAL_H
#define SERVER_CLI_STUDY_LOCAL_H

#include "db/storage.h"
#include "server/jobs/study_spec.h"

struct study_local {
    struct storage *storage;
    const struct study_spec *spec;
    enum study_spec_kind kind;
    int32_t workers; /* 0 = as many as processors */
    const _Atomic bool *cancel;
    struct strbuf *report; /* of a backtest: its page is appended here; NULL = none is wanted */
};

/* Appends the answer to *out and shows progress. The errors of study_task.h; ERR_CANCELED. */
enum err study_local_run(const struct study_local *asked, struct strbuf *out, struct error *e);

#endif
