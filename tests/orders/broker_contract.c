#include "tests/orders/broker_contract.h"

#include "base/decimal.h"
#include "tests/support/test.h"

#include <string.h>

#define ONE DECIMAL_ONE
#define ENTRY_ID "bk0001a-00000000000000000000000011-e1"
#define PROFIT_ID "bk0001a-00000000000000000000000011-t1"
#define STOP_ID "bk0001a-00000000000000000000000011-s1"

/* ---- calls ----------------------------------------------------------------------------------- */

static struct broker_submit sample(const char *client_id)
{
    struct broker_submit s = {
        .client_id = client_id,
        .side = ORDER_BUY,
        .type = ORDER_TYPE_LIMIT,
        .time_in_force = TIF_DAY,
        .quantity = 5 * ONE,
        .limit_price = 100 * ONE,
        .opens = true,
    };
    assert_int_equal(contract_share("SPY", 3, &s.contract, NULL), ERR_OK);
    return s;
}

static enum outcome submit(struct broker *b, const struct broker_submit *s)
{
    bool reported = false;
    struct broker_report report;
    struct broker_refusal refusal;
    return b->operations->submit(b, s, &reported, &report, &refusal);
}

static enum outcome submit_entry(struct broker *b)
{
    struct broker_submit s = sample(ENTRY_ID);
    return submit(b, &s);
}

/* The exits of a position, which an entry opens first. */
static enum outcome submit_oco(const struct broker_subject *subject, struct broker *b)
{
    struct broker_submit s = sample(PROFIT_ID);
    if (submit_entry(b) != OUTCOME_OK)
        return OUTCOME_UNKNOWN;
    subject->fill(subject->context, ENTRY_ID, 5 * ONE, 100 * ONE);
    s.side = ORDER_SELL;
    s.opens = false;
    s.limit_price = 110 * ONE;
    s.oco_client_id = STOP_ID;
    s.oco_stop_price = 95 * ONE;
    return submit(b, &s);
}

static enum outcome cancel(struct broker *b, const char *client_id)
{
    struct broker_refusal refusal;
    return b->operations->cancel(b, client_id, NULL, &refusal);
}

/* Whether it is found by a clean answer, after the broker's bound. */
static bool find(const struct broker_subject *subject, struct broker *b, const char *client_id,
                 struct broker_report *ret, bool *ret_clean)
{
    bool found = false;
    if (subject->pass)
        subject->pass(subject->context, b->operations->capabilities(b)->not_found_bound_ns);
    *ret_clean = b->operations->find(b, client_id, &found, ret) == OUTCOME_OK;
    return *ret_clean && found;
}

