#include "base/queue.h"

#include "base/thread.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static void *item(uintptr_t number)
{
    return (void *)number; /* queues carry pointers and never look behind them */
}

static void items_leave_in_the_order_they_came(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 5, MUTEX_QUEUE, NULL), ERR_OK);
    uintptr_t pushed = 0, popped = 0;
    /* The ring turns over many times, at each fill. */
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 1 + round % 5; i++)
            assert_int_equal(queue_push(&q, item(++pushed), NULL), ERR_OK);
        void *items[5];
        size_t count = queue_pop(&q, items, 5);
        assert_int_equal(count, 1 + round % 5);
        for (size_t i = 0; i < count; i++)
            assert_ptr_equal(items[i], item(++popped));
    }
    queue_release(&q);
}

static void pop_takes_no_more_than_asked(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 10, MUTEX_QUEUE, NULL), ERR_OK);
    for (uintptr_t i = 1; i <= 7; i++)
        queue_push(&q, item(i), NULL);
    void *items[7] = {0};
    assert_int_equal(queue_pop(&q, items, 3), 3);
    assert_ptr_equal(items[2], item(3));
    assert_null(items[3]);
    assert_int_equal(queue_count(&q), 4);
    assert_int_equal(queue_pop(&q, items, 7), 4);
    assert_ptr_equal(items[0], item(4));
    assert_ptr_equal(items[3], item(7));
    assert_int_equal(queue_count(&q), 0);
    queue_release(&q);
}

static void a_full_queue_refuses_until_there_is_room(void **state)
{
    (void)state;
    struct queue q;
    struct error e = {0};
    assert_int_equal(queue_init(&q, 2, MUTEX_QUEUE, NULL), ERR_OK);
    assert_int_equal(queue_push(&q, item(1), &e), ERR_OK);
    assert_int_equal(queue_push(&q, item(2), &e), ERR_OK);
    assert_int_equal(e.code, ERR_OK);
    assert_int_equal(queue_push(&q, item(3), &e), ERR_BUSY);
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(queue_count(&q), 2);
    void *items[2];
    assert_int_equal(queue_pop(&q, items, 1), 1);
    assert_int_equal(queue_push(&q, item(4), NULL), ERR_OK);
    assert_int_equal(queue_pop(&q, items, 2), 2);
    assert_ptr_equal(items[0], item(2));
    assert_ptr_equal(items[1], item(4));
    queue_release(&q);
}

static void a_closed_queue_is_drained_and_takes_nothing(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 4, MUTEX_QUEUE, NULL), ERR_OK);
    queue_push(&q, item(1), NULL);
    queue_push(&q, item(2), NULL);
    queue_close(&q);
    queue_close(&q);
    assert_int_equal(queue_push(&q, item(3), NULL), ERR_UNAVAILABLE);
    void *items[4];
    assert_int_equal(queue_pop(&q, items, 1), 1);
    assert_int_equal(queue_pop(&q, items, 4), 1);
    assert_ptr_equal(items[0], item(2));
    assert_int_equal(queue_pop(&q, items, 4), 0);
    assert_int_equal(queue_pop(&q, items, 4), 0);
    queue_release(&q);
}

static void a_queue_without_memory_is_refused(void **state)
{
    (void)state;
    struct queue q;
    struct error e = {0};
    assert_int_equal(queue_init(&q, SIZE_MAX / 4, MUTEX_QUEUE, &e), ERR_NO_MEMORY);
    assert_int_equal(e.code, ERR_NO_MEMORY);
}

static void release_twice_is_fine(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 1, MUTEX_QUEUE, NULL), ERR_OK);
    queue_release(&q);
    queue_release(&q);
}

struct consumer {
    struct queue *queue;
    struct thread thread;
    size_t count, largest_batch;
    bool in_order;
};

enum { PRODUCERS = 3, CONSUMERS = 3, PER_PRODUCER = 3000, BATCH = 16 };
static _Atomic unsigned char times_seen[PRODUCERS][PER_PRODUCER];

