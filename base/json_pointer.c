#include "base/json_pointer.h"

#include <assert.h>
#include <stdio.h>

void json_pointer_init(struct json_pointer *p)
{
    *p = (struct json_pointer){.length = 0};
}

void json_pointer_push_name(struct json_pointer *p, const char *name, size_t length)
{
    size_t end = p->length;
    bool fits = p->left_off == 0 && end + 1 < sizeof p->text;
    if (fits)
        p->text[end++] = '/';
    for (size_t i = 0; i < length && fits; i++) {
        bool escaped = name[i] == '~' || name[i] == '/';
        fits = end + 1 + escaped < sizeof p->text;
        if (!fits)
            break;
        if (escaped)
            p->text[end++] = '~';
        p->text[end++] = name[i] == '~' ? '0' : name[i] == '/' ? '1' : name[i];
    }
    if (fits)
        p->length = end;
    else
        p->left_off++;
    p->text[p->length] = '\0';
}

void json_pointer_push_index(struct json_pointer *p, size_t index)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", index);
    json_pointer_push_name(p, digits, (size_t)length);
}

void json_pointer_pop(struct json_pointer *p)
{
    if (p->left_off > 0) {
        p->left_off--;
        return;
    }
    assert(p->length > 0);
    while (p->text[--p->length] != '/')
        continue;
    p->text[p->length] = '\0';
}
