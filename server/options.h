/* Command-line options from a table, for every sub-command and for the server's configuration.
 *
 *   --name value   --name=value   --flag   --no-flag   -- (ends options)
 *
 * The same table sets members from the environment and from a file (option_set), and prints the
 * help.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"

enum option_kind {
    OPTION_TEXT,    /* const char * */
    OPTION_INTEGER, /* int64_t, min..max */
    OPTION_FLAG,    /* bool */
    OPTION_TEXTS,   /* struct option_texts; may repeat, commas separate */
    OPTION_CHOICE,  /* const char *, one of choices */
};

enum { OPTION_TEXTS_MAX = 512 };

struct option_texts {
    const char *items[OPTION_TEXTS_MAX];
    size_t count;
};

struct option {
    const char *name; /* without the dashes */
    enum option_kind kind;
    size_t offset;     /* of the member in the struct that is filled in */
    const char *value; /* what the help calls the value, NULL for a flag */
    const char *help;  /* one line, with the default where there is one */
    int64_t min, max;
    const char *const *choices; /* NULL-terminated */
};

/* What is left after the options. */
struct option_arguments {
    const char *items[OPTION_TEXTS_MAX];
    size_t count;
    bool help; /* --help was given; nothing else was checked */
};

/* argv[0] is the first argument. ERR_INVALID naming the option, with the nearest known name for a
 * misspelt one. Members of options that are not given stay as they are. */
enum err options_parse(int argc, char **argv, const struct option *options, size_t option_count,
                       struct arena *arena, void *out, struct option_arguments *ret_arguments,
                       struct error *e);
/* One member from a text; `where` begins the message ("--workers", "BRACKETD_WORKERS"). */
enum err option_set(const struct option *option, const char *where, const char *text,
                    struct arena *arena, void *out, struct error *e);
const struct option *option_find(const struct option *options, size_t option_count,
                                 const char *name, size_t length);
/* Two columns: "--name VALUE" and the help. */
void options_write_help(struct strbuf *out, const struct option *options, size_t option_count);
/* The nearest known name, for messages; NULL when none is near. */
const char *option_nearest(const struct option *options, size_t option_count, const char *name,
                           size_t length);

#endif
