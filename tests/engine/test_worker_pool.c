#include "engine/pool/worker_pool.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/thread.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef VARIANT_SANITIZED
enum { MANY = 20000 };
#else
enum { MANY = 300000 };
#endif

static struct worker_pool *pool_of(int32_t workers)
{
    struct worker_pool *p = NULL;
    assert_int_equal(worker_pool_create(workers, false, &p, NULL), ERR_OK);
    assert_int_equal(worker_pool_size(p), workers);
    return p;
}

static enum err count_visit(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    (void)e;
    _Atomic unsigned char *visits = context;
    atomic_fetch_add(&visits[task], 1);
    return ERR_OK;
}

static void every_task_runs_exactly_once(void **state)
{
    (void)state;
    static const int32_t workers[] = {1, 2, 3, 7, 16};
    static const int64_t counts[] = {0, 1, 2, 15, 16, 17, 1000, MANY};
    _Atomic unsigned char *visits = malloc(MANY);
    assert_non_null(visits);
    for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
        struct worker_pool *p = pool_of(workers[w]);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            memset((void *)visits, 0, MANY);
            assert_int_equal(worker_pool_run(p, count_visit, (void *)visits, counts[c], NULL, NULL),
                             ERR_OK);
            for (int64_t i = 0; i < MANY; i++)
                assert_int_equal(visits[i], i < counts[c]);
        }
        worker_pool_free(p);
    }
    free((void *)visits);
}

struct who {
    _Atomic int64_t busy[8]; /* a worker's index is used by one thread at a time */
    _Atomic bool clash;
    char names[8][THREAD_NAME_MAX];
    _Atomic int nice;
};

static enum err note_worker(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)task;
    (void)e;
    struct who *who = context;
    if (worker < 0 || worker >= 4 || atomic_fetch_add(&who->busy[worker], 1) != 0)
        who->clash = true;
    char name[THREAD_NAME_MAX];
    thread_get_name(name);
    memcpy(who->names[worker & 7], name, sizeof name);
    who->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    atomic_fetch_sub(&who->busy[worker & 7], 1);
    return ERR_OK;
}

static void a_worker_has_a_stable_index_and_name(void **state)
{
    (void)state;
    struct who who = {0};
    struct worker_pool *p = pool_of(4);
    assert_int_equal(worker_pool_run(p, note_worker, &who, 5000, NULL, NULL), ERR_OK);
    worker_pool_free(p);
    assert_false(who.clash);
    static const char *const names[] = {"worker-0", "worker-1", "worker-2", "worker-3"};
    int seen = 0;
    for (int i = 0; i < 4; i++) {
        if (who.names[i][0] == '\0')
            continue;
        assert_string_equal(who.names[i], names[i]);
        seen++;
    }
    assert_true(seen > 0);
}

static void low_priority_workers_are_nice(void **state)
{
    (void)state;
    int before = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (before > 9)
        skip();
    struct who who = {0};
    struct worker_pool *p = NULL;
    assert_int_equal(worker_pool_create(2, true, &p, NULL), ERR_OK);
    assert_int_equal(worker_pool_run(p, note_worker, &who, 10, NULL, NULL), ERR_OK);
    worker_pool_free(p);
    assert_int_equal(who.nice, before + 10);
}

static enum err fail_some(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    const int64_t *every = context;
    if (task % *every == *every - 1)
        return error_set(e, ERR_DATA, "task %d", (int)task);
    return ERR_OK;
}

static void an_error_ends_the_run_and_is_returned(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(3);
    int64_t every = 50;
    struct error e = {0};
    assert_int_equal(worker_pool_run(p, fail_some, &every, 1000000000, NULL, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "task "));
    assert_int_equal(worker_pool_run(p, fail_some, &every, 49, NULL, NULL), ERR_OK);
    assert_int_equal(worker_pool_run(p, fail_some, &every, 1000, NULL, NULL), ERR_DATA);
    worker_pool_free(p);
}

static void with_one_worker_the_first_error_is_returned(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(1);
    int64_t every = 7;
    struct error e = {0};
    assert_int_equal(worker_pool_run(p, fail_some, &every, 100000, NULL, &e), ERR_DATA);
    assert_string_equal(e.message, "task 6");
    worker_pool_free(p);
}

struct barrier {
    _Atomic int32_t inside;
    int32_t wanted;
};

static bool all_inside(void *context)
{
    struct barrier *b = context;
    return atomic_load(&b->inside) >= b->wanted;
}

/* All three tasks are under way before any returns, so all three errors are seen. */
static enum err fail_together(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct barrier *b = context;
    atomic_fetch_add(&b->inside, 1);
    if (!test_wait(all_inside, b, 10000))
        return error_set(e, ERR_INTERNAL, "not all tasks began");
    return error_set(e, ERR_DATA, "task %d", (int)task);
}

