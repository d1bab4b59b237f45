/* Forbidden calls of libc, as compile errors. The Makefile puts this before every source file with
 * `-include`; no file includes it itself.
 *
 * Each name is a function-like macro that leaves an undeclared identifier where it is called, which
 * says what to use instead. The headers that declare the names come first, so that they are never
 * touched.
 * (#pragma GCC poison would also refuse a struct member called `sleep` in somebody else's header.)
 *
 * A test that compares ours with libc's may #undef one name, beside a comment that says why.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name, instead) banned__##name##__use_##instead

/* No bound on what is written. */
#undef strcpy
#undef strcat
#undef stpcpy
#undef sprintf
#undef vsprintf
#undef gets
#define strcpy(...) BANNED(strcpy, strbuf_or_arena)
#define strcat(...) BANNED(strcat, strbuf_or_arena)
#define stpcpy(...) BANNED(stpcpy, strbuf_or_arena)
#define sprintf(...) BANNED(sprintf, snprintf)
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#define gets(...) BANNED(gets, getline)

/* Bounded, and wrong at the bound. */
#undef strncpy
#undef strncat
#define strncpy(...) BANNED(strncpy, memcpy_or_snprintf)
#define strncat(...) BANNED(strncat, strbuf)

/* State shared by all threads. */
#undef strtok
#undef strerror
#undef rand
#undef srand
#define strtok(...) BANNED(strtok, strchr_or_strspn)
#define strerror(...) BANNED(strerror, error_errno_or_strerror_r)
#define rand(...) BANNED(rand, base_random)
#define srand(...) BANNED(srand, base_random)

/* A global lock, and one zone per process. */
#undef gmtime
#undef gmtime_r
#undef localtime
#undef localtime_r
#undef mktime
#undef timegm
#undef asctime
#undef asctime_r
#undef ctime
#undef ctime_r
#define gmtime(...) BANNED(gmtime, base_civil)
#define gmtime_r(...) BANNED(gmtime_r, base_civil)
#define localtime(...) BANNED(localtime, base_zone)
#define localtime_r(...) BANNED(localtime_r, base_zone)
#define mktime(...) BANNED(mktime, base_zone)
#define timegm(...) BANNED(timegm, base_civil)
#define asctime(...) BANNED(asctime, base_rfc3339)
#define asctime_r(...) BANNED(asctime_r, base_rfc3339)
#define ctime(...) BANNED(ctime, base_rfc3339)
#define ctime_r(...) BANNED(ctime_r, base_rfc3339)

/* No way to tell a mistake. */
#undef atoi
#undef atol
#undef atoll
#undef atof
#define atoi(...) BANNED(atoi, strtol_or_our_parsers)
#define atol(...) BANNED(atol, strtol_or_our_parsers)
#define atoll(...) BANNED(atoll, strtoll_or_our_parsers)
#define atof(...) BANNED(atof, number_parse)

/* A wait that nothing can end. */
#undef sleep
#undef usleep
#undef nanosleep
#define sleep(...) BANNED(sleep, condition_wait_until)
#define usleep(...) BANNED(usleep, condition_wait_until)
#define nanosleep(...) BANNED(nanosleep, condition_wait_until)

#endif
