#include "engine/options/realized_volatility.h"

#include "base/limits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double trading_days = 252;

/* How many sessions have closed at the instant. */
static int64_t completed_sessions(const struct bars *bars, int64_t at_ns)
{
    int64_t low = 0, high = bars->session_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (bars->sessions[middle].close_ns <= at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double close_of(const struct bars *bars, int64_t session)
{
    return bars->column[BAR_CLOSE][bars->sessions[session].end - 1];
}

double realized_volatility(const struct bars *bars, int32_t n, int64_t at_ns)
{
    assert(n >= 2 && n <= LIMIT_OPTION_VOLATILITY_DAYS);
    int64_t end = completed_sessions(bars, at_ns);
    if (end <= n)
        return NAN;
    double moves[LIMIT_OPTION_VOLATILITY_DAYS], sum = 0, squares = 0;
    double before = close_of(bars, end - n - 1);
    for (int32_t i = 0; i < n; i++) {
        double close = close_of(bars, end - n + i);
        if (!(before > 0) || !(close > 0))
            return NAN;
        moves[i] = log(close / before);
        sum += moves[i];
        before = close;
    }
    double mean = sum / n;
    for (int32_t i = 0; i < n; i++)
        squares += (moves[i] - mean) * (moves[i] - mean);
    return sqrt(squares / (n - 1)) * sqrt(trading_days);
}

bool realized_volatility_parse(const char *text, size_t length, int32_t *ret_n)
{
    static const char prefix[] = "realized:";
    const size_t skip = sizeof prefix - 1;
    if (length < skip + 2 || length > skip + 4 || memcmp(text, prefix, skip) != 0 ||
        text[length - 1] != 'd' || text[skip] == '0')
        return false;
    int32_t n = 0;
    for (size_t i = skip; i < length - 1; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = n * 10 + (text[i] - '0');
    }
    if (n < 2 || n > LIMIT_OPTION_VOLATILITY_DAYS)
        return false;
    *ret_n = n;
    return true;
}
