#include "server/cli/problem.h"

#include "base/json_value.h"

#include <stdio.h>
#include <string.h>

static enum err code_of(const char *slug, int status)
{
    for (int code = ERR_OK + 1; slug && code < ERR_COUNT; code++)
        if (strcmp(err_slug((enum err)code), slug) == 0)
            return (enum err)code;
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++)
        if (err_http_status((enum err)code) == status)
            return (enum err)code;
    return status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}

enum err problem_read(const char *text, size_t length, int status, struct error *e)
{
    struct json_value *problem = NULL;
    struct error unread;
    if (json_value_parse(text, length, &problem, &unread) ||
        !json_value_member_text(problem, "detail")) {
        json_value_free(problem);
        return error_set(e, code_of(NULL, status), "the server answered with status %d", status);
    }
    enum err code = code_of(json_value_member_text(problem, "code"), status);
    const char *detail = json_value_member_text(problem, "detail");
    const char *id = json_value_member_text(problem, "request_id");
    const struct json_value *first = json_value_first(json_value_member(problem, "errors"));
    const char *pointer = json_value_member_text(first, "pointer");
    if (status >= 500 && id)
        error_set(e, code, "%s (status %d, request %s)", detail, status, id);
    else
        error_set(e, code, "%s", detail);
    if (e) {
        e->line = json_value_member_int(problem, "line");
        e->column = (int32_t)json_value_member_int(problem, "column");
        snprintf(e->pointer, sizeof(e->pointer), "%s", pointer ? pointer : "");
    }
    json_value_free(problem);
    return code;
}

size_t problem_places(const char *text, size_t length, struct problem_place *ret_places, size_t max)
{
    struct json_value *problem = NULL;
    size_t count = 0;
    if (json_value_parse(text, length, &problem, NULL))
        return 0;
    const struct json_value *item = json_value_first(json_value_member(problem, "errors"));
    for (; item && count < max; item = json_value_next(item)) {
        const char *detail = json_value_member_text(item, "detail");
        struct problem_place *place = &ret_places[count++];
        place->line = json_value_member_int(item, "line");
        place->column = (int32_t)json_value_member_int(item, "column");
        snprintf(place->detail, sizeof(place->detail), "%s", detail ? detail : "");
    }
    json_value_free(problem);
    return count;
}
