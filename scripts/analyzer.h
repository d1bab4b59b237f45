/* What clang-tidy cannot see from one file, told to it alone: the Makefile puts this before every
 * source file that it checks, and no compiler ever reads it.
 *
 *   - error_set and its kin return the code that they were given, so that a caller which returns theirs
 *     has failed, and its outputs are not read;
 *   - HASH_DELETE unlinks the item: the analyzer loses that in the macro's pointers, and takes the next
 *     step over the table for a use of freed memory.
 */
#ifndef SCRIPTS_ANALYZER_H
#define SCRIPTS_ANALYZER_H

#include "base/error.h"
#include "engine/rule/lexer.h"

#include <uthash.h>

#ifndef ANALYZER_WITHOUT_ERRORS /* where they are defined */
#define error_set(e, code, ...) (error_set(e, code, __VA_ARGS__), (code))
#define error_at(e, code, ...) (error_at(e, code, __VA_ARGS__), (code))
#define error_field(e, code, ...) (error_field(e, code, __VA_ARGS__), (code))
#define error_errno(e, code, ...) (error_errno(e, code, __VA_ARGS__), (code))
#define rule_text_error(...) (rule_text_error(__VA_ARGS__), ERR_RULE)
#endif

void *analyzer_table_without(void *table, void *item);
#undef HASH_DELETE
#define HASH_DELETE(hh, head, item) ((head) = analyzer_table_without(head, item))

#endif
