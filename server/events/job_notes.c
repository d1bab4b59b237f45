#include "server/events/job_notes.h"

#include "base/json_writer.h"

#include <string.h>

static bool same_state(const struct job_news *a, const struct job_news *b)
{
    const struct job_progress *p = &a->progress, *q = &b->progress;
    return a->status == b->status && a->removed == b->removed && p->shards_done == q->shards_done &&
           p->shards_total == q->shards_total && p->shards_cached == q->shards_cached &&
           p->bars_done == q->bars_done && p->bars_total == q->bars_total;
}

static void take_out(struct job_notes *n, size_t index)
{
    n->count--;
    memmove(&n->items[index], &n->items[index + 1], (n->count - index) * sizeof n->items[0]);
}

void job_notes_put(struct job_notes *n, const struct job_news *news)
{
    size_t i = 0;
    while (i < n->count && memcmp(&n->items[i].news.id, &news->id, sizeof news->id) != 0)
        i++;
    if (i < n->count && same_state(&n->items[i].news, news))
        return;
    if (i < n->count)
        take_out(n, i);
    else if (n->count == LIMIT_EVENT_JOBS)
        take_out(n, 0);
    n->items[n->count++] = (struct job_note){.news = *news, .change = ++n->changes};
}

static void add(struct strbuf *out, const struct job_news *news)
{
    struct json_writer w;
    char id[UUID_TEXT];
    uuid_format(&news->id, id);
    strbuf_add_string(out, "event: job\ndata: ");
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_member_string(&w, "id", id);
    if (news->removed) {
        json_member_string(&w, "status", "removed");
    } else {
        json_member_string(&w, "status", job_status_name(news->status));
        job_write_progress(&w, &news->progress, news->eta_s);
    }
    json_end_object(&w);
    strbuf_add_string(out, "\n\n");
}

void job_notes_read(const struct job_notes *n, int64_t *change, struct strbuf *out)
{
    bool begins = *change < 0;
    for (size_t i = 0; i < n->count; i++) {
        const struct job_news *news = &n->items[i].news;
        bool under_way = !news->removed && !job_status_is_final(news->status);
        if (begins ? under_way : n->items[i].change > *change)
            add(out, news);
    }
    *change = n->changes;
}
