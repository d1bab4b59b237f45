#include "tests/orders/desk/script_broker.h"

#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct script_order {
    struct broker_report report;
    struct client_id id;
    char symbol[LIMIT_SYMBOL_BYTES];
    enum order_side side;
};

/* Of one order, to come. */
struct script_fill {
    struct uuid bracket;
    enum leg leg;
    int64_t quantity, price; /* quantity 0 = none */
};

struct script_broker {
    struct broker broker;
    struct broker_capabilities capabilities;
    pthread_mutex_t lock; /* a leaf beside the ranked ones */
    pthread_cond_t let_go;
    struct uuid held; /* whose calls hang */
    bool holds, holds_listings, mute;
    int hanging;
    struct script_order *orders;
    size_t count, capacity;
    struct broker_position positions[64];
    size_t position_count;
    int submits, doubles, closing;
    struct order_quote quote;
    bool next, next_happens, silent;
    enum outcome next_outcome;
    enum reject next_reject;
    struct script_fill behind_listing;
    broker_hint_fn *hint;
    void *hint_context;
};

static struct script_broker *of(const struct broker *b)
{
    return (struct script_broker *)b;
}

static const struct broker_capabilities *capabilities(const struct broker *b)
{
    return &of(b)->capabilities;
}

static struct script_order *find_order(struct script_broker *s, const char *client_id)
{
    for (size_t i = s->count; i-- > 0;)
        if (!strcmp(s->orders[i].report.client_id, client_id))
            return &s->orders[i];
    return NULL;
}

static void hang(struct script_broker *s)
{
    s->hanging++;
    pthread_cond_wait(&s->let_go, &s->lock);
    s->hanging--;
}

/* As long as the calls of this order's bracket are held. */
static void hang_with(struct script_broker *s, const char *client_id)
{
    struct client_id id;
    while (s->holds && client_id_parse(client_id, strlen(client_id), &id) &&
           !memcmp(&id.bracket, &s->held, sizeof id.bracket))
        hang(s);
}

static void make(struct script_broker *s, const struct broker_submit *call)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->orders = reallocarray(s->orders, s->capacity, sizeof *s->orders);
    }
    struct script_order *o = &s->orders[s->count++];
    memset(o, 0, sizeof *o);
    assert_true(client_id_parse(call->client_id, strlen(call->client_id), &o->id));
    o->side = call->side;
    snprintf(o->symbol, sizeof o->symbol, "%s", call->contract.symbol);
    o->report.status = ORDER_STATUS_NEW;
    o->report.type = call->type;
    o->report.quantity = call->quantity;
    o->report.limit_price = call->limit_price;
    o->report.stop_price = call->stop_price;
    snprintf(o->report.client_id, sizeof o->report.client_id, "%s", call->client_id);
    snprintf(o->report.broker_order_id, sizeof o->report.broker_order_id, "b-%zu", s->count);
}

static enum outcome submit(struct broker *b, const struct broker_submit *call, bool *ret_reported,
                           struct broker_report *ret_report, struct broker_refusal *ret_refusal)
{
    struct script_broker *s = of(b);
    enum outcome outcome = OUTCOME_OK;
    pthread_mutex_lock(&s->lock);
    hang_with(s, call->client_id);
    s->submits++;
    s->closing += !call->opens;
    s->doubles += find_order(s, call->client_id) != NULL;
    bool next = s->next;
    s->next = false;
    if (s->silent)
        outcome = OUTCOME_UNKNOWN;
    else if (next)
        outcome = s->next_outcome;
    if (outcome == OUTCOME_REJECTED)
        ret_refusal->reject = s->next_reject;
    if (!s->silent && (!next || s->next_happens))
        make(s, call);
    *ret_reported = outcome == OUTCOME_OK;
    if (*ret_reported)
        *ret_report = s->orders[s->count - 1].report;
    pthread_mutex_unlock(&s->lock);
    return outcome;
}

static enum outcome cancel(struct broker *b, const char *client_id, const char *broker_order_id,
                           struct broker_refusal *ret_refusal)
{
    (void)broker_order_id;
    struct script_broker *s = of(b);
    enum outcome outcome = OUTCOME_OK;
    pthread_mutex_lock(&s->lock);
    hang_with(s, client_id);
    struct script_order *o = find_order(s, client_id);
    if (s->silent) {
        outcome = OUTCOME_UNKNOWN;
    } else if (!o || order_status_dead(o->report.status)) {
        ret_refusal->reject = REJECT_GONE;
        outcome = OUTCOME_REJECTED;
    } else {
        o->report.status = ORDER_STATUS_CANCELED;
    }
    pthread_mutex_unlock(&s->lock);
    return outcome;
}

