#include "server/cli/flag_text.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

static enum err read_all(const char *flag, const char *path, FILE *file, struct arena *arena,
                         const char **ret, struct error *e)
{
    char *text = arena_alloc(arena, LIMIT_BODY_BYTES + 1);
    size_t length = text ? fread(text, 1, LIMIT_BODY_BYTES, file) : 0;
    if (!text)
        return error_set(e, ERR_NO_MEMORY, "%s: out of memory", flag);
    if (ferror(file))
        return error_errno(e, ERR_IO, "%s: cannot read '%s'", flag, path);
    if (length == LIMIT_BODY_BYTES)
        return error_set(e, ERR_TOO_LARGE, "%s: %s is larger than %d bytes", flag, path,
                         LIMIT_BODY_BYTES - 1);
    text[length] = '\0';
    *ret = text;
    return ERR_OK;
}

enum err flag_text(const char *flag, const char *value, struct arena *arena, const char **ret,
                   struct error *e)
{
    if (value[strspn(value, " \t\r\n")] == '{') {
        *ret = value;
        return ERR_OK;
    }
    if (strcmp(value, "-") == 0)
        return read_all(flag, "standard input", stdin, arena, ret, e);
    FILE *file = fopen(value, "re");
    if (!file)
        return error_errno(e, ERR_NOT_FOUND, "%s: cannot open '%s'", flag, value);
    enum err err = read_all(flag, value, file, arena, ret, e);
    fclose(file);
    return err;
}
