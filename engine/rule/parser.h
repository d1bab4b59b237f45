/* Rule text to a parse tree, by recursive descent along the grammar of docs/rule-language.md. */
#ifndef ENGINE_RULE_PARSER_H
#define ENGINE_RULE_PARSER_H

#include "engine/rule/ast.h"

/* ERR_RULE with place and caret; ERR_NO_MEMORY. The tree lives in the arena. */
enum err parser_parse(struct rule_text text, struct arena *arena, struct ast **ret,
                      struct error *e);

#endif