static void of_several_errors_the_lowest_task_wins(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(3);
    for (int i = 0; i < 20; i++) {
        struct barrier b = {.wanted = 3};
        struct error e = {0};
        assert_int_equal(worker_pool_run(p, fail_together, &b, 3, NULL, &e), ERR_DATA);
        assert_string_equal(e.message, "task 0");
    }
    worker_pool_free(p);
}

struct slow {
    _Atomic bool cancel;
    _Atomic int64_t started, ended;
};

static enum err until_canceled(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)task;
    (void)worker;
    (void)e;
    struct slow *s = context;
    atomic_fetch_add(&s->started, 1);
    while (!atomic_load(&s->cancel))
        test_pause_ms(1);
    test_pause_ms(3);
    atomic_fetch_add(&s->ended, 1);
    return ERR_OK;
}

static bool has_started(void *context)
{
    return atomic_load(&((struct slow *)context)->started) > 0;
}

static void *cancel_soon(void *context)
{
    struct slow *s = context;
    test_wait(has_started, s, 10000);
    atomic_store(&s->cancel, true);
    return NULL;
}

static void cancel_starts_no_more_tasks_and_waits_for_those_under_way(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(3);
    struct slow s = {0};
    struct thread t;
    assert_int_equal(
        thread_start(&t, &(struct thread_options){.name = "cancel"}, cancel_soon, &s, NULL),
        ERR_OK);
    struct error e = {0};
    assert_int_equal(worker_pool_run(p, until_canceled, &s, 1000, &s.cancel, &e), ERR_CANCELED);
    thread_join(&t);
    assert_int_equal(e.code, ERR_CANCELED);
    assert_true(s.started >= 1 && s.started <= 3);
    assert_int_equal(s.started, s.ended);
    worker_pool_free(p);
}

static void canceled_before_the_start_nothing_runs(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(2);
    _Atomic bool cancel = true;
    _Atomic unsigned char visits[100] = {0};
    assert_int_equal(worker_pool_run(p, count_visit, (void *)visits, 100, &cancel, NULL),
                     ERR_CANCELED);
    for (int i = 0; i < 100; i++)
        assert_int_equal(visits[i], 0);
    worker_pool_free(p);
}

static enum err cancel_in_last(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    (void)e;
    if (task == 9)
        atomic_store((_Atomic bool *)context, true);
    return ERR_OK;
}

static void canceled_after_the_last_task_the_run_succeeds(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(1);
    _Atomic bool cancel = false;
    assert_int_equal(worker_pool_run(p, cancel_in_last, (void *)&cancel, 10, &cancel, NULL),
                     ERR_OK);
    worker_pool_free(p);
}

enum { CALLERS = 6 };

struct caller {
    struct worker_pool *pool;
    struct thread thread;
    _Atomic unsigned char visits[5000];
    bool fails;
    enum err code;
};

static enum err sometimes_fail(void *context, int64_t task, int32_t worker, struct error *e)
{
    struct caller *c = context;
    count_visit((void *)c->visits, task, worker, e);
    if (c->fails && task == 700)
        return error_set(e, ERR_DATA, "seven hundred");
    return ERR_OK;
}

static void *run_ten_times(void *context)
{
    struct caller *c = context;
    for (int i = 0; i < 10; i++) {
        enum err code = worker_pool_run(c->pool, sometimes_fail, c, 5000, NULL, NULL);
        if (code != (c->fails ? ERR_DATA : ERR_OK))
            c->code = ERR_INTERNAL;
    }
    return NULL;
}

static void several_callers_share_the_pool(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(3);
    struct caller *callers = calloc(CALLERS, sizeof *callers);
    assert_non_null(callers);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].pool = p;
        callers[i].fails = i == 2;
        assert_int_equal(thread_start(&callers[i].thread,
                                      &(struct thread_options){.name = "caller"}, run_ten_times,
                                      &callers[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < CALLERS; i++) {
        thread_join(&callers[i].thread);
        assert_int_equal(callers[i].code, ERR_OK);
        for (int task = 0; task < 5000 && !callers[i].fails; task++)
            assert_int_equal(callers[i].visits[task], 10);
    }
    worker_pool_free(p);
    free(callers);
}

struct turn {
    struct worker_pool *pool;
    struct slow *blocker;
    _Atomic unsigned char visits[40];
    enum err code;
};

static void *run_beside(void *context)
{
    struct turn *t = context;
    test_wait(has_started, t->blocker, 10000);
    t->code = worker_pool_run(t->pool, count_visit, (void *)t->visits, 40, NULL, NULL);
    atomic_store(&t->blocker->cancel, true);
    return NULL;
}

static enum err a_little(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)task;
    (void)worker;
    (void)e;
    atomic_fetch_add(&((struct slow *)context)->started, 1);
    test_pause_ms(1);
    return ERR_OK;
}

