#include "server/cli/report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { READABLE_BY_ALL = 0644 };

static enum err fail(const struct report_file *f, struct error *e)
{
    return error_errno(e, ERR_IO, "can't write '%s'", f->path);
}

enum err report_file_open(struct report_file *f, const char *path, struct error *e)
{
    *f = (struct report_file){.path = path, .fd = -1};
    if (!path)
        return ERR_OK;
    f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, READABLE_BY_ALL);
    f->is_new = f->fd >= 0;
    if (f->fd < 0 && errno == EEXIST)
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
    return f->fd < 0 ? fail(f, e) : ERR_OK;
}

/* Devices and pipes have no length to set. */
static bool shorten(int fd)
{
    return ftruncate(fd, 0) == 0 || errno == EINVAL;
}

enum err report_file_write(struct report_file *f, const struct strbuf *report, struct error *e)
{
    if (f->fd < 0)
        return ERR_OK;
    if (!shorten(f->fd))
        return fail(f, e);
    f->is_new = false;
    for (size_t done = 0; done < report->length;) {
        ssize_t n = write(f->fd, report->data + done, report->length - done);
        if (n < 0 && errno != EINTR)
            return fail(f, e);
        done += n > 0 ? (size_t)n : 0;
    }
    return ERR_OK;
}

void report_file_close(struct report_file *f)
{
    if (f->fd < 0)
        return;
    if (f->is_new)
        unlink(f->path);
    close(f->fd);
    f->fd = -1;
}