static enum outcome find(struct broker *b, const char *client_id, bool *ret_found,
                         struct broker_report *ret_report)
{
    struct script_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    struct script_order *o = find_order(s, client_id);
    bool silent = s->silent;
    *ret_found = o != NULL;
    if (o)
        *ret_report = o->report;
    pthread_mutex_unlock(&s->lock);
    return silent ? OUTCOME_UNKNOWN : OUTCOME_OK;
}

static enum outcome list(struct broker *b, int64_t since_ns, broker_report_fn *told, void *context)
{
    (void)since_ns;
    struct script_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    while (s->holds_listings)
        hang(s);
    bool silent = s->silent;
    for (size_t i = 0; i < s->count && !silent; i++)
        if (!told(context, &s->orders[i].report))
            break;
    struct script_fill fill = s->behind_listing;
    s->behind_listing.quantity = 0;
    pthread_mutex_unlock(&s->lock);
    if (fill.quantity)
        script_broker_fill(s, &fill.bracket, fill.leg, fill.quantity, fill.price);
    return silent ? OUTCOME_UNKNOWN : OUTCOME_OK;
}

static enum outcome positions(struct broker *b, broker_position_fn *told, void *context)
{
    struct script_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    bool silent = s->silent;
    for (size_t i = 0; i < s->position_count && !silent; i++)
        if (!told(context, &s->positions[i]))
            break;
    pthread_mutex_unlock(&s->lock);
    return silent ? OUTCOME_UNKNOWN : OUTCOME_OK;
}

static enum outcome account(struct broker *b, struct broker_account *ret)
{
    *ret = (struct broker_account){.id = "script"};
    pthread_mutex_lock(&of(b)->lock);
    bool silent = of(b)->silent;
    pthread_mutex_unlock(&of(b)->lock);
    return silent ? OUTCOME_UNKNOWN : OUTCOME_OK;
}

static enum outcome quote(struct broker *b, const struct contract *contract,
                          struct order_quote *ret, int64_t *ret_age_ns)
{
    (void)contract;
    struct script_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    bool known = s->quote.ask > 0 && !s->silent;
    *ret = s->quote;
    *ret_age_ns = 0;
    pthread_mutex_unlock(&s->lock);
    return known ? OUTCOME_OK : OUTCOME_REJECTED;
}

static void listen(struct broker *b, broker_hint_fn *hint, void *context)
{
    struct script_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    s->hint = hint;
    s->hint_context = context;
    pthread_mutex_unlock(&s->lock);
}

static void free_broker(struct broker *b)
{
    script_broker_free(of(b));
}

struct script_broker *script_broker_create(uint32_t abilities)
{
    static const struct broker_operations operations = {
        .capabilities = capabilities,
        .submit = submit,
        .cancel = cancel,
        .find = find,
        .list = list,
        .positions = positions,
        .account = account,
        .quote = quote,
        .listen = listen,
        .free = free_broker,
    };
    struct script_broker *s = calloc(1, sizeof *s);
    s->broker.operations = &operations;
    s->capabilities = (struct broker_capabilities){.name = "script", .abilities = abilities};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->let_go, NULL);
    return s;
}

void script_broker_free(struct script_broker *b)
{
    pthread_cond_destroy(&b->let_go);
    pthread_mutex_destroy(&b->lock);
    free(b->orders);
    free(b);
}

struct broker *script_broker_of(struct script_broker *b)
{
    return &b->broker;
}

void script_broker_next_submit(struct script_broker *b, enum outcome outcome, enum reject reject,
                               bool happens)
{
    pthread_mutex_lock(&b->lock);
    b->next = true;
    b->next_outcome = outcome;
    b->next_reject = reject;
    b->next_happens = happens;
    pthread_mutex_unlock(&b->lock);
}

void script_broker_silence(struct script_broker *b, bool silent)
{
    pthread_mutex_lock(&b->lock);
    b->silent = silent;
    pthread_mutex_unlock(&b->lock);
}

void script_broker_hold(struct script_broker *b, const struct uuid *bracket)
{
    pthread_mutex_lock(&b->lock);
    b->holds = bracket != NULL;
    if (bracket)
        b->held = *bracket;
    pthread_cond_broadcast(&b->let_go);
    pthread_mutex_unlock(&b->lock);
}

void script_broker_hold_listings(struct script_broker *b, bool hold)
{
    pthread_mutex_lock(&b->lock);
    b->holds_listings = hold;
    pthread_cond_broadcast(&b->let_go);
    pthread_mutex_unlock(&b->lock);
}

