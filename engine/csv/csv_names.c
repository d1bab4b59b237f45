#include "engine/csv/csv_names.h"

#include "base/text.h"

#include <string.h>

enum { ALIAS_MAX_BYTES = 32 };

struct alias {
    const char *name;
    int meaning; /* a bar column, or one of the two above */
};

/* clang-format off */
/* Names as normal_name leaves them: lower case letters and digits. */
static const struct alias aliases[] = {
    {"time", CSV_MEANING_TIME}, {"timestamp", CSV_MEANING_TIME}, {"datetime", CSV_MEANING_TIME},
    {"date", CSV_MEANING_TIME}, {"t", CSV_MEANING_TIME}, {"ts", CSV_MEANING_TIME}, {"opentime", CSV_MEANING_TIME},
    {"starttime", CSV_MEANING_TIME}, {"start", CSV_MEANING_TIME}, {"begin", CSV_MEANING_TIME},
    {"windowstart", CSV_MEANING_TIME}, {"epoch", CSV_MEANING_TIME}, {"unix", CSV_MEANING_TIME},
    {"unixtime", CSV_MEANING_TIME},
    {"open", BAR_OPEN}, {"o", BAR_OPEN}, {"first", BAR_OPEN},
    {"high", BAR_HIGH}, {"h", BAR_HIGH}, {"max", BAR_HIGH},
    {"low", BAR_LOW}, {"l", BAR_LOW}, {"min", BAR_LOW},
    {"close", BAR_CLOSE}, {"c", BAR_CLOSE}, {"last", BAR_CLOSE},
    {"volume", BAR_VOLUME}, {"vol", BAR_VOLUME}, {"v", BAR_VOLUME},
    {"oi", CSV_MEANING_IGNORED}, {"openinterest", CSV_MEANING_IGNORED}, {"price", CSV_MEANING_IGNORED},
    {"vwap", CSV_MEANING_IGNORED}, {"vw", CSV_MEANING_IGNORED}, {"wap", CSV_MEANING_IGNORED},
    {"average", CSV_MEANING_IGNORED}, {"trades", CSV_MEANING_IGNORED}, {"n", CSV_MEANING_IGNORED},
    {"count", CSV_MEANING_IGNORED}, {"tradecount", CSV_MEANING_IGNORED}, {"transactions", CSV_MEANING_IGNORED},
    {"numberoftrades", CSV_MEANING_IGNORED}, {"barcount", CSV_MEANING_IGNORED},
    {"closetime", CSV_MEANING_IGNORED}, {"quotevolume", CSV_MEANING_IGNORED},
    {"quoteassetvolume", CSV_MEANING_IGNORED}, {"takerbuybaseassetvolume", CSV_MEANING_IGNORED},
    {"takerbuyquoteassetvolume", CSV_MEANING_IGNORED}, {"ignore", CSV_MEANING_IGNORED},
    {"adjclose", CSV_MEANING_IGNORED}, {"dividends", CSV_MEANING_IGNORED},
    {"stocksplits", CSV_MEANING_IGNORED}, {"", CSV_MEANING_IGNORED}, /* a data frame's index */
};
/* clang-format on */
enum { ALIAS_COUNT = sizeof(aliases) / sizeof(aliases[0]) };

/* Lower case letters and digits only: "<Open_Time>" is "opentime". */
static size_t normal_name(const struct csv_field *f, char out[ALIAS_MAX_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < f->length && n + 1 < ALIAS_MAX_BYTES; i++) {
        unsigned char c = (unsigned char)f->text[i];
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return n;
}

int csv_meaning(const struct csv_field *name)
{
    char normal[ALIAS_MAX_BYTES];
    size_t length = normal_name(name, normal);
    if (length == 0 && name->length > 0)
        return -1;
    for (int i = 0; i < ALIAS_COUNT; i++)
        if (strcmp(aliases[i].name, normal) == 0)
            return aliases[i].meaning;
    return -1;
}

const char *csv_nearest_name(const struct csv_field *name)
{
    const char *names[ALIAS_COUNT];
    for (int i = 0; i < ALIAS_COUNT; i++)
        names[i] = aliases[i].name;
    const char *nearest = text_nearest(name->text, name->length, names, ALIAS_COUNT);
    return nearest && *nearest ? nearest : NULL;
}
