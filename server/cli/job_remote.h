/* A backtest on a server: accepted as a job, followed to its end, canceled when the user says so.
 */
#ifndef SERVER_CLI_JOB_REMOTE_H
#define SERVER_CLI_JOB_REMOTE_H

#include "base/strbuf.h"
#include "server/cli/api_client.h"

/* Appends the Job in its last state to *out, however it ended, and shows progress. ERR_CANCELED
 * when *cancel turned true: the job was asked to end. */
enum err job_remote_run(struct api_client *client, const char *body, const _Atomic bool *cancel,
                        struct strbuf *out, struct error *e);

/* The page of a job, as it was answered, that has succeeded; nothing of another. */
enum err job_remote_report(struct api_client *client, const struct strbuf *job, struct strbuf *out,
                           struct error *e);

#endif
