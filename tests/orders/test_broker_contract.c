/* The matrix of the broker's contract itself: a broker that holds it passes every row, and each
 * defect is found by the row that is there for it. */
#include "tests/orders/memory_broker.h"
#include "tests/orders/paper/paper_subject.h"
#include "tests/support/test.h"

#include <string.h>

static void a_good_broker_passes_every_row(void **state)
{
    (void)state;
    static struct memory_broker m;
    struct broker_subject subject = memory_broker_subject(&m, DEFECT_NONE);
    assert_int_equal(broker_contract_hold(&subject), broker_contract_rows);
}

static void each_defect_is_found_by_its_row(void **state)
{
    (void)state;
    static const char *const rows[] = {
#define X(code, row) row,
        DEFECT_TABLE(X)
#undef X
    };
    static struct memory_broker m;
    for (int defect = DEFECT_NONE + 1; defect < DEFECT_COUNT; defect++) {
        struct broker_subject subject = memory_broker_subject(&m, (enum defect)defect);
        bool found = false, skipped;
        for (size_t i = 0; i < broker_contract_rows; i++)
            if (strcmp(broker_contract[i].name, rows[defect]) == 0)
                found = broker_contract_run(&broker_contract[i], &subject, &skipped) != NULL;
        if (!found)
            fail_msg("%s does not find defect %d", rows[defect], defect);
    }
}

/* Every row is there for a defect: none that cannot fail. */
static void each_row_can_fail(void **state)
{
    (void)state;
    static const char *const rows[] = {
#define X(code, row) row,
        DEFECT_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < broker_contract_rows; i++) {
        bool named = false;
        for (int defect = DEFECT_NONE + 1; defect < DEFECT_COUNT; defect++)
            named |= strcmp(rows[defect], broker_contract[i].name) == 0;
        if (!named)
            fail_msg("no defect is for %s", broker_contract[i].name);
    }
}

static void rows_without_their_hooks_are_skipped(void **state)
{
    (void)state;
    static struct memory_broker m;
    struct broker_subject subject = memory_broker_subject(&m, DEFECT_NONE);
    subject.arrange = NULL;
    subject.fill = NULL;
    subject.bust = NULL;
    subject.count = NULL;
    assert_in_range(broker_contract_hold(&subject), 5, broker_contract_rows - 8);
}

/* All but what needs a wire between us and the broker, and busts. */
static void the_paper_broker_holds_it(void **state)
{
    (void)state;
    struct paper_subject paper = {.store = NULL};
    struct broker_subject subject = paper_subject_contract(&paper);
    assert_int_equal(broker_contract_hold(&subject), broker_contract_rows - 7);
    paper_subject_close(&paper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_broker_passes_every_row),
        cmocka_unit_test(each_defect_is_found_by_its_row),
        cmocka_unit_test(each_row_can_fail),
        cmocka_unit_test(rows_without_their_hooks_are_skipped),
        cmocka_unit_test(the_paper_broker_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
