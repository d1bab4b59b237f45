/* The page that a test shares with a server under the shim: what to do to which call, and what was
 * counted. The test maps the same file (tests/fault/page.py) and may write to it at any time.
 *
 * The file is named by FAULT_PAGE, the data folder by FAULT_DATA (its real path). All members are
 * int64 in the machine's byte order; page.py names them by their place, so new ones go to the end.
 */
#ifndef TESTS_FAULT_SHIM_PAGE_H
#define TESTS_FAULT_SHIM_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Classes of calls. Of files only those below the data folder count, of sockets all. */
enum fault_class {
    FAULT_WRITE,    /* write, pwrite, writev of a file */
    FAULT_SYNC,     /* fsync, fdatasync */
    FAULT_TRUNCATE, /* ftruncate, fallocate */
    FAULT_NAME,     /* unlink, rename */
    FAULT_SEND,     /* send, sendmsg, writev, write to a socket */
    FAULT_THREAD,   /* pthread_create with a small stack, as tracking threads have */
    FAULT_ANY,      /* each of the above but FAULT_THREAD, in one count */
    FAULT_CLASS_COUNT
};

enum fault_how {
    FAULT_NOTHING,
    FAULT_KILL_BEFORE,
    FAULT_KILL_HALF, /* of the bytes of a write or a send; of another call: before it */
    FAULT_KILL_AFTER,
    FAULT_ERROR, /* the call is not made and fails with rule.error */
};

/* Holds for the calls first..last of its class, counted from 1. The first rule that holds counts.
 * To change one while the server runs, set how to FAULT_NOTHING first and to its value last. */
struct fault_rule {
    int64_t how, class, first, last, error;
};

/* What is lost with a kill by a rule, beside the process: with the power gone too, whatever was
 * written to files of the data folder since they were last synced. */
enum fault_power {
    FAULT_POWER_STAYS,
    FAULT_POWER_LOSES_ALL,
    FAULT_POWER_LOSES_SOME, /* each write or half of one by chance, from power_seed */
};

enum {
    FAULT_RULES = 4,
    FAULT_PAGE_BYTES = 4096,
    FAULT_SMALL_STACK_BYTES = 64 * 1024,
    FAULT_STALL_NS = 20 * 1000 * 1000
};
#define FAULT_PAGE_MAGIC INT64_C(0x3167617074666162)

struct fault_page {
    int64_t magic;
    int64_t calls[FAULT_CLASS_COUNT]; /* so far */
    struct fault_rule rules[FAULT_RULES];
    int64_t power; /* set it before the server starts */
    int64_t power_seed;
    int64_t sync_delay_ms;   /* added to each FAULT_SYNC */
    int64_t clock_offset_ns; /* added to the wall clock */
    int64_t killed_at;       /* the count at which a rule killed; 0 = none did */
    int64_t killed_class;
    int64_t lost_writes; /* taken back with the power */
    int64_t errors;      /* calls that a rule made fail */
    int64_t stalled_ns;  /* what writes and syncs of files took, each beyond FAULT_STALL_NS */
};

/* NULL outside a test. */
struct fault_page *fault_page(void);

/* Counts a call and says what to do with it; *ret_error is written with FAULT_ERROR. */
enum fault_how fault_count(enum fault_class class, int *ret_error);

/* The steady clock; and the notice that a call on a file took since then. */
int64_t fault_now_ns(void);
void fault_took_since(int64_t begin_ns);

/* Ends the process as kill -9 does, and the power as the page says. */
_Noreturn void fault_kill(void);

/* The next function of this name after the shim's own: libc's. */
void *fault_next(const char *name);
#define FAULT_NEXT(name)                                                                           \
    ({                                                                                             \
        static __typeof__(&(name)) next;                                                           \
        if (!next)                                                                                 \
            next = (__typeof__(&(name)))fault_next(#name);                                         \
        next;                                                                                      \
    })

#endif
