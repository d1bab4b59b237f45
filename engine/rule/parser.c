#include "engine/rule/parser.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

struct parser {
    struct lexer lexer;
    struct token token;       /* the next one, not yet taken */
    enum token_kind previous; /* the one before it */
    struct arena *arena;
    struct error *e;
    int32_t depth;
    int32_t node_count;
};

/* Every parse_ function returns ERR_OK with a node, or the error that is already in p->e. */
static enum err parse_or(struct parser *p, struct ast **ret);

static enum err advance(struct parser *p)
{
    p->previous = p->token.kind;
    return lexer_next(&p->lexer, &p->token, p->e);
}

/* Words of everyday speech between two values. */
static bool is_spoken(const char *name)
{
    static const char *const words[] = {"is",   "equals",  "equal", "over",   "under",
                                        "than", "greater", "less",  "between"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

/* What may have been meant by the next token, "" when nothing comes to mind. */
static const char *hint(const struct parser *p)
{
    static const char *const keywords[] = {"and", "or", "not", "crosses"};
    static const char *const meant[] = {", did you mean 'and'?", ", did you mean 'or'?",
                                        ", did you mean 'not'?", ", did you mean 'crosses'?"};
    const struct token *t = &p->token;
    if (t->kind == TOKEN_ABOVE || t->kind == TOKEN_BELOW)
        return ": write 'crosses above' and 'crosses below', or > and <";
    if (t->kind == TOKEN_NUMBER && p->previous == TOKEN_NAME)
        return ": arguments stand in brackets, as in sma(20)";
    if (t->kind == TOKEN_COMMA && p->previous == TOKEN_NUMBER)
        return ": numbers are written without commas";
    if (t->kind == TOKEN_CLOSE && p->depth == 0)
        return ": there is no '(' for it";
    if (t->kind != TOKEN_NAME)
        return "";
    if (is_spoken(t->name))
        return ": comparisons are < <= > >= == != and 'crosses above'";
    const char *near = text_nearest(t->name, strlen(t->name), keywords, 4);
    for (size_t i = 0; near != NULL && i < 4; i++)
        if (near == keywords[i])
            return meant[i];
    return "";
}

static enum err fail_expected(struct parser *p, const char *what)
{
    const struct rule_text *text = &p->lexer.text;
    const struct token *t = &p->token;
    if (t->kind == TOKEN_END)
        return rule_text_error(text, t->offset, p->e, "expected %s, but the rule ends here", what);
    return rule_text_error(text, t->offset, p->e, "expected %s, found '%.*s'%s", what,
                           (int)t->length, text->bytes + t->offset, hint(p));
}

static enum err expect(struct parser *p, enum token_kind kind, const char *what)
{
    if (p->token.kind != kind)
        return fail_expected(p, what);
    return advance(p);
}

static enum err new_node(struct parser *p, enum ast_kind kind, size_t offset, struct ast **ret)
{
    *ret = NULL;
    if (++p->node_count > LIMIT_RULE_NODES)
        return rule_text_error(&p->lexer.text, offset, p->e, "the rule has more than %d parts",
                               LIMIT_RULE_NODES);
    struct ast *node = arena_alloc(p->arena, sizeof(*node));
    if (node == NULL)
        return error_set(p->e, ERR_NO_MEMORY, "out of memory for the rule");
    node->kind = kind;
    node->offset = offset;
    *ret = node;
    return ERR_OK;
}

static void add_child(struct ast *parent, struct ast *child)
{
    struct ast **link = &parent->child;
    while (*link != NULL)
        link = &(*link)->next;
    *link = child;
    parent->child_count++;
}

static enum err enter(struct parser *p)
{
    if (++p->depth > LIMIT_RULE_DEPTH)
        return rule_text_error(&p->lexer.text, p->token.offset, p->e,
                               "the rule is nested more than %d deep", LIMIT_RULE_DEPTH);
    return ERR_OK;
}

static enum err copy_name(struct parser *p, struct ast *node)
{
    node->name = arena_strdup(p->arena, p->token.name);
    if (node->name == NULL)
        return error_set(p->e, ERR_NO_MEMORY, "out of memory for the rule");
    return ERR_OK;
}

/* [ arg { "," arg } ] ")" after the opening bracket. */
static enum err parse_arguments(struct parser *p, struct ast *call)
{
    if (p->token.kind == TOKEN_CLOSE)
        return advance(p);
    for (;;) {
        struct ast *argument;
        enum err err = parse_or(p, &argument);
        if (err != ERR_OK)
            return err;
        add_child(call, argument);
        if (p->token.kind == TOKEN_CLOSE)
            return advance(p);
        if (p->token.kind != TOKEN_COMMA)
            return fail_expected(p, "',' or ')'");
        if ((err = advance(p)) != ERR_OK)
            return err;
    }
}

static enum err parse_name(struct parser *p, struct ast **ret)
{
    struct ast *node;
    enum err err = new_node(p, AST_NAME, p->token.offset, &node);
    if (err != ERR_OK || (err = copy_name(p, node)) != ERR_OK || (err = advance(p)) != ERR_OK)
        return err;
    *ret = node;
    if (p->token.kind != TOKEN_OPEN)
        return ERR_OK;
    node->kind = AST_CALL;
    if ((err = enter(p)) != ERR_OK || (err = advance(p)) != ERR_OK ||
        (err = parse_arguments(p, node)) != ERR_OK)
        return err;
    p->depth--;
    return ERR_OK;
}

static enum err parse_group(struct parser *p, struct ast **ret)
{
    enum err err;
    if ((err = enter(p)) != ERR_OK || (err = advance(p)) != ERR_OK ||
        (err = parse_or(p, ret)) != ERR_OK || (err = expect(p, TOKEN_CLOSE, "')'")) != ERR_OK)
        return err;
    p->depth--;
    return ERR_OK;
}

static enum err parse_literal(struct parser *p, enum ast_kind kind, struct ast **ret)
{
    enum err err = new_node(p, kind, p->token.offset, ret);
    if (err != ERR_OK || (err = copy_name(p, *ret)) != ERR_OK)
        return err;
    (*ret)->value = p->token.value;
    return advance(p);
}

static enum err parse_primary(struct parser *p, struct ast **ret)
{
    switch (p->token.kind) {
    case TOKEN_NUMBER:
        return parse_literal(p, AST_NUMBER, ret);
    case TOKEN_TIME:
        return parse_literal(p, AST_TIME, ret);
    case TOKEN_PARAMETER:
        return parse_literal(p, AST_PARAMETER, ret);
    case TOKEN_STRING:
        return parse_literal(p, AST_STRING, ret);
    case TOKEN_NAME:
        return parse_name(p, ret);
    case TOKEN_OPEN:
        return parse_group(p, ret);
    default:
        return fail_expected(p, "a series, an indicator, a number or '('");
    }
}

static enum err parse_offset(struct parser *p, struct ast **ret)
{
    *ret = NULL;
    enum err err = parse_primary(p, ret);
    while (err == ERR_OK && p->token.kind == TOKEN_OPEN_BRACKET) {
        struct ast *node;
        if ((err = new_node(p, AST_OFFSET, p->token.offset, &node)) != ERR_OK ||
            (err = advance(p)) != ERR_OK)
            return err;
        if (p->token.kind == TOKEN_MINUS)
            return rule_text_error(&p->lexer.text, p->token.offset, p->e,
                                   "[k] looks back k bars; a rule cannot look ahead");
        if (p->token.kind == TOKEN_PARAMETER)
            return rule_text_error(&p->lexer.text, p->token.offset, p->e,
                                   "an offset is a fixed number of bars, not a $name");
        if (p->token.kind != TOKEN_NUMBER || !p->token.whole)
            return fail_expected(p, "a whole number of bars");
        if (p->token.value > LIMIT_RULE_WINDOW)
            return rule_text_error(&p->lexer.text, p->token.offset, p->e,
                                   "a rule may look back %d bars at most", LIMIT_RULE_WINDOW);
        node->value = p->token.value;
        if ((err = advance(p)) != ERR_OK || (err = expect(p, TOKEN_CLOSE_BRACKET, "']'")) != ERR_OK)
            return err;
        add_child(node, *ret);
        *ret = node;
    }
    return err;
}

static enum err parse_unary(struct parser *p, struct ast **ret)
{
    if (p->token.kind != TOKEN_MINUS)
        return parse_offset(p, ret);
    struct ast *node, *operand = NULL;
    enum err err = new_node(p, AST_NEGATE, p->token.offset, &node);
    if (err != ERR_OK || (err = enter(p)) != ERR_OK || (err = advance(p)) != ERR_OK ||
        (err = parse_unary(p, &operand)) != ERR_OK)
        return err;
    p->depth--;
    add_child(node, operand);
    *ret = node;
    return ERR_OK;
}

typedef enum err parse_function(struct parser *p, struct ast **ret);

/* operand { (a | b) operand }, grouped from the left */
static enum err parse_binary(struct parser *p, parse_function *operand, enum token_kind a,
                             enum token_kind b, struct ast **ret)
{
    enum err err = operand(p, ret);
    while (err == ERR_OK && (p->token.kind == a || p->token.kind == b)) {
        struct ast *node, *right = NULL;
        if ((err = new_node(p, AST_BINARY, p->token.offset, &node)) != ERR_OK)
            return err;
        node->op = p->token.kind;
        if ((err = advance(p)) != ERR_OK || (err = operand(p, &right)) != ERR_OK)
            return err;
        add_child(node, *ret);
        add_child(node, right);
        *ret = node;
    }
    return err;
}

static enum err parse_term(struct parser *p, struct ast **ret)
{
    return parse_binary(p, parse_unary, TOKEN_STAR, TOKEN_SLASH, ret);
}

static enum err parse_sum(struct parser *p, struct ast **ret)
{
    return parse_binary(p, parse_term, TOKEN_PLUS, TOKEN_MINUS, ret);
}

static bool is_comparison(enum token_kind kind)
{
    return kind >= TOKEN_LESS && kind <= TOKEN_NOT_EQUAL;
}

/* The operator of a comparison, with `crosses`' direction. */
static enum err parse_operator(struct parser *p, struct ast *node)
{
    node->op = p->token.kind;
    enum err err = advance(p);
    if (err == ERR_OK && node->kind == AST_CROSSES &&
        (p->token.kind == TOKEN_ABOVE || p->token.kind == TOKEN_BELOW)) {
        node->op = p->token.kind;
        return advance(p);
    }
    if (err == ERR_OK && node->kind == AST_CROSSES && p->token.kind == TOKEN_NAME &&
        is_spoken(p->token.name))
        return fail_expected(p, "'above', 'below' or a value");
    return err;
}

static enum err parse_compare(struct parser *p, struct ast **ret)
{
    enum err err = parse_sum(p, ret);
    if (err != ERR_OK || (!is_comparison(p->token.kind) && p->token.kind != TOKEN_CROSSES))
        return err;
    enum ast_kind kind = p->token.kind == TOKEN_CROSSES ? AST_CROSSES : AST_COMPARE;
    struct ast *node, *right = NULL;
    if ((err = new_node(p, kind, p->token.offset, &node)) != ERR_OK ||
        (err = parse_operator(p, node)) != ERR_OK || (err = parse_sum(p, &right)) != ERR_OK)
        return err;
    add_child(node, *ret);
    add_child(node, right);
    *ret = node;
    if (is_comparison(p->token.kind) || p->token.kind == TOKEN_CROSSES)
        return rule_text_error(&p->lexer.text, p->token.offset, p->e,
                               "comparisons do not chain: write 'a < b and b < c'");
    return ERR_OK;
}

static enum err parse_not(struct parser *p, struct ast **ret)
{
    if (p->token.kind != TOKEN_NOT)
        return parse_compare(p, ret);
    struct ast *node, *operand = NULL;
    enum err err = new_node(p, AST_NOT, p->token.offset, &node);
    if (err != ERR_OK || (err = enter(p)) != ERR_OK || (err = advance(p)) != ERR_OK ||
        (err = parse_not(p, &operand)) != ERR_OK)
        return err;
    p->depth--;
    add_child(node, operand);
    *ret = node;
    return ERR_OK;
}

/* operand { word operand } as one node with all operands */
static enum err parse_chain(struct parser *p, parse_function *operand, enum token_kind word,
                            enum ast_kind kind, struct ast **ret)
{
    enum err err = operand(p, ret);
    if (err != ERR_OK || p->token.kind != word)
        return err;
    struct ast *node;
    if ((err = new_node(p, kind, p->token.offset, &node)) != ERR_OK)
        return err;
    add_child(node, *ret);
    while (p->token.kind == word) {
        struct ast *next;
        if ((err = advance(p)) != ERR_OK || (err = operand(p, &next)) != ERR_OK)
            return err;
        add_child(node, next);
    }
    *ret = node;
    return ERR_OK;
}

static enum err parse_and(struct parser *p, struct ast **ret)
{
    return parse_chain(p, parse_not, TOKEN_AND, AST_AND, ret);
}

static enum err parse_or(struct parser *p, struct ast **ret)
{
    return parse_chain(p, parse_and, TOKEN_OR, AST_OR, ret);
}

enum err parser_parse(struct rule_text text, struct arena *arena, struct ast **ret, struct error *e)
{
    if (text.length > LIMIT_RULE_BYTES)
        return rule_text_error(&text, LIMIT_RULE_BYTES, e, "the rule is longer than %d bytes",
                               LIMIT_RULE_BYTES);
    struct parser p = {.arena = arena, .e = e};
    lexer_init(&p.lexer, text);
    struct ast *root;
    enum err err = advance(&p);
    if (err != ERR_OK || (err = parse_or(&p, &root)) != ERR_OK)
        return err;
    if (p.token.kind != TOKEN_END)
        return fail_expected(&p, "'and', 'or', an operator or the end of the rule");
    *ret = root;
    return ERR_OK;
}
