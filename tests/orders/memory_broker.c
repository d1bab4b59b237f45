#include "tests/orders/memory_broker.h"

#include <stdio.h>
#include <string.h>

static struct memory_broker *self(struct broker *b)
{
    return (struct memory_broker *)b;
}

static bool has(const struct memory_broker *m, enum defect defect)
{
    return m->defect == defect;
}

static const struct broker_capabilities *capabilities(const struct broker *b)
{
    return &((const struct memory_broker *)b)->capabilities;
}

static enum broker_mishap take_mishap(struct memory_broker *m)
{
    enum broker_mishap mishap = m->mishap;
    m->mishap = MISHAP_COUNT;
    return mishap;
}

static struct broker_report *order_of(struct memory_broker *m, const char *client_id)
{
    for (size_t i = 0; i < m->order_count; i++)
        if (strcmp(m->orders[i].client_id, client_id) == 0)
            return &m->orders[i];
    return NULL;
}

static void add(struct memory_broker *m, const char *client_id, const struct broker_submit *s)
{
    struct broker_report *o = &m->orders[m->order_count];
    memset(o, 0, sizeof(*o));
    snprintf(o->client_id, sizeof(o->client_id), "%s", client_id);
    snprintf(o->broker_order_id, sizeof(o->broker_order_id), "m-%zu", m->order_count);
    o->status = ORDER_STATUS_NEW;
    o->type = s->type;
    o->quantity = s->quantity;
    o->limit_price = s->limit_price;
    m->sides[m->order_count++] = s->side;
}

static void carry_out_submit(struct memory_broker *m, const struct broker_submit *s)
{
    add(m, s->client_id, s);
    if (!s->oco_client_id)
        return;
    size_t first = m->order_count - 1;
    add(m, s->oco_client_id, s);
    m->orders[first + 1].type = s->oco_limit_price ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP;
    m->orders[first + 1].stop_price = s->oco_stop_price;
    if (has(m, DEFECT_TWO_FREE_LEGS))
        return;
    m->pairs[first] = first + 2;
    m->pairs[first + 1] = first + 1;
}

static enum outcome submit(struct broker *b, const struct broker_submit *s, bool *ret_reported,
                           struct broker_report *ret_report, struct broker_refusal *ret_refusal)
{
    struct memory_broker *m = self(b);
    enum broker_mishap mishap = take_mishap(m);
    memset(ret_refusal, 0, sizeof(*ret_refusal));
    if (mishap == MISHAP_NOT_SENT)
        return has(m, DEFECT_NOT_SENT_IS_UNKNOWN) ? OUTCOME_UNKNOWN : OUTCOME_NOT_SENT;
    if (mishap == MISHAP_REQUEST_LOST)
        return has(m, DEFECT_LOST_IS_REJECTED) ? OUTCOME_REJECTED : OUTCOME_UNKNOWN;
    if (order_of(m, s->client_id) && !has(m, DEFECT_NO_DEDUP))
        return OUTCOME_UNKNOWN;
    if (mishap != MISHAP_REFUSED || has(m, DEFECT_REFUSED_LIVES))
        carry_out_submit(m, s);
    if (mishap == MISHAP_REFUSED) {
        ret_refusal->reject = REJECT_OTHER;
        return OUTCOME_REJECTED;
    }
    if (mishap == MISHAP_REPLY_LOST && has(m, DEFECT_REPEATS))
        carry_out_submit(m, s);
    if (mishap == MISHAP_NONSENSE && has(m, DEFECT_NONSENSE_IS_REJECTED))
        return OUTCOME_REJECTED;
    if (mishap != MISHAP_COUNT)
        return OUTCOME_UNKNOWN;
    *ret_report = *order_of(m, s->client_id);
    *ret_reported = true;
    return OUTCOME_OK;
}

static enum outcome cancel(struct broker *b, const char *client_id, const char *broker_order_id,
                           struct broker_refusal *ret_refusal)
{
    struct memory_broker *m = self(b);
    enum broker_mishap mishap = take_mishap(m);
    struct broker_report *o = order_of(m, client_id);
    (void)broker_order_id;
    memset(ret_refusal, 0, sizeof(*ret_refusal));
    if (!o || (order_status_dead(o->status) && !has(m, DEFECT_CANCELS_FILLED))) {
        ret_refusal->reject = REJECT_GONE;
        return OUTCOME_REJECTED;
    }
    size_t pair = m->pairs[o - m->orders];
    o->status = ORDER_STATUS_CANCELED;
    if (has(m, DEFECT_CANCEL_FORGETS))
        o->client_id[0] = '\0';
    if (pair && !has(m, DEFECT_CANCELS_ONE_LEG))
        m->orders[pair - 1].status = ORDER_STATUS_CANCELED;
    return mishap == MISHAP_COUNT || has(m, DEFECT_LOST_CANCEL_IS_OK) ? OUTCOME_OK
                                                                      : OUTCOME_UNKNOWN;
}

