#include "engine/rule/rule.h"

#include "base/limits.h"
#include "engine/rule/compiled.h"
#include "engine/rule/normal.h"
#include "engine/rule/parser.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Trees of 1,000 nodes, plans of at most ten times that, and the texts. */
enum { ARENA_MAX_BYTES = 16 * 1024 * 1024, TEXT_MAX_BYTES = 256 * 1024 };

static enum err out_of_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
}

/* The normal text of a node, in the rule's arena; NULL when out of memory. */
static const char *node_text(struct rule *r, const struct ast *node)
{
    struct strbuf text;
    strbuf_init(&text, TEXT_MAX_BYTES);
    normal_write(&text, node);
    const char *copy = strbuf_failed(&text) ? NULL : arena_strdup(&r->arena, strbuf_text(&text));
    strbuf_release(&text);
    return copy;
}

/* The same as it would stand inside that tf(), or outside of any. */
static const char *frame_text(struct rule *r, const struct ast *frame, const struct ast *node)
{
    const char *text = node_text(r, node);
    if (frame == NULL || text == NULL)
        return text;
    char name[8];
    timeframe_format(frame->timeframe, name);
    return arena_printf(&r->arena, "tf(\"%s\", %s)", name, text);
}

static bool listed(const struct rule *r, const char *text)
{
    for (size_t i = 0; i < r->indicator_count; i++)
        if (strcmp(r->indicators[i], text) == 0)
            return true;
    return false;
}

/* Adds the indicators and series under a node to the list, in order of appearance, each once. The
 * bars' own columns are told by rule_columns. */
static enum err list_indicators(struct rule *r, const struct ast *node, const struct ast *frame,
                                struct error *e)
{
    if (node->kind == AST_FRAME)
        frame = node;
    if (node->indicator != NULL || (node->series != NULL && node->series->raw_column < 0)) {
        const char *text = frame_text(r, frame, node);
        if (text == NULL)
            return out_of_memory(e);
        if (!listed(r, text))
            r->indicators[r->indicator_count++] = text;
    }
    for (const struct ast *child = node->child; child != NULL; child = child->next) {
        enum err err = list_indicators(r, child, frame, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err compile(struct rule *r, struct rule_text text, const struct rule_options *given,
                        struct error *e)
{
    struct ast *root;
    const struct plan_trees trees = {.root = (const struct ast *const *)&root, .count = 1};
    enum err err = parser_parse(text, &r->arena, &root, e);
    if (err != ERR_OK || (err = check_rule(text, &r->options, root, &r->parameters, e)) != ERR_OK)
        return err;
    struct error inner;
    err = plan_build(trees, &r->options, &r->arena, &r->plan, &inner);
    if (err == ERR_RULE)
        return rule_text_error(&text, root->offset, e, "%s", inner.message);
    if (err != ERR_OK)
        return out_of_memory(e);
    if ((err = warnings_find(root, given, &r->arena, &r->warnings, e)) != ERR_OK)
        return err;
    r->boolean = root->type == VALUE_BOOLEAN;
    r->normal_form = node_text(r, root);
    r->indicators = arena_alloc_array(&r->arena, LIMIT_RULE_NODES, sizeof(*r->indicators));
    if (r->normal_form == NULL || r->indicators == NULL)
        return out_of_memory(e);
    return list_indicators(r, root, NULL, e);
}

enum err rule_compile(const char *text, size_t length, const struct rule_options *options,
                      struct rule **ret, struct error *e)
{
    struct rule *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return out_of_memory(e);
    r->options = *options;
    if (r->options.zone == NULL)
        r->options.zone = zone_utc();
    arena_init(&r->arena, ARENA_MAX_BYTES);
    enum err err = compile(r, (struct rule_text){text, length}, options, e);
    if (err != ERR_OK) {
        rule_free(r);
        return err;
    }
    *ret = r;
    return ERR_OK;
}

void rule_free(struct rule *r)
{
    if (r == NULL)
        return;
    arena_release(&r->arena);
    free(r);
}

bool rule_is_boolean(const struct rule *r)
{
    return r->boolean;
}

const char *rule_normal_form(const struct rule *r)
{
    return r->normal_form;
}

uint32_t rule_columns(const struct rule *r)
{
    return r->plan.columns;
}

int64_t rule_lookback_bars(const struct rule *r)
{
    return r->plan.expected_bars;
}

int64_t rule_warmup_bars(const struct rule *r)
{
    return r->plan.warmup_bars;
}

size_t rule_node_count(const struct rule *r)
{
    size_t count = (size_t)r->plan.node_count;
    for (int32_t i = 0; i < r->plan.frame_count; i++)
        count += (size_t)r->plan.frames[i].plan.node_count;
    return count;
}

size_t rule_indicator_count(const struct rule *r)
{
    return r->indicator_count;
}

const char *rule_indicator_text(const struct rule *r, size_t i)
{
    assert(i < r->indicator_count);
    return r->indicators[i];
}

size_t rule_parameter_count(const struct rule *r)
{
    return r->parameters.parameter_count;
}

const char *rule_parameter_name(const struct rule *r, size_t i)
{
    assert(i < r->parameters.parameter_count);
    return r->parameters.parameter[i];
}

size_t rule_warning_count(const struct rule *r)
{
    return r->warnings.count;
}

const char *rule_warning(const struct rule *r, size_t i)
{
    assert(i < r->warnings.count);
    return r->warnings.text[i];
}
