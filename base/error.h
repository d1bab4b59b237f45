/* What went wrong, once for the whole program: a code that callers react to, and a text for people.
 *
 * One code per reaction, the detail is text. The table carries the HTTP status and the stable slug,
 * so that no other file maps errors to answers.
 *
 * A function that can fail returns `enum err` and takes `struct error *e` last. `e` is untouched on
 * success and may be NULL. A layer below server/ never logs an error that it also returns.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* code, HTTP status, slug, title */
/* clang-format off */
#define ERR_TABLE(X)                                                                               \
    X(OK, 200, "ok", "OK")                                                                         \
    X(INVALID, 400, "invalid_request", "The request is not valid")                                 \
    X(UNAUTHORIZED, 401, "unauthorized", "A valid key is needed")                                  \
    X(FORBIDDEN, 403, "forbidden", "The key does not allow this")                                  \
    X(NOT_FOUND, 404, "not_found", "Not found")                                                    \
    X(METHOD, 405, "method_not_allowed", "Method not allowed")                                     \
    X(NOT_ACCEPTABLE, 406, "not_acceptable", "No format of this answer is accepted")               \
    X(TIMEOUT, 408, "timeout", "The request took too long")                                        \
    X(CONFLICT, 409, "conflict", "In conflict with what is stored")                                \
    X(LENGTH, 411, "length_required", "Content-Length is needed")                                  \
    X(PRECONDITION, 412, "precondition_failed", "Changed meanwhile")                               \
    X(TOO_LARGE, 413, "too_large", "Too large")                                                    \
    X(URI_TOO_LONG, 414, "uri_too_long", "The target is too long")                                 \
    X(MEDIA_TYPE, 415, "unsupported_media_type", "Unsupported media type")                         \
    X(HOST, 421, "misdirected_request", "Not a host of this server")                               \
    X(DATA, 422, "invalid_data", "The data is not valid")                                          \
    X(RULE, 422, "invalid_rule", "The rule is not valid")                                          \
    X(IDEMPOTENCY, 422, "idempotency_mismatch", "The idempotency key was used with another body")  \
    X(BUDGET, 422, "over_budget", "The job costs more than is allowed")                            \
    X(BUSY, 429, "too_many_requests", "Too many requests")                                         \
    X(HEADERS, 431, "headers_too_large", "The header fields are too large")                        \
    X(CANCELED, 409, "canceled", "Canceled")                                                       \
    X(INTERNAL, 500, "internal", "Internal error")                                                 \
    X(IO, 500, "io", "Input or output failed")                                                     \
    X(OUTCOME_UNKNOWN, 500, "outcome_unknown", "It may have happened or not")                      \
    X(UNAVAILABLE, 503, "unavailable", "Not available now")                                        \
    X(NO_MEMORY, 503, "no_memory", "Out of memory")                                                \
    X(DISK_FULL, 507, "disk_full", "Not enough disk space")
/* clang-format on */

enum err {
#define X(code, status, slug, title) ERR_##code,
    ERR_TABLE(X)
#undef X
        ERR_COUNT
};

enum { ERROR_POINTER_MAX = 192, ERROR_MESSAGE_MAX = 640 };

struct error {
    enum err code;
    int64_t line;                    /* 1-based place in a text, 0 = none */
    int32_t column;                  /* 1-based, 0 = none */
    char pointer[ERROR_POINTER_MAX]; /* JSON pointer into the body, "" = none */
    char message[ERROR_MESSAGE_MAX]; /* one sentence for a person; may span lines (caret excerpt) */
};

int err_http_status(enum err code);
const char *err_slug(enum err code);
const char *err_title(enum err code);

/* No error and no texts. Cheaper than zeroing it whole, where every request begins with one. */
static inline void error_clear(struct error *e)
{
    e->code = ERR_OK;
    e->line = 0;
    e->column = 0;
    e->pointer[0] = '\0';
    e->message[0] = '\0';
}

/* Fill *e (NULL allowed) and return `code`, so that `return error_set(e, ERR_X, ...)` reads as one.
 * A message that does not fit is cut at a UTF-8 boundary. line, column and pointer are cleared. */
enum err error_set(struct error *e, enum err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with a place in a text (line and column 1-based). */
enum err error_at(struct error *e, enum err code, int64_t line, int32_t column, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/* The same, with a JSON pointer such as "/window/from". */
enum err error_field(struct error *e, enum err code, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* errno's text appended: "cannot open 'x': No such file or directory". */
enum err error_errno(struct error *e, enum err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
