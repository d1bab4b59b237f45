#include "orders/outcome.h"

#include "orders/names.h"
#include <string.h>

NAME_OF(outcome_name, enum outcome, outcome, OUTCOME_TABLE, NAME_SECOND_OF_2)

NAME_OF(reject_name, enum reject, reject, REJECT_TABLE, NAME_SECOND_OF_2)

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
