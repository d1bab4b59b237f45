/* India's National Stock Exchange, equities: 09:15-15:30 Kolkata on weekdays less its trading
 * holidays.
 *
 * Most of its holidays follow lunar calendars and government notices, so there is no rule to
 * compute them by: the table holds 2021 to 2025. In other years every weekday counts as a session.
 * That never hides a bar; it only counts holidays among the sessions without bars.
 *
 * Special sessions are those of a live market: the Muhurat hour on Diwali, budget Saturdays, the
 * two disaster recovery drills (two short sessions, here one from the first open to the last
 * close), and the evening that made up for the outage of 2021-02-24.
 */
#include "engine/bars/calendar_rules.h"

#include "base/civil.h"

enum {
    OPEN = CLOCK_MINUTE(9, 15),
    CLOSE = CLOCK_MINUTE(15, 30),
    SATURDAY = 6,
};

/* clang-format off */
#define CLOSED 0, 0
static const struct special_day special_days[] = {
    {2021,  1, 26, CLOSED},
    {2021,  2, 24, OPEN, CLOCK_MINUTE(17, 0)},
    {2021,  3, 11, CLOSED},
    {2021,  3, 29, CLOSED},
    {2021,  4,  2, CLOSED},
    {2021,  4, 14, CLOSED},
    {2021,  4, 21, CLOSED},
    {2021,  5, 13, CLOSED},
    {2021,  7, 21, CLOSED},
    {2021,  8, 19, CLOSED},
    {2021,  9, 10, CLOSED},
    {2021, 10, 15, CLOSED},
    {2021, 11,  4, CLOCK_MINUTE(18, 15), CLOCK_MINUTE(19, 15)},  /* Muhurat */
    {2021, 11,  5, CLOSED},
    {2021, 11, 19, CLOSED},

    {2022,  1, 26, CLOSED},
    {2022,  3,  1, CLOSED},
    {2022,  3, 18, CLOSED},
    {2022,  4, 14, CLOSED},
    {2022,  4, 15, CLOSED},
    {2022,  5,  3, CLOSED},
    {2022,  8,  9, CLOSED},
    {2022,  8, 15, CLOSED},
    {2022,  8, 31, CLOSED},
    {2022, 10,  5, CLOSED},
    {2022, 10, 24, CLOCK_MINUTE(18, 15), CLOCK_MINUTE(19, 15)},  /* Muhurat */
    {2022, 10, 26, CLOSED},
    {2022, 11,  8, CLOSED},

    {2023,  1, 26, CLOSED},
    {2023,  3,  7, CLOSED},
    {2023,  3, 30, CLOSED},
    {2023,  4,  4, CLOSED},
    {2023,  4,  7, CLOSED},
    {2023,  4, 14, CLOSED},
    {2023,  5,  1, CLOSED},
    {2023,  6, 29, CLOSED},
    {2023,  8, 15, CLOSED},
    {2023,  9, 19, CLOSED},
    {2023, 10,  2, CLOSED},
    {2023, 10, 24, CLOSED},
    {2023, 11, 12, CLOCK_MINUTE(18, 15), CLOCK_MINUTE(19, 15)},  /* Muhurat, a Sunday */
    {2023, 11, 14, CLOSED},
    {2023, 11, 27, CLOSED},
    {2023, 12, 25, CLOSED},

    {2024,  1, 20, OPEN, CLOSE},                                 /* Saturday in place of the 22nd */
    {2024,  1, 22, CLOSED},
    {2024,  1, 26, CLOSED},
    {2024,  3,  2, OPEN, CLOCK_MINUTE(12, 30)},                  /* Saturday drill */
    {2024,  3,  8, CLOSED},
    {2024,  3, 25, CLOSED},
    {2024,  3, 29, CLOSED},
    {2024,  4, 11, CLOSED},
    {2024,  4, 17, CLOSED},
    {2024,  5,  1, CLOSED},
    {2024,  5, 18, OPEN, CLOCK_MINUTE(12, 30)},                  /* Saturday drill */
    {2024,  5, 20, CLOSED},
    {2024,  6, 17, CLOSED},
    {2024,  7, 17, CLOSED},
    {2024,  8, 15, CLOSED},
    {2024, 10,  2, CLOSED},
    {2024, 11,  1, CLOCK_MINUTE(18, 0), CLOCK_MINUTE(19, 0)},    /* Muhurat */
    {2024, 11, 15, CLOSED},
    {2024, 11, 20, CLOSED},
    {2024, 12, 25, CLOSED},

    {2025,  2,  1, OPEN, CLOSE},                                 /* budget Saturday */
    {2025,  2, 26, CLOSED},
    {2025,  3, 14, CLOSED},
    {2025,  3, 31, CLOSED},
    {2025,  4, 10, CLOSED},
    {2025,  4, 14, CLOSED},
    {2025,  4, 18, CLOSED},
    {2025,  5,  1, CLOSED},
    {2025,  8, 15, CLOSED},
    {2025,  8, 27, CLOSED},
    {2025, 10,  2, CLOSED},
    {2025, 10, 21, CLOCK_MINUTE(13, 45), CLOCK_MINUTE(14, 45)},  /* Muhurat */
    {2025, 10, 22, CLOSED},
    {2025, 11,  5, CLOSED},
    {2025, 12, 25, CLOSED},
};
/* clang-format on */

bool xnse_hours(int32_t day, struct trading_hours *ret)
{
    const struct special_day *special =
        special_day_find(special_days, sizeof(special_days) / sizeof(special_days[0]), day);
    if (special) {
        *ret = (struct trading_hours){special->open_minute, special->close_minute};
        return special->open_minute != special->close_minute;
    }
    *ret = (struct trading_hours){OPEN, CLOSE};
    return civil_weekday(day) < SATURDAY;
}
