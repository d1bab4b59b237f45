/* Rule text to tokens. Names and keywords come out folded to lower case; whitespace separates.
 *
 *   NUMBER  = digits [ "." digits ] [ ("e" | "E") [ "+" | "-" ] digits ]
 *   HH:MM   = one or two digits ":" two digits, 0:00 .. 23:59
 *   NAME    = letter or "_" , then letters, digits, "_"
 *   $ NAME, "text", 'text'
 */
#ifndef ENGINE_RULE_LEXER_H
#define ENGINE_RULE_LEXER_H

#include "base/error.h"

/* clang-format off */
#define TOKEN_TABLE(X)                 \
    X(END, "the end of the rule")      \
    X(NUMBER, "a number")              \
    X(TIME, "a time of day")           \
    X(NAME, "a name")                  \
    X(PARAMETER, "a $parameter")       \
    X(STRING, "a quoted text")         \
    X(AND, "'and'")                    \
    X(OR, "'or'")                      \
    X(NOT, "'not'")                    \
    X(CROSSES, "'crosses'")            \
    X(ABOVE, "'above'")                \
    X(BELOW, "'below'")                \
    X(LESS, "'<'")                     \
    X(LESS_EQUAL, "'<='")              \
    X(GREATER, "'>'")                  \
    X(GREATER_EQUAL, "'>='")           \
    X(EQUAL, "'=='")                   \
    X(NOT_EQUAL, "'!='")               \
    X(PLUS, "'+'")                     \
    X(MINUS, "'-'")                    \
    X(STAR, "'*'")                     \
    X(SLASH, "'/'")                    \
    X(OPEN, "'('")                     \
    X(CLOSE, "')'")                    \
    X(OPEN_BRACKET, "'['")             \
    X(CLOSE_BRACKET, "']'")            \
    X(COMMA, "','")
/* clang-format on */

enum token_kind {
#define X(kind, text) TOKEN_##kind,
    TOKEN_TABLE(X)
#undef X
        TOKEN_KIND_COUNT
};

enum { TOKEN_NAME_MAX = 64 };

struct token {
    enum token_kind kind;
    size_t offset, length; /* in the rule's text */
    double value;          /* NUMBER; TIME in minutes after midnight */
    bool whole;            /* NUMBER written with digits only */
    char name[TOKEN_NAME_MAX +
              1]; /* NAME, PARAMETER (without the $): lower case. STRING: as written */
};

/* The text of a rule, borrowed. */
struct rule_text {
    const char *bytes;
    size_t length;
};

struct lexer {
    struct rule_text text;
    size_t offset;
};

void lexer_init(struct lexer *l, struct rule_text text);
/* ERR_RULE at a character or literal that is none; at the end it gives TOKEN_END again and again.
 */
enum err lexer_next(struct lexer *l, struct token *ret, struct error *e);
const char *token_kind_text(enum token_kind kind);

/* Fails with ERR_RULE at a place of the text: the message, then the line and a caret under the
 * place. A macro, so that a caller is seen to fail. */
#define rule_text_error(...) (rule_text_fail(__VA_ARGS__), ERR_RULE)
void rule_text_fail(const struct rule_text *text, size_t offset, struct error *e,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
