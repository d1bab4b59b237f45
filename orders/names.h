/* The function that gives the name of an enum's value, out of the table that the enum is made of.
 * Private to orders/. */
#ifndef ORDERS_NAMES_H
#define ORDERS_NAMES_H

#include <stddef.h>

/* ROW takes a row of TABLE and leaves its name and a comma. */
#define NAME_OF(function, type, parameter, TABLE, ROW)                                             \
    const char *function(type parameter)                                                           \
    {                                                                                              \
        static const char *const names[] = {TABLE(ROW)};                                           \
        return (size_t)parameter < sizeof(names) / sizeof(names[0]) ? names[parameter] : "?";      \
    }

#define NAME_SECOND_OF_2(code, name) name,
#define NAME_SECOND_OF_3(code, name, more) name,
#define NAME_THIRD_OF_3(code, name, text) text,

#endif
