#include "server/cli/event_reader.h"
#include "tests/support/test.h"

#include <string.h>

struct seen {
    struct event_reader reader;
    struct strbuf text; /* "id/type/data;" of each event */
    int left;           /* so many more are wanted */
};

static bool note(void *context, const struct event_read *event)
{
    struct seen *s = context;
    strbuf_add_format(&s->text, "%s/%s/%s;", event->id, event->type, event->data);
    return --s->left > 0;
}

static bool read_in_steps(struct seen *s, const char *stream, size_t step)
{
    size_t length = strlen(stream);
    bool goes_on = true;
    strbuf_init(&s->text, 1 << 16);
    s->left = 100;
    event_reader_init(&s->reader, note, s);
    for (size_t i = 0; goes_on && i < length; i += step)
        goes_on = event_reader_feed(&s->reader, stream + i, length - i < step ? length - i : step);
    return goes_on;
}

static void release(struct seen *s)
{
    event_reader_release(&s->reader);
    strbuf_release(&s->text);
}

static void events_are_the_same_in_pieces_of_any_size(void **state)
{
    static const char stream[] =
        "retry: 1000\n\n: breath\n\nid: 7\nevent: order\ndata: {\"a\":1}\n\n"
        "data:x\ndata: y\n\nid:8\r\nevent:job\r\ndata: z\r\n\r\ndata: half";
    (void)state;
    for (size_t step = 1; step < sizeof(stream); step++) {
        struct seen s;
        assert_true(read_in_steps(&s, stream, step));
        assert_string_equal(strbuf_text(&s.text), "7/order/{\"a\":1};7/message/x\ny;8/job/z;");
        release(&s);
    }
}

static void a_broken_connection_drops_what_is_half_read_and_keeps_the_id(void **state)
{
    struct seen s;
    (void)state;
    assert_true(read_in_steps(&s, "id: 3\ndata: a\n\nid: 4\ndata: b\nda", 100));
    event_reader_restart(&s.reader);
    assert_string_equal(event_reader_last_id(&s.reader), "3");
    assert_true(event_reader_feed(&s.reader, "data: c\n\n", 9));
    assert_string_equal(strbuf_text(&s.text), "3/message/a;3/message/c;");
    release(&s);
}

static void the_reader_may_have_enough(void **state)
{
    struct seen s;
    (void)state;
    read_in_steps(&s, "data: a\n\n", 1);
    s.left = 1;
    assert_false(event_reader_feed(&s.reader, "data: b\n\ndata: c\n\n", 18));
    assert_string_equal(strbuf_text(&s.text), "/message/a;/message/b;");
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_broken_connection_drops_what_is_half_read_and_keeps_the_id),
        cmocka_unit_test(the_reader_may_have_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
