#include "server/key_json.h"

#include "server/keys.h"

static void write_limit(struct json_writer *w, const char *name, int64_t limit)
{
    json_key(w, name);
    if (limit != 0)
        json_decimal(w, limit);
    else
        json_null(w);
}

void key_json_members(struct json_writer *w, const struct key_row *key)
{
    char id[UUID_TEXT];
    uuid_format(&key->id, id);
    json_member_string(w, "id", id);
    json_member_string(w, "name", key->name);
    json_key(w, "scopes");
    json_begin_array(w);
    for (size_t i = 0; key_scope_names[i]; i++)
        if (key->scopes & (1u << i))
            json_string(w, key_scope_names[i]);
    json_end_array(w);
    write_limit(w, "max_order_notional", key->limits.max_order_notional);
    write_limit(w, "max_open_notional", key->limits.max_open_notional);
    json_member_time(w, "created_at", key->created_at_ns);
    json_key(w, "revoked_at");
    if (key->revoked_at_ns != 0)
        json_time(w, key->revoked_at_ns);
    else
        json_null(w);
}