/* The long run ends only because the short one, which began later, is done. */
static void a_long_run_does_not_hold_up_a_short_one(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(1);
    struct slow s = {0};
    struct turn turn = {.pool = p, .blocker = &s};
    struct thread t;
    assert_int_equal(
        thread_start(&t, &(struct thread_options){.name = "turn"}, run_beside, &turn, NULL),
        ERR_OK);
    assert_int_equal(worker_pool_run(p, a_little, &s, 1000000000, &s.cancel, NULL), ERR_CANCELED);
    thread_join(&t);
    assert_int_equal(turn.code, ERR_OK);
    worker_pool_free(p);
}

/* A run that waits behind a blocker, and its cancel. */
struct behind {
    struct worker_pool *pool;
    struct slow *blocker;
    _Atomic bool cancel;
    _Atomic bool ended;
    enum err code;
};

static void *run_behind(void *context)
{
    struct behind *b = context;
    unsigned char visits[40] = {0};
    b->code = worker_pool_run(b->pool, count_visit, visits, 40, &b->cancel, NULL);
    atomic_store(&b->ended, true);
    return NULL;
}

static bool is_over(void *context)
{
    return atomic_load(&((struct behind *)context)->ended);
}

/* All workers are busy with another run, which only this thread's work lets go of. */
static void *cancel_behind(void *context)
{
    struct behind *b = context;
    struct thread t;
    test_wait(has_started, b->blocker, 10000);
    if (thread_start(&t, &(struct thread_options){.name = "behind"}, run_behind, b, NULL) ==
        ERR_OK) {
        test_pause_ms(20);
        atomic_store(&b->cancel, true);
        worker_pool_notice_cancel(b->pool);
        if (!test_wait(is_over, b, 10000))
            b->code = ERR_TIMEOUT;
        atomic_store(&b->blocker->cancel, true);
        thread_join(&t);
    }
    return NULL;
}

static void a_canceled_run_that_is_noticed_does_not_wait_for_busy_workers(void **state)
{
    (void)state;
    struct worker_pool *p = pool_of(1);
    struct slow s = {0};
    struct behind behind = {.pool = p, .blocker = &s};
    struct thread t;
    assert_int_equal(
        thread_start(&t, &(struct thread_options){.name = "cancel"}, cancel_behind, &behind, NULL),
        ERR_OK);
    assert_int_equal(worker_pool_run(p, until_canceled, &s, 1, &s.cancel, NULL), ERR_OK);
    thread_join(&t);
    assert_int_equal(behind.code, ERR_CANCELED);
    worker_pool_free(p);
}

static void a_pool_of_no_or_too_many_workers_is_refused(void **state)
{
    (void)state;
    struct worker_pool *p = NULL;
    struct error e = {0};
    assert_int_equal(worker_pool_create(0, false, &p, &e), ERR_INVALID);
    assert_int_equal(worker_pool_create(LIMIT_WORKERS + 1, false, &p, &e), ERR_INVALID);
    assert_null(p);
    worker_pool_free(NULL);
}

static enum err run_inside(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)task;
    (void)worker;
    return worker_pool_run(context, count_visit, NULL, 1, NULL, e);
}

static void call_from_a_worker(void *context)
{
    (void)context;
    struct worker_pool *p = pool_of(1);
    worker_pool_run(p, run_inside, p, 1, NULL, NULL);
}

static void a_worker_that_runs_a_pool_aborts(void **state)
{
    (void)state;
    assert_true(child_aborts(call_from_a_worker, NULL, (const char *const[]){"worker", NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_runs_a_pool_aborts),
        cmocka_unit_test(every_task_runs_exactly_once),
        cmocka_unit_test(a_worker_has_a_stable_index_and_name),
        cmocka_unit_test(low_priority_workers_are_nice),
        cmocka_unit_test(an_error_ends_the_run_and_is_returned),
        cmocka_unit_test(with_one_worker_the_first_error_is_returned),
        cmocka_unit_test(of_several_errors_the_lowest_task_wins),
        cmocka_unit_test(cancel_starts_no_more_tasks_and_waits_for_those_under_way),
        cmocka_unit_test(canceled_before_the_start_nothing_runs),
        cmocka_unit_test(canceled_after_the_last_task_the_run_succeeds),
        cmocka_unit_test(several_callers_share_the_pool),
        cmocka_unit_test(a_long_run_does_not_hold_up_a_short_one),
        cmocka_unit_test(a_canceled_run_that_is_noticed_does_not_wait_for_busy_workers),
        cmocka_unit_test(a_pool_of_no_or_too_many_workers_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
