#include "server/cli/event_reader.h"

#include <string.h>

enum { LINE_BYTES_MAX = 1 << 20 };

void event_reader_init(struct event_reader *r, event_reader_fn *fn, void *context)
{
    *r = (struct event_reader){.fn = fn, .context = context};
    strbuf_init(&r->line, LINE_BYTES_MAX);
    strbuf_init(&r->data, LINE_BYTES_MAX);
    strbuf_init(&r->id, LINE_BYTES_MAX);
    strbuf_init(&r->next_id, LINE_BYTES_MAX);
    strbuf_init(&r->type, LINE_BYTES_MAX);
}

void event_reader_release(struct event_reader *r)
{
    strbuf_release(&r->line);
    strbuf_release(&r->data);
    strbuf_release(&r->id);
    strbuf_release(&r->next_id);
    strbuf_release(&r->type);
}

static void set(struct strbuf *field, const char *value)
{
    strbuf_clear(field);
    strbuf_add_string(field, value);
}

void event_reader_restart(struct event_reader *r)
{
    strbuf_clear(&r->line);
    strbuf_clear(&r->data);
    strbuf_clear(&r->type);
    set(&r->next_id, strbuf_text(&r->id));
    r->after_cr = false;
}

const char *event_reader_last_id(const struct event_reader *r)
{
    return strbuf_text(&r->id);
}

static bool dispatch(struct event_reader *r)
{
    bool goes_on = true;
    set(&r->id, strbuf_text(&r->next_id));
    if (r->data.length > 0) {
        const struct event_read event = {
            .id = strbuf_text(&r->id),
            .type = r->type.length ? strbuf_text(&r->type) : "message",
            .data = strbuf_text(&r->data),
        };
        goes_on = r->fn(r->context, &event);
    }
    strbuf_clear(&r->data);
    strbuf_clear(&r->type);
    return goes_on;
}

/* Fields that are not known (retry among them) are ignored, as are comments. */
static bool take_line(struct event_reader *r)
{
    const char *line = strbuf_text(&r->line);
    if (*line == '\0')
        return dispatch(r);
    size_t name_length = strcspn(line, ":");
    const char *value = line + name_length + (line[name_length] == ':');
    value += *value == ' ';
    if (name_length == 4 && memcmp(line, "data", 4) == 0) {
        if (r->data.length)
            strbuf_add_char(&r->data, '\n');
        strbuf_add_string(&r->data, value);
    } else if (name_length == 5 && memcmp(line, "event", 5) == 0) {
        set(&r->type, value);
    } else if (name_length == 2 && memcmp(line, "id", 2) == 0) {
        set(&r->next_id, value);
    }
    return !strbuf_failed(&r->data) && !strbuf_failed(&r->type) && !strbuf_failed(&r->next_id);
}

bool event_reader_feed(struct event_reader *r, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool ends = c == '\r' || (c == '\n' && !r->after_cr);
        bool skipped = c == '\n' && r->after_cr;
        r->after_cr = c == '\r';
        if (skipped)
            continue;
        if (!ends) {
            strbuf_add_char(&r->line, c);
            if (strbuf_failed(&r->line))
                return false;
            continue;
        }
        bool goes_on = take_line(r);
        strbuf_clear(&r->line);
        if (!goes_on)
            return false;
    }
    return true;
}
