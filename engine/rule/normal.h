/* The normal form: one text for all spellings of a rule. Lower case, single spaces, no brackets
 * that are not needed, parameters written out ("rsi" is "rsi(14)"), an implied `close` left out.
 */
#ifndef ENGINE_RULE_NORMAL_H
#define ENGINE_RULE_NORMAL_H

#include "base/strbuf.h"
#include "engine/rule/ast.h"

/* Appends the text of a checked node. */
void normal_write(struct strbuf *out, const struct ast *node);

#endif
