#include "orders/client_id.h"

#include <string.h>

enum { INCARNATION_DIGITS = 4, BRACKET_DIGITS = 26, GENERATION_DIGITS = 7 };

static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

static bool instance_valid(const char *text, size_t length)
{
    if (length < 1 || length > CLIENT_ID_INSTANCE_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!text[i] || !strchr(base36, text[i]))
            return false;
    return true;
}

/* 128 bits as 26 digits of 5 bits; the first holds the 3 bits that are left over. */
static void format_bracket(const struct uuid *id, char *out)
{
    unsigned __int128 x = 0;
    for (size_t i = 0; i < sizeof(id->bytes); i++)
        x = x << 8 | id->bytes[i];
    for (int i = BRACKET_DIGITS - 1; i >= 0; i--, x >>= 5)
        out[i] = crockford[x & 31];
}

static bool parse_bracket(const char *text, struct uuid *ret)
{
    unsigned __int128 x = 0;
    for (int i = 0; i < BRACKET_DIGITS; i++) {
        const char *digit = text[i] ? strchr(crockford, text[i]) : NULL;
        if (!digit || (i == 0 && digit - crockford > 7))
            return false;
        x = x << 5 | (unsigned)(digit - crockford);
    }
    for (int i = (int)sizeof(ret->bytes) - 1; i >= 0; i--, x >>= 8)
        ret->bytes[i] = (unsigned char)x;
    return true;
}

static void format_generation(int32_t generation, char *out)
{
    char digits[GENERATION_DIGITS];
    int count = 0;
    for (; generation > 0; generation /= 10)
        digits[count++] = (char)('0' + generation % 10);
    while (count > 0)
        *out++ = digits[--count];
    *out = '\0';
}

/* By hand: it is made for each order at the broker and each poll of one, on small stacks. */
bool client_id_format(const struct client_id *id, char out[CLIENT_ID_TEXT])
{
    size_t length = strnlen(id->instance, sizeof(id->instance));
    if (!instance_valid(id->instance, length) || id->incarnation < 0 ||
        id->incarnation >= CLIENT_ID_INCARNATIONS || (size_t)id->leg >= LEG_COUNT ||
        id->generation < 1 || id->generation > CLIENT_ID_GENERATION_MAX)
        return false;
    memcpy(out, id->instance, length);
    out += length;
    int32_t rest = id->incarnation;
    for (int i = INCARNATION_DIGITS - 1; i >= 0; i--, rest /= 36)
        out[i] = base36[rest % 36];
    out += INCARNATION_DIGITS;
    *out++ = '-';
    format_bracket(&id->bracket, out);
    out += BRACKET_DIGITS;
    *out++ = '-';
    *out++ = leg_letter(id->leg);
    format_generation(id->generation, out);
    return true;
}

static bool parse_leg(char letter, enum leg *ret)
{
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        if (leg_letter((enum leg)leg) == letter) {
            *ret = (enum leg)leg;
            return true;
        }
    }
    return false;
}

/* One letter at least. */
static bool parse_generation(const char *text, size_t length, int32_t *ret)
{
    if (length > GENERATION_DIGITS || text[0] == '0')
        return false;
    *ret = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *ret = *ret * 10 + (text[i] - '0');
    }
    return true;
}

bool client_id_parse(const char *text, size_t length, struct client_id *ret)
{
    const char *dash = length <= CLIENT_ID_MAX ? memchr(text, '-', length) : NULL;
    size_t head = dash ? (size_t)(dash - text) : 0;
    if (head <= INCARNATION_DIGITS || length < head + 1 + BRACKET_DIGITS + 1 + 2 ||
        !instance_valid(text, head - INCARNATION_DIGITS))
        return false;
    struct client_id id = {0};
    memcpy(id.instance, text, head - INCARNATION_DIGITS);
    for (size_t i = head - INCARNATION_DIGITS; i < head; i++) {
        const char *digit = text[i] ? strchr(base36, text[i]) : NULL;
        if (!digit)
            return false;
        id.incarnation = id.incarnation * 36 + (int32_t)(digit - base36);
    }
    const char *tail = dash + 1 + BRACKET_DIGITS;
    if (!parse_bracket(dash + 1, &id.bracket) || tail[0] != '-' || !parse_leg(tail[1], &id.leg) ||
        !parse_generation(tail + 2, length - head - BRACKET_DIGITS - 3, &id.generation))
        return false;
    *ret = id;
    return true;
}
