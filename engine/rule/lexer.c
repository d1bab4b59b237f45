#include "engine/rule/lexer.h"

#include "base/number.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lexer_init(struct lexer *l, struct rule_text text)
{
    *l = (struct lexer){.text = text};
}

const char *token_kind_text(enum token_kind kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        TOKEN_TABLE(X)
#undef X
    };
    assert(kind < TOKEN_KIND_COUNT);
    return texts[kind];
}

void rule_text_fail(const struct rule_text *text, size_t offset, struct error *e,
                    const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);

    int64_t line = 1;
    int32_t column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text->bytes[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text->bytes[i] & 0xc0) != 0x80) {
            column++; /* characters, not bytes: continuation bytes of UTF-8 do not count */
        }
    }
    struct strbuf excerpt;
    strbuf_init(&excerpt, 512);
    text_add_caret(&excerpt, text->bytes, text->length, offset);
    error_at(e, ERR_RULE, line, column, "%s\n%s", message, strbuf_text(&excerpt));
    strbuf_release(&excerpt);
}

/* The C library's ctype depends on the locale; the language does not. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char peek(const struct lexer *l, size_t ahead)
{
    size_t at = l->offset + ahead;
    return at < l->text.length ? l->text.bytes[at] : '\0';
}

static size_t digits_from(const struct lexer *l, size_t ahead)
{
    size_t n = 0;
    while (is_digit(peek(l, ahead + n)))
        n++;
    return n;
}

static enum err lex_time(struct lexer *l, struct token *t, size_t hour_digits, struct error *e)
{
    size_t minute_digits = digits_from(l, hour_digits + 1);
    int hour = 0, minute = 0;
    for (size_t i = 0; i < hour_digits && i < 4; i++)
        hour = hour * 10 + (peek(l, i) - '0');
    for (size_t i = 0; i < minute_digits && i < 4; i++)
        minute = minute * 10 + (peek(l, hour_digits + 1 + i) - '0');
    if (hour_digits > 2 || minute_digits != 2 || hour > 23 || minute > 59)
        return rule_text_error(&l->text, l->offset, e,
                               "a time of day is written HH:MM, from 00:00 to 23:59");
    t->kind = TOKEN_TIME;
    t->value = hour * 60 + minute;
    t->length = hour_digits + 1 + minute_digits;
    return ERR_OK;
}

/* A letter right after a number of n bytes. */
static enum err refuse_letter(struct lexer *l, size_t n, struct error *e)
{
    char unit = lower(peek(l, n)), after = peek(l, n + 1);
    if ((unit == 'm' || unit == 'h' || unit == 'd') && !is_letter(after) && !is_digit(after))
        return rule_text_error(&l->text, l->offset, e,
                               "'%.*s' is no number; a timeframe stands in quotes, as in "
                               "tf(\"15m\", close)",
                               (int)n + 1, l->text.bytes + l->offset);
    return rule_text_error(&l->text, l->offset + n, e,
                           "a number ends here, then an operator is expected, not '%c'",
                           peek(l, n));
}

static enum err lex_number(struct lexer *l, struct token *t, struct error *e)
{
    size_t n = digits_from(l, 0);
    if (peek(l, n) == ':')
        return lex_time(l, t, n, e);
    t->kind = TOKEN_NUMBER;
    t->whole = true;
    if (peek(l, n) == '.') {
        size_t fraction = digits_from(l, n + 1);
        if (fraction == 0)
            return rule_text_error(&l->text, l->offset + n + 1, e,
                                   "a digit must follow the decimal point");
        n += 1 + fraction;
        t->whole = false;
    }
    if (lower(peek(l, n)) == 'e') {
        size_t sign = peek(l, n + 1) == '+' || peek(l, n + 1) == '-';
        size_t exponent = digits_from(l, n + 1 + sign);
        if (exponent != 0) {
            n += 1 + sign + exponent;
            t->whole = false;
        }
    }
    t->length = n;
    if (is_letter(peek(l, n)))
        return refuse_letter(l, n, e);
    size_t zeros = 0; /* number_parse reads JSON's numbers, which have no leading zeros */
    while (peek(l, zeros) == '0' && is_digit(peek(l, zeros + 1)))
        zeros++;
    if (!number_parse(l->text.bytes + l->offset + zeros, n - zeros, &t->value))
        return rule_text_error(&l->text, l->offset, e, "this number is too large");
    return ERR_OK;
}

static enum token_kind keyword(const char *name)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } words[] = {
        {"and", TOKEN_AND},         {"or", TOKEN_OR},       {"not", TOKEN_NOT},
        {"crosses", TOKEN_CROSSES}, {"above", TOKEN_ABOVE}, {"below", TOKEN_BELOW},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(name, words[i].text) == 0)
            return words[i].kind;
    return TOKEN_NAME;
}

/* A name that starts `ahead` bytes on (after a $). */
static enum err lex_name(struct lexer *l, struct token *t, size_t ahead, struct error *e)
{
    size_t n = 0;
    while (is_letter(peek(l, ahead + n)) || is_digit(peek(l, ahead + n)))
        n++;
    if (n > TOKEN_NAME_MAX)
        return rule_text_error(&l->text, l->offset, e, "this name is longer than %d characters",
                               TOKEN_NAME_MAX);
    for (size_t i = 0; i < n; i++)
        t->name[i] = lower(peek(l, ahead + i));
    t->name[n] = '\0';
    t->length = ahead + n;
    t->kind = keyword(t->name);
    return ERR_OK;
}