/* An item is producer * PER_PRODUCER + number, plus 1. */
static void *consume(void *context)
{
    struct consumer *c = context;
    intptr_t last[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        last[i] = -1;
    c->in_order = true;
    void *items[BATCH];
    size_t count;
    while ((count = queue_pop(c->queue, items, BATCH)) > 0) {
        for (size_t i = 0; i < count; i++) {
            uintptr_t value = (uintptr_t)items[i] - 1;
            intptr_t number = (intptr_t)(value % PER_PRODUCER);
            uintptr_t producer = value / PER_PRODUCER;
            c->in_order = c->in_order && number > last[producer];
            last[producer] = number;
            atomic_fetch_add(&times_seen[producer][number], 1);
        }
        c->count += count;
        c->largest_batch = count > c->largest_batch ? count : c->largest_batch;
    }
    return NULL;
}

struct producer {
    struct queue *queue;
    struct thread thread;
    uintptr_t index;
};

static void *produce(void *context)
{
    struct producer *p = context;
    for (uintptr_t i = 0; i < PER_PRODUCER; i++) {
        while (queue_push(p->queue, item(p->index * PER_PRODUCER + i + 1), NULL) == ERR_BUSY)
            sched_yield();
    }
    return NULL;
}

static void each_item_reaches_one_consumer_in_its_producers_order(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 64, MUTEX_QUEUE, NULL), ERR_OK);
    struct consumer consumers[CONSUMERS] = {0};
    struct producer producers[PRODUCERS] = {0};
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i].queue = &q;
        assert_int_equal(thread_start(&consumers[i].thread,
                                      &(struct thread_options){.name = "consumer"}, consume,
                                      &consumers[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i].queue = &q;
        producers[i].index = (uintptr_t)i;
        assert_int_equal(thread_start(&producers[i].thread,
                                      &(struct thread_options){.name = "producer"}, produce,
                                      &producers[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < PRODUCERS; i++)
        thread_join(&producers[i].thread);
    queue_close(&q);
    size_t total = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        thread_join(&consumers[i].thread);
        assert_true(consumers[i].in_order);
        assert_true(consumers[i].largest_batch <= BATCH);
        total += consumers[i].count;
    }
    assert_int_equal(total, PRODUCERS * PER_PRODUCER);
    for (int p = 0; p < PRODUCERS; p++) {
        for (int i = 0; i < PER_PRODUCER; i++)
            assert_int_equal(atomic_load(&times_seen[p][i]), 1);
    }
    queue_release(&q);
}

static void close_wakes_waiting_consumers(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 4, MUTEX_QUEUE, NULL), ERR_OK);
    struct consumer consumers[CONSUMERS] = {0};
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i].queue = &q;
        assert_int_equal(thread_start(&consumers[i].thread,
                                      &(struct thread_options){.name = "consumer"}, consume,
                                      &consumers[i], NULL),
                         ERR_OK);
    }
    test_pause_ms(5);
    queue_close(&q);
    for (int i = 0; i < CONSUMERS; i++) {
        thread_join(&consumers[i].thread);
        assert_int_equal(consumers[i].count, 0);
    }
    queue_release(&q);
}

static void pop_with_a_mutex(void *context) UNCHECKED_LOCKS
{
    struct queue *q = context;
    struct mutex m;
    mutex_init(&m, MUTEX_JOBS);
    mutex_lock(&m);
    void *items[1];
    queue_pop(q, items, 1);
}

static void popping_with_a_mutex_held_aborts(void **state)
{
    (void)state;
    struct queue q;
    assert_int_equal(queue_init(&q, 4, MUTEX_QUEUE, NULL), ERR_OK);
    queue_push(&q, item(1), NULL);
    assert_true(
        child_aborts(pop_with_a_mutex, &q, (const char *const[]){"queue_pop", "JOBS", NULL}));
    queue_release(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(popping_with_a_mutex_held_aborts),
        cmocka_unit_test(items_leave_in_the_order_they_came),
        cmocka_unit_test(pop_takes_no_more_than_asked),
        cmocka_unit_test(a_full_queue_refuses_until_there_is_room),
        cmocka_unit_test(a_closed_queue_is_drained_and_takes_nothing),
        cmocka_unit_test(a_queue_without_memory_is_refused),
        cmocka_unit_test(release_twice_is_fine),
        cmocka_unit_test(each_item_reaches_one_consumer_in_its_producers_order),
        cmocka_unit_test(close_wakes_waiting_consumers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
