/* Reads a stream of server-sent events out of bytes as they come in.
 *
 * source: WHATWG HTML Living Standard, section 9.2 (lines, fields, dispatch at an empty line)
 */
#ifndef SERVER_CLI_EVENT_READER_H
#define SERVER_CLI_EVENT_READER_H

#include "base/strbuf.h"

/* One event, valid during the call. */
struct event_read {
    const char *id;   /* the newest one that the stream named, "" = none so far */
    const char *type; /* "message" when the stream does not say */
    const char *data; /* its lines, joined by line breaks */
};
/* false ends the reading. */
typedef bool event_reader_fn(void *context, const struct event_read *event);

struct event_reader {
    event_reader_fn *fn;
    void *context;
    struct strbuf line, data, type;
    struct strbuf next_id, id; /* of the event being read, of the last one told */
    bool after_cr;             /* a line feed that follows belongs to the break before */
};

void event_reader_init(struct event_reader *r, event_reader_fn *fn, void *context);
void event_reader_release(struct event_reader *r);
/* False when fn said so, or a line is too long. */
bool event_reader_feed(struct event_reader *r, const char *bytes, size_t length);
/* The connection has ended: what is half read is dropped. */
void event_reader_restart(struct event_reader *r);
/* Of the last event told: what to send as Last-Event-ID. "" = none yet. */
const char *event_reader_last_id(const struct event_reader *r);

#endif