int script_broker_hanging(struct script_broker *b)
{
    pthread_mutex_lock(&b->lock);
    int hanging = b->hanging;
    pthread_mutex_unlock(&b->lock);
    return hanging;
}

void script_broker_mute(struct script_broker *b, bool mute)
{
    pthread_mutex_lock(&b->lock);
    b->mute = mute;
    pthread_mutex_unlock(&b->lock);
}

void script_broker_limit(struct script_broker *b, int32_t calls_per_minute)
{
    b->capabilities.calls_per_minute = calls_per_minute;
}

void script_broker_quote(struct script_broker *b, int64_t bid, int64_t ask)
{
    pthread_mutex_lock(&b->lock);
    b->quote = (struct order_quote){.bid = bid, .ask = ask};
    pthread_mutex_unlock(&b->lock);
}

static void trade(struct script_broker *b, const char *symbol, int64_t quantity)
{
    size_t i = 0;
    while (i < b->position_count && strcmp(b->positions[i].symbol, symbol) != 0)
        i++;
    if (i == b->position_count) {
        assert_true(i < sizeof b->positions / sizeof b->positions[0]);
        b->position_count++;
        snprintf(b->positions[i].symbol, sizeof b->positions[i].symbol, "%s", symbol);
    }
    b->positions[i].quantity += quantity;
}

void script_broker_trade(struct script_broker *b, const char *symbol, int64_t quantity)
{
    pthread_mutex_lock(&b->lock);
    trade(b, symbol, quantity);
    pthread_mutex_unlock(&b->lock);
}

static bool names(const struct script_order *o, const struct uuid *bracket, enum leg leg)
{
    return o->id.leg == leg && (!bracket || !memcmp(&o->id.bracket, bracket, sizeof *bracket));
}

int64_t script_broker_fill(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                           int64_t quantity, int64_t price)
{
    char client_id[CLIENT_ID_TEXT] = "";
    int64_t filled = 0;
    pthread_mutex_lock(&b->lock);
    for (size_t i = b->count; i-- > 0 && !filled;) {
        struct script_order *o = &b->orders[i];
        struct broker_report *r = &o->report;
        if (!names(o, bracket, leg) || order_status_dead(r->status))
            continue;
        r->filled += quantity;
        r->filled_value += order_value(quantity, price);
        if (r->filled >= r->quantity)
            r->status = ORDER_STATUS_FILLED;
        trade(b, o->symbol, o->side == ORDER_BUY ? quantity : -quantity);
        filled = r->filled;
        memcpy(client_id, r->client_id, sizeof client_id);
    }
    broker_hint_fn *hint = b->mute ? NULL : b->hint;
    void *context = b->hint_context;
    pthread_mutex_unlock(&b->lock);
    if (hint && client_id[0])
        hint(context, client_id);
    return filled;
}

void script_broker_fill_behind_listing(struct script_broker *b, const struct uuid *bracket,
                                       enum leg leg, int64_t quantity, int64_t price)
{
    pthread_mutex_lock(&b->lock);
    b->behind_listing = (struct script_fill){*bracket, leg, quantity, price};
    pthread_mutex_unlock(&b->lock);
}

void script_broker_bust(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                        int64_t quantity)
{
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->count; i++) {
        struct script_order *o = &b->orders[i];
        if (!names(o, bracket, leg) || !o->report.filled)
            continue;
        o->report.busted += quantity;
        o->report.busted_value +=
            order_value(quantity, order_average(o->report.filled_value, o->report.filled));
        trade(b, o->symbol, o->side == ORDER_BUY ? -quantity : quantity);
        break;
    }
    pthread_mutex_unlock(&b->lock);
}

int script_broker_live(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                       int64_t *ret_quantity)
{
    int live = 0;
    int64_t quantity = 0;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->count; i++) {
        const struct script_order *o = &b->orders[i];
        if (!names(o, bracket, leg) || order_status_dead(o->report.status))
            continue;
        live++;
        quantity += o->report.quantity - o->report.filled;
    }
    pthread_mutex_unlock(&b->lock);
    if (ret_quantity)
        *ret_quantity = quantity;
    return live;
}

int script_broker_submits(struct script_broker *b)
{
    pthread_mutex_lock(&b->lock);
    int submits = b->submits;
    pthread_mutex_unlock(&b->lock);
    return submits;
}

int script_broker_closing(struct script_broker *b)
{
    pthread_mutex_lock(&b->lock);
    int closing = b->closing;
    pthread_mutex_unlock(&b->lock);
    return closing;
}

int script_broker_doubles(struct script_broker *b)
{
    pthread_mutex_lock(&b->lock);
    int doubles = b->doubles;
    pthread_mutex_unlock(&b->lock);
    return doubles;
}
