#include "orders/outcome.h"

#include <string.h>

const char *outcome_name(enum outcome outcome)
{
#define X(code, name) name,
    static const char *const names[] = {OUTCOME_TABLE(X)};
#undef X
    return (size_t)outcome < OUTCOME_COUNT ? names[outcome] : "?";
}

const char *reject_name(enum reject reject)
{
#define X(code, name) name,
    static const char *const names[] = {REJECT_TABLE(X)};
#undef X
    return (size_t)reject < REJECT_COUNT ? names[reject] : "?";
}

enum outcome outcome_find(const struct outcome_row *rows, size_t row_count, int32_t status,
                          int32_t code, const char *message, enum reject *ret_reject)
{
    for (size_t i = 0; i < row_count; i++) {
        const struct outcome_row *row = &rows[i];
        if ((row->status && row->status != status) || (row->code && row->code != code))
            continue;
        if (row->text && (!message || !strstr(message, row->text)))
            continue;
        *ret_reject = row->reject;
        return row->outcome;
    }
    *ret_reject = REJECT_NONE;
    return OUTCOME_UNKNOWN;
}
