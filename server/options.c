#include "server/options.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option *option_find(const struct option *options, size_t option_count,
                                 const char *name, size_t length)
{
    for (size_t i = 0; i < option_count; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

const char *option_nearest(const struct option *options, size_t option_count, const char *name,
                           size_t length)
{
    const char *names[64];
    assert(option_count <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < option_count; i++)
        names[i] = options[i].name;
    return text_nearest(name, length, names, option_count);
}

static enum err set_integer(const struct option *option, const char *where, const char *text,
                            int64_t *ret, struct error *e)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno || value < option->min || value > option->max)
        return error_set(e, ERR_INVALID, "%s: '%s' is not a whole number from %lld to %lld", where,
                         text, (long long)option->min, (long long)option->max);
    *ret = value;
    return ERR_OK;
}

static enum err set_flag(const char *where, const char *text, bool *ret, struct error *e)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0;
    if (!yes && !no)
        return error_set(e, ERR_INVALID, "%s: '%s' is neither true nor false", where, text);
    *ret = yes;
    return ERR_OK;
}

static enum err set_choice(const struct option *option, const char *where, const char *text,
                           const char **ret, struct error *e)
{
    struct strbuf known;
    strbuf_init(&known, 1024);
    for (const char *const *c = option->choices; *c; c++) {
        if (strcmp(*c, text) == 0) {
            *ret = *c;
            strbuf_release(&known);
            return ERR_OK;
        }
        strbuf_add_format(&known, "%s%s", known.length ? ", " : "", *c);
    }
    enum err err =
        error_set(e, ERR_INVALID, "%s: '%s' is none of %s", where, text, strbuf_text(&known));
    strbuf_release(&known);
    return err;
}

static enum err add_texts(const char *where, const char *text, struct arena *arena,
                          struct option_texts *out, struct error *e)
{
    for (const char *p = text;;) {
        size_t length = strcspn(p, ",");
        if (length == 0)
            return error_set(e, ERR_INVALID, "%s: an empty item in '%s'", where, text);
        if (out->count == OPTION_TEXTS_MAX)
            return error_set(e, ERR_INVALID, "%s: more than %d items", where, OPTION_TEXTS_MAX);
        char *item = arena_strndup(arena, p, length);
        if (!item)
            return error_set(e, ERR_NO_MEMORY, "%s: out of memory", where);
        out->items[out->count++] = item;
        if (p[length] == '\0')
            return ERR_OK;
        p += length + 1;
    }
}

enum err option_set(const struct option *option, const char *where, const char *text,
                    struct arena *arena, void *out, struct error *e)
{
    void *member = (char *)out + option->offset;
    switch (option->kind) {
    case OPTION_TEXT: {
        if (*text == '\0')
            return error_set(e, ERR_INVALID, "%s: an empty value", where);
        const char *copy = arena_strdup(arena, text);
        if (!copy)
            return error_set(e, ERR_NO_MEMORY, "%s: out of memory", where);
        *(const char **)member = copy;
        return ERR_OK;
    }
    case OPTION_INTEGER:
        return set_integer(option, where, text, member, e);
    case OPTION_FLAG:
        return set_flag(where, text, member, e);
    case OPTION_TEXTS:
        return add_texts(where, text, arena, member, e);
    case OPTION_CHOICE:
        return set_choice(option, where, text, member, e);
    }
    assert(!"an option of no kind");
    return ERR_INTERNAL;
}

static enum err unknown_option(const struct option *options, size_t option_count, const char *name,
                               size_t length, struct error *e)
{
    const char *near = option_nearest(options, option_count, name, length);
    return error_set(e, ERR_INVALID, "unknown option '--%.*s'%s%s%s", (int)length, name,
                     near ? ", did you mean '--" : "", near ? near : "", near ? "'?" : "");
}

/* "--flag", "--no-flag", "--name=value", or "--name" with the value in `next`. *ret_used_next
 * tells. */
static enum err parse_one(const char *argument, const char *next, const struct option *options,
                          size_t option_count, struct arena *arena, void *out, bool *ret_used_next,
                          struct error *e)
{
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct option *option = option_find(options, option_count, name, length);
    *ret_used_next = false;
    if (!option && !value && strncmp(name, "no-", 3) == 0) {
        option = option_find(options, option_count, name + 3, length - 3);
        if (option && option->kind == OPTION_FLAG)
            return option_set(option, argument, "false", arena, out, e);
        option = NULL;
    }
    if (!option)
        return unknown_option(options, option_count, name, length, e);
    if (!value && option->kind == OPTION_FLAG)
        value = "true";
    if (!value) {
        if (!next)
            return error_set(e, ERR_INVALID, "%s needs a value", argument);
        value = next;
        *ret_used_next = true;
    }
    char *where = arena_printf(arena, "--%s", option->name);
    return option_set(option, where ? where : argument, value, arena, out, e);
}

enum err options_parse(int argc, char **argv, const struct option *options, size_t option_count,
                       struct arena *arena, void *out, struct option_arguments *ret_arguments,
                       struct error *e)
{
    memset(ret_arguments, 0, sizeof(*ret_arguments));
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            ret_arguments->help = true;
            return ERR_OK;
        }
    bool only_arguments = false;
    for (int i = 0; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && strncmp(argv[i], "--", 2) == 0) {
            bool used_next;
            enum err err = parse_one(argv[i], i + 1 < argc ? argv[i + 1] : NULL, options,
                                     option_count, arena, out, &used_next, e);
            if (err)
                return err;
            i += used_next;
        } else if (ret_arguments->count == OPTION_TEXTS_MAX) {
            return error_set(e, ERR_INVALID, "more than %d arguments", OPTION_TEXTS_MAX);
        } else {
            ret_arguments->items[ret_arguments->count++] = argv[i];
        }
    }
    return ERR_OK;
}

void options_write_help(struct strbuf *out, const struct option *options, size_t option_count)
{
    for (size_t i = 0; i < option_count; i++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        strbuf_add_format(out, "  %-26s %s\n", left, options[i].help);
    }
}
