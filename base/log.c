#include "base/log.h"

#include "base/civil.h"
#include "base/json_writer.h"
#include "base/mutex.h"
#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE_BYTES = 16 * 1024, STAMP_BYTES = 32 };

/* A pipe keeps a write whole only up to PIPE_BUF; the mutex does for longer lines. */
static struct mutex one_line = MUTEX_INITIALIZER(MUTEX_LOG);
static _Atomic int log_fd = STDERR_FILENO;
static _Atomic int least_level = LOG_INFO;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

void log_set_level(enum log_level level)
{
    atomic_store(&least_level, (int)level);
}

void log_set_fd(int fd)
{
    atomic_store(&log_fd, fd);
}

bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Always three decimals, so that lines align and sort as text. */
static void format_stamp(char out[STAMP_BYTES])
{
    int64_t ms = clock_realtime_ns(clock_real()) / NS_PER_MS;
    int32_t second = (int32_t)(ms / 1000 % 86400);
    char date[11];
    civil_format((int32_t)(ms / (86400 * 1000)), date);
    snprintf(out, STAMP_BYTES, "%sT%02d:%02d:%02d.%03dZ", date, second / 3600, second / 60 % 60,
             second % 60, (int)(ms % 1000));
}

static void add_field(struct json_writer *w, const struct log_field *field)
{
    json_key(w, field->name);
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        json_string(w, field->text);
        break;
    case LOG_FIELD_INT:
        json_int(w, field->integer);
        break;
    case LOG_FIELD_NUMBER:
        json_number(w, field->number);
        break;
    case LOG_FIELD_BOOL:
        json_bool(w, field->integer != 0);
        break;
    }
}

static void render(struct strbuf *line, enum log_level level, const char *event,
                   const struct log_field *fields)
{
    char stamp[STAMP_BYTES];
    format_stamp(stamp);
    char thread[THREAD_NAME_MAX];
    thread_get_name(thread);

    struct json_writer w;
    json_writer_init(&w, line);
    json_begin_object(&w);
    json_member_string(&w, "ts", stamp);
    json_member_string(&w, "level", level_names[level]);
    json_member_string(&w, "thread", thread);
    json_member_string(&w, "event", event);
    for (; fields->name; fields++)
        add_field(&w, fields);
    json_end_object(&w);
    strbuf_add_char(line, '\n');
}

/* One write, and more only where the kernel took a part. What fails for good is given up: there is
 * no place left to tell it. */
static void write_line(const char *text, size_t length)
{
    mutex_lock(&one_line);
    int fd = atomic_load(&log_fd);
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            break;
        text += written;
        length -= (size_t)written;
    }
    mutex_unlock(&one_line);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    int saved_errno = errno;

    struct strbuf line;
    strbuf_init(&line, MAX_LINE_BYTES);
    render(&line, level, event, fields);
    if (strbuf_failed(&line)) {
        strbuf_clear(&line);
        render(&line, level, event, (const struct log_field[]){LOG_BOOL("truncated", true), {0}});
    }
    if (strbuf_failed(&line)) {
        static const char lost[] = "{\"level\":\"error\",\"event\":\"log_line_lost\"}\n";
        write_line(lost, sizeof lost - 1);
    } else {
        write_line(strbuf_text(&line), line.length);
    }
    strbuf_release(&line);
    errno = saved_errno;
}
