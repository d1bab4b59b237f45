/* Wilder's directional movement: +DI, -DI and ADX.
 *
 * The sums of movement and of range decay by x -= x / n before the bar's own is added. As in
 * rsi.c the division is a multiplication, x = x * (n-1)/n + movement, so that the chain from bar to
 * bar is one multiplication and one addition; the three sums run side by side, and what does not
 * hang on the bar before (movements, indices) is computed for a piece of bars at a time.
 */
#include "engine/indicators/columns.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

struct movement_state {
    double plus, minus, range; /* decaying sums once seen == n - 1, plain ones before */
    int64_t seen;              /* moves since the start or the last MISSING one, at most n - 1 */
};

struct adx_state {
    struct movement_state movement;
    double adx; /* the mean once seen == n, the sum of the indices before */
    int64_t seen;
};

/* A piece of bars, before and after smoothing. */
struct movements {
    double plus[PIECE], minus[PIECE], range[PIECE];
};

static int64_t adx_lookback(const double *parameter)
{
    return 2 * (int64_t)parameter[0] - 1;
}

static int64_t di_warmup(const double *parameter)
{
    return smooth_wilder_warmup((int64_t)parameter[0]);
}

/* What is left of the sums' beginning fades twice: in them, and in the mean of their quotients. */
static int64_t adx_warmup(const double *parameter)
{
    return smooth_wilder_warmup((int64_t)parameter[0]) + 8 * (int64_t)parameter[0];
}

static size_t di_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct movement_state);
}

static size_t adx_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct adx_state);
}

/* The larger of the two moves counts, if it is outward; neither when they are equal. Moves are
 * differences of doubles, as in TA-Lib: what is larger by rounding is larger. A MISSING move makes
 * the range MISSING too. */
CLONES static void directed_moves(const double *high, const double *low, const double *close,
                                  int64_t count, struct movements *m)
{
    for (int64_t i = 0; i < count; i++) {
        double up = high[i] - high[i - 1], down = low[i - 1] - low[i];
        double range = high[i] - low[i];
        double above = fabs(high[i] - close[i - 1]), below = fabs(low[i] - close[i - 1]);
        double reach = above > below ? above : below;
        reach = range > reach ? range : reach;
        double all = up + down + above;
        m->plus[i] = ((up > down) & (up > 0)) ? up : 0;
        m->minus[i] = ((down > up) & (down > 0)) ? down : 0;
        m->range[i] = all == all ? reach : NAN;
    }
}

/* One bar of the sums, smoothed in place; MISSING while there are no n moves. */
static void movement_step(struct movement_state *s, struct movements *m, int64_t i, int64_t n)
{
    if (isnan(m->range[i])) {
        *s = (struct movement_state){0};
        m->plus[i] = m->minus[i] = NAN;
        return;
    }
    bool seeded = s->seen == n - 1;
    double keep = seeded ? ((double)n - 1.0) / (double)n : 1.0;
    s->plus = s->plus * keep + m->plus[i];
    s->minus = s->minus * keep + m->minus[i];
    s->range = s->range * keep + m->range[i];
    m->plus[i] = seeded ? s->plus : NAN;
    m->minus[i] = seeded ? s->minus : NAN;
    m->range[i] = seeded ? s->range : NAN;
    s->seen += !seeded;
}

/* A piece without a MISSING value, after the seed. */
static void movement_advance(struct movement_state *s, struct movements *m, int64_t count, double n)
{
    double keep = (n - 1.0) / n;
    double plus = s->plus, minus = s->minus, range = s->range;
    for (int64_t i = 0; i < count; i++) {
        m->plus[i] = plus = plus * keep + m->plus[i];
        m->minus[i] = minus = minus * keep + m->minus[i];
        m->range[i] = range = range * keep + m->range[i];
    }
    s->plus = plus;
    s->minus = minus;
    s->range = range;
}

/* Movements and range of a piece of bars, smoothed; all MISSING where there are none. */
static void movement_piece(struct movement_state *s, const struct indicator_block *b, int64_t i,
                           int64_t count, struct movements *m)
{
    int64_t n = (int64_t)b->parameter[0];
    directed_moves(b->in[0] + i, b->in[1] + i, b->in[2] + i, count, m);
    if (s->seen == n - 1 && !column_has_missing(m->range, count)) {
        movement_advance(s, m, count, (double)n);
        return;
    }
    for (int64_t j = 0; j < count; j++)
        movement_step(s, m, j, n);
}

/* 0 when there was no range at all. */
CLONES static void share_of_range(const double *moved, const double *range, int64_t count,
                                  double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = range[i] == 0 ? 0 : 100 * (moved[i] / range[i]);
}

/* +DI and -DI: how much of the range was movement up, and down, in percent.
 *
 *   up = high - high[1], down = low[1] - low
 *   +DM = up if up > down and up > 0, else 0;  -DM likewise
 *   sums of +DM, -DM and tr: of bars 1..n-1 plain, from bar n on  s -= s / n, then s += the bar's
 *   +di = 100 sum(+DM) / sum(tr), 0 where there is no range;  -di likewise
 *
 * shape   high, low, close [n] -> two outputs; out[0..n) is MISSING; a MISSING value starts it anew
 * source  Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 PLUS_DI, MINUS_DI
 */
