#include "server/http/hosts.h"

#include <string.h>
#include <strings.h>

struct authority {
    const char *name;
    size_t name_length;
    const char *port; /* "" when absent */
};

/* "name", "name:port", "[v6]", "[v6]:port". The port is one to five digits. */
static bool split(const char *value, struct authority *ret)
{
    size_t length;
    if (value[0] == '[') {
        const char *close = strchr(value, ']');
        if (!close)
            return false;
        length = (size_t)(close + 1 - value);
    } else {
        length = strcspn(value, ":");
    }
    if (length == 0)
        return false;
    *ret = (struct authority){value, length, ""};
    if (value[length] == '\0')
        return true;
    if (value[length] != ':')
        return false;
    ret->port = value + length + 1;
    size_t digits = strspn(ret->port, "0123456789");
    return digits >= 1 && digits <= 5 && ret->port[digits] == '\0';
}

static bool same_name(const struct authority *a, const char *name, size_t length)
{
    return a->name_length == length && strncasecmp(a->name, name, length) == 0;
}

static bool matches(const struct authority *given, const char *allowed)
{
    struct authority a;
    if (!split(allowed, &a) || !same_name(given, a.name, a.name_length))
        return false;
    return a.port[0] == '\0' || strcmp(a.port, given->port) == 0;
}

/* The bound address has no brackets in the configuration, a Host has them. */
static bool is_bound(const struct hosts *hosts, const struct authority *given)
{
    size_t length = strlen(hosts->bound);
    if (same_name(given, hosts->bound, length))
        return true;
    return given->name[0] == '[' && given->name_length == length + 2 &&
           strncasecmp(given->name + 1, hosts->bound, length) == 0;
}

bool hosts_allow(const struct hosts *hosts, const char *value)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
    struct authority given;
    if (!split(value, &given))
        return false;
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
        if (same_name(&given, loopback[i], strlen(loopback[i])))
            return true;
    if (is_bound(hosts, &given))
        return true;
    for (size_t i = 0; i < hosts->name_count; i++)
        if (matches(&given, hosts->names[i]))
            return true;
    return false;
}
