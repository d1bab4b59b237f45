/* What an indicator is: a descriptor for people and the checker, and a kernel for the evaluator.
 *
 * The table of indicators.c holds them all; the language, GET /v1/indicators, the docs and the
 * tests iterate it. Adding one is a file with a kernel and a descriptor, and a line in the table.
 *
 * A kernel computes a block of bars at a time. What it may rely on:
 *   - in[j][i] is bar start + i, readable for i in [-history, count); before bar 0 it is MISSING;
 *   - blocks come in time order without a gap, except that a WINDOW kernel may find that `start` is
 * not the bar it expects: then it rebuilds what it keeps from the history of its inputs;
 *   - out does not overlap the inputs.
 * What it owes:
 *   - out[j][i] for i in [0, count), a pure function of inputs up to bar start + i: how the bars
 * are cut into blocks and where a WINDOW kernel started must not show, not in one bit;
 *   - a MISSING input makes a window that holds it MISSING, and restarts a RECURSIVE kernel.
 */
#ifndef ENGINE_INDICATORS_INDICATOR_H
#define ENGINE_INDICATORS_INDICATOR_H

#include "engine/bars/bars.h"

enum { INDICATOR_INPUTS_MAX = 4, INDICATOR_PARAMETERS_MAX = 3, INDICATOR_OUTPUTS_MAX = 3 };

struct indicator_block {
    int64_t start; /* absolute index of the first bar */
    int64_t count; /* >= 1 */
    const double *in[INDICATOR_INPUTS_MAX];
    double *out[INDICATOR_OUTPUTS_MAX];
    const double *parameter;
    /* Of in[0]: */
    int64_t first;    /* every bar before is MISSING (it may be later than that) */
    int32_t decimals; /* >= 0: every value from `first` on is finite and the double nearest to
                       * k / 10^decimals, k an integer; -1: not known. Columns of prices that are
                       * inputs of one kernel have it in common. */
    bool volume;      /* finite from `first` on and most likely whole numbers */
};

enum indicator_memory {
    INDICATOR_POINTWISE, /* bar i of the inputs gives bar i */
    INDICATOR_WINDOW,    /* a fixed window of the inputs; its state is a cache, never saved */
    INDICATOR_RECURSIVE  /* all bars so far, through a state that is saved */
};

struct indicator_kernel {
    enum indicator_memory memory;
    int32_t output_count;
    /* Bars of input before the first that can have a value. NULL: 0. */
    int64_t (*lookback)(const double *parameter);
    /* How far before the block inputs are read. NULL: 0. */
    int64_t (*history)(const double *parameter);
    /* RECURSIVE: bars after which a fresh start has forgotten where it began, typically. */
    int64_t (*warmup)(const double *parameter);
    /* All zero bytes are the state of a kernel that has seen nothing. RECURSIVE: plain bytes
     * without pointers or padding, equal states compare equal by memcmp. WINDOW: begins with an
     * int64_t, the bar it stands before; set to -1 it means "rebuild". NULL: no state. */
    size_t (*state_bytes)(const double *parameter);
    void (*run)(void *state, const struct indicator_block *b);
};

enum indicator_input {
    INDICATOR_INPUT_SERIES, /* the first argument; `close` when left out */
    INDICATOR_INPUT_VALUE,  /* an argument that must be given */
    INDICATOR_INPUT_RULE,   /* an argument that is true or false, seen as 1 and 0 */
    INDICATOR_INPUT_OPEN,   /* columns of the bars, implied */
    INDICATOR_INPUT_HIGH,
    INDICATOR_INPUT_LOW,
    INDICATOR_INPUT_CLOSE,
    INDICATOR_INPUT_VOLUME
};

struct indicator_parameter {
    const char *name;
    double min, max;
    double fallback; /* used when left out; NaN: it must be given */
    bool whole;
};

struct indicator {
    const char *name;
    const char *summary; /* one line */
    const char *formula; /* lines of plain text */
    const char *source;  /* where the definition is from */
    const char *differs; /* how values differ from other programs'; NULL when they do not */
    const char *first;   /* the lookback in words, where it is no sum of parameters; else NULL */
    int32_t input_count, parameter_count;
    enum indicator_input input[INDICATOR_INPUTS_MAX];
    struct indicator_parameter parameter[INDICATOR_PARAMETERS_MAX];
    double min, max; /* values lie in [min, max]; -inf and +inf where there is no bound */
    bool picks;      /* its values are values of its inputs, their signs apart: never rounded */
    const struct indicator_kernel *kernel;
    int32_t output; /* which of the kernel's outputs: a family shares one kernel */
};

int64_t indicator_lookback_bars(const struct indicator *i, const double *parameter);

#endif