static void di_run(void *state, const struct indicator_block *b)
{
    struct movements m;
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        movement_piece(state, b, i, count, &m);
        share_of_range(m.plus, m.range, count, b->out[0] + i);
        share_of_range(m.minus, m.range, count, b->out[1] + i);
    }
}

enum { NOT_DEFINED = -1 }; /* an index without movement: the mean stays as it is */

/* 100 |+di - -di| / (+di + -di); the range cancels out. */
CLONES static void directional_indices(const struct movements *m, int64_t count,
                                       double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double sum = m->plus[i] + m->minus[i];
        double index = 100 * (fabs(m->plus[i] - m->minus[i]) / sum);
        out[i] = ((sum == 0) | (m->range[i] == 0)) ? NOT_DEFINED : index;
    }
}

CLONES static bool all_defined(const double *index, int64_t count)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < count; i++)
        bad |= !(index[i] >= 0);
    return bad == 0;
}

static double adx_step(struct adx_state *s, double index, int64_t n)
{
    if (isnan(index)) {
        s->adx = 0;
        s->seen = 0;
        return NAN;
    }
    bool defined = index >= 0;
    if (s->seen == n) {
        s->adx += defined ? (index - s->adx) * smooth_wilder_factor((double)n) : 0;
        return s->adx;
    }
    s->adx += defined ? index : 0;
    if (++s->seen < n)
        return NAN;
    return s->adx /= (double)n;
}

static double adx_advance(double adx, const double *index, int64_t count, double k, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        adx += (index[i] - adx) * k;
        out[i] = adx;
    }
    return adx;
}

/* Average directional index: how strong a trend is, whichever way, 0..100.
 *
 *   dx  = 100 |+di - -di| / (+di + -di)
 *   adx = (adx[1] (n-1) + dx) / n        seed: mean of dx over bars n..2n-1
 *   where dx is not defined (no movement) adx stays, and the seed counts it as 0
 *
 * shape   high, low, close [n] -> out[n]; out[0..2n-1) is MISSING; a MISSING value starts it anew
 * source  Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 ADX
 */
static void adx_run(void *state, const struct indicator_block *b)
{
    struct adx_state *s = state;
    struct movements m;
    int64_t n = (int64_t)b->parameter[0];
    double index[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        movement_piece(&s->movement, b, i, count, &m);
        directional_indices(&m, count, index);
        if (s->seen == n && all_defined(index, count)) {
            s->adx =
                adx_advance(s->adx, index, count, smooth_wilder_factor((double)n), b->out[0] + i);
            continue;
        }
        for (int64_t j = 0; j < count; j++)
            b->out[0][i + j] = adx_step(s, index[j], n);
    }
}

static const struct indicator_kernel di_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 2,
    .lookback = indicator_period,
    .history = indicator_one_bar,
    .warmup = di_warmup,
    .state_bytes = di_state_bytes,
    .run = di_run,
};

static const struct indicator_kernel adx_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = adx_lookback,
    .history = indicator_one_bar,
    .warmup = adx_warmup,
    .state_bytes = adx_state_bytes,
    .run = adx_run,
};

#define DIRECTIONAL_CALL                                                                           \
    .input_count = 3, .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE}, \
    .parameter_count = 1, .parameter = {INDICATOR_PERIOD_OR("period", 2, 14)}, .min = 0,           \
    .max = 100

#define DI_FORMULA(up, down)                                                                       \
    "up = high - high[1]; down = low[1] - low; move = " up " if " up " > " down " and " up         \
    " > 0, else 0; 100 * sum(move) / sum(tr), each sum that of bars 1 to n-1 first, then "         \
    "s = s[1] - s[1] / n + the bar's own; 0 where there is no range"

const struct indicator adx_indicator = {
    .name = "adx",
    .summary = "Average directional index: how strong a trend is, whichever way, 0 to 100",
    .formula = "dx = 100 * abs(plus_di - minus_di) / (plus_di + minus_di); adx = (adx[1] * (n-1) + "
               "dx) / n; seed: mean of dx over bars n to 2n-1; without movement it stays as it is",
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 ADX with "
              "unstable period 0",
    .differs = "TradingView smooths from the first bar on, so the first bars of a chart differ.",
    DIRECTIONAL_CALL,
    .kernel = &adx_kernel,
};

const struct indicator plus_di_indicator = {
    .name = "plus_di",
    .summary = "Directional indicator up: how much of the range was movement up, 0 to 100",
    .formula = DI_FORMULA("up", "down"),
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 PLUS_DI "
              "with unstable period 0",
    DIRECTIONAL_CALL,
    .kernel = &di_kernel,
    .output = 0,
};

const struct indicator minus_di_indicator = {
    .name = "minus_di",
    .summary = "Directional indicator down: how much of the range was movement down, 0 to 100",
    .formula = DI_FORMULA("down", "up"),
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 MINUS_DI "
              "with unstable period 0",
    DIRECTIONAL_CALL,
    .kernel = &di_kernel,
    .output = 1,
};
