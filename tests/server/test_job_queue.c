#include "server/jobs/job_table.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { JOBS = 64 };

/* Jobs named by one letter, their key, and a number. */
struct crowd {
    struct job *jobs[JOBS];
    size_t count;
    struct job_queue queue;
};

static struct job *queue_job(struct crowd *c, char key)
{
    struct job_row row = {.request = "{}", .created_at_ns = (int64_t)c->count};
    memset(row.key_id.bytes, key, sizeof row.key_id.bytes);
    struct job *job = job_create(&row);
    c->jobs[c->count++] = job;
    job_queue_push(&c->queue, job);
    return job;
}

static void release(struct crowd *c)
{
    for (size_t i = 0; i < c->count; i++)
        job_free(c->jobs[i]);
}

static bool anyone(void *context, const struct uuid *key)
{
    (void)context;
    (void)key;
    return true;
}

static bool not_this_one(void *context, const struct uuid *key)
{
    return key->bytes[0] != *(const unsigned char *)context;
}

/* The keys of the next jobs, and that each key's jobs come in order of arrival. */
static void pop_all(struct crowd *c, char *out)
{
    int64_t last[128];
    memset(last, -1, sizeof last);
    for (struct job *job; (job = job_queue_pop(&c->queue, anyone, NULL)); out++) {
        *out = (char)job->row.key_id.bytes[0];
        assert_true(job->row.created_at_ns > last[(unsigned char)*out]);
        last[(unsigned char)*out] = job->row.created_at_ns;
    }
    *out = '\0';
    assert_int_equal(c->queue.count, 0);
}

static void keys_take_turns(void **state)
{
    (void)state;
    struct crowd c = {0};
    char order[JOBS + 1];
    for (const char *key = "aaaaabbbc"; *key; key++)
        queue_job(&c, *key);
    assert_int_equal(c.queue.count, 9);
    pop_all(&c, order);
    assert_string_equal(order, "abcababaa");
    release(&c);
}

static void who_comes_late_waits_for_one_job_of_each_other_key_at_most(void **state)
{
    (void)state;
    struct crowd c = {0};
    char order[JOBS + 1];
    for (int i = 0; i < 50; i++)
        queue_job(&c, 'a');
    for (int i = 0; i < 3; i++)
        assert_int_equal(job_queue_pop(&c.queue, anyone, NULL)->row.key_id.bytes[0], 'a');
    queue_job(&c, 'b');
    pop_all(&c, order);
    assert_memory_equal(order, "aba", 3);
    release(&c);
}

static void a_key_that_comes_back_at_once_does_not_get_two_turns(void **state)
{
    (void)state;
    struct crowd c = {0};
    for (int i = 0; i < 5; i++)
        queue_job(&c, 'a');
    queue_job(&c, 'b');
    for (const char *key = "abababa"; *key; key++) {
        struct job *job = job_queue_pop(&c.queue, anyone, NULL);
        assert_int_equal(job->row.key_id.bytes[0], *key);
        if (*key == 'b')
            queue_job(&c, 'b');
    }
    release(&c);
}

static void a_key_that_may_not_run_keeps_its_turn(void **state)
{
    (void)state;
    struct crowd c = {0};
    char order[JOBS + 1];
    unsigned char held = 'a';
    for (const char *key = "aabcc"; *key; key++)
        queue_job(&c, *key);
    assert_int_equal(job_queue_pop(&c.queue, not_this_one, &held)->row.key_id.bytes[0], 'b');
    assert_int_equal(job_queue_pop(&c.queue, not_this_one, &held)->row.key_id.bytes[0], 'c');
    assert_int_equal(job_queue_pop(&c.queue, not_this_one, &held)->row.key_id.bytes[0], 'c');
    assert_null(job_queue_pop(&c.queue, not_this_one, &held));
    pop_all(&c, order);
    assert_string_equal(order, "aa");
    release(&c);
}

static void any_job_can_be_taken_out(void **state)
{
    (void)state;
    for (size_t out = 0; out < 9; out++) {
        struct crowd c = {0};
        char order[JOBS + 1], want[JOBS + 1];
        for (const char *key = "aaabbcabc"; *key; key++)
            queue_job(&c, *key);
        job_queue_remove(&c.queue, c.jobs[out]);
        assert_int_equal(c.queue.count, 8);
        /* The turns stay: the key's later jobs move up. */
        struct crowd left = {0};
        for (size_t i = 0; i < 9; i++)
            if (i != out)
                queue_job(&left, "aaabbcabc"[i]);
        pop_all(&left, want);
        pop_all(&c, order);
        assert_string_equal(order, want);
        release(&c);
        release(&left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_take_turns),
        cmocka_unit_test(who_comes_late_waits_for_one_job_of_each_other_key_at_most),
        cmocka_unit_test(a_key_that_comes_back_at_once_does_not_get_two_turns),
        cmocka_unit_test(a_key_that_may_not_run_keeps_its_turn),
        cmocka_unit_test(any_job_can_be_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
