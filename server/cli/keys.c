/* bracketd keys: who may use the API. */
#include "server/keys.h"

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "base/uuid.h"
#include "server/cli/answer.h"
#include "server/cli/command.h"
#include "server/cli/keys_work.h"
#include "server/cli/table.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 64 << 20, SCOPES_TEXT = 64 };

struct keys_options {
    struct target_options target;
    const char *name, *scopes, *id, *max_order, *max_open;
    bool plain, json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "name", .kind = OPTION_TEXT, .offset = offsetof(struct keys_options, name), .value = "NAME",
     .help = "of the key: to create or to revoke"},
    {.name = "scopes", .kind = OPTION_TEXT, .offset = offsetof(struct keys_options, scopes), .value = "A,B",
     .help = "of read, backtest, trade, admin (admin includes the others)"},
    {.name = "max-order-notional", .kind = OPTION_TEXT, .offset = offsetof(struct keys_options, max_order), .value = "CASH",
     .help = "create, with scope trade: what each of its orders may come to"},
    {.name = "max-open-notional", .kind = OPTION_TEXT, .offset = offsetof(struct keys_options, max_open), .value = "CASH",
     .help = "create, with scope trade: what its open orders may come to together"},
    {.name = "id", .kind = OPTION_TEXT, .offset = offsetof(struct keys_options, id), .value = "ID",
     .help = "of the key to revoke, instead of its name"},
    {.name = "plain", .kind = OPTION_FLAG, .offset = offsetof(struct keys_options, plain),
     .help = "create: print the key and nothing else"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct keys_options, json),
     .help = "print the NewKey or the KeyPage of openapi.yaml"},
    TARGET_OPTION_ROWS(struct keys_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "keys",
    .synopsis = "create|list|revoke [options]",
    .summary = "Make, list and revoke API keys. A key is shown when it is made, and never again.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd keys create --name notebook --scopes read,backtest",
};

/* ---- layouts ---- */

static void scopes_text(const struct json_value *key, char out[SCOPES_TEXT])
{
    const struct json_value *scope = json_value_first(json_value_member(key, "scopes"));
    size_t length = 0;
    out[0] = '\0';
    for (; scope && length < SCOPES_TEXT; scope = json_value_next(scope)) {
        const char *name = json_value_text(scope);
        length += (size_t)snprintf(out + length, SCOPES_TEXT - length, "%s%s", length ? "," : "",
                                   name ? name : "");
    }
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void new_key_layout(FILE *out, const struct json_value *key)
{
    char scopes[SCOPES_TEXT];
    const char *text = or_else(json_value_member_text(key, "key"), "");
    scopes_text(key, scopes);
    fprintf(out, "Key '%s' (%s), shown this once:\n\n    %s\n\n",
            or_else(json_value_member_text(key, "name"), ""), scopes, text);
    fprintf(out,
            "Send it as 'Authorization: Bearer <key>', or put it into BRACKETD_KEY for --url.\n");
}

static void plain_key_layout(FILE *out, const struct json_value *key)
{
    fprintf(out, "%s\n", or_else(json_value_member_text(key, "key"), ""));
}

static const char *when(const struct json_value *key, const char *name, char out[TEXT_FORMAT_MAX])
{
    const char *text = json_value_member_text(key, name);
    int64_t ns;
    if (!text || rfc3339_parse(text, strlen(text), &ns, NULL))
        return "-";
    return format_local(ns, zone_utc(), out);
}

static void key_table_layout(FILE *out, const struct json_value *page)
{
    static const char *const names[] = {"name",          "scopes",        "max order", "max open",
                                        "created (UTC)", "revoked (UTC)", "id"};
    struct table t;
    table_init(&t, "llrrlll");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(&t, TABLE_BOLD, "%s", names[i]);
    const struct json_value *key = json_value_first(json_value_member(page, "items"));
    for (; key; key = json_value_next(key)) {
        char scopes[SCOPES_TEXT], text[TEXT_FORMAT_MAX];
        scopes_text(key, scopes);
        table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(key, "name"), ""));
        table_cell(&t, TABLE_PLAIN, "%s", scopes);
        table_cell(&t, TABLE_PLAIN, "%s",
                   or_else(json_value_member_text(key, "max_order_notional"), "-"));
        table_cell(&t, TABLE_PLAIN, "%s",
                   or_else(json_value_member_text(key, "max_open_notional"), "-"));
        table_cell(&t, TABLE_PLAIN, "%s", when(key, "created_at", text));
        table_cell(&t, TABLE_PLAIN, "%s", when(key, "revoked_at", text));
        table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(key, "id"), ""));
    }
    table_print(&t, out, 0, terminal_has_colour(out));
    table_release(&t);
}

/* ---- actions ---- */

typedef int action(struct target *target, const struct keys_options *o);

static enum err read_limit(const char *text, const char *option, int64_t *ret, struct error *e)
{
    int64_t limit = 0;
    if (text && (decimal_parse(text, strlen(text), &limit, NULL) || limit < 1 ||
                 limit > LIMIT_ORDER_NOTIONAL))
        return error_set(e, ERR_INVALID, "%s: '%.40s' is no sum of cash up to 1000000000", option,
                         text);
    *ret = limit;
    return ERR_OK;
}

