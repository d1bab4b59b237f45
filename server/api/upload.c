#include "server/api/upload.h"

#include "server/api/spool.h"
#include "server/app.h"

#include <unistd.h>

static enum err check_disk(const struct app *app, struct error *e)
{
    return disk_guard_check_now(app->storage.disk, e);
}

enum err upload_open(struct http_request *r, struct upload *u, struct error *e)
{
    struct app *app = r->app;
    enum err err;
    if ((err = check_disk(app, e)) ||
        (err = spool_open(data_folder_path(app->storage.folder), &u->fd, e)))
        return err;
    u->begun_ns = clock_monotonic_ns(app->clock);
    r->user = u;
    return ERR_OK;
}

enum err upload_chunk(struct http_request *r, const void *bytes, size_t size_bytes, struct error *e)
{
    struct upload *u = r->user;
    enum err err = check_disk(r->app, e);
    return err ? err : spool_write(u->fd, bytes, size_bytes, e);
}

void upload_abort(struct http_request *r)
{
    struct upload *u = r->user;
    close(u->fd);
}
