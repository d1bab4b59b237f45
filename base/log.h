/* The log: one JSON object a line on standard error, from any thread.
 *
 *   {"ts":"2026-01-02T14:30:00.123Z","level":"info","thread":"http-0","event":"listening","port":8080}
 *
 * Fields are made by the LOG_* macros. Secrets (keys) never go in.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name; /* NULL ends the list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_NUMBER, LOG_FIELD_BOOL } kind;
    const char *text;
    int64_t integer;
    double number;
};
#define LOG_TEXT(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_TEXT, .text = (v)})
#define LOG_INT(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_INT, .integer = (v)})
#define LOG_NUMBER(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_NUMBER, .number = (v)})
#define LOG_BOOL(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_BOOL, .integer = (v)})

/* Events below the level (LOG_INFO at first) are dropped. A line over 16 KiB loses its fields and
 * says "truncated":true. errno stays as it was; any mutex may be held. What can't be written is
 * lost.
 *
 *   log_event(LOG_INFO, "listening", LOG_TEXT("host", "127.0.0.1"), LOG_INT("port", 8080));
 */
#define log_event(level, event, ...)                                                               \
    log_write((level), (event), &(const struct log_field[]){{0}, ##__VA_ARGS__, {0}}[1])
void log_write(enum log_level level, const char *event, const struct log_field *fields);

void log_set_level(enum log_level level);
bool log_level_parse(const char *text, enum log_level *ret_level); /* debug info warn error */
void log_set_fd(int fd);                                           /* default 2 */

#endif