static enum err read_terms(const struct keys_options *o, struct key_terms *ret, struct error *e)
{
    enum err err;
    *ret = (struct key_terms){.name = o->name};
    if ((err = key_scopes_parse(o->scopes, &ret->scopes, e)) ||
        (err =
             read_limit(o->max_order, "--max-order-notional", &ret->limits.max_order_notional, e)))
        return err;
    return read_limit(o->max_open, "--max-open-notional", &ret->limits.max_open_notional, e);
}

static int create_key(struct target *target, const struct keys_options *o)
{
    struct strbuf answer;
    struct error e;
    struct key_terms terms;
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    enum err err = read_terms(o, &terms, &e);
    if (!err)
        err = keys_work_create(target, &terms, &answer, &e);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, o->json && !o->plain,
                                  o->plain ? plain_key_layout : new_key_layout);
    strbuf_release(&answer);
    return code;
}

static int list_keys(struct target *target, const struct keys_options *o)
{
    struct strbuf answer;
    struct error e;
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    int code = keys_work_list(target, &answer, &e)
                   ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, o->json, key_table_layout);
    strbuf_release(&answer);
    return code;
}

/* The id of the key in force that has the name. */
static enum err find_by_name(struct target *target, const char *name, char ret_id[UUID_TEXT],
                             struct error *e)
{
    struct strbuf text;
    struct json_value *page = NULL;
    bool found = false;
    strbuf_init(&text, ANSWER_BYTES_MAX);
    enum err err = keys_work_list(target, &text, e);
    if (!err)
        err = json_value_parse(strbuf_text(&text), text.length, &page, e);
    const struct json_value *key = json_value_first(json_value_member(page, "items"));
    for (; key && !found; key = json_value_next(key)) {
        found = strcmp(or_else(json_value_member_text(key, "name"), ""), name) == 0 &&
                !json_value_member_text(key, "revoked_at");
        if (found)
            snprintf(ret_id, UUID_TEXT, "%s", or_else(json_value_member_text(key, "id"), ""));
    }
    json_value_free(page);
    strbuf_release(&text);
    if (!err && !found)
        err = error_set(e, ERR_NOT_FOUND, "no key in force is named '%s'", name);
    return err;
}

static int revoke_key(struct target *target, const struct keys_options *o)
{
    struct error e;
    char id[UUID_TEXT];
    enum err err = ERR_OK;
    if (o->id)
        snprintf(id, sizeof(id), "%s", o->id);
    else
        err = find_by_name(target, o->name, id, &e);
    if (!err)
        err = keys_work_revoke(target, id, &e);
    if (err)
        return answer_fail(&e);
    printf("Revoked: %s\n", o->name ? o->name : id);
    return command_end(CLI_OK);
}

/* ---- the command line ---- */

/* NULL when the arguments make sense. */
static const char *mistake_in_create(const struct keys_options *o, struct error *e)
{
    struct key_terms terms;
    if (!o->name || !o->scopes)
        return "create needs --name and --scopes";
    if (strlen(o->name) > LIMIT_KEY_NAME_BYTES)
        return "--name: a key's name has 1 to 64 bytes";
    static_assert(LIMIT_KEY_NAME_BYTES == 64, "the message says so");
    if (read_terms(o, &terms, e))
        return e->message;
    return o->id ? "--id is for revoke" : NULL;
}

static const char *mistake_in_revoke(const struct keys_options *o)
{
    struct uuid id;
    if (!o->name == !o->id)
        return "revoke needs --name or --id, one of them";
    if (o->id && !uuid_parse(o->id, strlen(o->id), &id))
        return "--id: that is no id; keys list shows them";
    return NULL;
}

static int run(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    const struct keys_options *o = given;
    (void)arena;
    static const struct {
        const char *name;
        action *run;
        enum target_need need;
    } actions[] = {{"create", create_key, TARGET_CREATE},
                   {"list", list_keys, TARGET_EXISTING},
                   {"revoke", revoke_key, TARGET_EXISTING}};
    enum { ACTION_COUNT = sizeof(actions) / sizeof(actions[0]) };
    struct target target;
    struct error e;
    size_t i = 0;
    const char *name = rest->count == 1 ? rest->items[0] : "";
    while (i < ACTION_COUNT && strcmp(actions[i].name, name) != 0)
        i++;
    if (i == ACTION_COUNT)
        return command_usage(&frame, "create, list or revoke?");
    const char *mistake = actions[i].run == create_key   ? mistake_in_create(o, &e)
                          : actions[i].run == revoke_key ? mistake_in_revoke(o)
                                                         : NULL;
    if (mistake)
        return command_usage(&frame, "%s", mistake);
    if (target_open(&o->target, actions[i].need, &target, &e))
        return target_fail(&frame, &e);
    int code = actions[i].run(&target, o);
    target_close(&target);
    return code;
}

int cli_keys(int argc, char **argv)
{
    struct keys_options o = {0};
    return command_run(&frame, argc, argv, &o, run);
}
