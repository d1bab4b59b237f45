/* A folder may be held by a server that is just starting (its access file is not there yet, or is
 * the one that a killed server left) or by another command (which will be gone soon). So a held
 * folder is looked at again until the server that the file names answers to the file's key, or the
 * folder is free, or the patience ends. */
#include "server/cli/target.h"

#include "base/clock.h"
#include "server/cli/interrupt.h"
#include "server/local_access.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 10000, LOOK_AGAIN_MS = 50, PROBE_TIMEOUT_MS = 5000 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static enum err check_folder(const char *path, struct error *e)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_errno(e, ERR_NOT_FOUND, "no data folder '%s'", path);
    if (!S_ISDIR(info.st_mode))
        return error_set(e, ERR_NOT_FOUND, "'%s' is no folder", path);
    return ERR_OK;
}

/* Whether the server answers, and to this key: the access file may be older than the server. */
static enum err probe(struct api_client *client, struct error *e)
{
    struct api_request request = {
        .method = "GET", .target = "/v1/symbols?limit=1", .timeout_ms = PROBE_TIMEOUT_MS};
    struct api_response response;
    enum err err = api_client_send(client, &request, &response, e);
    api_response_release(&response);
    return err;
}

static enum err open_holder(const char *folder, struct api_client **ret, struct error *e)
{
    struct local_access access;
    struct api_client *client = NULL;
    enum err err = local_access_read(folder, &access, e);
    if (!err)
        err = api_client_create(access.url, access.key, &client, e);
    if (!err)
        err = probe(client, e);
    if (err) {
        api_client_free(client);
        return err;
    }
    *ret = client;
    return ERR_OK;
}

static enum err open_folder(const char *folder, enum target_need need, struct target *t,
                            struct error *e)
{
    int64_t deadline_ns = clock_monotonic_ns(clock_real()) + PATIENCE_MS * NS_PER_MS;
    struct error why;
    for (;;) {
        pid_t pid = 0;
        if (!data_folder_is_held(folder, &pid)) {
            if (need == TARGET_SERVER)
                return error_set(e, ERR_UNAVAILABLE,
                                 "no server serves '%s': start 'bracketd serve --data %s'", folder,
                                 folder);
            enum err err = storage_open(folder, NULL, &t->storage, &why);
            if (err != ERR_CONFLICT) {
                if (err && e)
                    *e = why;
                return err;
            }
        } else if (open_holder(folder, &t->client, &why) == ERR_OK) {
            return ERR_OK;
        }
        if (!interrupt_wait_ms(LOOK_AGAIN_MS))
            return error_set(e, ERR_CANCELED, "canceled");
        if (clock_monotonic_ns(clock_real()) >= deadline_ns)
            return error_set(
                e, ERR_CONFLICT,
                "the data folder '%s' is held by process %lld, and no server answers for it: %s",
                folder, (long long)pid, why.message);
    }
}

enum err target_open(const struct target_options *o, enum target_need need, struct target *ret,
                     struct error *e)
{
    struct target t = {0};
    enum err err;
    if (o->url && o->data)
        return error_set(e, ERR_INVALID, "--url and --data name two places: give one");
    if (o->url) {
        const char *key = o->key ? o->key : environment("BRACKETD_KEY");
        err = api_client_create(o->url, key, &t.client, e);
    } else if (o->key) {
        err = error_set(e, ERR_INVALID, "--key goes with --url: a folder needs none");
    } else {
        const char *folder = o->data ? o->data : environment("BRACKETD_DATA");
        folder = folder ? folder : "bracketd-data";
        err = need == TARGET_CREATE ? ERR_OK : check_folder(folder, e);
        if (!err)
            err = open_folder(folder, need, &t, e);
    }
    if (!err)
        *ret = t;
    return err;
}

void target_close(struct target *t)
{
    if (t->client)
        api_client_free(t->client);
    else
        storage_close(&t->storage);
}

int target_fail(const struct command_frame *frame, const struct error *e)
{
    switch (e->code) {
    case ERR_INVALID:
        return command_usage(frame, "%s", e->message);
    case ERR_CONFLICT:
        return cli_fail(CLI_HELD, e);
    case ERR_CANCELED:
        return cli_fail(CLI_INTERRUPTED, e);
    default:
        return cli_fail(CLI_FAILED, e);
    }
}
