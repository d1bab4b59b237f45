#include "server/http/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Accept (RFC 9110, 12.5.1): of several ranges that fit a type, the most specific one tells its
 * quality; the offer with the highest quality wins, the first of equals. Qualities are held in
 * thousandths. */

static const struct {
    const char *format, *type;
} FORMATS[] = {
    {"json", "application/json"}, {"csv", "text/csv"},    {"ndjson", "application/x-ndjson"},
    {"html", "text/html"},        {"text", "text/plain"},
};

enum { FULL_QUALITY = 1000 };

/* "0.85" -> 850; what is not a quality counts as full. */
static int parse_quality(const char *p)
{
    if (*p != '0' && *p != '1')
        return FULL_QUALITY;
    int value = (*p++ - '0') * FULL_QUALITY;
    if (*p++ != '.')
        return value;
    for (int unit = 100; unit > 0 && *p >= '0' && *p <= '9'; unit /= 10)
        value += (*p++ - '0') * unit;
    return value > FULL_QUALITY ? FULL_QUALITY : value;
}

/* The q parameter of one range, which ends at `end`. */
static int range_quality(const char *p, const char *end)
{
    for (; p < end && (p = memchr(p, ';', (size_t)(end - p))); p++) {
        const char *name = p + 1;
        while (name < end && (*name == ' ' || *name == '\t'))
            name++;
        if (end - name >= 3 && (name[0] | 0x20) == 'q' && name[1] == '=')
            return parse_quality(name + 2);
    }
    return FULL_QUALITY;
}

/* How closely a range fits: 3 the type itself, 2 "text/" and a star, 1 two stars, 0 not. */
static int specificity(const char *range, size_t length, const char *type)
{
    size_t main_length = strcspn(type, "/") + 1;
    if (length == strlen(type) && strncasecmp(range, type, length) == 0)
        return 3;
    if (length == main_length + 1 && range[length - 1] == '*' &&
        strncasecmp(range, type, main_length) == 0)
        return 2;
    return length == 3 && strncmp(range, "*/*", 3) == 0 ? 1 : 0;
}

struct fit {
    int specificity, quality;
};

static void fit_list(const char *list, const char *type, struct fit *best)
{
    while (*list) {
        list += strspn(list, " \t,");
        const char *end = list + strcspn(list, ",");
        size_t length = strcspn(list, ",; \t");
        int s = specificity(list, length, type);
        if (s > best->specificity)
            *best = (struct fit){s, range_quality(list + length, end)};
        list = end;
    }
}

static int quality_of(const struct http_request *r, const char *type)
{
    struct fit best = {0, 0};
    const char *list;
    for (size_t at = 0; (list = http_next_header(r, "Accept", &at));)
        fit_list(list, type, &best);
    return best.quality;
}

static enum err by_format(const char *format, const char *const *types, int *ret_index,
                          struct error *e)
{
    for (size_t f = 0; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        if (strcmp(format, FORMATS[f].format) != 0)
            continue;
        for (int i = 0; types[i]; i++) {
            if (strcmp(types[i], FORMATS[f].type) == 0) {
                *ret_index = i;
                return ERR_OK;
            }
        }
    }
    return error_field(e, ERR_NOT_ACCEPTABLE, "?format", "no format '%.40s' here", format);
}

static enum err refuse_all(const char *const *types, struct error *e)
{
    char list[128] = "";
    size_t length = 0;
    for (int i = 0; types[i] && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? " or " : "",
                                   types[i]);
    return error_set(e, ERR_NOT_ACCEPTABLE, "this answer comes as %s", list);
}

enum err http_negotiate(const struct http_request *r, const char *const *types, int *ret_index,
                        struct error *e)
{
    const char *format = http_query(r, "format");
    if (format)
        return by_format(format, types, ret_index, e);
    const char *accept = http_header(r, "Accept");
    /* Nothing is better than the first type at full quality, which is what most ask for. */
    if (!accept || strcmp(accept, types[0]) == 0) {
        *ret_index = 0;
        return ERR_OK;
    }
    int best = 0, index = 0;
    for (int i = 0; types[i]; i++) {
        int quality = quality_of(r, types[i]);
        if (quality > best) {
            best = quality;
            index = i;
        }
    }
    if (best == 0)
        return refuse_all(types, e);
    *ret_index = index;
    return ERR_OK;
}
