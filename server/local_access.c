#include "server/local_access.h"

#include "base/json_fields.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1024 };

struct access_texts {
    const char *url;
    const char *key;
};

static const struct json_field access_fields[] = {
    JSON_FIELD(struct access_texts, url, "url", JSON_TEXT, .required = true, .min = 1,
               .max = sizeof(((struct local_access *)0)->url) - 1),
    JSON_FIELD(struct access_texts, key, "key", JSON_TEXT, .required = true, .min = KEY_TEXT - 1,
               .max = KEY_TEXT - 1),
};
enum { ACCESS_FIELD_COUNT = sizeof(access_fields) / sizeof(access_fields[0]) };

static bool path_of(const char *folder, const char *name, char out[4096])
{
    return snprintf(out, 4096, "%s/%s", folder, name) < 4096;
}

static enum err write_whole(const char *path, const char *text, size_t length, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(e, ERR_IO, "cannot write '%s'", path);
    ssize_t written = write(fd, text, length);
    if (close(fd) != 0 || written != (ssize_t)length)
        return error_errno(e, ERR_IO, "cannot write '%s'", path);
    return ERR_OK;
}

enum err local_access_write(const char *folder, const struct local_access *access, struct error *e)
{
    char path[4096], temporary[4096];
    if (!path_of(folder, "server.json", path) || !path_of(folder, "server.json.new", temporary))
        return error_set(e, ERR_INVALID, "the path of the data folder is too long");
    struct access_texts texts = {.url = access->url, .key = access->key};
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, FILE_BYTES_MAX);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    json_encode(&w, access_fields, ACCESS_FIELD_COUNT, &texts);
    json_end_object(&w);
    enum err err = write_whole(temporary, strbuf_text(&text), text.length, e);
    strbuf_release(&text);
    if (!err && rename(temporary, path) != 0)
        err = error_errno(e, ERR_IO, "cannot write '%s'", path);
    return err;
}

void local_access_remove(const char *folder)
{
    char path[4096];
    if (path_of(folder, "server.json", path))
        unlink(path);
}

enum err local_access_read(const char *folder, struct local_access *ret, struct error *e)
{
    char path[4096], text[FILE_BYTES_MAX];
    if (!path_of(folder, "server.json", path))
        return error_set(e, ERR_INVALID, "the path of the data folder is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read '%s'", path);
    ssize_t length = read(fd, text, sizeof(text));
    close(fd);
    if (length < 0)
        return error_errno(e, ERR_IO, "cannot read '%s'", path);

    struct arena arena;
    struct access_texts texts = {0};
    arena_init(&arena, 8 * FILE_BYTES_MAX);
    enum err err =
        json_decode(text, (size_t)length, access_fields, ACCESS_FIELD_COUNT, &texts, &arena, e);
    if (!err) {
        snprintf(ret->url, sizeof(ret->url), "%s", texts.url);
        snprintf(ret->key, sizeof(ret->key), "%s", texts.key);
    }
    arena_release(&arena);
    return err;
}
