/* Dates without a zone: proleptic Gregorian calendar, days counted from 1970-01-01. No I/O. */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct civil_date {
    int32_t year;  /* 1..9999 */
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

int32_t civil_to_days(struct civil_date date); /* days since 1970-01-01, may be negative */
struct civil_date civil_from_days(int32_t days);
bool civil_valid(struct civil_date date);
int32_t civil_weekday(int32_t days); /* ISO: 1 = Monday .. 7 = Sunday */

/* "2024-01-31" <-> days. Parsing wants exactly ten characters. Formatting needs 11 bytes. */
bool civil_parse(const char *text, size_t length, int32_t *ret_days);
void civil_format(int32_t days, char out[11]);

#endif