static enum outcome find(struct broker *b, const char *client_id, bool *ret_found,
                         struct broker_report *ret_report)
{
    struct memory_broker *m = self(b);
    const struct broker_report *o = order_of(m, client_id);
    memset(ret_report, 0, sizeof(*ret_report));
    *ret_found = o || has(m, DEFECT_FINDS_ALL);
    if (!o)
        return OUTCOME_OK;
    *ret_report = *o;
    if (has(m, DEFECT_OTHER_ID))
        ret_report->client_id[0] = 'x';
    if (has(m, DEFECT_NET_OF_BUSTS))
        ret_report->filled -= ret_report->busted;
    if (has(m, DEFECT_TELLS_THE_LAST_FILL) && m->fill_count)
        ret_report->filled = m->fills[m->fill_count - 1].quantity;
    return OUTCOME_OK;
}

static enum outcome list(struct broker *b, int64_t since_ns, broker_report_fn *tell, void *context)
{
    struct memory_broker *m = self(b);
    (void)since_ns;
    size_t count = has(m, DEFECT_HALF_A_LISTING) ? m->order_count / 2 : m->order_count;
    for (size_t i = 0; i < count; i++)
        if (!tell(context, &m->orders[i]))
            return OUTCOME_UNKNOWN;
    return OUTCOME_OK;
}

static enum outcome fills(struct broker *b, int64_t since_ns, broker_fill_fn *tell, void *context)
{
    struct memory_broker *m = self(b);
    (void)since_ns;
    for (size_t i = 0; i < m->fill_count; i++)
        if (!tell(context, &m->fills[i]))
            return OUTCOME_UNKNOWN;
    return OUTCOME_OK;
}

static enum outcome positions(struct broker *b, broker_position_fn *tell, void *context)
{
    struct memory_broker *m = self(b);
    struct broker_position p = {.symbol = "SPY"};
    for (size_t i = 0; i < m->order_count; i++) {
        int64_t net = m->orders[i].filled - m->orders[i].busted;
        p.quantity += m->sides[i] == ORDER_BUY ? net : -net;
    }
    if (p.quantity && !has(m, DEFECT_FLAT) && !tell(context, &p))
        return OUTCOME_UNKNOWN;
    return OUTCOME_OK;
}

static enum outcome account(struct broker *b, struct broker_account *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (!has(self(b), DEFECT_NAMELESS))
        snprintf(ret->id, sizeof(ret->id), "memory");
    return OUTCOME_OK;
}

static enum outcome quote(struct broker *b, const struct contract *contract,
                          struct order_quote *ret, int64_t *ret_age_ns)
{
    (void)b;
    (void)contract;
    *ret = (struct order_quote){0};
    *ret_age_ns = 0;
    return OUTCOME_OK;
}

/* The test owns it. */
static void release(struct broker *b)
{
    (void)b;
}

static const struct broker_operations operations = {
    .capabilities = capabilities,
    .submit = submit,
    .cancel = cancel,
    .find = find,
    .list = list,
    .fills = fills,
    .positions = positions,
    .account = account,
    .quote = quote,
    .free = release,
};

/* ---- hooks ----------------------------------------------------------------------------------- */

static struct broker *create(void *context)
{
    struct memory_broker *m = context;
    enum defect defect = m->defect;
    memset(m, 0, sizeof(*m));
    m->broker.operations = &operations;
    m->defect = defect;
    m->mishap = MISHAP_COUNT;
    m->capabilities = (struct broker_capabilities){
        .name = has(m, DEFECT_NO_NAME) ? "" : "memory",
        .abilities = BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_NATIVE_OCO |
                     BROKER_CAN_EXECUTION_IDS | BROKER_CAN_BULK_LIST,
    };
    return &m->broker;
}

static void arrange(void *context, enum broker_mishap mishap)
{
    ((struct memory_broker *)context)->mishap = mishap;
}

static void fill(void *context, const char *client_id, int64_t quantity, int64_t price)
{
    struct memory_broker *m = context;
    struct broker_report *o = order_of(m, client_id);
    if (!o || order_status_dead(o->status))
        return;
    size_t pair = m->pairs[o - m->orders];
    o->filled += quantity;
    o->filled_value += order_value(quantity, price);
    if (o->filled == o->quantity)
        o->status = ORDER_STATUS_FILLED;
    if (pair)
        m->orders[pair - 1].status = ORDER_STATUS_CANCELED;
    struct broker_fill *f = &m->fills[m->fill_count++];
    *f = (struct broker_fill){.quantity = quantity, .price = price};
    snprintf(f->client_id, sizeof(f->client_id), "%s", client_id);
    snprintf(f->execution_id, sizeof(f->execution_id), "x-%zu",
             has(m, DEFECT_ONE_EXECUTION_ID) ? 1 : m->fill_count);
}

static void bust(void *context, const char *client_id, int64_t quantity, int64_t price)
{
    struct broker_report *o = order_of(context, client_id);
    if (!o)
        return;
    o->busted += quantity;
    o->busted_value += order_value(quantity, price);
}

static int count(void *context, const char *client_id)
{
    const struct memory_broker *m = context;
    int found = 0;
    for (size_t i = 0; i < m->order_count; i++)
        found += strcmp(m->orders[i].client_id, client_id) == 0;
    return found;
}

struct broker_subject memory_broker_subject(struct memory_broker *m, enum defect defect)
{
    m->defect = defect;
    return (struct broker_subject){.context = m,
                                   .create = create,
                                   .arrange = arrange,
                                   .fill = fill,
                                   .bust = bust,
                                   .count = count};
}
