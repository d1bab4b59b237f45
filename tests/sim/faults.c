#include "tests/sim/faults.h"

#include "tests/sim/world.h"

static const struct {
    uint32_t per_mille;
    const char *text;
} faults[FAULT_COUNT] = {
#define X(code, per_mille, text) {per_mille, text},
    FAULT_TABLE(X)
#undef X
};

const char *fault_text(enum fault fault)
{
    return faults[fault].text;
}

bool fault_strikes(struct world *w, enum fault fault)
{
    bool eager = w->schedule.busy && fault == FAULT_FILL_IN_CANCEL;
    if (w->fair || !(w->schedule.faults >> fault & 1) ||
        (!eager && world_below(w, 1000) >= faults[fault].per_mille))
        return false;
    w->coverage->faults[fault]++;
    TRACE(w, "! %s", faults[fault].text);
    return true;
}