static enum err lex_parameter(struct lexer *l, struct token *t, struct error *e)
{
    if (!is_letter(peek(l, 1)))
        return rule_text_error(&l->text, l->offset, e, "a name must follow '$', as in $fast");
    enum err err = lex_name(l, t, 1, e);
    t->kind = TOKEN_PARAMETER;
    return err;
}

static enum err lex_string(struct lexer *l, struct token *t, struct error *e)
{
    char quote = peek(l, 0);
    size_t n = 1;
    while (l->offset + n < l->text.length && peek(l, n) != quote && peek(l, n) != '\n')
        n++;
    if (l->offset + n >= l->text.length || peek(l, n) != quote)
        return rule_text_error(&l->text, l->offset, e, "this quoted text does not end");
    if (n - 1 > TOKEN_NAME_MAX)
        return rule_text_error(&l->text, l->offset, e, "this text is longer than %d characters",
                               TOKEN_NAME_MAX);
    memcpy(t->name, l->text.bytes + l->offset + 1, n - 1);
    t->name[n - 1] = '\0';
    t->length = n + 1;
    t->kind = TOKEN_STRING;
    return ERR_OK;
}

/* What a word processor makes of signs. */
static const struct {
    const char *sign, *hint;
} typographic[] = {
    {"\xe2\x89\xa5", "write '>='"},
    {"\xe2\x89\xa4", "write '<='"},
    {"\xe2\x89\xa0", "write '!='"},
    {"\xc3\x97", "write '*'"},
    {"\xc3\xb7", "write '/'"},
    {"\xe2\x88\x92", "write '-'"},
    {"\xe2\x80\x93", "write '-'"},
    {"\xe2\x80\x9c", "write plain quotes"},
    {"\xe2\x80\x9d", "write plain quotes"},
    {"\xe2\x80\x98", "write plain quotes"},
    {"\xe2\x80\x99", "write plain quotes"},
};

static enum err refuse_typographic(struct lexer *l, struct error *e)
{
    size_t rest = l->text.length - l->offset;
    for (size_t i = 0; i < sizeof(typographic) / sizeof(typographic[0]); i++) {
        size_t n = strlen(typographic[i].sign);
        if (rest >= n && memcmp(l->text.bytes + l->offset, typographic[i].sign, n) == 0)
            return rule_text_error(&l->text, l->offset, e, "unexpected '%s': %s",
                                   typographic[i].sign, typographic[i].hint);
    }
    return rule_text_error(&l->text, l->offset, e,
                           "this character is not part of the rule language");
}

/* Signs that people bring from other languages, and what they are called here. */
static const char *foreign_sign_hint(char c)
{
    switch (c) {
    case '.':
        return "a number begins with a digit, as in 0.5";
    case ';':
        return "a rule is one expression; join parts with 'and' or 'or'";
    case '?':
    case ':':
        return "a rule has no branches; join parts with 'and', 'or' and 'not'";
    case '=':
        return "a comparison for equality is written '=='";
    case '&':
        return "write 'and'";
    case '|':
        return "write 'or'";
    case '!':
        return "write 'not', or '!=' between two values";
    case '%':
        return "write 2% as 0.02";
    case '^':
        return "there are + - * /; write x * x for a square";
    case '{':
    case '}':
        return "use round brackets ( )";
    default:
        return NULL;
    }
}

static enum err lex_sign(struct lexer *l, struct token *t, struct error *e)
{
    static const struct {
        char text[3];
        enum token_kind kind;
    } signs[] = {
        {"<=", TOKEN_LESS_EQUAL},  {">=", TOKEN_GREATER_EQUAL}, {"==", TOKEN_EQUAL},
        {"!=", TOKEN_NOT_EQUAL},   {"<", TOKEN_LESS},           {">", TOKEN_GREATER},
        {"+", TOKEN_PLUS},         {"-", TOKEN_MINUS},          {"*", TOKEN_STAR},
        {"/", TOKEN_SLASH},        {"(", TOKEN_OPEN},           {")", TOKEN_CLOSE},
        {"[", TOKEN_OPEN_BRACKET}, {"]", TOKEN_CLOSE_BRACKET},  {",", TOKEN_COMMA},
    };
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t n = strlen(signs[i].text);
        if (peek(l, 0) == signs[i].text[0] && (n == 1 || peek(l, 1) == signs[i].text[1])) {
            t->kind = signs[i].kind;
            t->length = n;
            return ERR_OK;
        }
    }
    const char *hint = foreign_sign_hint(peek(l, 0));
    if (hint != NULL)
        return rule_text_error(&l->text, l->offset, e, "unexpected '%c': %s", peek(l, 0), hint);
    return refuse_typographic(l, e);
}

enum err lexer_next(struct lexer *l, struct token *ret, struct error *e)
{
    while (l->offset < l->text.length && strchr(" \t\r\n", peek(l, 0)) != NULL &&
           peek(l, 0) != '\0')
        l->offset++;
    struct token t = {.offset = l->offset, .kind = TOKEN_END};
    char c = peek(l, 0);
    enum err err = ERR_OK;
    if (l->offset >= l->text.length)
        t.length = 0;
    else if (is_digit(c))
        err = lex_number(l, &t, e);
    else if (is_letter(c))
        err = lex_name(l, &t, 0, e);
    else if (c == '$')
        err = lex_parameter(l, &t, e);
    else if (c == '"' || c == '\'')
        err = lex_string(l, &t, e);
    else
        err = lex_sign(l, &t, e);
    if (err != ERR_OK)
        return err;
    l->offset += t.length;
    *ret = t;
    return ERR_OK;
}