static bool live(enum order_status status)
{
    return status == ORDER_STATUS_NEW;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *capabilities_are_stated(const struct broker_subject *subject, struct broker *b)
{
    const struct broker_capabilities *c = b->operations->capabilities(b);
    (void)subject;
    if (!c->name || !c->name[0] || c->not_found_bound_ns < 0 || c->calls_per_minute < 0)
        return "a name, a rate and a bound that are 0 or more";
    return NULL;
}

static const char *a_submit_that_is_ok_is_found(const struct broker_subject *subject,
                                                struct broker *b)
{
    struct broker_report r;
    bool clean;
    if (submit_entry(b) != OUTCOME_OK)
        return "a good order is not ok";
    if (!find(subject, b, ENTRY_ID, &r, &clean))
        return "it is not found";
    if (strcmp(r.client_id, ENTRY_ID) != 0)
        return "its report has another client id";
    return live(r.status) && r.quantity == 5 * ONE && r.filled == 0 ? NULL
                                                                    : "its report says otherwise";
}

static const char *what_was_never_sent_is_not_found(const struct broker_subject *subject,
                                                    struct broker *b)
{
    struct broker_report r;
    bool clean;
    if (find(subject, b, ENTRY_ID, &r, &clean))
        return "it is found";
    return clean ? NULL : "there is no clean answer";
}

static const char *the_same_id_makes_no_second_order(const struct broker_subject *subject,
                                                     struct broker *b)
{
    submit_entry(b);
    if (submit_entry(b) == OUTCOME_REJECTED)
        return "a duplicate is told as a rejection: the order exists";
    return subject->count(subject->context, ENTRY_ID) == 1 ? NULL : "there are two";
}

static const char *
a_lost_reply_is_unknown_and_the_order_is_there_once(const struct broker_subject *subject,
                                                    struct broker *b)
{
    struct broker_report r;
    bool clean;
    subject->arrange(subject->context, MISHAP_REPLY_LOST);
    if (submit_entry(b) != OUTCOME_UNKNOWN)
        return "the outcome is not unknown";
    if (subject->count(subject->context, ENTRY_ID) != 1)
        return "the call was made more than once";
    return find(subject, b, ENTRY_ID, &r, &clean) ? NULL : "it is not found";
}

static const char *
a_lost_request_is_unknown_and_nothing_is_there(const struct broker_subject *subject,
                                               struct broker *b)
{
    struct broker_report r;
    bool clean;
    subject->arrange(subject->context, MISHAP_REQUEST_LOST);
    if (submit_entry(b) != OUTCOME_UNKNOWN)
        return "the outcome is not unknown";
    if (subject->count(subject->context, ENTRY_ID) != 0)
        return "the call was made again";
    if (find(subject, b, ENTRY_ID, &r, &clean))
        return "it is found";
    return clean ? NULL : "there is no clean answer";
}

static const char *what_never_left_is_not_sent(const struct broker_subject *subject,
                                               struct broker *b)
{
    subject->arrange(subject->context, MISHAP_NOT_SENT);
    if (submit_entry(b) != OUTCOME_NOT_SENT)
        return "the outcome is not not_sent";
    return subject->count(subject->context, ENTRY_ID) == 0 ? NULL : "the order is there";
}

static const char *a_refusal_is_rejected_and_nothing_lives(const struct broker_subject *subject,
                                                           struct broker *b)
{
    struct broker_report r;
    bool clean;
    subject->arrange(subject->context, MISHAP_REFUSED);
    if (submit_entry(b) != OUTCOME_REJECTED)
        return "the outcome is not rejected";
    return find(subject, b, ENTRY_ID, &r, &clean) && live(r.status) ? "the order lives" : NULL;
}

static const char *an_answer_that_no_table_names_is_unknown(const struct broker_subject *subject,
                                                            struct broker *b)
{
    subject->arrange(subject->context, MISHAP_NONSENSE);
    return submit_entry(b) == OUTCOME_UNKNOWN ? NULL : "the outcome is not unknown";
}

static const char *a_cancel_ends_the_order(const struct broker_subject *subject, struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_entry(b);
    if (cancel(b, ENTRY_ID) != OUTCOME_OK)
        return "the cancel is not ok";
    if (!find(subject, b, ENTRY_ID, &r, &clean))
        return "a canceled order is not found";
    return r.status == ORDER_STATUS_CANCELED && r.filled == 0 ? NULL : "it is not canceled";
}

static const char *a_lost_reply_of_a_cancel_is_unknown(const struct broker_subject *subject,
                                                       struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_entry(b);
    subject->arrange(subject->context, MISHAP_REPLY_LOST);
    if (cancel(b, ENTRY_ID) != OUTCOME_UNKNOWN)
        return "the outcome is not unknown";
    return find(subject, b, ENTRY_ID, &r, &clean) && r.status == ORDER_STATUS_CANCELED
               ? NULL
               : "the cancel was not made";
}

static const char *fills_are_cumulative(const struct broker_subject *subject, struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_entry(b);
    subject->fill(subject->context, ENTRY_ID, 2 * ONE, 100 * ONE);
    if (!find(subject, b, ENTRY_ID, &r, &clean) || r.filled != 2 * ONE ||
        r.filled_value != 200 * ONE || !live(r.status))
        return "a part of it";
    subject->fill(subject->context, ENTRY_ID, 3 * ONE, 99 * ONE);
    if (!find(subject, b, ENTRY_ID, &r, &clean) || r.filled != 5 * ONE ||
        r.filled_value != 497 * ONE || r.status != ORDER_STATUS_FILLED)
        return "all of it";
    return NULL;
}

static const char *a_cancel_of_what_is_filled_is_not_ok(const struct broker_subject *subject,
                                                        struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_entry(b);
    subject->fill(subject->context, ENTRY_ID, 5 * ONE, 100 * ONE);
    if (cancel(b, ENTRY_ID) == OUTCOME_OK)
        return "the cancel is ok";
    return find(subject, b, ENTRY_ID, &r, &clean) && r.status == ORDER_STATUS_FILLED
               ? NULL
               : "it is not filled any more";
}

static const char *a_bust_leaves_filled_and_adds_to_busted(const struct broker_subject *subject,
                                                           struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_entry(b);
    subject->fill(subject->context, ENTRY_ID, 5 * ONE, 100 * ONE);
    subject->bust(subject->context, ENTRY_ID, 2 * ONE, 100 * ONE);
    if (!find(subject, b, ENTRY_ID, &r, &clean) || r.filled != 5 * ONE)
        return "filled has fallen";
    return r.busted == 2 * ONE && r.busted_value == 200 * ONE ? NULL : "busted does not tell";
}

static const char *an_oco_fills_one_leg_under_our_ids(const struct broker_subject *subject,
                                                      struct broker *b)
{
    struct broker_report profit, stop;
    bool clean;
    if (submit_oco(subject, b) != OUTCOME_OK)
        return "it is not ok";
    if (!find(subject, b, PROFIT_ID, &profit, &clean) || !find(subject, b, STOP_ID, &stop, &clean))
        return "both legs are found by our ids";
    if (!live(profit.status) || !live(stop.status))
        return "both legs are live";
    subject->fill(subject->context, PROFIT_ID, 5 * ONE, 110 * ONE);
    subject->fill(subject->context, STOP_ID, 5 * ONE, 95 * ONE);
    find(subject, b, PROFIT_ID, &profit, &clean);
    find(subject, b, STOP_ID, &stop, &clean);
    if (profit.filled + stop.filled > 5 * ONE)
        return "both legs filled";
    return stop.status == ORDER_STATUS_CANCELED ? NULL : "the other leg is not canceled";
}

static const char *canceling_one_leg_cancels_both(const struct broker_subject *subject,
                                                  struct broker *b)
{
    struct broker_report r;
    bool clean;
    submit_oco(subject, b);
    if (cancel(b, PROFIT_ID) != OUTCOME_OK)
        return "the cancel is not ok";
    return find(subject, b, STOP_ID, &r, &clean) && r.status == ORDER_STATUS_CANCELED
               ? NULL
               : "the other leg is not canceled";
}

struct listing {
    int ours, others;
    int64_t quantity;
    char last_execution_id[BROKER_EXECUTION_ID_TEXT];
    bool repeated;
};

static bool list_report(void *context, const struct broker_report *r)
{
    struct listing *l = context;
    if (strcmp(r->client_id, ENTRY_ID) == 0)
        l->ours++;
    else
        l->others++;
    return true;
}

static const char *a_listing_is_whole(const struct broker_subject *subject, struct broker *b)
{
    struct listing l = {0};
    (void)subject;
    submit_entry(b);
    if (b->operations->list(b, 0, list_report, &l) != OUTCOME_OK)
        return "it is not ok";
    return l.ours == 1 && l.others == 0 ? NULL : "it has the order, once, and no other";
}

static bool list_fill(void *context, const struct broker_fill *f)
{
    struct listing *l = context;
    l->repeated |= !f->execution_id[0] || strcmp(f->execution_id, l->last_execution_id) == 0;
    memcpy(l->last_execution_id, f->execution_id, sizeof(l->last_execution_id));
    l->quantity += f->quantity;
    return true;
}

static const char *executions_have_ids_and_sum_up(const struct broker_subject *subject,
                                                  struct broker *b)
{
    struct listing l = {0};
    submit_entry(b);
    subject->fill(subject->context, ENTRY_ID, 2 * ONE, 100 * ONE);
    subject->fill(subject->context, ENTRY_ID, 2 * ONE, 100 * ONE);
    if (b->operations->fills(b, 0, list_fill, &l) != OUTCOME_OK)
        return "it is not ok";
    if (l.repeated)
        return "two executions have one id";
    return l.quantity == 4 * ONE ? NULL : "they do not sum up to what is filled";
}

static bool list_position(void *context, const struct broker_position *p)
{
    struct listing *l = context;
    if (strcmp(p->symbol, "SPY") == 0)
        l->quantity = p->quantity;
    return true;
}

static const char *a_fill_is_a_position(const struct broker_subject *subject, struct broker *b)
{
    struct listing l = {0};
    submit_entry(b);
    subject->fill(subject->context, ENTRY_ID, 3 * ONE, 100 * ONE);
    if (b->operations->positions(b, list_position, &l) != OUTCOME_OK)
        return "it is not ok";
    return l.quantity == 3 * ONE ? NULL : "it is another";
}

static const char *the_account_has_a_name(const struct broker_subject *subject, struct broker *b)
{
    struct broker_account account;
    (void)subject;
    memset(&account, 0, sizeof(account));
    return b->operations->account(b, &account) == OUTCOME_OK && account.id[0] ? NULL : "it has not";
}

/* ---- the matrix ------------------------------------------------------------------------------ */

#define ROW(function, ...)                                                                         \
    {                                                                                              \
        .name = #function, .run = function, __VA_ARGS__                                            \
    }
const struct broker_contract_row broker_contract[] = {
    ROW(capabilities_are_stated),
    ROW(a_submit_that_is_ok_is_found),
    ROW(what_was_never_sent_is_not_found),
    ROW(the_same_id_makes_no_second_order, .abilities = BROKER_CAN_DEDUP, .counts = true),
    ROW(a_lost_reply_is_unknown_and_the_order_is_there_once, .arranges = true, .counts = true),
    ROW(a_lost_request_is_unknown_and_nothing_is_there, .arranges = true, .counts = true),
    ROW(what_never_left_is_not_sent, .arranges = true, .counts = true),
    ROW(a_refusal_is_rejected_and_nothing_lives, .arranges = true),
    ROW(an_answer_that_no_table_names_is_unknown, .arranges = true),
    ROW(a_cancel_ends_the_order),
    ROW(a_lost_reply_of_a_cancel_is_unknown, .arranges = true),
    ROW(fills_are_cumulative, .fills = true),
    ROW(a_cancel_of_what_is_filled_is_not_ok, .fills = true),
    ROW(a_bust_leaves_filled_and_adds_to_busted, .fills = true, .busts = true),
    ROW(an_oco_fills_one_leg_under_our_ids, .abilities = BROKER_CAN_NATIVE_OCO, .fills = true),
    ROW(canceling_one_leg_cancels_both, .abilities = BROKER_CAN_NATIVE_OCO, .fills = true),
    ROW(a_listing_is_whole, .abilities = BROKER_CAN_BULK_LIST),
    ROW(executions_have_ids_and_sum_up, .abilities = BROKER_CAN_EXECUTION_IDS, .fills = true),
    ROW(a_fill_is_a_position, .fills = true),
    ROW(the_account_has_a_name),
};
const size_t broker_contract_rows = sizeof(broker_contract) / sizeof(broker_contract[0]);

const char *broker_contract_run(const struct broker_contract_row *row,
                                const struct broker_subject *subject, bool *ret_skipped)
{
    struct broker *b = subject->create(subject->context);
    assert_non_null(b);
    *ret_skipped = (row->abilities & ~b->operations->capabilities(b)->abilities) != 0 ||
                   (row->arranges && !subject->arrange) || (row->fills && !subject->fill) ||
                   (row->busts && !subject->bust) || (row->counts && !subject->count);
    const char *wrong = *ret_skipped ? NULL : row->run(subject, b);
    b->operations->free(b);
    return wrong;
}

size_t broker_contract_hold(const struct broker_subject *subject)
{
    size_t run = 0, broken = 0;
    for (size_t i = 0; i < broker_contract_rows; i++) {
        bool skipped;
        const char *wrong = broker_contract_run(&broker_contract[i], subject, &skipped);
        run += !skipped;
        if (!wrong)
            continue;
        print_message("%s: %s\n", broker_contract[i].name, wrong);
        broken++;
    }
    if (broken)
        fail_msg("%zu of %zu rows of the broker's contract are not held", broken, run);
    return run;
}
