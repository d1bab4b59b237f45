#include "server/key_json.h"

#include "server/keys.h"

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
    json_member_time(w, "created_at", key->created_at_ns);
    json_key(w, "revoked_at");
    if (key->revoked_at_ns != 0)
        json_time(w, key->revoked_at_ns);
    else
        json_null(w);
}
