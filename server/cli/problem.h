/* A server's refusal (application/problem+json) back as the error that it was made from. */
#ifndef SERVER_CLI_PROBLEM_H
#define SERVER_CLI_PROBLEM_H

#include "base/error.h"

/* One of the places that a refusal names. */
struct problem_place {
    int64_t line; /* 0 = none */
    int32_t column;
    char detail[256];
};

/* Fills *e with code, message, line, column and the first pointer, and returns the code. What is no
 * problem text (a proxy's page) becomes a message about the status. The request id ends the message
 * where the fault is the server's (5xx). */
enum err problem_read(const char *text, size_t length, int status, struct error *e);
/* Its places in order, at most `max`; how many there are. */
size_t problem_places(const char *text, size_t length, struct problem_place *ret_places,
                      size_t max);

#endif
