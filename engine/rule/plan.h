/* The compiled form of a rule: nodes in a flat array, in the order in which a block is evaluated.
 *
 * Invariants: a node's inputs come before it; no two nodes are equal (equal sub-expressions are
 * merged); the outputs are what is asked for, wherever they stand. Immutable once built.
 *
 * A tf() is a node that shows a number of another plan, its frame, which runs over the longer bars.
 *
 * A number node gives a column of the block, a boolean node a bit mask. Columns of the bars are
 * used in place, and so are shifted ones: an offset or an output of a family is a pointer into its
 * owner's column. Every other number node owns a slot: a buffer that also keeps the values before
 * the block on which later nodes look back.
 *
 * "recursive" nodes depend on an indicator that remembers all bars so far: their values depend on
 * where a run began. The others are a function of the bars near by, and a run rebuilds them
 * wherever it starts.
 */
#ifndef ENGINE_RULE_PLAN_H
#define ENGINE_RULE_PLAN_H

#include "base/arena.h"
#include "engine/rule/ast.h"
#include "engine/rule/rule.h"

enum { PLAN_BLOCK_BARS = 1024 }; /* a multiple of 64: blocks begin at a word of the mask */

enum plan_op {
    /* numbers */
    PLAN_CONSTANT, /* value; never evaluated by itself */
    PLAN_SPREAD,   /* a constant as a column, for what wants one */
    PLAN_COLUMN,   /* of the bars, in place */
    PLAN_SERIES,
    PLAN_OFFSET, /* input 0, `bars` ago */
    PLAN_NEGATE,
    PLAN_ADD,
    PLAN_SUBTRACT,
    PLAN_MULTIPLY,
    PLAN_DIVIDE,
    PLAN_FRAME,       /* output `output` of frame `frame`: its last complete value */
    PLAN_KERNEL,      /* an indicator; its first output is the node's own value */
    PLAN_OUTPUT,      /* output `output` of kernel node input 0 */
    PLAN_ONE_OR_ZERO, /* a boolean as a number */
    /* booleans; the first four take a constant on either side */
    PLAN_LESS,
    PLAN_LESS_EQUAL,
    PLAN_EQUAL,
    PLAN_NOT_EQUAL,
    PLAN_AND,
    PLAN_OR,
    PLAN_NOT,
    PLAN_TRUTH /* value: 1 or 0 */
};

static inline bool plan_op_is_boolean(enum plan_op op)
{
    return op >= PLAN_LESS;
}

struct plan_node {
    enum plan_op op;
    int32_t input_count;
    int32_t input[INDICATOR_INPUTS_MAX];
    double value;
    int64_t bars;
    int32_t output, frame;
    enum bar_column column;
    const struct series *series;
    const struct indicator_kernel *kernel;
    double parameter[INDICATOR_PARAMETERS_MAX];
    /* derived */
    bool recursive;
    bool price, volume;    /* values are those of one column of the bars, in place */
    bool observed;         /* an output: read after the block */
    int64_t lookback_bars; /* every bar before is MISSING */
    int64_t expected_bars; /* the same where no bar is missing; more than that with frames */
    int64_t warmup_bars;   /* a fresh start is expected to be forgotten after so many bars */
    int64_t keep_bars;     /* how far before a block consumers read its values */
    int64_t rebuild_bars;  /* how far before a start its values must be right */
    int32_t slot;          /* of its first output, or -1 */
    int32_t last_use;      /* index of the last node that reads its slot */
    size_t state_offset,
        state_bytes; /* of the kernel: saved when RECURSIVE, else in scratch memory */
};

struct plan_slot {
    int32_t node; /* its owner */
    int32_t output;
    int64_t keep_bars; /* 0: scratch, shared with slots that are not alive at the same time */
    int64_t capacity;  /* values */
    size_t offset;     /* in values, into the run's memory */
    bool saved;        /* its kept values are part of the state */
};

struct plan_frame; /* below */

struct plan {
    struct plan_node *nodes;
    int32_t node_count;
    int32_t *output; /* what is read from outside: the rule; what is seen of a frame */
    int32_t output_count;
    struct plan_frame *frames;
    int32_t frame_count;
    struct plan_slot *slots;
    int32_t slot_count;
    uint32_t columns;
    int64_t expected_bars, warmup_bars, rebuild_bars;
    int64_t pad_bars[BAR_COLUMN_COUNT]; /* how far before bar 0 a column of the bars is read */
    size_t value_count;                 /* memory of all slots, in doubles */
    size_t cache_bytes;                 /* states of WINDOW kernels and series */
    size_t kernel_state_bytes; /* states of RECURSIVE kernels: the first part of the saved state */
    size_t saved_bytes;        /* the whole saved state */
};

/* What the tf() of one timeframe compute: a plan of its own over the longer bars. */
struct plan_frame {
    struct timeframe timeframe;
    int64_t ratio;    /* of the rule's bars in one of these, typically */
    struct plan plan; /* its outputs are numbers and no constants */
};

/* Checked trees, each of which becomes an output. */
struct plan_trees {
    const struct ast *const *root;
    int32_t count;
};

/* ERR_RULE, without a place, when it would have to remember too much; ERR_NO_MEMORY. */
enum err plan_build(struct plan_trees trees, const struct rule_options *options,
                    struct arena *arena, struct plan *ret, struct error *e);

/* The second half of plan_build: everything derived from the nodes (lookback, what is kept and
 * saved, where values lie in memory), of the frames too. */
enum err plan_analyse(struct plan *p, struct arena *arena, struct error *e);

#endif
