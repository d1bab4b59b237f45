#include "server/cli/import_file.h"

#include "base/zip.h"
#include "server/api/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16 };

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

static enum err copy_all(int from, int to, const char *name, struct error *e)
{
    char bytes[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, bytes, sizeof(bytes));
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(e, ERR_IO, "cannot read %s", name);
        enum err err = spool_write(to, bytes, (size_t)got, e);
        if (err)
            return err;
    }
}

/* Puts a copy in the place of what can't be read twice. */
static enum err spool(struct import_file *f, struct error *e)
{
    int copy;
    enum err err = spool_open(temporary_folder(), &copy, e);
    if (!err)
        err = copy_all(f->fd, copy, f->name, e);
    else
        return err;
    if (err) {
        close(copy);
        return err;
    }
    close(f->fd);
    f->fd = copy;
    return ERR_OK;
}

static enum err look(struct import_file *f, struct error *e)
{
    static const unsigned char gzip_magic[2] = {0x1f, 0x8b};
    struct stat info;
    unsigned char first[4];
    if (fstat(f->fd, &info) != 0)
        return error_errno(e, ERR_IO, "cannot read '%s'", f->name);
    if (S_ISDIR(info.st_mode))
        return error_set(e, ERR_INVALID, "'%s' is a folder", f->name);
    if (!S_ISREG(info.st_mode)) {
        enum err err = spool(f, e);
        if (err)
            return err;
        if (fstat(f->fd, &info) != 0)
            return error_errno(e, ERR_IO, "cannot read the copy of %s", f->name);
    }
    f->size_bytes = info.st_size;
    if (pread(f->fd, first, sizeof(first), 0) == (ssize_t)sizeof(first)) {
        f->gzip = memcmp(first, gzip_magic, sizeof(gzip_magic)) == 0;
        f->zip = zip_is_one(first, sizeof(first));
    }
    return ERR_OK;
}

enum err import_file_open(struct import_file *f, const char *path, struct error *e)
{
    bool is_stdin = strcmp(path, "-") == 0;
    *f = (struct import_file){.name = is_stdin ? "standard input" : path};
    f->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0)
        return error_errno(e, ERR_IO, "cannot open '%s'", f->name);
    enum err err = look(f, e);
    if (err)
        import_file_close(f);
    return err;
}

void import_file_close(struct import_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}
